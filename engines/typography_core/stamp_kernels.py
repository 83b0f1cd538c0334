"""How are a run's glyphs placed, grouped, looked up and added to a picture? The compiled loops; stamps.py and raster.py call them.

Places are float64 and computed in one fixed order, pixels are integers, so that the same run gives the same bytes everywhere. Importing
this module imports numba: callers import it inside the functions that draw.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.kernel_shelf import Shelf
from engines.typography_core.stamps import BOTTOM, EDGES, EDGES_MOST, LEFT, PIXELS, RIGHT, TOP, WORK

UNKNOWN, TANGLED, FAR = -1, -2, -3
"""What `survey` answers instead of a count: a glyph is not measured yet, the glyphs are far from their order, or places are too far off."""

NOT_MEASURED, NO_OUTLINE = -1, -2
"""In the index of glyphs, instead of a row."""

MISSING, LARGE = -1, -2
"""Instead of a stamp: it is not drawn yet, or the group is too large for one."""

FAR_PX = 2.0**50
"""px: places beyond have no fractions that matter, and 64 times as many do not fit 64 bits."""

MOVES_PER_GLYPH = 16
"""Places that the glyphs of a run may be off their order from left to right, on average; marks and kerning take one or two."""

STAMP_FIELDS = 8
PARTS_AT, PARTS, PIXELS_AT, ROWS, COLUMNS, STAMP_LEFT, STAMP_TOP, STRIDE = range(8)
"""Of a stamp: where its parts begin and how many there are; where its pixels begin, rows and columns; and where its top left pixel is from
the whole px of its first glyph, across and (downwards) to the upper edge of the picture's row 0; and columns that each of its rows takes,
a multiple of `stamps.LANES`."""

_SPREAD = 0x9E3779B97F4A7C15
"""2^64 by the golden ratio: neighbouring places fall into distant slots."""

Kernel = Any
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class _StampKernel(NamedTuple):
    name: str


def find(name: str) -> Kernel:
    """Return the kernel `survey`, `lookup`, `file` or `blit`, ready to run; see `compositor.kernel_shelf.Shelf.find`."""
    return _SHELF.find(_StampKernel(name))


@inlinable
def _mixed(key: Any, part: int) -> Any:
    """Return the hash `key` with one more number in it; uint64, and it wraps."""
    key = (key ^ np.uint64(part)) * np.uint64(_SPREAD)
    return key ^ (key >> np.uint64(29))


@inlinable
def _grouped(
    count: int,
    index: npt.NDArray[np.int32],
    boxes: Floats,
    ids: Counts,
    places: Floats,
    starts: Counts,
    areas: Floats,
) -> int:
    """Begin a group where a box does not reach into those before it; return how many groups there are."""
    groups = 0
    first = right = low = high = 0.0
    for number in range(count):
        row = index[ids[number]]
        x, y = places[number, 0], places[number, 1]
        left = x + boxes[row, 0]
        if groups == 0 or left >= right:
            starts[groups] = number
            groups += 1
            first, right, low, high = left, x + boxes[row, 2], y + boxes[row, 1], y + boxes[row, 3]
        else:
            right, low, high = max(right, x + boxes[row, 2]), min(low, y + boxes[row, 1]), max(high, y + boxes[row, 3])
        areas[groups - 1] = (right - first + 2) * (high - low + 2)
    starts[groups] = count
    return groups


def _survey(*, on_disk: bool) -> Kernel:
    """Return the kernel that places the inked glyphs of a run from left to right and groups those whose boxes overlap.

    `kernel(glyphs, across, down, dx, dy, x, baseline, index, boxes, ids, places, starts, areas, sums) -> (count, groups)`: `glyphs` (n, 5)
    are `shaping.Glyph`s; `index` glyph -> row of `boxes` (left, low, right, high, edges, rise). Fills `ids` (n,) and `places` (n, 2), y
    upwards, by the left edges of their boxes; `starts` (n + 1,) where each group begins, `areas` (n,) its pixels, `sums` (8,).
    """

    def survey(
        glyphs: Floats,
        across: float,
        down: float,
        dx: float,
        dy: float,
        run_x: float,
        baseline: float,
        index: npt.NDArray[np.int32],
        boxes: Floats,
        ids: Counts,
        places: Floats,
        starts: Counts,
        areas: Floats,
        sums: Floats,
    ) -> tuple[int, int]:
        sums[LEFT] = sums[BOTTOM] = np.inf
        sums[RIGHT] = sums[TOP] = -np.inf
        count = 0
        moves = 1024 + MOVES_PER_GLYPH * len(glyphs)
        for number in range(len(glyphs)):
            glyph = np.int64(glyphs[number, 0])
            if glyph >= len(index) or index[glyph] == NOT_MEASURED:
                return UNKNOWN, 0
            if index[glyph] == NO_OUTLINE:
                continue
            row = index[glyph]
            x = (run_x + glyphs[number, 2]) * across + dx
            y = -((baseline + glyphs[number, 3]) * down + dy)
            if not (abs(x) < FAR_PX and abs(y) < FAR_PX):
                return FAR, 0
            left = x + boxes[row, 0]
            sums[LEFT] = min(sums[LEFT], left)
            sums[BOTTOM] = min(sums[BOTTOM], y + boxes[row, 1])
            sums[RIGHT] = max(sums[RIGHT], x + boxes[row, 2])
            sums[TOP] = max(sums[TOP], y + boxes[row, 3])
            sums[EDGES] += boxes[row, 4]
            sums[WORK] += boxes[row, 5]
            sums[EDGES_MOST] = max(sums[EDGES_MOST], boxes[row, 4])
            at = count
            while at > 0:
                before = at - 1
                other = places[before, 0] + boxes[index[ids[before]], 0]
                if other < left or (
                    other == left and (ids[before], places[before, 0], places[before, 1]) <= (glyph, x, y)
                ):
                    break
                ids[at], places[at, 0], places[at, 1] = ids[before], places[before, 0], places[before, 1]
                at -= 1
            moves -= count - at
            if moves < 0:
                return TANGLED, 0
            ids[at], places[at, 0], places[at, 1] = glyph, x, y
            count += 1
        groups = _grouped(count, index, boxes, ids, places, starts, areas)
        for group in range(groups):
            sums[PIXELS] += areas[group]
        return count, groups

    return compiled(survey, on_disk=on_disk)


def _lookup(*, on_disk: bool) -> Kernel:
    """Return the kernel that finds the stamps of groups.

    `kernel(ids, places, starts, areas, first, last, area_max, steps_per_px, slots, stamps, parts, steps, found) -> missing`: for the groups
    `first` up to `last` fills `found` (n, 3) with the stamp (or MISSING, LARGE) and the whole px of its first glyph; `steps` (n, 3) with
    glyph and place in steps from there. `missing` counts groups without a stamp. `slots` holds stamps by the hash of their parts, and -1.
    """

    def lookup(
        ids: Counts,
        places: Floats,
        starts: Counts,
        areas: Floats,
        first: int,
        last: int,
        area_max: float,
        steps_per_px: int,
        slots: npt.NDArray[np.int32],
        stamps: Counts,
        parts: Counts,
        steps: Counts,
        found: Counts,
    ) -> int:
        missing = 0
        for group in range(first, last):
            start, end = starts[group], starts[group + 1]
            if areas[group] > area_max:
                found[group, 0] = LARGE
                missing += 1
                continue
            base_x = np.int64(np.rint(places[start, 0] * steps_per_px)) // steps_per_px
            base_y = np.int64(np.rint(places[start, 1] * steps_per_px)) // steps_per_px
            key = np.uint64(end - start)
            for number in range(start, end):
                steps[number, 0] = ids[number]
                steps[number, 1] = np.int64(np.rint(places[number, 0] * steps_per_px)) - base_x * steps_per_px
                steps[number, 2] = np.int64(np.rint(places[number, 1] * steps_per_px)) - base_y * steps_per_px
                for part in range(3):
                    key = _mixed(key, steps[number, part])
            found[group, 1], found[group, 2] = base_x, base_y
            slot = np.int64(key >> np.uint64(32)) & (len(slots) - 1)
            stamp = np.int64(slots[slot])
            while stamp >= 0:
                same = stamps[stamp, PARTS] == end - start
                at = stamps[stamp, PARTS_AT]
                number = start
                while same and number < end:
                    for part in range(3):
                        same = same and parts[at, part] == steps[number, part]
                    number, at = number + 1, at + 1
                if same:
                    break
                slot = (slot + 1) & (len(slots) - 1)
                stamp = np.int64(slots[slot])
            found[group, 0] = stamp if stamp >= 0 else MISSING
            if stamp < 0:
                missing += 1
        return missing

    return compiled(lookup, on_disk=on_disk)


def _file(*, on_disk: bool) -> Kernel:
    """Return the kernel that enters stamps by the hash of their parts.

    `kernel(first, last, slots, stamps, parts)`: `slots` must have room, a power of two of them.
    """

    def file_stamps(first: int, last: int, slots: npt.NDArray[np.int32], stamps: Counts, parts: Counts) -> None:
        for stamp in range(first, last):
            key = np.uint64(stamps[stamp, PARTS])
            for at in range(stamps[stamp, PARTS_AT], stamps[stamp, PARTS_AT] + stamps[stamp, PARTS]):
                for part in range(3):
                    key = _mixed(key, parts[at, part])
            slot = np.int64(key >> np.uint64(32)) & (len(slots) - 1)
            while slots[slot] >= 0:
                slot = (slot + 1) & (len(slots) - 1)
            slots[slot] = stamp

    return compiled(file_stamps, on_disk=on_disk)


def _blit(*, on_disk: bool) -> Kernel:
    """Return the kernel that adds stamps to a picture, at most to 255.

    `kernel(canvas, left, top, found, first, last, stamps, pixels, ink) -> fits`: `canvas` (h, w) uint8 has its top left pixel at (left,
    top), y upwards and `top` the upper edge of its row 0; groups that have no stamp are left out. `ink` (4,) grows to hold the rows and
    columns (first column, first row, one past the last) that were added to. Stops with False at a stamp that leaves the canvas.
    """

    def blit(
        canvas: npt.NDArray[np.uint8],
        left: int,
        top: int,
        found: Counts,
        first: int,
        last: int,
        stamps: Counts,
        pixels: npt.NDArray[np.uint8],
        ink: Counts,
    ) -> bool:
        flat = canvas.reshape(canvas.size)
        for group in range(first, last):
            stamp = found[group, 0]
            if stamp < 0:
                continue
            rows, columns, stride = stamps[stamp, ROWS], stamps[stamp, COLUMNS], stamps[stamp, STRIDE]
            if rows == 0:
                continue
            x = found[group, 1] + stamps[stamp, STAMP_LEFT] - left
            y = top - (found[group, 2] + stamps[stamp, STAMP_TOP])
            if x < 0 or y < 0 or x + stride > canvas.shape[1] or y + rows > canvas.shape[0]:
                return False
            ink[0], ink[1] = min(ink[0], x), min(ink[1], y)
            ink[2], ink[3] = max(ink[2], x + columns), max(ink[3], y + rows)
            # Unsigned, because an index that may be negative is looked at each time, and nothing is vectorised.
            source, target = np.uint64(stamps[stamp, PIXELS_AT]), np.uint64(y * canvas.shape[1] + x)
            width, across = np.uint64(stride), np.uint64(canvas.shape[1])
            for _ in range(rows):
                for column in range(width):
                    under = flat[target + column]
                    flat[target + column] = under + min(pixels[source + column], np.uint8(~under))
                source += width
                target += across
        return True

    return compiled(blit, on_disk=on_disk)


_MAKERS = {"survey": _survey, "lookup": _lookup, "file": _file, "blit": _blit}


def _make(wanted: _StampKernel, *, on_disk: bool) -> Kernel:
    return _MAKERS[wanted.name](on_disk=on_disk)


def _nothing(wanted: _StampKernel) -> tuple[Any, ...]:
    """Arguments of the types that callers pass, over a run without glyphs."""
    index, ids, starts = np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(1, np.int64)
    places, areas, triples = np.zeros((0, 2)), np.zeros(0), np.zeros((0, 3), np.int64)
    stamps, pixels = np.zeros((0, STAMP_FIELDS), np.int64), np.zeros(0, np.uint8)
    examples: dict[str, tuple[Any, ...]] = {
        "survey": (
            *(np.zeros((0, 5)), 1.0, 1.0, 0.0, 0.0, 0.0, 0.0),
            *(index, np.zeros((0, 6)), ids, places, starts, areas, np.zeros(8)),
        ),
        "lookup": (ids, places, starts, areas, 0, 0, 1.0, 1, index, stamps, triples, triples, triples),
        "file": (0, 0, index, stamps, triples),
        "blit": (np.zeros((0, 1), np.uint8), 0, 0, triples, 0, 0, stamps, pixels, np.zeros(4, np.int64)),
    }
    return examples[wanted.name]


_SHELF = Shelf[_StampKernel](_make, _nothing)
