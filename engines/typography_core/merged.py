"""Which outline is left when overlaps are gone?

Variable fonts build letters of parts that overlap, and joined letters overlap each other: filled, nobody sees it; stroked, every part would
show its own edge. The only file that knows pathops (Skia's path operations). Letters that touch are merged together, a few at a time.
What takes too many crossings stays as it is. The main path is `merged`.
"""

import functools
import importlib.metadata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from engines.typography_core.errors import TextLimitError
from engines.typography_core.outlines import CLOSE, CUBIC, LINE, MOVE, POINTS, QUAD, Contours, joined

STEPS_PER_EM = 1000.0
"""Skia counts in 24 bits and joins what lies closer than some of its steps: letters are merged as large as fonts draw them."""

_PARTS_PER_STEP = 64
"""A letter is rounded to 1/64,000 em before it is merged."""

NEAR_MAX = 20_000
"""Pairs of segments whose boxes touch, of letters that are merged together: half a second, if all of them cross. A word has some
hundred."""

NEAR_TOTAL_MAX = 1_000_000
"""Of a whole text: some twenty seconds, if all of them cross. A thousand words have a fifth of it."""

_OPEN_MAX = 16
"""Groups that the next letter may still touch: a letter and its marks are a few."""

_SEGMENTS_MAX = 2_000
"""Segments whose boxes are compared with each other, 4 MB a time."""


def version() -> str:
    """Return the version of the code that decides which outlines are merged, and how."""
    return importlib.metadata.version("skia-pathops")


def merged(parts: Iterable[Contours], em: float) -> Contours:
    """Return letters, in the order in which they stand, `em` px large, as contours that neither overlap nor cross, outer ones all turning
    the same way: as one area, positive in a plane whose y points down.

    Contours that have too many crossings are only turned. Raises TextLimitError past `NEAR_TOTAL_MAX`.
    """
    made = []
    spent = 0
    for group in _touching(part for part in parts if len(part.verbs)):
        whole = joined(group)
        near = _near(whole)
        split = near > NEAR_MAX and len(group) > 1
        pieces = [(one, _near(one)) for one in group] if split else [(whole, near)]
        for piece, pairs in pieces:
            spent += min(pairs, NEAR_MAX)
            if spent > NEAR_TOTAL_MAX:
                raise TextLimitError("outlines", spent, NEAR_TOTAL_MAX, "pairs of segments that touch")
            made.append(_turned(piece if pairs > NEAR_MAX else _simplified(piece, em)))
    return joined(made)


class _Group(NamedTuple):
    parts: list[Contours]
    box: tuple[float, float, float, float]


def _touching(parts: Iterable[Contours]) -> Iterator[list[Contours]]:
    """Yield letters whose boxes touch. Dots stand between letters that join, so that a letter is held against some before it."""
    open_groups: list[_Group] = []
    for part in parts:
        group = _Group([part], part.box)
        apart = []
        for other in open_groups:
            if _apart(other.box, group.box):
                apart.append(other)
            else:
                group = _Group(other.parts + group.parts, _both(other.box, group.box))
        open_groups = [*apart, group]
        if len(open_groups) > _OPEN_MAX:
            yield open_groups.pop(0).parts
    for group in open_groups:
        yield group.parts


def _apart(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] > b[2] or a[2] < b[0] or a[1] > b[3] or a[3] < b[1]


def _both(
    a: tuple[float, float, float, float], b: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _near(contours: Contours) -> int:
    """Return how many pairs of segments lie in boxes that touch; more than `NEAR_MAX` where there are too many to look."""
    verbs = contours.verbs[contours.verbs != CLOSE]
    if len(verbs) > _SEGMENTS_MAX:
        return NEAR_MAX + 1
    count = POINTS[verbs]
    ends = np.cumsum(count) - 1
    begins = np.where(verbs == MOVE, ends, np.maximum(ends - count, 0))
    reach = [np.stack([contours.points[np.maximum(ends - back, begins)] for back in range(4)])]
    low, high = reach[0].min(axis=0), reach[0].max(axis=0)
    touch = np.ones((len(verbs), len(verbs)), np.bool_)
    for axis in (0, 1):
        touch &= (low[:, axis, None] <= high[None, :, axis]) & (low[None, :, axis] <= high[:, axis, None])
    return (int(touch.sum()) - len(verbs)) // 2


def _simplified(contours: Contours, em: float) -> Contours:
    """Return the same area without overlaps; the contours themselves where Skia gives up."""
    corner, scale = contours.points.min(axis=0), STEPS_PER_EM / em
    # Rounded, so that a letter that comes back at another place is the same again.
    steps = np.round((contours.points - corner) * (scale * _PARTS_PER_STEP)) / _PARTS_PER_STEP
    found = _simple(contours.verbs.tobytes(), steps.tobytes())
    return contours if found is None else Contours(found.verbs, found.points / scale + corner)


@functools.lru_cache(maxsize=2048)  # about 2 kB each; words of joined letters some more
def _simple(verbs: bytes, steps: bytes) -> Contours | None:
    """Return contours without overlaps, in steps; None where Skia gives up."""
    import pathops

    path = pathops.Path()
    pen = {MOVE: path.moveTo, LINE: path.lineTo, QUAD: path.quadTo, CUBIC: path.cubicTo}
    numbers = np.frombuffer(steps, np.float64).tolist()
    at = 0
    for verb in verbs:
        if verb == CLOSE:
            path.close()
        else:
            taken = 2 * int(POINTS[verb])
            pen[verb](*numbers[at : at + taken])
            at += taken
    try:
        path.simplify(fix_winding=True)
    except (pathops.PathOpsError, pathops.UnsupportedVerbError, pathops.OpenPathError):
        return None
    return _read(path)


def _read(path: Iterable[tuple[object, tuple[tuple[float, float], ...]]]) -> Contours:
    import pathops

    known = {
        pathops.PathVerb.MOVE: MOVE,
        pathops.PathVerb.LINE: LINE,
        pathops.PathVerb.QUAD: QUAD,
        pathops.PathVerb.CUBIC: CUBIC,
        pathops.PathVerb.CLOSE: CLOSE,
    }
    verbs: list[int] = []
    points: list[tuple[float, float]] = []
    for verb, places in path:
        verbs.append(known[verb])
        points += places
    return Contours(np.array(verbs, np.uint8), np.array(points, np.float64).reshape(-1, 2))


def _turned(contours: Contours) -> Contours:
    """Return `contours` with their signed area above zero: all of them backwards, if it is not."""
    if _area(contours) >= 0:
        return contours
    verbs, points = [], []
    starts = np.flatnonzero(contours.verbs == MOVE)
    places = np.cumsum(POINTS[contours.verbs])
    for index, start in enumerate(starts):
        end = starts[index + 1] if index + 1 < len(starts) else len(contours.verbs)
        own = contours.verbs[start:end]
        drawn = own[own != CLOSE]
        verbs.append(np.concatenate([drawn[:1], drawn[:0:-1], np.array([CLOSE], np.uint8)]))
        points.append(contours.points[places[start] - 1 : places[end - 1]][::-1])
    return Contours(np.concatenate(verbs).astype(np.uint8), np.concatenate(points))


def _area(contours: Contours) -> float:
    """Return the signed area between the control points, roughly that of the contours: its sign is what counts."""
    starts = np.cumsum(POINTS[contours.verbs])[contours.verbs == MOVE] - 1
    after = np.arange(1, len(contours.points) + 1)
    after[np.append(starts[1:], len(after)) - 1] = starts
    x, y = contours.points[:, 0], contours.points[:, 1]
    return float((x * y[after] - x[after] * y).sum())
