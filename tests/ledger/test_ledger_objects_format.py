"""The page of the format on object storage: its examples are what we write, and a reader written from it reads that."""

import hashlib
import re
import struct
import uuid
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("obstore", reason="obstore is not installed: the format was not tested against the writer")

import msgspec
from crc32c import crc32c
from sample_events import Event, Painted, Scraped, painted

from ledger import Ledger
from ledger.edge import EMPTY_EDGE, edge_root, grow
from ledger.frame import encode_run
from ledger.merkle import leaf_hashes
from ledger.objects.address import objects_at
from ledger.objects.commit import KIND_COMMIT, KIND_SEAL, CommitObject, encode_commit
from ledger.objects.head import End, encode_hint

PAGE = (Path(__file__).parents[2] / "docs" / "specs" / "ledger-objects.md").read_text(encoding="utf-8")
EXAMPLE: list[list[Event]] = [[Painted("red", 3), Scraped(0, b"x")], [Painted("blue", 1)]]


def example(name: str) -> bytes:
    """Return the hex dump `name` of the page."""
    (block,) = re.findall(rf"```hex {name}\n(.*?)```", PAGE, re.DOTALL)
    return bytes.fromhex("".join(line.split("  ")[1] for line in block.splitlines()))


def tree_head(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it is written there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_head(leaves[:split]) + tree_head(leaves[split:])).digest()


def read_by_the_page(objects: dict[str, bytes]) -> list[Any]:
    """Return the events of a ledger, as plain arrays; written from the page, with nothing of ours."""
    identity = msgspec.json.decode(objects["ledger.json"])
    assert (identity["format"], identity["version"]) == ("impasto-ledger-objects", 1)
    ledger_id = bytes.fromhex(identity["ledger_id"])
    events: list[Any] = []
    leaves: list[bytes] = []
    bodies = 0
    while (data := objects.pop(f"log/{len(events):020d}", None)) is not None:
        fields = struct.unpack_from("<8sHBBI16s16sQQ32s32sIII", data)
        magic, version, kind, flags, number, found_id, _, first, before_bytes, before, after, peak_bytes, size, crc = (
            fields
        )
        assert (magic, version, kind, flags, found_id) == (b"LEDGOBJ\n", 1, 1, 0, ledger_id)
        assert (first, before_bytes, before) == (len(events), bodies, tree_head(leaves))
        assert crc == crc32c(ledger_id + struct.pack("<Q", first) + data[:136] + data[140:])
        assert len(data) == 140 + peak_bytes + size
        body = data[140 + peak_bytes :]
        bodies += size
        while body:
            stop = 2 + int.from_bytes(body[:2], "big")
            events.append(msgspec.msgpack.decode(body[2:stop]))
            leaves.append(hashlib.sha256(b"\0" + body[2:stop]).digest())
            body = body[stop:]
        assert len(events) == first + number
        assert after == tree_head(leaves)
        peaks, start = [], len(leaves)
        for level in range(len(leaves).bit_length()):
            if len(leaves) >> level & 1:
                peaks.append(tree_head(leaves[start - (1 << level) : start]))
                start -= 1 << level
        assert data[140 : 140 + peak_bytes] == b"".join(peaks)
    for name in [name for name in objects if name.startswith("tile/0/")]:
        at = 256 * int(name[len("tile/0/") :])
        assert objects.pop(name) == b"".join(leaves[at : at + 256])
    assert set(objects) == {"ledger.json", "head"}
    return events


def test_what_we_write_is_read_by_a_reader_that_was_written_from_the_page() -> None:
    """Commits of many sizes, with tiles."""
    address = f"memory://page-{uuid.uuid4().hex}/x"
    with Ledger.open(address, events=Event, create=True) as ledger:
        for count in (1, 2, 300, 5, 256, 1):
            ledger.append(painted(count, ledger.head().size))
    objects = objects_at(address)
    found = {listed.name: objects.read(listed.name) or b"" for listed in objects.listing()}
    expected = [msgspec.msgpack.decode(msgspec.msgpack.encode(event)) for event in painted(565)]
    assert read_by_the_page(found) == expected


def test_the_examples_of_the_page_are_what_we_write() -> None:
    """Byte for byte."""
    ledger_id = bytes(range(16))
    edge, run_bytes = EMPTY_EDGE, 0
    for name, token, batch in zip(("first", "second"), (0x10, 0x20), EXAMPLE, strict=True):
        entries = [msgspec.msgpack.encode(event) for event in batch]
        grown, _ = grow(edge, leaf_hashes(entries))
        place = (edge.size, len(entries), run_bytes, edge_root(edge), grown.peaks)
        commit = CommitObject(ledger_id, bytes(range(token, token + 16)), *place, encode_run(entries), KIND_COMMIT)
        assert encode_commit(commit) == example(name)
        edge, run_bytes = grown, run_bytes + len(commit.body)
    place = (edge.size, 0, run_bytes, edge_root(edge), edge.peaks)
    seal = CommitObject(ledger_id, bytes(range(0x30, 0x40)), *place, b"store/ledger", KIND_SEAL)
    assert encode_commit(seal) == example("seal")
    (hint,) = re.findall(r"```json head\n(.*?)\n```", PAGE)
    assert encode_hint(End(ledger_id, 3, edge_root(edge), run_bytes, 2), edge).decode() == hint
    objects = {
        "ledger.json": b'{"format":"impasto-ledger-objects","version":1,"ledger_id":"%s"}' % ledger_id.hex().encode()
    }
    objects |= {"log/" + "0" * 20: example("first"), f"log/{2:020d}": example("second"), "head": b""}
    assert read_by_the_page(objects) == [[1, "red", 3], [2, 0, b"x"], [1, "blue", 1]]
