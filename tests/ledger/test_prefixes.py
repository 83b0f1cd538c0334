"""Reading only the first fields: faster, and never something else than the whole event says."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_events import Event, Painted, Scraped, painted

from ledger import Ledger, PrefixError, Prefixes, fold, replay
from ledger.events import EventCodec


class PaintedHead(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1):
    """The colour alone."""

    colour: str


class Colours:
    """Counts events per colour; may be told to read heads only."""

    name, version = "colours", 1

    def __init__(self, prefixes: Prefixes | None = None) -> None:
        self.prefixes = prefixes

    def initial(self) -> dict[str, int]:
        return {}

    def apply(self, state: dict[str, int], _: int, event: Any) -> dict[str, int]:
        key = event.colour if isinstance(event, Painted | PaintedHead) else "scraped"
        state[key] = state.get(key, 0) + 1
        return state


@given(st.lists(st.builds(Painted, st.text(max_size=9), st.integers(0, 9)) | st.builds(Scraped, st.integers(0, 9))))
def test_prefixes_are_the_first_fields_of_the_whole(events: list[Any]) -> None:
    """The law on which every projection that uses them rests."""
    codec, prefixes = EventCodec(Event), Prefixes({Painted: PaintedHead})
    read = codec.reader(prefixes).decode(codec.encode(events))
    assert read == [PaintedHead(one.colour) if isinstance(one, Painted) else one for one in events]
    assert read == [prefixes.cut(one) for one in events]


def test_a_projection_with_prefixes_has_the_same_state(tmp_path: Path) -> None:
    """What is skipped must not matter, including types that are skipped altogether."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append([*painted(40), Scraped(3, b"note"), *painted(7)])
        whole = replay(ledger, Colours())
        assert replay(ledger, Colours(Prefixes({Painted: PaintedHead}))) == whole
        assert replay(ledger, Colours(Prefixes.only(Event, Painted))) == whole
        read = [event for _, batch in ledger.batches(0, None, Prefixes.only(Event, Scraped)) for event in batch]
        assert read[40] == Scraped(3, b"note")
        assert read[0].__struct_fields__ == ()


class Other(msgspec.Struct, frozen=True, array_like=True, tag=2):
    colour: str


class Renamed(msgspec.Struct, frozen=True, array_like=True, tag=1):
    name: str


class Retyped(msgspec.Struct, frozen=True, array_like=True, tag=1):
    colour: bytes


class Redefault(msgspec.Struct, frozen=True, array_like=True, tag=1):
    colour: str
    width: int = 2


class Longer(msgspec.Struct, frozen=True, array_like=True, tag=1):
    colour: str
    width: int = 1
    more: int = 0


class Strict(msgspec.Struct, frozen=True, array_like=True, tag=1, forbid_unknown_fields=True):
    colour: str


class Mapped(msgspec.Struct, frozen=True, tag=1):
    colour: str


class Soft(msgspec.Struct, array_like=True, tag=1):
    colour: str


@pytest.mark.parametrize("prefix", [Other, Renamed, Retyped, Redefault, Longer, Strict, Mapped, Soft, int, None])
def test_what_is_no_prefix_is_refused_when_it_is_named(prefix: Any) -> None:
    """A field that is read from another's place gives a wrong state without any error."""
    with pytest.raises(PrefixError) as caught:
        Prefixes({Painted: prefix})
    assert caught.value.type_name == "Painted"


def test_prefixes_of_strangers_are_refused(tmp_path: Path) -> None:
    """They would never match anything, so the projection would silently read everything."""
    with pytest.raises(PrefixError, match="not in the union"):
        Prefixes.only(Painted, Scraped)
    with Ledger.open(tmp_path / "ledger", events=Scraped, create=True) as ledger, pytest.raises(PrefixError):
        ledger.batches(0, None, Prefixes({Painted: PaintedHead}))


def test_a_batch_at_once_is_the_same_as_one_by_one() -> None:
    """`apply_batch` is allowed to be faster and nothing else; fold hands it lists, whatever it was given."""

    class AtOnce(Colours):
        def apply_batch(self, state: dict[str, int], first: int, events: list[Any]) -> dict[str, int]:
            assert isinstance(events, list)
            assert first == 5
            for event in events:
                state[event.colour] = state.get(event.colour, 0) + 1
            return state

    assert fold(AtOnce(), {}, iter(painted(9)), 5) == fold(Colours(), {}, painted(9), 5)


def test_decoders_for_prefixes_are_made_once() -> None:
    """Catching up after every append must not build a decoder each time, nor keep one for ever."""
    codec = EventCodec(Event)
    kept = Prefixes({Painted: PaintedHead})
    assert codec.reader(kept) is codec.reader(kept)
    for _ in range(40):
        codec.reader(Prefixes({Painted: PaintedHead}))
    assert len(codec._readers) <= 16
