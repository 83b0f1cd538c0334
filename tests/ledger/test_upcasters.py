"""Versions that last: golden bytes of every version, and a chain that is checked before a single event is read."""

import doctest
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import (
    InvalidEventError,
    Ledger,
    OutOfRangeError,
    Prefixes,
    UndecodableEventError,
    Upcaster,
    UpcasterError,
    Upcasters,
    replay,
    upcasters,
    verify,
    versioned_tag,
)
from ledger.events import EventCodec
from ledger.upcasters import event_version


class Mixed1(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1):
    """Version 1: a colour by name and a share in percent."""

    colour: str
    percent: int


class Mixed2(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1001):
    """Version 2: the share is a fraction."""

    colour: str
    share: float


class Mixed(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2001):
    """Version 3: the share comes first, the colour is a number. Later `gloss` was added at the end, without a version."""

    share: float
    rgb: int
    gloss: float = 0.0


class Dried(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2):
    """Never had another version."""

    index: int


class Named1(msgspec.Struct, frozen=True, array_like=True, tag="named"):
    """Text tags have versions as well."""

    name: str


class Named(msgspec.Struct, frozen=True, array_like=True, tag="named@2"):
    """Version 2: the name in capitals."""

    capitals: str


Event = Mixed | Dried
RGB = {"red": 0xFF0000, "blue": 0x0000FF}
ONE = Upcaster(Mixed1, Mixed2, lambda old: Mixed2(old.colour, old.percent / 100))
TWO = Upcaster(Mixed2, Mixed, lambda old: Mixed(old.share, RGB[old.colour]))
NAMED = Upcaster(Named1, Named, lambda old: Named(old.name.upper()))
STEPS = Upcasters([TWO, ONE])

GOLDEN: dict[str, Any] = {
    "9301a372656432": Mixed(0.5, 0xFF0000),
    "93cd03e9a4626c7565cb3fe0000000000000": Mixed(0.5, 0x0000FF),
    "93cd07d1cb3fe0000000000000cd1234": Mixed(0.5, 0x1234),
    "94cd07d1cb3fe0000000000000cd1234cb3ff0000000000000": Mixed(0.5, 0x1234, 1.0),
    "920207": Dried(7),
}
"""The bytes of every version of every type, and what they mean today. Lines are added here and never changed."""


def test_golden_bytes_of_every_version_arrive_as_the_newest_type() -> None:
    """Old logs are read by new code for ever."""
    codec = EventCodec(Event, STEPS)
    assert codec.decode([bytes.fromhex(entry) for entry in GOLDEN]) == list(GOLDEN.values())


def test_versions_of_text_tags_are_lifted_as_well() -> None:
    """Unions may be tagged by name."""
    entries = [bytes.fromhex(entry) for entry in ("92a56e616d6564a3616461", "92a76e616d65644032a3414441")]
    assert EventCodec(Named, Upcasters([NAMED])).decode(entries) == [Named("ADA"), Named("ADA")]


def test_what_is_encoded_today_is_among_the_golden_bytes() -> None:
    """The other half: today's bytes are golden tomorrow."""
    entries = EventCodec(Event, STEPS).encode([Mixed(0.5, 0x1234, 1.0), Dried(7)])
    assert {entry.hex() for entry in entries} <= GOLDEN.keys()


def test_old_entries_are_lifted_in_a_replay_and_stay_as_they_are(tmp_path: Path) -> None:
    """The log is evidence: reading it in a new way must not touch a byte."""
    path = tmp_path / "ledger"
    with Ledger.open(path, events=Mixed1 | Dried, create=True) as ledger:
        ledger.append([Mixed1("red", 50), Dried(0)])
    with Ledger.open(path, events=Mixed2 | Dried, upcasters=Upcasters([ONE])) as ledger:
        ledger.append([Mixed2("blue", 0.25)])
        before = list(ledger.entries())
    with Ledger.open(path, events=Event, upcasters=STEPS) as ledger:
        ledger.append([Mixed(1.0, 1)])
        assert verify(path, events=Event, upcasters=STEPS).ok
        assert [one.check for one in verify(path, events=Event).findings] == ["event", "event"]
        assert [event for _, event in ledger.read()] == [
            Mixed(0.5, 0xFF0000), Dried(0), Mixed(0.25, 0x0000FF), Mixed(1.0, 1)
        ]  # fmt: skip
        assert list(ledger.entries(0, 3)) == before


def test_old_versions_are_read_and_never_written(tmp_path: Path) -> None:
    """Otherwise the number of versions in use would never fall."""
    with (
        Ledger.open(tmp_path / "ledger", events=Event, upcasters=STEPS, create=True) as ledger,
        pytest.raises(InvalidEventError, match="Mixed1"),
    ):
        ledger.append([Mixed1("red", 1)])


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([ONE, ONE], r"1.*version 1: two steps"),
        ([TWO], r"version 1 to 2: there is a gap"),
        ([(Mixed1, Mixed, id)], r"version 1 to 3: the step leaves a gap"),
        ([(Mixed2, Mixed1, id)], r"version 2 to 1: .*cycle"),
        ([(Mixed2, Mixed2, id)], r"version 2 to 2: .*cycle"),
        ([(Mixed1, Dried, id)], r"another type, 2"),
        ([ONE, (msgspec.defstruct("Odd", [], tag=1001, frozen=True), Mixed, id)], r"two Structs .*Mixed2 and Odd"),
        ([(Mixed1, int, id)], r"not a msgspec.Struct"),
        ([(Mixed1, msgspec.defstruct("Bare", []), id)], r"no tag"),
    ],
)
def test_broken_chains_are_refused_when_they_are_built(steps: list[Any], told: str) -> None:
    """At import of the program, not at the one old event that a test never saw."""
    with pytest.raises(UpcasterError, match=told):
        Upcasters(steps)


@pytest.mark.parametrize(
    ("union", "told"),
    [
        (Dried, "version 3: the chain ends at Mixed, outside the union"),
        (Mixed2 | Dried, "the chain ends at Mixed, outside|version"),
        (Mixed2 | Mixed, "version 2 and 3: the union holds both|version 3 and 2: the union holds both"),
    ],
)
def test_chains_must_end_in_the_union_that_is_opened(tmp_path: Path, union: Any, told: str) -> None:
    """A chain that ends elsewhere would give replays a type that they do not know. Nothing is made before the check."""
    with pytest.raises(UpcasterError, match=told):
        Ledger.open(tmp_path / "ledger", events=union, upcasters=STEPS, create=True)
    assert not (tmp_path / "ledger").exists()


def test_a_step_that_fails_or_lies_is_told_with_the_place(tmp_path: Path) -> None:
    """The event is there and whole; who reads it wrong must say so."""
    path = tmp_path / "ledger"
    with Ledger.open(path, events=Mixed1 | Dried, create=True) as ledger:
        ledger.append([Dried(0), Mixed1("green", 50)])
    failing = Upcasters([ONE, TWO])
    lying = Upcasters([Upcaster(Mixed1, Mixed2, lambda old: old), TWO])
    for steps, told in ((failing, "version 2 to 3: the step raised KeyError"), (lying, "returned Mixed1 instead")):
        with (
            Ledger.open(path, events=Mixed | Dried, upcasters=steps) as ledger,
            pytest.raises(UndecodableEventError, match=told) as caught,
        ):
            list(ledger.read())
        assert caught.value.index == 1


def test_prefixes_of_old_versions_are_cut_from_what_they_become(tmp_path: Path) -> None:
    """A projection sees one shape per type, however old the entry is."""

    class Share(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2001):
        share: float

    class Sum:
        name, version = "sum", 1
        prefixes = Prefixes({Mixed: Share})

        def initial(self) -> float:
            return 0.0

        def apply(self, state: float, _: int, event: Any) -> float:
            assert type(event) is Share
            return state + event.share

    with Ledger.open(tmp_path / "ledger", events=Mixed1, create=True) as ledger:
        ledger.append([Mixed1("red", 25), Mixed1("blue", 50)])
    with Ledger.open(tmp_path / "ledger", events=Mixed, upcasters=Upcasters([ONE, TWO])) as ledger:
        ledger.append([Mixed(0.5, 0)])
        assert replay(ledger, Sum()) == 1.25


@given(st.integers(0, 999) | st.text(max_size=9).filter(lambda name: event_version(name).version == 1), st.data())
def test_tags_tell_type_and_version(kind: int | str, data: st.DataObject) -> None:
    """`event_version(versioned_tag(type, version)) == (type, version)`: nothing else can keep versions apart."""
    version = data.draw(st.integers(1, 1_000))
    if isinstance(kind, str) and event_version(versioned_tag(kind, 1)).type != kind:
        return
    assert event_version(versioned_tag(kind, version)) == (kind, version)


@pytest.mark.parametrize(("kind", "version"), [(1, 0), (1, 1_001), (1_000, 1), (-1, 1), ("a@2", 1)])
def test_tags_that_could_be_misread_are_refused(kind: int | str, version: int) -> None:
    """Two versions with one spelling would be one version."""
    with pytest.raises(OutOfRangeError):
        versioned_tag(kind, version)


@pytest.mark.parametrize("tag", ["a@1", "a@02", "a@", "@", "a@x", "a@²", -5])
def test_odd_tags_are_types_of_their_own(tag: int | str) -> None:
    """A tag that was chosen without a thought of versions means itself."""
    assert event_version(tag) == (tag, 1)


def test_the_examples_hold() -> None:
    """Documentation that runs stays true."""
    assert doctest.testmod(upcasters).failed == 0
