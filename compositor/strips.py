"""How a picture's rows are shared among threads: strip by strip, so that memory is bounded by strips, not by pictures.

What is computed for a row must not depend on the strip that it falls into; then neither strips nor threads show.
"""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from compositor.errors import NumberError
from compositor.limits import THREADS_MAX

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
    numbers = itertools.count()

    def drain() -> None:
        # Taking the next number is one bytecode of C code, so no two threads get the same one.
        while (top := next(numbers) * rows) < height:
            work(top, min(height, top + rows))

    with ThreadPoolExecutor(count, thread_name_prefix="compositor") as pool:
        for task in [pool.submit(drain) for _ in range(count)]:
            task.result()
