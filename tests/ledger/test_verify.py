"""The check of a whole ledger: every change of every byte is found, and the right file is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sample_events import Event, Painted, Scraped, painted

from ledger import (
    BusyError,
    EventUnionError,
    InvalidKeyError,
    Ledger,
    LedgerNotFoundError,
    Signer,
    Verification,
    verify,
)
from ledger.frame import (
    Footer,
    decode_footer,
    decode_frame,
    decode_header,
    encode_footer,
    encode_frame,
    encode_header,
    frame_salt,
)
from ledger.mark import decode_mark, encode_slot
from ledger.storage_file import FileStorage

SIGNER = Signer("ledger.example/test", bytes(range(32)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder of a closed ledger with three segments."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True, segment_bytes_max=230) as ledger:
        while ledger.head().segments < 3:
            ledger.append(painted(2, ledger.head().size))
    return tmp_path / "ledger"


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """Return the folder of a closed and signed ledger with a full tile and partial ones, of small events."""
    with Ledger.open(tmp_path / "signed", events=Event, create=True, segment_bytes_max=900, signer=SIGNER) as ledger:
        for at in range(0, 260, 65):
            ledger.append([Scraped(at + each) for each in range(65)])
    return tmp_path / "signed"


def files(root: Path) -> list[Path]:
    """Return every file that has bytes."""
    return sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size)


def named(found: Verification) -> set[str]:
    """Return which files the findings are about."""
    return {finding.subject for finding in found.findings}


def test_an_untouched_ledger_has_no_findings(root: Path) -> None:
    """And the counts say what was looked at."""
    found = verify(root, events=Event)
    assert found.ok
    segments = sorted((root / "segments").iterdir())
    assert (found.segments, found.bytes) == (3, sum(path.stat().st_size for path in segments))
    with Ledger.open(root, events=Event, read_only=True) as ledger:
        assert found.events == ledger.head().size == len(list(ledger.read()))


def test_every_changed_byte_of_every_file_is_found_and_the_file_named(root: Path) -> None:
    """Tamper evidence has no blind spots: headers, frames, both slots of the mark and their padding."""
    assert len(files(root)) == 4
    for path in files(root):
        good = path.read_bytes()
        for at in range(len(good)):
            if path.name == "mark" and at % 4096 > 200 and at % 17:
                continue  # the padding of the slots
            path.write_bytes(good[:at] + bytes([good[at] ^ (1 << at % 8)]) + good[at + 1 :])
            found = verify(root)
            assert str(path.relative_to(root)) in named(found), (path, at)
        path.write_bytes(good)
    assert verify(root).ok


@pytest.mark.slow
def test_every_flipped_bit_of_a_signed_ledger_is_found(signed: Path) -> None:
    """Segments with their footers, mark, tiles and checkpoint: nothing is decoration. The file is named, too.

    Every 13th bit is flipped, and fewer in the two large files, which hold little but zeros and hashes.
    """
    names = {str(path.relative_to(signed)) for path in files(signed)}
    assert {"mark", "checkpoint", "tile/0/000", "tile/0/001.p/4", "tile/1/000.p/1"} < names
    assert verify(signed, vkey=SIGNER.vkey).ok
    for path in files(signed):
        good = path.read_bytes()
        for bit in range(3, len(good) * 8, 401 if len(good) == 8192 else 13):
            at = bit // 8
            path.write_bytes(good[:at] + bytes([good[at] ^ 1 << bit % 8]) + good[at + 1 :])
            found = named(verify(signed, vkey=SIGNER.vkey))
            assert str(path.relative_to(signed)) in found, (path, bit)
        path.write_bytes(good)
    assert verify(signed, vkey=SIGNER.vkey).ok


def test_truncated_missing_and_extra_tiles_are_found(signed: Path) -> None:
    """A tile that was lost in a crash is found as well, until the next writer has computed it."""
    for name in ("tile/0/000", "tile/0/001.p/4", "tile/1/000.p/1", "checkpoint"):
        good = (signed / name).read_bytes()
        for bad in (good[:-1], good + b"x", b""):
            (signed / name).write_bytes(bad)
            assert name in named(verify(signed, vkey=SIGNER.vkey)), (name, len(bad))
        (signed / name).write_bytes(good)
    for name in (
        "tile/0/001",
        "tile/0/x001/000",
        "tile/2/000.p/1",
        "tile/0/001.p/5",
        "tile/0/000.p/x",
        "tile/entries/000",
    ):
        (signed / name).parent.mkdir(parents=True, exist_ok=True)
        (signed / name).write_bytes(bytes(32))
        assert named(verify(signed, vkey=SIGNER.vkey)) == {name}, name
        (signed / name).unlink()
    (signed / "tile" / "0" / "000").unlink()
    assert named(verify(signed)) == {"tile/0/000"}
    Ledger.open(signed, events=Event).close()
    assert verify(signed, vkey=SIGNER.vkey).ok


def test_an_older_checkpoint_is_no_finding_but_a_strange_one_is(signed: Path) -> None:
    """Events may be added after a signing; the signed ones may not be other ones."""
    with Ledger.open(signed, events=Event) as ledger:
        ledger.append(painted(300))
    assert verify(signed, vkey=SIGNER.vkey).ok
    good = (signed / "checkpoint").read_bytes()
    root = "A" * 43 + "="
    strange = {
        "another root": SIGNER.sign(f"{SIGNER.name}\n260\n{root}\n"),
        "more events": SIGNER.sign(f"{SIGNER.name}\n561\n{root}\n"),
        "inside a commit": SIGNER.sign(f"{SIGNER.name}\n261\n{root}\n"),
        "another key": Signer(SIGNER.name, bytes(32)).sign(good.decode().split("\n\n")[0] + "\n"),
    }
    for case, text in strange.items():
        (signed / "checkpoint").write_bytes(text)
        assert [each.check for each in verify(signed, vkey=SIGNER.vkey).findings] == ["checkpoint"], case
    assert verify(signed).ok, "without the key only the form can be checked, and the root of the old state is right"
    (signed / "checkpoint").unlink()
    assert verify(signed).ok
    assert named(verify(signed, vkey=SIGNER.vkey)) == {"checkpoint"}
    with pytest.raises(InvalidKeyError):
        verify(signed, vkey="key")


def test_other_events_under_right_checksums_are_found_by_the_roots(signed: Path) -> None:
    """Whoever can compute checksums still has to change every root, and in the end forge a signature."""
    first = min((signed / "segments").iterdir())
    data = first.read_bytes()
    salt = frame_salt(decode_header(data).ledger_id, 0)
    frame = decode_frame(data, 96, salt)
    body = frame.body[:-3] + bytes([frame.body[-3] ^ 1]) + frame.body[-2:]
    forged = data[:96] + encode_frame(body, 0, frame.event_count, salt) + data[96 + frame.size :]
    first.write_bytes(forged)
    subjects = named(verify(signed, vkey=SIGNER.vkey))
    assert subjects > {"mark", "checkpoint", "tile/0/000", f"segments/{first.name}", f"segments/{65:020d}.seg"}


def test_footers_that_tell_something_else_are_found(signed: Path) -> None:
    """A footer with a right checksum in the right place can still be of another segment."""
    first, newest = min((signed / "segments").iterdir()), max((signed / "segments").iterdir())
    data = first.read_bytes()
    salt = frame_salt(decode_header(data).ledger_id, 0)
    footer = decode_footer(decode_frame(data, len(data) - 92, salt))
    for wrong in (footer._replace(event_count=1), footer._replace(root=bytes(32)), footer._replace(sha256=bytes(32))):
        first.write_bytes(data[:-92] + encode_footer(wrong, 65, salt))
        assert [each.check for each in verify(signed).findings] == ["footer"]
    for wrong_bytes in (data[:-92], data + data[-92:], data + b"x"):
        first.write_bytes(wrong_bytes)
        assert "footer" in {each.check for each in verify(signed).findings}
    first.write_bytes(data)
    data = newest.read_bytes()
    salt = frame_salt(decode_header(data).ledger_id, 3)
    newest.write_bytes(data + encode_footer(Footer(65, bytes(32), bytes(32)), 260, salt))
    assert "length" in {each.check for each in verify(signed).findings}
    Ledger.open(signed, events=Event).close()
    assert newest.read_bytes() == data
    assert verify(signed, vkey=SIGNER.vkey).ok


def test_every_truncation_is_found(root: Path) -> None:
    """Also those that end exactly between two commits."""
    for path in files(root):
        good = path.read_bytes()
        for size in range(0, len(good), 1 if path.parent != root else 97):
            path.write_bytes(good[:size])
            assert not verify(root).ok, (path, size)
        path.write_bytes(good)


def test_missing_extra_and_swapped_files_are_found(root: Path) -> None:
    """The set of files is part of the evidence."""
    first, second, third = sorted((root / "segments").iterdir())

    def swap() -> None:
        data = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(data)

    changes: dict[str, Callable[[], object]] = {
        "segments/" + second.name: first.unlink,
        "segments/" + third.name: second.unlink,
        "segments/" + third.name + " ": third.unlink,
        "mark": (root / "mark").unlink,
        "notes.txt": lambda: (root / "notes.txt").write_bytes(b""),
        "segments/draft": lambda: (root / "segments" / "draft").write_bytes(b""),
        "segments/" + first.name: swap,
        "lock": lambda: (root / "lock").write_bytes(b"x"),
        "segments/99999999999999999999.seg": lambda: (root / "segments" / "99999999999999999999.seg").write_bytes(
            third.read_bytes()
        ),
    }
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    for subject, change in changes.items():
        change()
        assert subject.strip() in named(verify(root)), subject
        for path in [path for path in root.rglob("*") if path.is_file()]:
            path.unlink()
        for path, data in before.items():
            path.write_bytes(data)
    assert verify(root).ok


@pytest.mark.parametrize("extra", [b"\0", b"torn", bytes(500)])
def test_bytes_above_the_mark_are_found_until_a_writer_repairs_them(root: Path, extra: bytes) -> None:
    """A crash leaves them; a closed ledger has none."""
    newest = max((root / "segments").iterdir())
    with newest.open("ab") as file:
        file.write(extra)
    (finding,) = verify(root).findings
    assert (finding.check, finding.subject) == ("length", f"segments/{newest.name}")
    Ledger.open(root, events=Event).close()
    assert verify(root).ok


def test_a_file_that_a_crash_left_unfinished_is_no_finding(root: Path) -> None:
    """It counts for nothing, and an audit that stays red after an ordinary crash would soon be ignored."""
    (root / "segments" / f"{9:020d}.seg.new").write_bytes(b"half")
    assert verify(root).ok


def test_all_damage_is_reported_and_not_only_the_first(root: Path) -> None:
    """An auditor wants the extent; commits behind a damaged one are still checked and counted."""
    with Ledger.open(root, events=Event) as ledger:
        for _ in range(5):
            ledger.append(painted(1, ledger.head().size))
        size = ledger.head().size
    newest = max((root / "segments").iterdir())
    data = bytearray(newest.read_bytes())
    data[130] ^= 1
    data[-2] ^= 1
    newest.write_bytes(data)
    found = verify(root)
    assert [finding.check for finding in found.findings].count("frame") == 2
    assert size - 4 <= found.events < size


def test_events_that_the_union_does_not_know_are_found_when_it_is_given(root: Path) -> None:
    """The bytes are whole, but whoever reads the ledger with this code will stumble."""
    with Ledger.open(root, events=Event) as ledger:
        first = ledger.append([Painted("red"), Scraped(3), Scraped(4)])
    assert verify(root).ok
    found = verify(root, events=Painted)
    assert [finding.check for finding in found.findings] == ["event", "event"]
    assert f"event {first + 1}" in found.findings[0].detail
    with pytest.raises(EventUnionError):
        verify(root, events=int)


def test_whole_commits_and_headers_in_the_wrong_place_are_found(root: Path) -> None:
    """Their checksums are right; only their place in the whole is wrong."""
    newest = max((root / "segments").iterdir())
    with Ledger.open(root, events=Event) as ledger:
        start = ledger.head().end_offset
        ledger.append([Painted("red")])
        middle = ledger.head().end_offset
        ledger.append([Painted("red")])
    good = newest.read_bytes()
    newest.write_bytes(good[:start] + good[middle:] + good[start:middle])
    assert {finding.check for finding in verify(root).findings} == {"order", "length"}
    header = decode_header(good)
    newest.write_bytes(encode_header(header._replace(first_index=header.first_index + 1)) + good[96:])
    assert [finding.check for finding in verify(root).findings] == ["header"]
    newest.write_bytes(encode_header(header._replace(root=bytes(32))) + good[96:])
    assert [finding.check for finding in verify(root).findings] == ["header"]


def test_a_mark_that_counts_other_events_than_the_log_is_found(root: Path) -> None:
    """A mark with a right checksum can still tell of another log."""
    mark = decode_mark((root / "mark").read_bytes()).newest
    assert mark is not None
    changes = {"size": 1, "segment": 1, "tiled": 300, "leaves_segment": 1, "leaves_index": 1, "leaves_offset": 1}
    for field, change in changes.items():
        wrong = mark._replace(**{field: getattr(mark, field) + change})
        (root / "mark").write_bytes(encode_slot(wrong._replace(sequence=0)) + encode_slot(wrong._replace(sequence=1)))
        expected = "length" if field in ("size", "segment") else "mark"
        assert expected in {finding.check for finding in verify(root).findings}, field
    wrong = mark._replace(root=bytes(32))
    (root / "mark").write_bytes(encode_slot(wrong._replace(sequence=0)) + encode_slot(wrong._replace(sequence=1)))
    assert [finding.check for finding in verify(root).findings] == ["mark"]


def test_a_whole_frame_with_a_bad_entry_run_is_found(tmp_path: Path) -> None:
    """Somebody who can compute checksums can still not make two readings of one commit."""
    root = tmp_path / "ledger"
    with Ledger.open(root, events=Event, create=True) as ledger:
        ledger.append([Painted("red", 9)])
    segment = next((root / "segments").iterdir())
    data = segment.read_bytes()
    body = bytearray(data[96 + 20 :])
    body[1] -= 1
    frame = encode_frame(bytes(body), 0, 1, frame_salt(data[12 + 4 : 32], 0))
    segment.write_bytes(data[:96] + frame)
    assert [finding.check for finding in verify(root).findings] == ["entry"]


def test_checking_changes_nothing_and_waits_for_the_writer(root: Path) -> None:
    """The evidence stays as it was, and a commit under way is not taken for damage."""
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("*") if path.is_file()}
    writer = FileStorage(root)
    with writer.lock(1.0), pytest.raises(BusyError):
        verify(root, wait_s=0.01)
    writer.close()
    assert verify(root).ok
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("*") if path.is_file()} == before


def test_a_path_without_ledger_is_not_verified(tmp_path: Path) -> None:
    """No findings about nothing would read as a clean bill."""
    with pytest.raises(LedgerNotFoundError):
        verify(tmp_path)
