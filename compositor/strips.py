"""How work is shared among threads: pieces in general, and the rows of a picture strip by strip, so that memory is
bounded by strips, not by pictures.

What is computed for a row must not depend on the strip that it falls into; then neither strips nor threads show.
"""

import os
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from compositor.errors import NumberError
from compositor.limits import THREADS_MAX

Piece = TypeVar("Piece")

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

    def strip(top: int) -> None:
        work(top, min(height, top + rows))

    share(range(0, height, rows), lambda: strip, min(threads, -(-height // rows)))


def share(pieces: Iterable[Piece], begin: Callable[[], Callable[[Piece], None]], threads: int) -> None:
    """Give each of `pieces` to one of `threads` threads, of which the caller's own is one.

    `begin()` is called on each of them for what does its pieces. Pieces are asked for one by one, as threads come free,
    so that making them is shared, too. When a thread fails the others get no more pieces, and its exception is raised
    here. The caller takes part because a thread that waits for the interpreter may wait for 5 ms, which is as long as a
    picture takes.
    """
    waiting, lock = iter(pieces), threading.Lock()
    failures: list[BaseException] = []

    def drain() -> None:
        try:
            work = begin()
            while not failures:
                with lock:
                    piece = next(waiting, None)
                if piece is None:
                    return
                work(piece)
        except BaseException as error:  # noqa: BLE001 - it is raised again, on the caller's thread
            failures.append(error)

    others = [threading.Thread(target=drain, name=f"compositor-{number}") for number in range(1, threads)]
    for thread in others:
        thread.start()
    drain()
    for thread in others:
        thread.join()
    if failures:
        raise failures[0]
