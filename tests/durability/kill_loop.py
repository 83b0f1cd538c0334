"""A process that starts writers and kills them with SIGKILL, again and again, and checks what each of them left.

Arguments: an empty folder, how many writers to kill, a seed. Prints one line and exits with 0 when nothing was lost.
It is a process of its own because it forks, which a process with threads should not do.

Every other writer is killed from outside after it has acknowledged a few appends. The others kill themselves within a
call of the system that was drawn beforehand, with half of a write done. One in three appends from several threads.
"""

import os
import random
import signal
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sample_events import EventWithRepair, Painted

from ledger import Ledger, TailRepaired, verify

ACKNOWLEDGEMENT: Final = struct.Struct("<IIQH")
"""Round, thread, first index, number of events."""

THREADS: Final = 4
APPENDS: Final = 40
ROUNDS_PER_LEDGER: Final = 60
"""After so many rounds the next ledger is begun, so that checking stays fast and creation is part of the story."""

Colour = tuple[int, int]


def opened(root: Path) -> Ledger:
    """Open with small segments."""
    return Ledger.open(root, events=EventWithRepair, create=True, segment_bytes_max=6_000)


def events_of(number: int, thread: int, start: int, count: int) -> list[Painted]:
    """Events that say who appended them; some are larger than a sector."""
    return [
        Painted(f"{number}/{thread}".ljust(20 + 700 * (at % 5 == 0), "."), at) for at in range(start, start + count)
    ]


def write(root: Path, number: int, pipe: int, die_at: int | None) -> None:
    """Be a writer: append and acknowledge through `pipe`; never returns."""
    if die_at is not None:
        dying(die_at)
    ledger = opened(root)

    def work(thread: int) -> None:
        done = 0
        for at in range(APPENDS):
            batch = events_of(number, thread, done, 1 + at % 3)
            first = ledger.append(batch)
            done += len(batch)
            os.write(pipe, ACKNOWLEDGEMENT.pack(number, thread, first, len(batch)))

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS if number % 3 == 2 else 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(0)


def dying(die_at: int) -> None:
    """Let the call with this number be the last one, counted over all calls that change the disk."""
    left = [die_at]

    def last(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] >= 0:
                return original(*arguments, **named)
            if original.__name__ == "pwrite":
                file, data, offset = arguments
                original(file, bytes(data[: len(data) // 2]), offset)
            os.kill(os.getpid(), signal.SIGKILL)
            return None

        return call

    for verb in ("pwrite", "ftruncate", "fdatasync", "fsync", "rename"):
        setattr(os, verb, last(getattr(os, verb)))


def kill_one(root: Path, number: int, chance: random.Random) -> dict[Colour, list[tuple[int, int]]]:
    """Start a writer and kill it; return the ranges that it acknowledged, by round and thread."""
    reader, writer = os.pipe()
    die_at = chance.randrange(160) if number % 2 else None
    child = os.fork()
    if not child:
        os.close(reader)
        write(root, number, writer, die_at)
    os.close(writer)
    with open(reader, "rb", buffering=0) as pipe:  # noqa: PTH123 - a descriptor, not a path
        heard = b""
        if die_at is None:
            wanted = chance.randrange(30) * ACKNOWLEDGEMENT.size
            while len(heard) < wanted and (more := pipe.read(wanted - len(heard))):
                heard += more
            os.kill(child, signal.SIGKILL)
        while more := pipe.read(65_536):
            heard += more
    os.waitpid(child, 0)
    ranges: dict[Colour, list[tuple[int, int]]] = {}
    for round_number, thread, first, count in ACKNOWLEDGEMENT.iter_unpack(heard):
        ranges.setdefault((round_number, thread), []).append((first, count))
    return ranges


def check(root: Path, number: int, before: list[Any], ranges: dict[Colour, list[tuple[int, int]]]) -> list[Any]:
    """Open what the writer left; fails unless it holds `before`, all that was acknowledged, and at most what was under
    way then."""
    with opened(root) as ledger:
        pairs = list(ledger.read())
    assert [index for index, _ in pairs] == list(range(len(pairs)))
    events = [event for _, event in pairs]
    assert events[: len(before)] == before, "events of earlier rounds are gone"
    new = [event for event in events[len(before) :] if not isinstance(event, TailRepaired)]
    for thread in range(THREADS):
        mine = [event for event in new if event.colour.rstrip(".") == f"{number}/{thread}"]
        told = ranges.get((number, thread), [])
        count = sum(each for _, each in told)
        assert mine == events_of(number, thread, 0, len(mine)), "events are not those that were appended"
        assert len(mine) in (count, count + 1 + len(told) % 3), f"{count} events acknowledged, {len(mine)} found"
        done = 0
        for first, each in told:
            assert events[first : first + each] == events_of(number, thread, done, each)
            done += each
        new = [event for event in new if event not in mine]
    assert not new, "events that nobody appended"
    return events


def main(folder: Path, rounds: int, seed: int) -> None:
    """Kill `rounds` writers."""
    chance = random.Random(seed)
    acknowledged = 0
    before: list[Any] = []
    for number in range(rounds):
        root = folder / f"ledger-{number // ROUNDS_PER_LEDGER}"
        if number % ROUNDS_PER_LEDGER == 0:
            before = []
        ranges = kill_one(root, number, chance)
        before = check(root, number, before, ranges)
        acknowledged += sum(count for each in ranges.values() for _, count in each)
        if number % 10 == 0:
            assert verify(root, events=EventWithRepair).ok
    print(f"{rounds} writers killed, {acknowledged:,} events acknowledged, none lost")  # noqa: T201 - the result


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
