"""Which glyphs of a run can be drawn once and used again, and what do they look like?

Letters come back at few different parts of a pixel. Glyphs whose boxes overlap (a letter and its accent, a kerned pair, a joined
word) are one stamp, so that their outlines count once; between stamps nothing overlaps, so that adding them up is exact. Places
are rounded to 1/64 px, whether or not a stamp was drawn before: the same text is the same bytes. Stamps are kept per font, axis values and
scale, in an `Atlas`. The main path is `atlas_of` -> `Atlas.survey` -> `Atlas.draw`.
"""

import itertools
import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.typography_core.outline_cost import Outlines
from engines.typography_core.shaping import Glyph, rows_of
from engines.typography_core.sweeps import Bounds, PlacedGlyph, PlacedGlyphs, sweep

STEPS_PER_PX = 64
"""Places of a glyph within a pixel, across and down: half of one changes an edge pixel by 2/255 at most."""

STAMP_PIXELS_MAX = 8192
"""Pixels of a stamp: letters of about 100 px. Larger ones seldom come back, and take longer to fill than to find."""

ATLAS_BYTES_MAX = 16 * 1024 * 1024
"""Of one font at one scale: 5,000 letters at 64 px. A fuller one begins anew."""

STAMP_BYTES_MAX = 64 * 1024 * 1024
"""Of all that are kept; those used least recently go first."""

LANES = 16
"""Columns that are added at once: what a stamp's rows are filled up to with empty ones, so that none is left to be added by itself."""

GROUPS_AT_ONCE = 1024
"""Looked up and drawn at a time, so that a page of different glyphs needs no more memory than 8 MiB of stamps."""

_PARTS_KEPT_MAX = 64
"""Glyphs of a stamp that is kept: a pile of 10,000 marks does not come back."""


LEFT, BOTTOM, RIGHT, TOP, EDGES, WORK, EDGES_MOST, PIXELS = range(8)
"""What `Survey.sums` are of: the ink's box in output px (y upwards), edges and how far they go up and down, edges of the worst glyph, and
pixels of all groups."""


Number = TypeVar("Number", bound=np.generic)


class View(NamedTuple):
    """How a text's box becomes output px: across and down, then moved by (dx, dy)."""

    across: float
    down: float
    dx: float
    dy: float


class Survey(NamedTuple):
    """The inked glyphs of a run on the output: `inked` of them from left to right in `groups` groups that do not overlap. `sums` (8,) are
    told apart by `LEFT` to `PIXELS`; the other arrays are what the kernels hand to each other."""

    inked: int
    groups: int
    ids: NDArray[np.int64]
    places: NDArray[np.float64]
    starts: NDArray[np.int64]
    areas: NDArray[np.float64]
    sums: NDArray[np.float64]


class Canvas(NamedTuple):
    """A picture that runs are added to: `pixels` (rows, columns) uint8, whose top left pixel is at (`left`, `top`), y upwards and `top` its
    upper edge; it is `LANES` wider than it need be, for the empty columns of stamps. `ink` are the first column and row that were added
    to, and those past the last."""

    pixels: NDArray[np.uint8]
    left: int
    top: int
    ink: NDArray[np.int64]

    @classmethod
    def of(cls, bounds: Bounds) -> "Canvas":
        """Return an empty one."""
        pixels = np.zeros((bounds.height, bounds.width + LANES), np.uint8)
        return cls(pixels, bounds.left, bounds.bottom + bounds.height, np.array([bounds.width, bounds.height, 0, 0]))

    def add(self, coverage: NDArray[np.uint8], left: int, top: int) -> None:
        """Add `coverage` whose top left pixel is at (left, top)."""
        rows, columns = coverage.shape
        x, y = left - self.left, self.top - top
        assert x >= 0 and y >= 0, "a group of glyphs leaves the bounds of its text"  # noqa: PT018 - one thing
        target = self.pixels[y : y + rows, x : x + columns]
        target += np.minimum(coverage, ~target)
        self.ink[:2] = np.minimum(self.ink[:2], (x, y))
        self.ink[2:] = np.maximum(self.ink[2:], (x + columns, y + rows))


class Stamp(NamedTuple):
    """`coverage` (rows, columns) uint8, top row first, trimmed to its ink; its top left pixel is at (`left`, `top`), y upwards."""

    coverage: NDArray[np.uint8]
    left: int
    top: int


class Atlas:
    """The stamps of one font at axis values and one scale that were drawn so far. Safe for threads."""

    def __init__(self, outlines: Outlines) -> None:
        from engines.typography_core import stamp_kernels

        self._outlines = outlines
        self._lock = threading.Lock()
        self._kernels = stamp_kernels
        self._index = np.full(256, stamp_kernels.NOT_MEASURED, np.int32)
        self._boxes = np.zeros((64, 6))
        self._measured = 0
        self._begin()

    @property
    def bytes(self) -> int:
        """What its stamps take."""
        return self._pixels.nbytes + self._parts.nbytes + self._stamps.nbytes + self._slots.nbytes

    def survey(self, glyphs: Sequence[Glyph], view: View, x: float, baseline: float) -> Survey:
        """Place the glyphs of a run that begins at (x, baseline), and group those that overlap. Where places are too far off to be told
        apart, the ink's box is endless, and there are no groups."""
        kernels = self._kernels
        rows = rows_of(glyphs)
        room = len(rows)
        survey = kernels.find("survey")
        while True:
            found = np.empty(room, np.int64), np.empty((room, 2)), np.empty(room + 1, np.int64), np.empty(room)
            sums = np.zeros(8)
            count, groups = survey(rows, *view, x, baseline, self._index, self._boxes, *found, sums)
            if count == kernels.UNKNOWN:
                self._measure(rows[:, 0].astype(np.int64))
            elif count == kernels.TANGLED:
                rows = self._untangled(rows, view, x, baseline)
            elif count == kernels.FAR:
                sums[: TOP + 1] = -math.inf, -math.inf, math.inf, math.inf
                return Survey(1, 0, *found, sums)
            else:
                return Survey(count, groups, *found, sums)

    def draw(self, run: Survey, canvas: Canvas) -> None:
        """Add a run to a picture: small groups as stamps at places in steps of 1/64 px, drawn now or before; large ones where they are."""
        lookup, blit = self._kernels.find("lookup"), self._kernels.find("blit")
        steps, found = np.empty((run.inked, 3), np.int64), np.empty((run.groups, 3), np.int64)
        for first in range(0, run.groups, GROUPS_AT_ONCE):
            last = min(run.groups, first + GROUPS_AT_ONCE)
            ask = (run.ids, run.places, run.starts, run.areas, first, last, STAMP_PIXELS_MAX, STEPS_PER_PX)
            once: list[Stamp] = []
            with self._lock:
                missing = lookup(*ask, self._slots, self._stamps, self._parts, steps, found)
                if missing and self.bytes > ATLAS_BYTES_MAX:
                    self._begin()
                    lookup(*ask, self._slots, self._stamps, self._parts, steps, found)
                if missing:
                    once = self._fill(run, steps, found, first, last)
                stamps, pixels = self._stamps, self._pixels
            fits = blit(canvas.pixels, canvas.left, canvas.top, found, first, last, stamps, pixels, canvas.ink)
            assert fits, "a stamp leaves the bounds of its text"
            if missing:
                for stamp in itertools.chain(once, self._large(run, found, first, last)):
                    canvas.add(*stamp)
                _make_room()

    def _begin(self) -> None:
        """Forget all stamps. Those who hold the arrays may go on reading them."""
        self._slots = np.full(256, -1, np.int32)
        self._stamps = np.zeros((64, self._kernels.STAMP_FIELDS), np.int64)
        self._parts = np.zeros((64, 3), np.int64)
        self._pixels = np.zeros(65_536, np.uint8)
        self._count = self._parts_used = self._pixels_used = 0

    def _large(self, run: Survey, found: NDArray[np.int64], first: int, last: int) -> Iterator[Stamp]:
        """Draw groups that are too large for stamps, one at a time."""
        for group in (first + np.flatnonzero(found[first:last, 0] == self._kernels.LARGE)).tolist():
            part = slice(run.starts[group], run.starts[group + 1])
            where = zip(run.ids[part].tolist(), run.places[part].tolist(), strict=True)
            yield _trimmed(self._outlines, [PlacedGlyph(glyph_id, x, y) for glyph_id, (x, y) in where])

    def _fill(
        self, run: Survey, steps: NDArray[np.int64], found: NDArray[np.int64], first: int, last: int
    ) -> list[Stamp]:
        """Draw the stamps that are missing and keep them; return those that are not kept, where they go."""
        once = []
        new: dict[bytes, int] = {}
        for group in (first + np.flatnonzero(found[first:last, 0] == self._kernels.MISSING)).tolist():
            start, end = run.starts[group], run.starts[group + 1]
            parts = steps[start:end]
            key = parts.tobytes()
            if key in new:
                found[group, 0] = new[key]
                continue
            where = [(glyph_id, x / STEPS_PER_PX, y / STEPS_PER_PX) for glyph_id, x, y in parts.tolist()]
            stamp = _trimmed(self._outlines, [PlacedGlyph(*one) for one in where])
            if end - start <= _PARTS_KEPT_MAX:
                found[group, 0] = new[key] = self._keep(parts, stamp)
            else:
                x, y = found[group, 1:].tolist()
                once.append(stamp._replace(left=stamp.left + x, top=stamp.top + y))
        return once

    def _keep(self, parts: NDArray[np.int64], stamp: Stamp) -> int:
        """Add a stamp and return its number. What others read is written before or copied, never changed."""
        rows, columns = stamp.coverage.shape
        stride = -(-columns // LANES) * LANES
        number, size = self._count, rows * stride
        self._stamps = _roomy(self._stamps, number + 1)
        self._parts = _roomy(self._parts, self._parts_used + len(parts))
        self._pixels = _roomy(self._pixels, self._pixels_used + size)
        self._parts[self._parts_used : self._parts_used + len(parts)] = parts
        pixels = self._pixels[self._pixels_used : self._pixels_used + size].reshape(rows, stride)
        pixels[:, :columns] = stamp.coverage
        place = (self._parts_used, len(parts), self._pixels_used, rows, columns, stamp.left, stamp.top, stride)
        self._stamps[number] = place
        self._parts_used, self._pixels_used, self._count = (
            self._parts_used + len(parts),
            self._pixels_used + size,
            number + 1,
        )
        if 2 * self._count > len(self._slots):
            self._slots = np.full(2 * len(self._slots), -1, np.int32)
            self._kernels.find("file")(0, self._count, self._slots, self._stamps, self._parts)
        else:
            self._kernels.find("file")(number, self._count, self._slots, self._stamps, self._parts)
        return number

    def _measure(self, glyph_ids: NDArray[np.int64]) -> None:
        """Look up the boxes of glyphs that are new."""
        with self._lock:
            index, boxes = self._index.copy(), self._boxes
            if (most := int(glyph_ids.max())) >= len(index):
                index = np.full(1 << most.bit_length(), self._kernels.NOT_MEASURED, np.int32)
                index[: len(self._index)] = self._index
            for glyph_id in np.unique(glyph_ids).tolist():
                if index[glyph_id] != self._kernels.NOT_MEASURED:
                    continue
                outline = self._outlines.of(glyph_id)
                if outline is None:
                    index[glyph_id] = self._kernels.NO_OUTLINE
                    continue
                boxes = _roomy(boxes, self._measured + 1)
                boxes[self._measured] = outline
                index[glyph_id] = self._measured
                self._measured += 1
            # In this order: whoever reads an index without the lock finds its rows.
            self._boxes = boxes
            self._index = index

    def _untangled(self, rows: NDArray[np.float64], view: View, x: float, baseline: float) -> NDArray[np.float64]:
        """Return `rows` in the order that the kernel would sort them into one by one."""
        index = self._index[rows[:, 0].astype(np.int64)]
        across = (x + rows[:, 2]) * view.across + view.dx
        up = -((baseline + rows[:, 3]) * view.down + view.dy)
        left = across + np.where(index >= 0, self._boxes[index, 0], 0.0)
        return rows[np.lexsort((up, across, rows[:, 0], left))]


def atlas_of(outlines: Outlines) -> Atlas:
    """Return the process's atlas of `outlines`, which are equal to themselves only."""
    with _LOCK:
        found = _ATLASES.get(outlines)
        if found is None:
            found = _ATLASES[outlines] = Atlas(outlines)
            while len(_ATLASES) > _ATLASES_MAX:
                _ATLASES.popitem(last=False)
        else:
            _ATLASES.move_to_end(outlines)
        return found


def forget() -> None:
    """Drop all stamps that are kept, for measurements."""
    with _LOCK:
        _ATLASES.clear()


_LOCK = threading.Lock()
_ATLASES: OrderedDict[Outlines, Atlas] = OrderedDict()
_ATLASES_MAX = 256
"""As many as `outline_cost.outlines` keeps; an empty one takes 70 kB."""


def _make_room() -> None:
    with _LOCK:
        total = sum(atlas.bytes for atlas in _ATLASES.values())
        while total > STAMP_BYTES_MAX and len(_ATLASES) > 1:
            _, oldest = _ATLASES.popitem(last=False)
            total -= oldest.bytes


def _roomy(array: NDArray[Number], size: int) -> NDArray[Number]:
    """Return `array`, or a copy with twice the room where it is shorter than `size`."""
    if size <= len(array):
        return array
    longer = np.zeros((1 << (size - 1).bit_length(), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


def _trimmed(outlines: Outlines, glyphs: list[PlacedGlyph]) -> Stamp:
    """Draw a group of glyphs, and cut empty rows and columns away."""
    boxes = [(glyph, box) for glyph in glyphs if (box := outlines.of(glyph.glyph_id)) is not None]
    left = math.floor(min([one.x + box.left for one, box in boxes]))
    bottom = math.floor(min([one.y + box.low for one, box in boxes]))
    right = math.ceil(max([one.x + box.right for one, box in boxes]))
    top = math.ceil(max([one.y + box.high for one, box in boxes]))
    bounds = Bounds(left, bottom, max(1, right - left), max(1, top - bottom))
    coverage = sweep([PlacedGlyphs(outlines, glyphs)], bounds)
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    if not len(rows):
        return Stamp(coverage[:0, :0], left, bottom)
    ink = coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Stamp(ink, left + int(columns[0]), bottom + bounds.height - int(rows[0]))
