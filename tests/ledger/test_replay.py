"""State is a fold: the law that everything built on replay rests on."""

import gc
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_events import Coats, Event, Painted, Scraped, painted

from ledger import BeyondHeadError, Ledger, Moment, OutOfRangeError, Prefixes, fold, index_at, replay

events_lists = st.lists(
    st.builds(Painted, st.sampled_from(["red", "blue"]), st.integers(0, 9)) | st.builds(Scraped, st.integers(0, 9)),
    max_size=30,
)


@given(events_lists, st.integers(0, 30))
def test_a_prefix_and_then_the_rest_make_the_whole(events: list[Any], cut: int) -> None:
    """Snapshots, catching up and what-if questions all rest on this."""
    coats = Coats()
    prefix = fold(coats, coats.initial(), events[:cut], 0)
    assert fold(coats, prefix, events[cut:], len(events[:cut])) == fold(coats, coats.initial(), events, 0)


@given(st.lists(events_lists.filter(bool), min_size=1, max_size=6))
def test_replay_is_the_fold_of_the_events_at_every_past_moment(
    tmp_path_factory: pytest.TempPathFactory, commits: list[list[Any]]
) -> None:
    """How the events were committed must not show in the state."""
    coats, events = Coats(), [event for commit in commits for event in commit]
    path = tmp_path_factory.mktemp("replay") / "ledger"
    with Ledger.open(path, events=Event, create=True, segment_bytes_max=300) as ledger:
        for commit in commits:
            ledger.append(commit)
        for at in range(len(events) + 1):
            assert replay(ledger, coats, at) == fold(coats, coats.initial(), events[:at], 0)
        assert replay(ledger, coats) == replay(ledger, coats, len(events))


def test_a_moment_that_has_not_come_is_refused(tmp_path: Path) -> None:
    """The state of now must not pass for the state of later."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(3))
        with pytest.raises(BeyondHeadError, match=r"at is 4.*holds 3 events") as caught:
            replay(ledger, Coats(), 4)
        assert (caught.value.field, caught.value.index, caught.value.size) == ("at", 4, 3)
        with pytest.raises(OutOfRangeError):
            replay(ledger, Coats(), -1)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_cycle_collector_is_left_as_it_was_found(tmp_path: Path, enabled: bool) -> None:
    """It rests during a replay, and a projection that fails must not leave it off."""

    class Failing(Coats):
        def apply(self, *_: Any) -> dict[str, int]:
            assert not gc.isenabled()
            raise LookupError

    was_enabled = gc.isenabled()
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(1))
        try:
            (gc.enable if enabled else gc.disable)()
            with pytest.raises(LookupError):
                replay(ledger, Failing())
            assert gc.isenabled() is enabled
        finally:
            (gc.enable if was_enabled else gc.disable)()


@given(st.lists(st.none() | st.integers(0, 9), max_size=30), st.integers(-1, 10), st.integers(1, 5))
def test_a_moment_includes_the_events_before_the_first_later_one(
    tmp_path_factory: pytest.TempPathFactory, times: list[int | None], at_us: int, size: int
) -> None:
    """Clocks go backwards: the answer must still be one prefix of the log, the same however it was committed."""
    path = tmp_path_factory.mktemp("moment") / "ledger"
    events = [Scraped(-1) if time is None else Painted("red", time) for time in times]
    with Ledger.open(path, events=Event, create=True, segment_bytes_max=300) as ledger:
        for first in range(0, len(events), size):
            ledger.append(events[first : first + size])
        moment = Moment(at_us, lambda event: event.width if isinstance(event, Painted) else None)
        later = [at for at, time in enumerate(times) if time is not None and time > at_us]
        stop = min(later, default=len(times))
        assert index_at(ledger, moment) == stop
        assert replay(ledger, Coats(), moment) == replay(ledger, Coats(), stop)


def test_a_moment_may_be_read_from_the_first_fields(tmp_path: Path) -> None:
    """The scan skips what it does not need, here everything but the colour."""

    class Head(msgspec.Struct, frozen=True, array_like=True, tag=1):
        colour: str

    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append([Painted("1"), Painted("2"), Painted("3")])
        moment = Moment(2, lambda event: int(event.colour) if type(event) is Head else 9, Prefixes({Painted: Head}))
        assert index_at(ledger, moment) == 2
        assert replay(ledger, Coats(), moment) == {"1": 1, "2": 1}
