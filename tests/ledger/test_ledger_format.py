"""The format's page: its example is what we write, and a reader written from the page alone reads what we write."""

import hashlib
import re
import struct
from pathlib import Path
from typing import Any

import msgspec
from crc32c import crc32c
from fake_storage import MemoryStorage
from sample_events import Event, Painted, Scraped, painted

from ledger import Ledger, Signer, check_proof, prove
from ledger.segments import create_log

PAGE = Path(__file__).parents[2] / "docs" / "specs" / "ledger-format.md"
SEGMENT = "segments/00000000000000000000.seg"
EXAMPLE: list[list[Any]] = [[Painted("red", 3), Scraped(0, b"x")], [Painted("blue", 1)]]


def example(name: str, size: int) -> bytes:
    """Return the hex dump `name` of the page as `size` bytes, zeros where it shows none."""
    (block,) = re.findall(rf"```hex {name}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    data = bytearray(size)
    for line in block.splitlines():
        offset, pairs = line.split("  ")
        row = bytes.fromhex(pairs)
        data[int(offset, 16) : int(offset, 16) + len(row)] = row
    assert len(data) == size
    return bytes(data)


def read_by_the_page(files: dict[str, bytes]) -> list[list[Any]]:
    """Return the events of a ledger, as plain arrays; written from the page, with nothing of ours."""
    slots = [files["mark"][at : at + 132] for at in (0, 4096)]
    whole = [
        struct.unpack("<8s16s5Q32s4QI", slot)
        for slot in slots
        if crc32c(slot[:128]) == int.from_bytes(slot[128:], "little")
    ]
    _, ledger_id, _, size, newest, newest_first, end, root, *_ = max(whole, key=lambda slot: slot[2])
    leaves: list[bytes] = []
    events: list[list[Any]] = []
    for name in sorted(name for name in files if name.startswith("segments/") and name.endswith(".seg")):
        data = files[name]
        header = struct.unpack("<8sHHI16sQQ32s12sI", data[:96])
        assert header[:5] == (b"LEDGSEG\n", 1, 96, 0, ledger_id)
        assert header[6] == len(events) == int(name[9:29])
        assert header[7] == tree_head(leaves)
        assert header[9] == crc32c(data[:92])
        offset, sealed = 96, False
        while offset < (end if header[6] == newest_first else len(data)):
            length, crc, first, count, kind, flags = struct.unpack_from("<IIQHBB", data, offset)
            body = data[offset + 20 : offset + 20 + length]
            place = ledger_id + struct.pack("<Q", header[5])
            assert crc == crc32c(place + data[offset : offset + 4] + data[offset + 8 : offset + 20] + body)
            assert (first, flags) == (len(events), 0)
            if kind == 2:
                digest = hashlib.sha256(data[:offset]).digest()
                assert (count, body) == (0, struct.pack("<Q", first - header[6]) + tree_head(leaves) + digest)
                assert offset + 92 == len(data)
                sealed = True
                break
            assert kind == 1
            offset += 20 + length
            while body:
                stop = 2 + int.from_bytes(body[:2], "big")
                events.append(msgspec.msgpack.decode(body[2:stop]))
                leaves.append(hashlib.sha256(b"\0" + body[2:stop]).digest())
                body = body[stop:]
            assert len(events) == first + count
        assert sealed == (header[6] != newest_first)
    assert (len(events), header[5], tree_head(leaves)) == (size, newest, root)
    for name in (name for name in files if name.startswith("tile/0/") and ".p/" not in name):
        number = int(name[len("tile/0/") :].replace("/", "").replace("x", ""))
        assert files[name] == b"".join(leaves[number * 256 : number * 256 + 256])
    return events


def tree_head(leaves: list[bytes]) -> bytes:
    """Return the root of RFC 6962 section 2.1, as the RFC defines it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    at = 1
    while 2 * at < len(leaves):
        at *= 2
    return hashlib.sha256(b"\1" + tree_head(leaves[:at]) + tree_head(leaves[at:])).digest()


def text_example(name: str) -> bytes:
    """Return the block of text `name` of the page."""
    (block,) = re.findall(rf"```text {name}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return block.encode()


def written(commits: list[list[Any]], **options: Any) -> dict[str, bytes]:
    """Return the files that we write for `commits`."""
    storage = MemoryStorage()
    create_log(storage, bytes(range(16)))
    with Ledger(storage, events=Event, **options) as ledger:
        for commit in commits:
            ledger.append(commit)
        if ledger.signs:
            ledger.checkpoint()
            storage.live["proof"] = bytearray(prove(ledger, 1))
    return {name: bytes(data) for name, data in storage.live.items()}


def test_the_example_is_byte_for_byte_what_we_write() -> None:
    """If this fails, the format has changed: that is announced, and old files must still be read."""
    files = written(EXAMPLE)
    assert files[SEGMENT] == example("segment", 163)
    assert files["mark"] == example("mark", 8192)
    footer = example("footer", 92)
    assert written(EXAMPLE, segment_bytes_max=1)[SEGMENT] == files[SEGMENT][:0x85] + footer


def test_the_signed_example_is_byte_for_byte_what_we_write() -> None:
    """Ed25519 gives the same signature each time, so checkpoints and proofs can be vectors too."""
    files = written(EXAMPLE, signer=Signer("ledger.example/page", bytes(range(32))))
    assert files["tile/0/000.p/3"] == example("tile", 96)
    assert files["checkpoint"] == text_example("checkpoint")
    assert files["proof"] == text_example("proof")
    (vkey,) = re.findall(r"`(ledger\.example/page\+[^`]*)`", PAGE.read_text(encoding="utf-8"))
    proven = check_proof(text_example("proof"), vkey)
    assert (proven.index, proven.checkpoint.size) == (1, 3)
    assert msgspec.msgpack.decode(proven.entry) == [2, 0, b"x"]
    assert proven.checkpoint.root == example("mark", 8192)[0x1040:0x1060]


def test_we_read_the_example() -> None:
    """A log of today must be readable in years; this one is frozen in the page."""
    files = {SEGMENT: example("segment", 163), "mark": example("mark", 8192)}
    with Ledger(MemoryStorage(files), events=Event, read_only=True) as ledger:
        assert list(ledger.read()) == list(enumerate([*EXAMPLE[0], *EXAMPLE[1]]))


def test_a_reader_written_from_the_page_reads_our_ledgers() -> None:
    """The page is complete: whoever has lost our code can still read the evidence."""
    assert read_by_the_page(written(EXAMPLE)) == [[1, "red", 3], [2, 0, b"x"], [1, "blue", 1]]
    commits = [painted(1 + at % 4, 10 * at) for at in range(20)]
    files = written(commits, segment_bytes_max=400)
    assert len(files) > 4
    assert read_by_the_page(files) == [[1, event.colour, event.width] for commit in commits for event in commit]
    commits = [painted(400, 400 * at) for at in range(3)]
    files = written(commits, segment_bytes_max=9_000)
    assert "tile/0/003" in files
    assert read_by_the_page(files) == [[1, event.colour, event.width] for commit in commits for event in commit]
