"""Proofs and exports: what leaves the ledger convinces those who do not trust it, and only of what is true."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_events import Event, Painted, painted

from ledger import (
    BeyondHeadError,
    Checkpoint,
    CorruptLedgerError,
    ExportTargetError,
    InvalidKeyError,
    InvalidNoteError,
    InvalidProofError,
    Ledger,
    LedgerError,
    NoCheckpointError,
    OutOfRangeError,
    Signer,
    check_consistency,
    check_proof,
    export,
    parse_checkpoint,
    parse_vkey,
    prove,
    prove_consistency,
)
from ledger.frame import split_run
from ledger.merkle import leaf_hashes, root_of
from ledger.proof import PROOF_BYTES_MAX
from ledger.tiles import format_path, full_tiles, partial_tiles

SIGNER = Signer("ledger.example/test", bytes(range(32)))
SIZES = [1, 2, 255, 256, 300, 700]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory):
    """Yield a ledger of 700 events."""
    path = tmp_path_factory.mktemp("proofs") / "ledger"
    with Ledger.open(path, events=Event, create=True, signer=SIGNER, segment_bytes_max=9_000) as opened:
        yield opened


@pytest.fixture(scope="module")
def checkpoints(ledger: Ledger):
    """Return checkpoints of SIZES events."""
    made = []
    for size in SIZES:
        ledger.append(painted(size - ledger.head().size, ledger.head().size))
        made.append(ledger.checkpoint())
    return made


def test_every_event_is_proven_under_every_checkpoint_that_covers_it(ledger: Ledger, checkpoints) -> None:
    """Also under old ones, whose partial tiles are gone, and by readers that cannot write."""
    entries = dict(ledger.entries())
    with Ledger.open(ledger.path, events=Event, read_only=True) as reader:
        for checkpoint in checkpoints:
            for index in range(0, checkpoint.size, 7):
                proven = check_proof(prove(reader, index, checkpoint), SIGNER.vkey)
                assert (proven.index, proven.entry, proven.checkpoint) == (index, entries[index], checkpoint)
        bare = prove(reader, 699, with_entry=False)
        assert check_proof(bare, SIGNER.vkey, entries[699]).checkpoint == checkpoints[-1]
        for entry in (None, entries[698]):
            with pytest.raises(InvalidProofError):
                check_proof(bare, SIGNER.vkey, entry)


def test_no_bit_of_a_proof_can_change(ledger: Ledger, checkpoints) -> None:
    """A proof has one spelling, and is about one entry."""
    good = prove(ledger, 255, checkpoints[3])
    entry = check_proof(good, SIGNER.vkey).entry
    for at in range(len(good)):
        bad = good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :]
        with pytest.raises(LedgerError) as caught:
            check_proof(bad, SIGNER.vkey, entry)
        assert isinstance(caught.value, InvalidProofError | InvalidNoteError)
    for size in range(0, len(good), 3):
        with pytest.raises(LedgerError):
            check_proof(good[:size], SIGNER.vkey)
    lines = good.split(b"\n")
    for at in range(len(lines) - 1):
        with pytest.raises(LedgerError):
            check_proof(b"\n".join(lines[:at] + lines[at + 1 :]), SIGNER.vkey)


@given(st.binary(max_size=300))
def test_anything_else_is_refused_with_a_typed_error(data: bytes) -> None:
    """Proofs come from strangers."""
    for text in (data, b"c2sp.org/tlog-proof@v1\n" + data, b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + data):
        with pytest.raises((InvalidProofError, InvalidNoteError)):
            check_proof(text, SIGNER.vkey, b"entry")


def test_a_proof_of_another_log_or_key_is_refused(ledger: Ledger, checkpoints) -> None:
    """The key says whose log it is; everything else is in the proof."""
    proof = prove(ledger, 0, checkpoints[0])
    with pytest.raises(InvalidNoteError):
        check_proof(proof, Signer(SIGNER.name, bytes(32)).vkey)
    with pytest.raises(InvalidKeyError):
        check_proof(proof, "key")
    with pytest.raises(InvalidProofError, match="more than"):
        check_proof(proof + b"x" * PROOF_BYTES_MAX, SIGNER.vkey)


def test_what_no_checkpoint_covers_cannot_be_proven(ledger: Ledger, checkpoints, tmp_path: Path) -> None:
    """The error says what to do."""
    for index, checkpoint in ((700, None), (1, checkpoints[0])):
        with pytest.raises(NoCheckpointError, match="signer"):
            prove(ledger, index, checkpoint)
    with pytest.raises(OutOfRangeError):
        prove(ledger, -1)
    with Ledger.open(tmp_path / "other", events=Event, create=True) as other:
        other.append(painted(1))
        for use in (lambda: prove(other, 0), lambda: export(other, tmp_path / "export")):
            with pytest.raises(NoCheckpointError):
                use()
        with pytest.raises(CorruptLedgerError, match="do not lead to the root"):
            prove(other, 0, Checkpoint(origin="o", size=1, root=bytes(32), text=b""))
        with pytest.raises(BeyondHeadError):
            prove(other, 0, checkpoints[-1])


def test_growth_is_proven_between_any_two_checkpoints(ledger: Ledger, checkpoints) -> None:
    """Whoever kept the old one can check the new one."""
    for at, old in enumerate(checkpoints):
        for new in checkpoints[at:]:
            path = prove_consistency(ledger, old, new)
            check_consistency(old.size, old.root, new.size, new.root, path)
    with pytest.raises(InvalidProofError):
        prove_consistency(ledger, checkpoints[2], checkpoints[1])


def exported(folder: Path) -> list[bytes]:
    """Return the entries of an export, having checked all of it by the definitions of tlog-tiles."""
    checkpoint = parse_checkpoint((folder / "checkpoint").read_bytes(), parse_vkey(SIGNER.vkey))
    tiles = [*full_tiles(0, checkpoint.size), *partial_tiles(checkpoint.size)]
    names = {format_path(tile): tile for tile in tiles}
    bundles = {name.replace("tile/0/", "tile/entries/"): tile for name, tile in names.items() if not tile.level}
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {"checkpoint", *names, *bundles}
    entries: list[bytes] = []
    for name, tile in sorted(bundles.items()):
        assert tile.index * 256 == len(entries)
        entries += split_run((folder / name).read_bytes(), tile.width)
    leaves = leaf_hashes(entries)
    assert root_of(leaves) == checkpoint.root
    for name, tile in names.items():
        span = 256**tile.level
        starts = range(tile.index * 256 * span, (tile.index * 256 + tile.width) * span, span)
        assert (folder / name).read_bytes() == b"".join(root_of(leaves[start : start + span]) for start in starts)
    return entries


def test_an_export_is_a_tiled_log_and_grows_with_the_ledger(tmp_path: Path) -> None:
    """The folder holds exactly what the specification names, at every size."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True, signer=SIGNER) as ledger:
        for count in (0, 1, 254, 1, 1, 600):
            if count:
                ledger.append(painted(count, ledger.head().size))
            checkpoint = export(ledger, tmp_path / "deep" / "export")
            assert checkpoint == ledger.last_checkpoint()
            assert exported(tmp_path / "deep" / "export") == [entry for _, entry in ledger.entries()]
    with Ledger.open(tmp_path / "ledger", events=Event, read_only=True) as reader:
        assert export(reader, tmp_path / "again").size == 857
    assert exported(tmp_path / "again") == exported(tmp_path / "deep" / "export")


def test_an_export_that_was_cut_short_is_carried_on(tmp_path: Path) -> None:
    """Files that are there are left alone, those that a power cut has torn are written anew."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True, signer=SIGNER) as ledger:
        ledger.append(painted(700))
        export(ledger, tmp_path / "export")
        paths = sorted(path for path in (tmp_path / "export").rglob("*") if path.is_file())
        whole = {path: path.read_bytes() for path in paths}
        kept = paths[-1].stat().st_mtime_ns
        for cut, path in enumerate(paths[:-1]):
            (path.unlink, lambda path=path: path.write_bytes(b""), lambda path=path: path.write_bytes(bytes(9)))[
                cut % 3 if path.name != "checkpoint" else 0
            ]()
        export(ledger, tmp_path / "export")
    assert {path: path.read_bytes() for path in paths} == whole
    assert paths[-1].stat().st_mtime_ns == kept


def test_an_export_never_mixes_logs(tmp_path: Path) -> None:
    """Neither another ledger's, nor another history of this one, nor somebody's photographs."""
    target = tmp_path / "export"
    with Ledger.open(tmp_path / "one", events=Event, create=True, signer=SIGNER) as one:
        one.append(painted(300))
        export(one, target)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    others = {
        "origin": (Signer("ledger.example/other", SIGNER.seed), painted(400)),
        "fork": (SIGNER, [Painted("false")] * 400),
        "shorter": (SIGNER, painted(200)),
    }
    for name, (signer, events) in others.items():
        with Ledger.open(tmp_path / name, events=Event, create=True, signer=signer) as other:
            other.append(events)
            with pytest.raises(ExportTargetError, match="another history" if name == "fork" else "it holds 300 events"):
                export(other, target)
            (target / "checkpoint").rename(tmp_path / "aside")
            if name != "shorter":
                (target / "checkpoint").write_bytes(b"no checkpoint")
                with pytest.raises(ExportTargetError, match="cannot be read"):
                    export(other, target)
                (target / "checkpoint").unlink()
            if name == "fork":
                with pytest.raises(ExportTargetError, match="other content"):
                    export(other, target)
            (tmp_path / "aside").rename(target / "checkpoint")
            assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before
            (target / "photo.jpg").write_bytes(b"jpeg")
            with pytest.raises(ExportTargetError, match="photo"):
                export(other, target)
            (target / "photo.jpg").unlink()


def test_entries_that_do_not_give_the_signed_root_are_not_exported(tmp_path: Path) -> None:
    """The checkpoint is the last thing that is written."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(3))
        (tmp_path / "ledger" / "checkpoint").write_bytes(SIGNER.sign(f"{SIGNER.name}\n3\n{'A' * 43}=\n"))
        with pytest.raises(CorruptLedgerError, match="do not give its root"):
            export(ledger, tmp_path / "export")
    assert not (tmp_path / "export" / "checkpoint").exists()
