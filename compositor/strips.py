"""How work is shared among threads: numbered pieces in general, and the rows of a picture strip by strip, so that memory is
bounded by strips, not by pictures.

What is computed for a row must not depend on the strip that it falls into; then neither strips nor threads show.
"""

import itertools
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np

from compositor.errors import NumberError
from compositor.limits import THREADS_MAX

Turns: TypeAlias = Callable[[], int]
"""Hands out the number of the next piece of work."""

STRIP_ROWS = 32
"""Rows of a strip: two registers' worth of lanes, and few enough for a strip of 4,096 columns to stay in cache."""


def check_threads(threads: int | None) -> int:
    """Return how many threads to use: one for each CPU when None. Raises `NumberError` outside 1 to `THREADS_MAX`."""
    if threads is None:
        return min(os.cpu_count() or 1, THREADS_MAX)
    if not isinstance(threads, int | np.integer) or isinstance(threads, bool) or not 1 <= threads <= THREADS_MAX:
        raise NumberError("threads", threads, 1, THREADS_MAX)
    return int(threads)


def run(work: Callable[[int, int], None], height: int, threads: int, rows: int = STRIP_ROWS) -> None:
    """Call `work(top, bottom)` for strips of `rows` rows until `height` is reached, on `threads` threads."""
    count = min(threads, -(-height // rows))
    if count <= 1:
        for top in range(0, height, rows):
            work(top, min(height, top + rows))
        return

    def drain(turns: Turns) -> None:
        while (top := turns() * rows) < height:
            work(top, min(height, top + rows))

    share(drain, count)


def share(drain: Callable[[Turns], None], threads: int) -> None:
    """Call `drain(turns)` on each of `threads` threads, or on the caller's own where one is enough.

    `turns()` hands out 0, 1, 2 and so on, each number once over all threads. When one of them fails, the others get no
    more numbers that mean anything, and its exception is raised here.
    """
    numbers = itertools.count()
    failed = threading.Event()

    def turns() -> int:
        # Taking the next number is one bytecode of C code, so no two threads get the same one.
        return sys.maxsize if failed.is_set() else next(numbers)

    def attempt() -> None:
        try:
            drain(turns)
        except BaseException:
            failed.set()
            raise

    if threads == 1:
        drain(turns)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="compositor") as pool:
        for task in [pool.submit(attempt) for _ in range(threads)]:
            task.result()
