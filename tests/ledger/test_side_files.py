"""The files beside a ledger: the page that describes them, the envelope, and what a folder survives."""

import re
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from side_file_examples import LEDGER_ID, examples

from ledger import DamagedBytesError, Keys, StorageError
from ledger.envelope import (
    HEAD_BYTES_MAX,
    KIND_KEY,
    KIND_SNAPSHOT,
    KIND_VERIFIED,
    decode_envelope,
    decode_head,
    encode_envelope,
)
from ledger.side_files import SideFolder

PAGE = (Path(__file__).resolve().parents[2] / "docs/specs/ledger-side-files.md").read_text(encoding="utf-8")
KINDS = {"snapshot": KIND_SNAPSHOT, "verified": KIND_VERIFIED, "key": KIND_KEY}


def _shown(name: str) -> bytes:
    found = re.search(rf"```hex {name}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return bytes.fromhex("".join(line[10:] for line in found[1].splitlines()))


@pytest.mark.parametrize("name", KINDS)
def test_the_examples_of_the_page_are_what_is_written(name: str) -> None:
    """A stranger writes a reader from that page."""
    assert _shown(name) == examples()[name]
    assert f"{len(_shown(name))} bytes:" in PAGE


def test_the_key_of_the_page_is_found_by_its_name(tmp_path: Path) -> None:
    """The name of the file is part of the format."""
    found = examples()["key"]
    name = decode_envelope(KIND_KEY, found).head[-32:].hex() + ".key"
    (tmp_path / name).write_bytes(found)
    key = Keys(tmp_path).get("customer-17")
    assert (key.key_id, key.secret) == (bytes(range(16, 32)), bytes(range(32)))


def test_the_head_of_the_page_reads_as_an_array() -> None:
    """Readers in other languages have MessagePack and nothing else of ours."""
    head = msgspec.msgpack.decode(decode_head(KIND_SNAPSHOT, _shown("snapshot")))
    assert (head[0], head[1], head[3:5]) == (LEDGER_ID, 3, ["coats", 1])


@given(st.binary(max_size=40), st.binary(max_size=40), st.sampled_from([1, 2, 3]))
def test_envelopes_round_trip(head: bytes, body: bytes, kind: int) -> None:
    """`decode_envelope(encode_envelope(head, body)) == (head, body)`, and the head alone from the first bytes."""
    data = encode_envelope(kind, head, body)
    assert decode_envelope(kind, data) == (head, body)
    assert decode_head(kind, data[: 24 + len(head)]) == head
    for bad in (data[:-1], data + b"\0", b"\0" + data, data[:20]):
        with pytest.raises(DamagedBytesError):
            decode_envelope(kind, bad)
    with pytest.raises(DamagedBytesError):
        decode_envelope(kind + 1, data)
    if head:
        with pytest.raises(DamagedBytesError, match="cut short"):
            decode_head(kind, data[: 23 + len(head)])


def test_a_head_of_any_claimed_size_is_not_believed() -> None:
    """A changed size must not make a reader ask for memory."""
    data = bytearray(encode_envelope(1, b"head", b""))
    data[12:16] = (HEAD_BYTES_MAX + 1).to_bytes(4, "little")
    with pytest.raises(DamagedBytesError, match="65537"):
        decode_head(1, bytes(data))


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut or a full disk in the middle of writing must not cost the old content."""
    folder = SideFolder(tmp_path / "side")
    assert folder.names() == []
    assert folder.read("one") is None
    with folder.lock():
        folder.put("one", b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match="No space left") as caught, folder.lock():
        folder.put("one", b"new")
    assert (caught.value.operation, caught.value.errno) == ("put", 28)
    assert folder.read("one") == b"old"
    assert folder.names() == ["one"]
    folder.remove("one")
    folder.remove("one")
    assert folder.names() == []


def test_threads_that_want_the_same_new_key_get_one(tmp_path: Path) -> None:
    """Two keys for one subject would make what was sealed with the first unreadable."""
    made: list[bytes] = []
    gate = threading.Barrier(8)

    def make() -> None:
        gate.wait()
        made.append(Keys(tmp_path / "keys").make("s").secret)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert len(made) == 8
