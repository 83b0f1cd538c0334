"""Is what a crash left put right? Runs stories on real files, cuts their power everywhere, and judges what is recovered."""

import hashlib
import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from fake_storage import MemoryStorage
from sample_events import EventWithRepair, Painted
from traced_disk import Disk, Files, Tracer

from ledger import DamagedBytesError, Ledger, LedgerError, LedgerNotFoundError, TailRepaired
from ledger.frame import SEGMENT_HEADER_BYTES, decode_frame, frame_salt
from ledger.layout import segment_name
from ledger.mark import Mark, decode_mark
from ledger.segments import create_log
from ledger.storage import Storage

SEGMENT_BYTES_MAX = 3_000
"""Small, so that a story of a few dozen appends crosses several segments."""

FULL = os.environ.get("IMPASTO_DURABILITY") == "full"
"""Set by `make durability`: the long runs instead of the short ones."""

Batches = list[list[Painted]]


class Told(NamedTuple):
    """What the program knows at a moment: `batches` that it has begun to append, of which `acknowledged` came back."""

    batches: Batches
    acknowledged: int

    def begun(self, *batches: list[Painted]) -> "Told":
        """After more appends have begun."""
        return self._replace(batches=[*self.batches, *batches])

    def may_hold(self, events: list[Painted]) -> bool:
        """Tell whether a log may hold exactly `events`: all that was acknowledged, and then whole batches in order."""
        lengths = itertools.accumulate(map(len, self.batches), initial=0)
        allowed = list(lengths)[self.acknowledged :]
        return len(events) in allowed and events == [event for batch in self.batches for event in batch][: len(events)]


class Moment(NamedTuple):
    """A state of the disk that a crash may leave, with what had been told; `shown` is what programs still see.

    Without power cut they see the page cache, which a failed sync has made different from the disk.
    """

    disk: Files
    told: Told
    shown: Files | None = None


def event_batches(seed: int, count: int, serial: int = 0) -> Batches:
    """Return `count` batches of events of a few bytes to a few sectors, each event different."""
    chance = random.Random(seed)
    batches = []
    for _ in range(count):
        sizes = [chance.choice((5, 40, 120, 700)) for _ in range(chance.choice((1, 1, 2, 3)))]
        sizes = [1_700] if chance.random() < 0.08 else sizes
        batches.append([Painted(f"{serial + at:06d}".ljust(size, "."), serial + at) for at, size in enumerate(sizes)])
        serial += len(sizes)
    return batches


def opened(root: Path, *, create: bool = False) -> Ledger:
    """Open with small segments."""
    return Ledger.open(root, events=EventWithRepair, create=create, segment_bytes_max=SEGMENT_BYTES_MAX)


def append_story(root: Path, seed: int, appends: int) -> Tracer:
    """Make a ledger and append to it: singly, many at once, after opening again, and by two objects in turn."""
    tracer = Tracer(root)
    batches = event_batches(seed, appends)
    with tracer.listening():
        ledger = opened(root, create=True)
        tracer.note("made")
        other = opened(root)
        at = 0
        while at < appends:
            step = 3 if at % 7 == 3 else 1
            writer = other if at % 5 == 2 else ledger
            tracer.note("begin", batches[at : at + step])
            if step > 1:
                writer.append_many(batches[at : at + step])
            else:
                writer.append(batches[at])
            tracer.note("done")
            at += step
            if at % 11 == 0:
                ledger.close()
                ledger = opened(root)
        ledger.close()
        other.close()
    return tracer


def repair_story(root: Path, moment: Moment) -> Tracer:
    """Let a real writer repair what a crash left, and append twice; what it has shown counts as acknowledged."""
    for name, data in moment.disk.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    tracer = Tracer(root)
    known = moment.told
    with tracer.listening():
        ledger = opened(root, create=True)
        kept = painted_in(ledger)
        lengths = list(itertools.accumulate(map(len, known.batches), initial=0))
        known = Told(known.batches[: lengths.index(len(kept))], lengths.index(len(kept)))
        tracer.note("made", known)
        for batch in event_batches(1, 2, serial=50_000):
            tracer.note("begin", [batch])
            ledger.append(batch)
            tracer.note("done")
        ledger.close()
    return tracer


def moments(tracer: Tracer, start: Told, chance: random.Random, per_call: int) -> Iterator[Moment]:
    """Yield what crashes at every call of a story may leave, `per_call` draws for each."""
    disk, told = Disk(tracer.start), start
    for call in tracer.calls:
        if call.kind == "sync" and call.target in disk.dirty:
            yield from _failed_syncs(disk, told, chance)
        disk.carry_out(call)
        if call.kind == "note" and call.target == "begin":
            told = told.begun(*call.value)
        elif call.kind == "note":
            told = call.value or told._replace(acknowledged=len(told.batches))
        for files in disk.cuts(chance, per_call):
            yield Moment(files, told)


def _failed_syncs(disk: Disk, told: Told, chance: random.Random) -> Iterator[Moment]:
    """The sync reports an error: some of the writes arrived, all of them are called clean, and the program ends."""
    shown = disk.live()
    for files in itertools.islice(disk.cuts(chance, 6), 6):
        yield Moment(files, told, shown)


def fingerprint(moment: Moment) -> bytes:
    """Tell states apart by all of their bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for files in (moment.disk, moment.shown or {}):
        for name in sorted(files):
            digest.update(b"%s %d " % (name.encode(), len(files[name])) + files[name])
        digest.update(b"|")
    return digest.digest()


def storage_at(moment: Moment) -> MemoryStorage:
    """Return a storage in the state of `moment`, as a program finds it when it starts again."""
    storage = MemoryStorage(moment.disk)
    if moment.shown is not None:
        storage = MemoryStorage({**dict.fromkeys(moment.shown, b""), **moment.disk})
        storage.live = {name: bytearray(data) for name, data in moment.shown.items()}
    return storage


def violation(moment: Moment) -> str | None:
    """Recover from `moment` and say what is wrong, None when all promises hold."""
    try:
        return _judged(moment)
    except (LedgerError, AssertionError, OSError, ValueError, LookupError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


def _judged(moment: Moment) -> str | None:
    told, storage = moment.told, storage_at(moment)
    seen = _seen_by_reader(storage, told)
    if seen is not None and seen != _whole(told)[: len(seen)]:
        return "a reader saw events that were not appended"
    if seen is None:
        create_log(storage, bytes(16))
    ledger = _ledger(storage)
    events = painted_in(ledger)
    if not told.may_hold(events):
        return f"{len(events)} events are there, {told.acknowledged} of {len(told.batches)} batches were acknowledged"
    if seen is not None and len(events) < len(seen):
        return "events that a reader saw are gone"
    whole = list(ledger.read())
    if (again := _reopened(storage, whole)) is not None:
        return again
    # A cut whose sync had failed may be made twice, and is then recorded once more.
    after_cut = list(_ledger(MemoryStorage(storage.durable)).read())
    if after_cut[: len(whole)] != whole or any(isinstance(event, Painted) for _, event in after_cut[len(whole) :]):
        return "a power cut after the repair loses what it has shown"
    more = [Painted("after", 1)]
    if ledger.append(more) != len(whole):
        return "the next event does not get the next index"
    if painted_in(_ledger(MemoryStorage(storage.durable))) != [*events, *more]:
        return "an append after the repair is not durable"
    return None


def _seen_by_reader(storage: MemoryStorage, told: Told) -> list[Painted] | None:
    """What a reader sees before any writer has repaired; None where there is no ledger yet, which is right only once."""
    try:
        return painted_in(Ledger(storage, events=EventWithRepair, read_only=True))
    except LedgerNotFoundError:
        assert not told.acknowledged, "the ledger is gone"
        return None


def _reopened(storage: MemoryStorage, whole: list[Any]) -> str | None:
    """Opening once more must find nothing to do."""
    before = {name: bytes(data) for name, data in storage.live.items()}
    ledger = _ledger(storage)
    if ledger.recovery is not None or storage.live != before:
        return "the repair is not finished after one opening"
    return None if list(ledger.read()) == whole else "two openings show different events"


def _whole(told: Told) -> list[Painted]:
    return [event for batch in told.batches for event in batch]


def _ledger(storage: Storage) -> Ledger:
    return Ledger(storage, events=EventWithRepair, segment_bytes_max=SEGMENT_BYTES_MAX)


def painted_in(ledger: Ledger) -> list[Painted]:
    """All events but the ledger's own; fails where indexes have gaps."""
    pairs = list(ledger.read())
    assert [index for index, _ in pairs] == list(range(len(pairs))), "indexes have gaps"
    return [event for _, event in pairs if not isinstance(event, TailRepaired)]


def judge(
    found: Iterator[Moment], states_max: int, seen: set[bytes], judged: Callable[[Moment], str | None]
) -> list[str]:
    """Judge the states that are not in `seen`, up to `states_max`; return what is wrong, at most three findings.

    A state that comes again after more was acknowledged is judged again, but counted once.
    """
    wrong: list[str] = []
    known: set[tuple[bytes, int]] = set()
    before = len(seen)
    for moment in found:
        mark = fingerprint(moment)
        if (mark, moment.told.acknowledged) in known:
            continue
        known.add((mark, moment.told.acknowledged))
        seen.add(mark)
        if (finding := judged(moment)) is not None:
            wrong.append(finding)
        if len(seen) - before >= states_max or len(wrong) >= 3:
            break
    return wrong


def rotten(moment: Moment, chance: random.Random) -> Moment | None:
    """Change one byte that was durable and is not the end of the log; None where there is none.

    That is a byte below the mark, or one of a commit above an old mark that has a whole one behind it.
    """
    mark = decode_mark(moment.disk.get("mark", b"")).newest
    if mark is None or moment.shown is not None:
        return None
    newest = segment_name(mark.segment_first_index)
    ends = {name: len(data) for name, data in moment.disk.items() if name.endswith(".seg") and name < newest}
    ends[newest] = _end_before_last_commit(moment.disk[newest], mark)
    names = sorted(name for name, end in ends.items() if end > SEGMENT_HEADER_BYTES)
    if not names:
        return None
    name = chance.choice(names)
    data = bytearray(moment.disk[name])
    data[chance.randrange(SEGMENT_HEADER_BYTES, ends[name])] ^= 1 << chance.randrange(8)
    return moment._replace(disk={**moment.disk, name: bytes(data)})


def _end_before_last_commit(data: bytes, mark: Mark) -> int:
    """Where the last whole commit above the mark begins; the mark itself where there is none."""
    last = offset = mark.end_offset
    with suppress(DamagedBytesError):
        while offset < len(data):
            last, offset = offset, offset + decode_frame(data, offset, frame_salt(mark.ledger_id, mark.segment)).size
    return last if last < offset else mark.end_offset


def hidden_damage(moment: Moment) -> str | None:
    """Say when damage below the mark is cut, skipped or shown as events; None when it is reported or did no harm."""
    storage = storage_at(moment)
    try:
        events = painted_in(_ledger(storage))
    except LedgerError:
        lost = [name for name, data in moment.disk.items() if len(storage.live[name]) < len(data)]
        return f"damaged evidence was cut from {lost}" if lost and _below_mark(moment, storage, lost) else None
    return None if moment.told.may_hold(events) else f"{len(events)} events are shown as if nothing were damaged"


def _below_mark(moment: Moment, storage: MemoryStorage, names: list[str]) -> bool:
    mark = decode_mark(moment.disk["mark"]).newest
    assert mark is not None, "damage is only made where there is a mark"
    newest = segment_name(mark.segment_first_index)
    end = _end_before_last_commit(moment.disk[newest], mark)
    return any(name < newest or (name == newest and len(storage.live[name]) < end) for name in names)
