"""How are pixels counted, packed and filtered for a PNG? The compiled loops; png.py and png_forms.py call them.

Integers only, so that the same pixels give the same bytes everywhere. Importing this module imports numba: callers import it inside the
functions that encode.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.kernel_shelf import Shelf

COLOURS_MAX = 256
"""Entries of a PNG palette, PNG 11.2.2."""
_SLOTS = 4 * COLOURS_MAX
"""Of the hash table that colours are looked up in: a power of two, a quarter full at most."""
_SPREAD = 0x9E3779B1
"""Knuth's multiplier, 2^32 by the golden ratio: neighbouring colours fall into distant slots."""
_SLOT_BITS = 10

Kernel = Any
Bytes1 = npt.NDArray[np.uint8]
Bytes2 = npt.NDArray[np.uint8]
Bytes3 = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]


class _PngKernel(NamedTuple):
    name: str


def find(name: str) -> Kernel:
    """Return the kernel `survey`, `index` or `filter`, ready to run; see `compositor.kernel_shelf.Shelf.find`."""
    return _SHELF.find(_PngKernel(name))


def _survey(*, on_disk: bool) -> Kernel:
    """Return the kernel that finds out what a picture is made of.

    `kernel(words, colours, slots) -> (opaque, gray, count)`: `words` (h, w) are pixels as little-endian RGBA, `colours` (256,) gets the
    first colours in the order in which they appear, `slots` (1024,) int32 is scratch that starts as -1. `count` is how many colours there
    are, 257 for more than 256; where it is 257, `opaque` and `gray` are still of the whole picture.
    """
    shift = 32 - _SLOT_BITS

    def survey(words: Words, colours: Words, slots: npt.NDArray[np.int32]) -> tuple[bool, bool, int]:
        opaque, gray, count = True, True, 0
        for y in range(words.shape[0]):
            row = words[y]
            last = ~row[0] if row.size else np.uint32(0)
            if count > COLOURS_MAX:
                alphas, differences = np.uint32(0xFFFFFFFF), np.uint32(0)
                for x in range(row.size):
                    word = row[x]
                    alphas &= word
                    differences |= word ^ (word >> np.uint32(8))
                opaque = opaque and alphas >> np.uint32(24) == 255
                gray = gray and differences & np.uint32(0xFFFF) == 0
                if not opaque and not gray:
                    break
                continue
            for x in range(row.size):
                word = row[x]
                if word == last:
                    continue
                last = word
                opaque = opaque and word >> np.uint32(24) == 255
                gray = gray and (word ^ (word >> np.uint32(8))) & np.uint32(0xFFFF) == 0
                if count > COLOURS_MAX:
                    continue
                slot = np.int64(np.uint32(word * np.uint32(_SPREAD)) >> np.uint32(shift))
                while slots[slot] >= 0 and colours[slots[slot]] != word:
                    slot = (slot + 1) & (_SLOTS - 1)
                if slots[slot] < 0:
                    if count < COLOURS_MAX:
                        slots[slot] = count
                        colours[count] = word
                    count += 1
        return opaque, gray, count

    return compiled(survey, on_disk=on_disk)


def _index(*, on_disk: bool) -> Kernel:
    """Return the kernel that replaces colours by their places in a palette.

    `kernel(words, colours, slots, out)`: `colours` holds every colour of `words` (h, w), `slots` (1024,) int32 is scratch that starts as
    -1, `out` (h, w) uint8 gets the places.
    """
    shift = 32 - _SLOT_BITS

    def index(words: Words, colours: Words, slots: npt.NDArray[np.int32], out: Bytes2) -> None:
        for place in range(colours.size):
            slot = np.int64(np.uint32(colours[place] * np.uint32(_SPREAD)) >> np.uint32(shift))
            while slots[slot] >= 0:
                slot = (slot + 1) & (_SLOTS - 1)
            slots[slot] = place
        for y in range(words.shape[0]):
            row, target = words[y], out[y]
            last, found = colours[0], np.uint8(0)
            for x in range(row.size):
                word = row[x]
                if word != last:
                    last = word
                    slot = np.int64(np.uint32(word * np.uint32(_SPREAD)) >> np.uint32(shift))
                    while colours[slots[slot]] != word:
                        slot = (slot + 1) & (_SLOTS - 1)
                    found = np.uint8(slots[slot])
                target[x] = found

    return compiled(index, on_disk=on_disk)


@inlinable
def _pack(source: Bytes2, picks: Bytes1, row: Bytes1) -> None:
    """Copy the picked bytes of each pixel of `source` (w, c) to `row`, one after the other."""
    count = picks.size
    if count == 3:
        one, two, three = picks[0], picks[1], picks[2]
        for x in range(source.shape[0]):
            row[3 * x] = source[x, one]
            row[3 * x + 1] = source[x, two]
            row[3 * x + 2] = source[x, three]
    else:
        for k in range(count):
            target, pick = row[k:], picks[k]
            for x in range(source.shape[0]):
                target[x * count] = source[x, pick]


@inlinable
def _paeth(left: np.uint8, above: np.uint8, corner: np.uint8) -> np.int16:
    """Of three neighbours the one nearest to left + above - corner; the one named first where two are. PNG 9.4."""
    a, b, c = np.int16(left), np.int16(above), np.int16(corner)
    by_left, by_above = abs(np.int16(b - c)), abs(np.int16(a - c))
    by_corner = abs(np.int16(np.int16(a + b) - np.int16(c + c)))
    return a if by_left <= by_above and by_left <= by_corner else b if by_above <= by_corner else c


@inlinable
def _cost(row: Bytes1, guess: Bytes1) -> int:
    """The sum of the magnitudes of `row` less `guess`, bytes that are read as signed."""
    total = 0
    for i in range(row.size):
        total += int(abs(np.int32(np.int8(np.uint8(row[i] - guess[i])))))
    return total


@inlinable
def _paeth_cost(row: Bytes1, left: Bytes1, above: Bytes1, corner: Bytes1) -> int:
    total = 0
    for i in range(row.size):
        total += int(abs(np.int32(np.int8(np.uint8(np.int16(row[i]) - _paeth(left[i], above[i], corner[i]))))))
    return total


def _filter(*, on_disk: bool) -> Kernel:
    """Return the kernel that packs and filters rows.

    `kernel(pixels, picks, top, bottom, out, scratch)`: `pixels` (h, w, c) are the stored bytes of each pixel, of which the file takes
    those that `picks` (n,) names, in that order; rows `top` to `bottom` go to `out` (bottom - top, 1 + w n), a byte for the filter first.
    `scratch` (2, n + w n) starts as zeros: a row and the one above it, in turns, each behind the pixel that PNG 9.2 imagines to its left.

    Each row gets that filter of Sub, Up and Paeth (PNG 9.2) whose bytes, read as signed, have the least sum of magnitudes (PNG 12.7);
    the one named first where sums are equal. Each sum is a loop of its own, without a store, because that is what LLVM makes vector
    code of: one loop for all three takes eight times as long.
    """

    def filter_rows(pixels: Bytes3, picks: Bytes1, top: int, bottom: int, out: Bytes2, scratch: Bytes2) -> None:
        count = picks.size
        size = pixels.shape[1] * count
        for y in range(max(0, top - 1), bottom):
            row, above = scratch[y & 1], scratch[1 - (y & 1)]
            _pack(pixels[y], picks, row[count:])
            if y < top:
                continue
            here, left, over, corner = row[count:], row[:size], above[count:], above[:size]
            sub, up, paeth = _cost(here, left), _cost(here, over), _paeth_cost(here, left, over, corner)
            target = out[y - top, 1:]
            if sub <= up and sub <= paeth:
                out[y - top, 0] = 1
                for i in range(size):
                    target[i] = here[i] - left[i]
            elif up <= paeth:
                out[y - top, 0] = 2
                for i in range(size):
                    target[i] = here[i] - over[i]
            else:
                out[y - top, 0] = 4
                for i in range(size):
                    target[i] = np.uint8(np.int16(here[i]) - _paeth(left[i], over[i], corner[i]))

    return compiled(filter_rows, on_disk=on_disk)


_MAKERS = {"survey": _survey, "index": _index, "filter": _filter}


def _make(wanted: _PngKernel, *, on_disk: bool) -> Kernel:
    return _MAKERS[wanted.name](on_disk=on_disk)


def _nothing(wanted: _PngKernel) -> tuple[Any, ...]:
    """Arguments of the types that callers pass, over pictures without rows."""
    words = read_only(np.zeros((0, 1), np.uint32))
    colours, slots = np.zeros(1, np.uint32), np.full(_SLOTS, -1, np.int32)
    examples: dict[str, tuple[Any, ...]] = {
        "survey": (words, colours, slots),
        "index": (words, colours, slots, np.zeros((0, 1), np.uint8)),
        "filter": (
            read_only(np.zeros((0, 1, 4), np.uint8)),
            np.zeros(4, np.uint8),
            0,
            0,
            np.zeros((0, 5), np.uint8),
            np.zeros((2, 8), np.uint8),
        ),
    }
    return examples[wanted.name]


def new_slots() -> npt.NDArray[np.int32]:
    """Return the scratch of `survey` and `index`."""
    return np.full(_SLOTS, -1, np.int32)


def read_only(stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view that cannot be written, the only kind that these kernels are compiled for."""
    view = stored.view()
    view.flags.writeable = False
    return view


_SHELF = Shelf[_PngKernel](_make, _nothing)
