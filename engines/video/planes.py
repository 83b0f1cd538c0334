"""What does a picture look like as planes of video, and how is it laid over a frame? NumPy only; no codec.

A frame is three planes of 8 bits: luma at full size, two of chroma at half width and half height (4:2:0), BT.709, limited range (luma 16 to
235, chroma 16 to 240), chroma sited left as H.264 assumes (ITU-T H.264 annex E, chroma_sample_loc_type 0).

Main path: `prepare(pixels, x, y, frame_width)` once, `lay(planes, prepared, opacity)` for each frame. The matrix from RGB to YCbCr is
affine, so source-over of planes is source-over of colours: nothing is converted to RGB and back, and no pixel outside the picture changes.
Chroma is averaged premultiplied, together with its alpha; averaged straight, transparent pixels would stain every edge. Plain float32
operations, so the same bits on every machine.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engines.media_v2.exports import RgbaPixels

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]
else:
    Bytes = Floats = Any

_KR, _KB = 0.2126, 0.0722
"""Shares of red and blue in luma, BT.709 §3."""
_TO_LUMA = np.array([_KR, 1 - _KR - _KB, _KB], np.float32) * np.float32(219 / 255)
_TO_CB = np.array([-_KR, -(1 - _KR - _KB), 1 - _KB], np.float32) * np.float32(224 / (2 * (1 - _KB) * 255))
_TO_CR = np.array([1 - _KR, -(1 - _KR - _KB), -_KB], np.float32) * np.float32(224 / (2 * (1 - _KR) * 255))
_LUMA_BLACK, _CHROMA_GRAY = np.float32(16), np.float32(128)
_HALF = np.float32(0.5)


class Planes(NamedTuple):
    """A frame's planes: `luma` (height, width), `cb` and `cr` (height / 2, width / 2), uint8."""

    luma: Bytes
    cb: Bytes
    cr: Bytes


class AlphaPlanes(NamedTuple):
    """Planes of a picture with transparency: straight colours, and `alpha` (height, width), 0 to 255."""

    luma: Bytes
    cb: Bytes
    cr: Bytes
    alpha: Bytes


class Prepared(NamedTuple):
    """A picture ready to be laid over frames: premultiplied planes and their alphas, float32, of a box with even corners."""

    left: int
    top: int
    luma: Floats
    alpha: Floats
    cb: Floats
    cr: Floats
    chroma_alpha: Floats


def prepare(pixels: RgbaPixels, x: int, y: int, frame_width: int) -> Prepared:
    """Return `pixels`, (height, width, 4) uint8 straight sRGB, ready to lie with their corner at (x, y) of a frame with even sides.

    They must lie inside the frame. Colours are taken as they are: sRGB and BT.709 have the same primaries, and graphics in video are
    shown as they are encoded.
    """
    visible = _shown(pixels)
    y, x = y + visible[0].start, x + visible[1].start
    pixels = pixels[visible]
    height, width = pixels.shape[:2]
    left, top = x - x % 2, y - y % 2
    right = min(frame_width, _even(x + width + 1))  # an odd last column also counts for the chroma right of it
    box = np.zeros((_even(y + height) - top, right - left, 4), np.float32)
    box[y - top : y - top + height, x - left : x - left + width] = pixels
    alpha = box[..., 3] / np.float32(255)
    cb, cr = _dot(box, _TO_CB, _CHROMA_GRAY) * alpha, _dot(box, _TO_CR, _CHROMA_GRAY) * alpha
    return Prepared(
        left,
        top,
        _dot(box, _TO_LUMA, _LUMA_BLACK) * alpha,
        alpha,
        _halved(cb, at_edge=left == 0),
        _halved(cr, at_edge=left == 0),
        _halved(alpha, at_edge=left == 0),
    )


def lay(planes: Planes, over: Prepared, opacity: float) -> None:
    """Lay `over` on a frame, in place: result = opacity * over + (1 - opacity * alpha) * frame, rounded to nearest.

    `opacity` is 0 to 1. Where the picture is transparent the frame keeps its bytes.
    """
    weight = np.float32(opacity)
    rows, columns = over.luma.shape
    full = np.s_[over.top : over.top + rows, over.left : over.left + columns]
    half = np.s_[over.top // 2 : (over.top + rows) // 2, over.left // 2 : (over.left + columns) // 2]
    for plane, where, source, alpha in (
        (planes.luma, full, over.luma, over.alpha),
        (planes.cb, half, over.cb, over.chroma_alpha),
        (planes.cr, half, over.cr, over.chroma_alpha),
    ):
        below = plane[where].astype(np.float32)
        plane[where] = (source * weight + below * (np.float32(1) - alpha * weight) + _HALF).astype(np.uint8)


def with_alpha(pixels: RgbaPixels) -> AlphaPlanes:
    """Return the planes of `pixels`, (height, width, 4) uint8 straight sRGB, with straight colours; odd sides gain a transparent pixel.

    Transparent pixels get the colour of what is near them: a codec and a player mix neighbours, and must find no foreign colour there.
    """
    height, width = pixels.shape[:2]
    box = np.zeros((_even(height), _even(width), 4), np.uint8)
    box[:height, :width] = pixels
    straight = _bled(box)
    chroma = (_halved(_dot(straight, row, _CHROMA_GRAY), at_edge=True) for row in (_TO_CB, _TO_CR))
    cb, cr = ((plane + _HALF).astype(np.uint8) for plane in chroma)
    luma = (_dot(straight, _TO_LUMA, _LUMA_BLACK) + _HALF).astype(np.uint8)
    return AlphaPlanes(luma, cb, cr, box[..., 3].copy())


def faded(alpha: Bytes, opacity: float) -> Bytes:
    """`alpha` times `opacity` (0 to 1), rounded to nearest."""
    return (alpha * np.float32(opacity) + _HALF).astype(np.uint8)


def to_bt709(frame: Planes, *, bt601: bool, full: bool) -> Planes:
    """Return planes of BT.601, or of full range (0 to 255 in all planes), or both, as BT.709 in limited range.

    Spelt out because FFmpeg's own conversion is two levels too dark. Gray is gray in both, so chroma follows from chroma alone.
    """
    luma = frame.luma.astype(np.float32) / np.float32(255) if full else (frame.luma - _LUMA_BLACK) / np.float32(219)
    span = np.float32(255 if full else 224)
    pb, pr = ((plane - _CHROMA_GRAY) / span for plane in (frame.cb, frame.cr))
    if bt601:
        (by_pb, by_pr), pb_row, pr_row = _BT601_TO_BT709
        luma = luma + _doubled(pb * by_pb + pr * by_pr)
        pb, pr = pb * pb_row[0] + pr * pb_row[1], pb * pr_row[0] + pr * pr_row[1]
    return Planes(
        _rounded(luma * np.float32(219) + _LUMA_BLACK),
        _rounded(pb * np.float32(224) + _CHROMA_GRAY),
        _rounded(pr * np.float32(224) + _CHROMA_GRAY),
    )


def _bt601_to_bt709() -> tuple[tuple[np.float32, np.float32], ...]:
    """How luma, Pb and Pr of BT.709 gain from Pb and Pr of BT.601: (by Pb, by Pr) each; luma itself comes on top."""
    kr, kb, kg = 0.299, 0.114, 0.587  # ITU-R BT.601 §2.5.1
    blue, red = 2 * (1 - kb), 2 * (1 - kr)
    by_pb = _KB * blue - (1 - _KR - _KB) * kb * blue / kg
    by_pr = _KR * red - (1 - _KR - _KB) * kr * red / kg
    to_pb, to_pr = 2 * (1 - _KB), 2 * (1 - _KR)
    rows = (by_pb, by_pr), ((blue - by_pb) / to_pb, -by_pr / to_pb), (-by_pb / to_pr, (red - by_pr) / to_pr)
    return tuple((np.float32(one), np.float32(other)) for one, other in rows)


_BT601_TO_BT709 = _bt601_to_bt709()


def to_rgba(frame: Planes | AlphaPlanes) -> RgbaPixels:
    """Return a frame as (height, width, 4) uint8 straight, chroma interpolated linearly; opaque where the frame has no alpha.

    The inverse of the matrix above, for looking at frames. Not FFmpeg's, which is a level too dark, and loses alpha in the last
    columns of a width that is no multiple of 8.
    """
    luma = (frame.luma.astype(np.float32) - _LUMA_BLACK) * np.float32(255 / 219)
    cb, cr = (_doubled(plane.astype(np.float32) - _CHROMA_GRAY) for plane in (frame.cb, frame.cr))
    blue, red = cb * np.float32(2 * (1 - _KB) * 255 / 224), cr * np.float32(2 * (1 - _KR) * 255 / 224)
    green = (red * np.float32(_KR) + blue * np.float32(_KB)) / np.float32(-(1 - _KR - _KB))
    pixels = np.empty((*luma.shape, 4), np.uint8)
    for channel, difference in enumerate((red, green, blue)):
        pixels[..., channel] = _rounded(luma + difference)
    pixels[..., 3] = frame.alpha if isinstance(frame, AlphaPlanes) else 255
    return pixels


def _rounded(plane: Floats) -> Bytes:
    rounded: Bytes = np.clip(plane + _HALF, 0, 255).astype(np.uint8)
    return rounded


def _shown(pixels: RgbaPixels) -> tuple[slice, slice]:
    """The rows and columns between the first and the last pixel that is not transparent; one pixel when all are."""
    seen = pixels[..., 3] > 0
    if not seen.any():
        return slice(0, 1), slice(0, 1)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _even(length: int) -> int:
    """The next even number, or `length` itself."""
    return length + length % 2


def _dot(pixels: Floats, row: Floats, offset: np.float32) -> Floats:
    """One row of the matrix. Spelt out, because a matrix product may add in another order on another machine."""
    dot: Floats = pixels[..., 0] * row[0] + pixels[..., 1] * row[1] + pixels[..., 2] * row[2] + offset
    return dot


def _halved(plane: Floats, *, at_edge: bool) -> Floats:
    """Half as wide and half as high: rows in pairs; columns by 1/4, 1/2, 1/4 around every other one, where left siting has chroma.

    Left of the plane lies nothing, or at the frame's edge the first column again.
    """
    rows = (plane[0::2] + plane[1::2]) * _HALF
    middle, after = rows[:, 0::2], rows[:, 1::2]
    before = np.zeros_like(after)
    before[:, 1:] = after[:, :-1]
    if at_edge:
        before[:, 0] = middle[:, 0]
    halved: Floats = middle * _HALF + (before + after) * np.float32(0.25)
    return halved


def _doubled(plane: Floats) -> Floats:
    """Twice as wide and twice as high, linear: rows lie between the lines of luma, columns on every other one."""
    above, below = np.vstack([plane[:1], plane[:-1]]), np.vstack([plane[1:], plane[-1:]])
    tall = np.empty((plane.shape[0] * 2, plane.shape[1]), np.float32)
    tall[0::2] = plane * np.float32(0.75) + above * np.float32(0.25)
    tall[1::2] = plane * np.float32(0.75) + below * np.float32(0.25)
    wide = np.empty((tall.shape[0], tall.shape[1] * 2), np.float32)
    wide[:, 0::2] = tall
    wide[:, 1::2] = (tall + np.hstack([tall[:, 1:], tall[:, -1:]])) * _HALF
    return wide


def _bled(pixels: RgbaPixels) -> Floats:
    """Colours of `pixels` with those of transparent ones taken from their surroundings: (height, width, 3) float32, 0 to 255.

    Averages over squares of 2, 4, 8 ... pixels, weighted by alpha; each transparent pixel takes the smallest square that has a colour.
    """
    weight = pixels[..., 3:].astype(np.float32)
    total = pixels[..., :3] * weight
    if min(pixels.shape[:2]) == 1 or not weight.any() or weight.all():
        return _mean(total, weight)
    coarse = _bled_down(total, weight)
    return np.where(weight > 0, _mean(total, weight), coarse)


def _bled_down(total: Floats, weight: Floats) -> Floats:
    """What `total` and `weight` say at half the size, with gaps filled from below, spread to full size again."""
    height, width = weight.shape[:2]
    small_total, small_weight = _summed(total), _summed(weight)
    filled = _mean(small_total, small_weight)
    if max(height, width) > 2:
        gaps = small_weight == 0
        if gaps.any():
            filled = np.where(gaps, _bled_down(small_total, small_weight), filled)
    return filled.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]


def _summed(values: Floats) -> Floats:
    """Sums over squares of 2 x 2; an odd last row or column stands alone."""
    height, width = values.shape[:2]
    padded = np.zeros((_even(height), _even(width), values.shape[2]), np.float32)
    padded[:height, :width] = values
    return padded[0::2, 0::2] + padded[0::2, 1::2] + padded[1::2, 0::2] + padded[1::2, 1::2]


def _mean(total: Floats, weight: Floats) -> Floats:
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
