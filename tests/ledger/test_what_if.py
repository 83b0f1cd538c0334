"""Questions that begin with "what if" must leave the answer to "what is" alone."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_events import Coats, Event, Painted, Scraped, painted

from ledger import BeyondHeadError, InvalidEventError, Ledger, OutOfRangeError, Prefixes, Snapshots, replay, what_if


def _files(path: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in path.rglob("*") if one.is_file()}


@settings(max_examples=40)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.sets(st.integers(0, 23)), st.integers(0, 3), st.data())
def test_it_is_the_fold_of_the_events_that_remain(
    tmp_path_factory: pytest.TempPathFactory, commits: list[int], without: set[int], extra: int, data: st.DataObject
) -> None:
    """Against the obvious model; indexes stay, since events refer to each other by them. No byte is written."""
    path = tmp_path_factory.mktemp("what") / "ledger"
    plus = [Scraped(at, b"supposed") for at in range(extra)]
    with Ledger.open(path, events=Event, create=True, segment_bytes_max=300) as ledger:
        for size in commits:
            ledger.append(painted(size, ledger.head().size))
        before, real = _files(path), sum(commits)
        supposed = what_if(ledger, without=lambda index, _: index in without, plus=plus)
        model = [(at, one) for at, one in enumerate([*painted(real), *plus]) if at not in without or at >= real]
        assert supposed.head().size == real + extra
        start, stop = data.draw(st.integers(0, real + extra)), data.draw(st.integers(0, real + extra))
        runs = list(supposed.batches(start, stop))
        read = [(index, event) for first, run in runs for index, event in enumerate(run, first)]
        assert read == [(at, one) for at, one in model if start <= at < stop]
        assert all(run for _, run in runs)
        state = Coats().initial()
        for at, event in model:
            state = Coats().apply(state, at, event)
        assert replay(supposed, Coats()) == state
        assert _files(path) == before


def test_nothing_supposed_is_the_ledger_as_it_was(tmp_path: Path) -> None:
    """And as it was at that moment: later appends are not part of the question."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(5))
        supposed = what_if(ledger)
        was = replay(ledger, Coats())
        ledger.append(painted(5, 5))
        assert replay(supposed, Coats()) == was
        assert replay(supposed, Coats(), 3) == replay(ledger, Coats(), 3)


def test_supposed_events_are_read_as_real_ones(tmp_path: Path) -> None:
    """A projection with prefixes must see the same shapes everywhere."""

    def shape(event: Any) -> tuple[str, ...]:
        return tuple(event.__struct_fields__)

    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append([Scraped(1)])
        runs = what_if(ledger, plus=[Scraped(2)]).batches(0, None, Prefixes.only(Event, Painted))
        assert [shape(event) for _, run in runs for event in run] == [(), ()]


def test_impossible_questions_are_refused(tmp_path: Path) -> None:
    """Before any work, and with the names that the caller used."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(2))
        with pytest.raises(InvalidEventError):
            what_if(ledger, plus=[Painted(1)])  # type: ignore[arg-type]
        supposed = what_if(ledger, plus=[Painted("red")])
        with pytest.raises(BeyondHeadError, match=r"at is 4.*holds 3"):
            replay(supposed, Coats(), 4)
        for arguments in ((4, None), (0, 4)):
            with pytest.raises(BeyondHeadError):
                supposed.batches(*arguments)
        with pytest.raises(OutOfRangeError):
            supposed.batches(-1)
        with pytest.raises(OutOfRangeError, match="what-if"):
            replay(supposed, Coats(), snapshots=Snapshots(tmp_path / "snapshots"))
