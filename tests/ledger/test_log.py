"""A ledger as a program uses it: open, append, read, and every way of being refused."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_events import Event, Painted, Scraped, painted

from ledger import (
    BeyondHeadError,
    BusyError,
    ConflictError,
    CorruptLedgerError,
    EventUnionError,
    InvalidEventError,
    Ledger,
    LedgerClosedError,
    LedgerExistsError,
    LedgerNotFoundError,
    OutOfRangeError,
    ReadOnlyLedgerError,
    UndecodableEventError,
)
from ledger.storage_file import FileStorage


@pytest.fixture
def ledger(tmp_path: Path):
    """Yield an empty ledger whose segments are small, so that everything also crosses from one to the next."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True, segment_bytes_max=400) as opened:
        yield opened


def test_events_come_back_in_order_across_segments_and_reopening(ledger: Ledger) -> None:
    """The one thing that a log is for."""
    events = painted(60)
    firsts = [ledger.append(events[at : at + 4]) for at in range(0, 60, 4)]
    assert firsts == list(range(0, 60, 4))
    assert ledger.head().segments > 3
    assert list(ledger.read()) == list(enumerate(events))
    ledger.close()
    with Ledger.open(ledger.path, events=Event, read_only=True) as again:
        assert list(again.read()) == list(enumerate(events))
        assert again.head().size == 60
        assert again.recovery is None


@given(st.lists(st.integers(1, 5), min_size=1, max_size=8), st.data())
def test_any_range_reads_as_the_slice_of_the_whole(tmp_path_factory: pytest.TempPathFactory, commits, data) -> None:
    """Ranges begin and end inside commits and segments alike; a follower that reads on must see the same."""
    path = tmp_path_factory.mktemp("ranges") / "ledger"
    with Ledger.open(path, events=Event, create=True, segment_bytes_max=300) as ledger:
        events: list[Painted] = []
        for size in commits:
            more = painted(size, len(events))
            ledger.append(more)
            events += more
        for _ in range(4):
            start = data.draw(st.integers(0, len(events)))
            stop = data.draw(st.integers(0, len(events)))
            assert list(ledger.read(start, stop)) == list(enumerate(events))[start:stop]
            assert [at for at, _ in ledger.entries(start, stop)] == list(range(start, stop))


def test_a_follower_sees_exactly_what_is_new(ledger: Ledger) -> None:
    """Catalogs catch up like this after every append, from where they stopped."""
    follower = Ledger.open(ledger.path, events=Event, read_only=True)
    seen: list[Painted] = []
    for at in range(0, 40, 3):
        ledger.append(painted(3, at))
        seen += [event for first, batch in follower.batches(len(seen)) for event in batch]
        assert seen == painted(at + 3)
    follower.close()


def test_a_conditional_append_is_refused_when_somebody_was_first(ledger: Ledger) -> None:
    """Decisions are made on a state; this is how a stale one is noticed."""
    other = Ledger.open(ledger.path, events=Event)
    assert ledger.append(painted(2), expected_index=0) == 0
    with pytest.raises(ConflictError) as caught:
        other.append(painted(1), expected_index=0)
    assert (caught.value.expected_index, caught.value.actual_index) == (0, 2)
    assert other.append(painted(1), expected_index=2) == 2
    other.close()


def test_appends_are_refused_whole(ledger: Ledger) -> None:
    """All or none: a refused event leaves nothing of its append behind."""
    with pytest.raises(InvalidEventError):
        ledger.append([Painted("red"), Painted(1)])  # type: ignore[arg-type]
    with pytest.raises(OutOfRangeError):
        ledger.append([])
    with pytest.raises(OutOfRangeError, match="65,535"):
        ledger.append([Painted("red")] * 65_536)
    with pytest.raises(OutOfRangeError, match="bytes in one append"):
        ledger.append([Scraped(0, bytes(60_000))] * 1_200)
    assert ledger.head().size == 0
    assert ledger.append([Painted("red")] * 65_535) == 0
    assert ledger.head().size == 65_535


def test_ranges_are_checked_before_anything_is_read(ledger: Ledger) -> None:
    """The call itself raises, not the first step of an iterator far away."""
    ledger.append(painted(3))
    for start, stop in ((4, None), (0, 4)):
        with pytest.raises(BeyondHeadError) as caught:
            ledger.read(start, stop)
        assert (caught.value.index, caught.value.size) == (4, 3)
    with pytest.raises(OutOfRangeError):
        ledger.read(-1)
    assert list(ledger.read(3)) == list(ledger.read(2, 1)) == []


def test_a_reader_keeps_to_the_head_that_it_began_with(ledger: Ledger) -> None:
    """A read that runs on while others append must end."""
    ledger.append(painted(5))
    reading = ledger.read()
    next(reading)
    ledger.append(painted(50, 5))
    assert len(list(reading)) == 4


def test_opening_says_what_is_wrong_with_the_place(tmp_path: Path) -> None:
    """A mistyped path must neither become a ledger nor swallow somebody's folder."""
    with pytest.raises(LedgerNotFoundError):
        Ledger.open(tmp_path / "absent", events=Event)
    assert not (tmp_path / "absent").exists()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"jpeg")
    (tmp_path / "file").write_bytes(b"")
    for name in ("photos", "file"):
        with pytest.raises(LedgerNotFoundError):
            Ledger.open(tmp_path / name, events=Event)
        with pytest.raises(LedgerExistsError):
            Ledger.open(tmp_path / name, events=Event, create=True)
    assert [entry.name for entry in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


def test_creating_twice_opens(ledger: Ledger) -> None:
    """Many workers start at once and each may be the first."""
    ledger.append(painted(1))
    with Ledger.open(ledger.path, events=Event, create=True) as again:
        assert again.head() == ledger.head()


def test_arguments_are_checked_before_a_folder_is_made(tmp_path: Path) -> None:
    """A refused call leaves nothing behind."""
    path = tmp_path / "ledger"
    for error, arguments in (
        (OutOfRangeError, {"events": Event, "create": True, "read_only": True}),
        (OutOfRangeError, {"events": Event, "create": True, "wait_s": -1}),
        (OutOfRangeError, {"events": Event, "create": True, "wait_s": float("nan")}),
        (OutOfRangeError, {"events": Event, "create": True, "segment_bytes_max": 0}),
        (EventUnionError, {"events": int, "create": True}),
    ):
        with pytest.raises(error):
            Ledger.open(path, **arguments)
    assert not path.exists()


def test_a_read_only_ledger_changes_no_file(ledger: Ledger) -> None:
    """Auditors get evidence that they cannot have altered, torn tail included."""
    ledger.append(painted(3))
    root = Path(ledger.path)
    segment = next((root / "segments").iterdir())
    with segment.open("ab") as file:
        file.write(b"torn")
    (root / "lock").unlink()
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with Ledger.open(root, events=Event, read_only=True) as reader:
        assert len(list(reader.read())) == 3
        with pytest.raises(ReadOnlyLedgerError):
            reader.append(painted(1))
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_a_closed_ledger_refuses_everything(ledger: Ledger) -> None:
    """Use after close is a mistake worth a name."""
    ledger.close()
    ledger.close()
    for use in (ledger.head, ledger.read, ledger.entries, lambda: ledger.append(painted(1))):
        with pytest.raises(LedgerClosedError):
            use()


def test_a_writer_that_waits_too_long_is_told_so(ledger: Ledger) -> None:
    """A bounded wait with a type, never a hang; the ledger stays usable."""
    hurried = Ledger.open(ledger.path, events=Event, wait_s=0.02)
    blocker = FileStorage(Path(ledger.path))
    with blocker.lock(1.0), pytest.raises(BusyError) as caught:
        hurried.append(painted(1))
    assert caught.value.wait_s == 0.02
    assert hurried.append(painted(1)) == 0
    blocker.close()
    hurried.close()


def test_threads_of_one_object_lose_nothing(ledger: Ledger) -> None:
    """Each append gets a range of its own, without gaps, while others read."""
    got: dict[int, Painted] = {}

    def work(worker: int) -> None:
        for at in range(10):
            events = painted(1 + at % 3, worker * 100 + at * 3)
            first = ledger.append(events)
            got.update(enumerate(events, first))
            assert len(list(ledger.read(first, first + len(events)))) == len(events)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dict(ledger.read()) == got
    assert len(got) == ledger.head().size == 6 * 19


def test_an_event_of_a_wider_union_is_named_with_its_place(ledger: Ledger) -> None:
    """Old code reading a new log must say where it stopped, and that nothing is damaged."""
    ledger.append([Painted("red"), Scraped(0)])
    with Ledger.open(ledger.path, events=Painted, read_only=True) as narrow:
        reading = narrow.read(1)
        with pytest.raises(UndecodableEventError, match="Invalid value 2") as caught:
            list(reading)
    entries = [entry for _, entry in ledger.entries()]
    segment = Path(caught.value.path).read_bytes()
    assert caught.value.index == 1
    assert segment[caught.value.offset + 2 :].startswith(entries[1])


def test_damage_below_the_mark_is_reported_with_file_and_offset(ledger: Ledger) -> None:
    """Never cut, never skipped: the bytes were acknowledged."""
    ledger.append(painted(2))
    ledger.append(painted(2))
    segment = Path(ledger.path) / "segments" / f"{0:020d}.seg"
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(data)
    with pytest.raises(CorruptLedgerError):
        Ledger.open(ledger.path, events=Event)
    with Ledger.open(ledger.path, events=Event, read_only=True) as again, pytest.raises(CorruptLedgerError) as caught:
        list(again.read())
    assert caught.value.path == str(segment)
    assert 96 < caught.value.offset < len(data)
    assert segment.read_bytes() == data
