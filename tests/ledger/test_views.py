"""A new version of a view takes over only when it has seen everything, and never sooner."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_events import Coats, Event, painted

from ledger import Ledger, NotCaughtUpError, OutOfRangeError, ProjectionError, Snapshots, Views, replay


class KeptCoats(Coats):
    state_type = dict[str, int]


class NextCoats(KeptCoats):
    """Version 2 counts in tens."""

    version = 2

    def apply(self, state: dict[str, int], _: int, event: Any, /) -> dict[str, int]:
        state[event.colour] = state.get(event.colour, 0) + 10 * event.width
        return state


@given(st.lists(st.tuples(st.sampled_from(["append", "step", "read", "switch"]), st.integers(1, 7)), max_size=25))
def test_what_is_served_is_always_the_state_of_now(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Whatever happens while the next version is built: before the switch the old state, after it the new one."""
    with Ledger.open(tmp_path_factory.mktemp("views") / "ledger", events=Event, create=True) as ledger:
        views: Views[Any] = Views(ledger, Coats())
        views.build(NextCoats())
        for verb, number in steps:
            size = ledger.head().size
            if verb == "append":
                ledger.append(painted(number, size))
            elif verb == "step":
                before = views.next.size if views.next else size
                assert views.step(number) == max(size - before - number, 0)
            elif verb == "switch" and views.next is not None:
                if views.next.size < size:
                    with pytest.raises(NotCaughtUpError) as caught:
                        views.switch()
                    assert (caught.value.version, caught.value.index) == (2, views.next.size)
                else:
                    assert views.switch().projection.version == 1
            serving = Coats() if views.served.projection.version == 1 else NextCoats()
            assert views.state() == replay(ledger, serving)
            assert views.served.size == ledger.head().size


def test_only_a_later_version_of_the_same_view_follows(tmp_path: Path) -> None:
    """A typo in a name would put one view in another's place."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        views: Views[Any] = Views(ledger, NextCoats())
        for stranger in (Coats(), NextCoats(), type("Odd", (Coats,), {"name": "odd", "version": 3})()):
            with pytest.raises(ProjectionError):
                views.build(stranger)
        with pytest.raises(ProjectionError, match="no next version"):
            views.switch()
        with pytest.raises(OutOfRangeError):
            views.step(0)
        assert views.step(1) == 0


def test_building_may_be_abandoned(tmp_path: Path) -> None:
    """A new version that turns out wrong leaves no trace."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(3))
        views: Views[Any] = Views(ledger, Coats())
        views.build(NextCoats())
        views.step(2)
        views.abandon()
        assert views.next is None
        assert views.state() == replay(ledger, Coats())


def test_a_failure_in_the_middle_of_a_batch_counts_nothing_twice(tmp_path: Path) -> None:
    """State is changed in place: what holds half of a batch must not be fed that batch again."""

    class Failing(Coats):
        fails = True

        def apply(self, state: dict[str, int], index: int, event: Any, /) -> dict[str, int]:
            if index == 2 and self.fails:
                raise LookupError
            return super().apply(state, index, event)

    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(4))
        projection = Failing()
        views: Views[Any] = Views(ledger, projection)
        with pytest.raises(LookupError):
            views.state()
        projection.fails = False
        assert views.state() == replay(ledger, Coats())
        views.build(type("Broken", (Failing,), {"version": 2})())
        with pytest.raises(LookupError):
            views.step(9)
        assert views.next is None


def test_views_begin_at_their_snapshots(tmp_path: Path) -> None:
    """A restart of the program must not begin both versions at the first event."""
    kept = Snapshots(tmp_path / "kept", events_between=1)
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(9))
        replay(ledger, KeptCoats(), snapshots=kept)
        views: Views[Any] = Views(ledger, KeptCoats(), snapshots=kept)
        assert views.served.size == 9
        views.build(NextCoats())
        assert views.next is not None
        assert views.next.size == 0
        views.step(100)
        views.switch()
        assert kept.load(ledger, NextCoats(), 9) == (9, replay(ledger, NextCoats()))
