"""Events in and out: only what can be read again goes in."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_events import Event, EventWithRepair, Painted, Scraped

from ledger import (
    ENTRY_BYTES_MAX,
    EntryTooLargeError,
    EventUnionError,
    InvalidEventError,
    TailRepaired,
    UndecodableEntryError,
)
from ledger.events import EventCodec


class Soft(msgspec.Struct, tag=7):
    """Not frozen."""

    name: str


class Bare(msgspec.Struct, frozen=True):
    """Not tagged."""

    name: str


class Twin(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """Carries the tag of Painted."""

    name: str


class Grown(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """Painted as a later version might have it."""

    colour: str
    width: int = 1
    glossy: bool = False


@pytest.mark.parametrize("union", [Painted | Soft, Painted | Bare, Painted | Twin, Painted | int, int, None, Any])
def test_unions_that_could_not_keep_a_promise_are_refused(union: object) -> None:
    """Found at open, where it can be mended, and not at the first replay."""
    with pytest.raises(EventUnionError):
        EventCodec(union)


@given(st.lists(st.builds(Painted, st.text(max_size=20), st.integers(-(2**63), 2**64 - 1))))
def test_events_round_trip(events: list[Painted]) -> None:
    """What is appended is what is read."""
    codec = EventCodec(Event)
    assert codec.decode(codec.encode(events)) == events


def test_golden_bytes_of_every_event() -> None:
    """Old logs are read by new code: these bytes may never change their meaning."""
    codec = EventCodec(EventWithRepair)
    events = [Painted("red", 3), Scraped(1, b"x"), TailRepaired(96, 0, 5, b"\xaa" * 2)]
    golden = ["9301a372656403", "930201c40178", "95cd0384600005c402aaaa"]
    assert [entry.hex() for entry in codec.encode(events)] == golden
    assert codec.decode([bytes.fromhex(entry) for entry in golden]) == events


def test_fields_added_at_the_end_read_old_entries() -> None:
    """Events only grow; this is what growing means."""
    assert EventCodec(Grown).decode(EventCodec(Painted).encode([Painted("red", 3)])) == [Grown("red", 3, False)]


@pytest.mark.parametrize("stranger", [Grown("red"), "red", None, TailRepaired(0, 0, 0, b"")])
def test_events_outside_the_union_are_refused_by_position(stranger: object) -> None:
    """A log may hold only what its readers know."""
    with pytest.raises(InvalidEventError) as caught:
        EventCodec(Event).encode([Painted("red"), stranger])  # type: ignore[list-item]
    assert caught.value.position == 1
    assert "Painted, Scraped" in str(caught.value)


@pytest.mark.parametrize("bad", [Painted(7), Painted("red", "wide"), Painted("red", object()), Painted("red", 2**64)])  # type: ignore[arg-type]
def test_events_that_would_not_read_back_are_refused(bad: Painted) -> None:
    """A Struct does not check its fields when it is built, and the log cannot be mended afterwards."""
    with pytest.raises(InvalidEventError) as caught:
        EventCodec(Event).encode([Painted("red"), bad])
    assert caught.value.position == 1


def test_the_largest_entry_fits_and_the_next_names_the_way_out() -> None:
    """65,535 bytes is the format's limit, and a large payload has a place: a blob."""
    codec = EventCodec(Event)
    room = ENTRY_BYTES_MAX - len(codec.encode([Scraped(0, bytes(300))])[0]) + 300
    assert len(codec.encode([Scraped(0, bytes(room))])[0]) == ENTRY_BYTES_MAX
    with pytest.raises(EntryTooLargeError, match="blob") as caught:
        codec.encode([Painted("red"), Scraped(0, bytes(room + 1))])
    assert (caught.value.size, caught.value.limit, caught.value.position) == (65_536, 65_535, 1)


@pytest.mark.parametrize(
    "entry", ["9309a372656403", "9301a372656403c0", "9301a3726564", "9301c0c0", "", "c1", "9301a2fffe01"]
)
def test_decoding_is_strict(entry: str) -> None:
    """Unknown tags, left-over bytes, missing bytes, wrong types, nothing, no msgpack, no UTF-8: none is guessed at."""
    with pytest.raises(UndecodableEntryError) as caught:
        EventCodec(Event).decode([bytes.fromhex("9301a372656403"), bytes.fromhex(entry)])
    assert caught.value.position == 1
