"""When does somebody who follows a log look again, and when does he stop? The only waiting that reading a ledger does.

Files have no way to call their readers, which may be in any process; so a follower looks at the end, takes what is new,
and pauses when nothing is. In files one look reads the 8 KiB of the mark, about 20 microseconds, whatever the size of the
log, and holds no lock. Events arrive at most one pause after they are durable, never before; a log that is told of new
ones ends the pause early.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from ledger.errors import OutOfRangeError

FOLLOW_POLL_S: Final = 0.05
"""Default pause between two looks, in seconds: below what people notice, and 20 looks a second cost nothing."""

FOLLOW_POLL_S_MAX: Final = 3_600.0
"""Longest pause, in seconds: an hour, beyond which following is a job for a timer."""

T = TypeVar("T")
Stop = threading.Event | Callable[[], bool]
"""What ends a follower: an event that is set, or a callable that returns true."""

Pause = Callable[[float], object]
"""Waits for about so many seconds; it may return early."""


def check_poll(poll_s: float) -> None:
    """Raise OutOfRangeError unless `poll_s` is a pause that a follower may take."""
    if not 0 < poll_s <= FOLLOW_POLL_S_MAX:
        raise OutOfRangeError("poll_s", poll_s, f"above 0, to {FOLLOW_POLL_S_MAX:,.0f} seconds")


def follow(news: Callable[[], Iterator[T]], poll_s: float, stop: Stop | None, pause: Pause) -> Iterator[T]:
    """Yield what `news` gives, again and again, until `stop` says so; `pause` after it has given nothing.

    `stop` is asked before every item and before every pause. With a callable the end may come one pause late.
    """
    ended = stop.is_set if isinstance(stop, threading.Event) else stop or _never
    while not ended():
        idle = True
        for item in news():
            idle = False
            if ended():
                return
            yield item
        if idle and not ended():
            pause(poll_s)


def _never() -> bool:
    return False
