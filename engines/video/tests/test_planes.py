"""Pictures as planes of video: laying them over a frame must be source-over, exact where 4:2:0 can be, and leave the rest alone."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor import Layer, composite
from engines.video import planes
from engines.video.planes import Planes
from engines.video.tests.clips import gradient, picture

PRIMARIES = {
    (0, 0, 0): (16, 128, 128),
    (255, 255, 255): (235, 128, 128),
    (255, 0, 0): (63, 102, 240),
    (0, 255, 0): (173, 42, 26),
    (0, 0, 255): (32, 240, 118),
}
"""8-bit codes of 100 % colour bars, ITU-R BT.709."""


def _frame(number: int = 0, width: int = 96, height: int = 64) -> Planes:
    opaque = np.dstack([gradient(number, width, height), np.full((height, width), 255, np.uint8)])
    return Planes(*planes.with_alpha(opaque)[:3])


def _copy(frame: Planes) -> Planes:
    return Planes(*(plane.copy() for plane in frame))


@pytest.mark.parametrize(("colour", "codes"), PRIMARIES.items())
def test_colours_have_the_codes_of_bt709(colour: tuple[int, int, int], codes: tuple[int, int, int]) -> None:
    """Another matrix would tint every logo."""
    frame = _frame()
    planes.lay(frame, planes.prepare(np.full((4, 4, 4), (*colour, 255), np.uint8), 10, 10, 96), 1.0)
    assert (frame.luma[11, 11], frame.cb[6, 6], frame.cr[6, 6]) == codes


def test_looking_at_a_frame_undoes_the_matrix() -> None:
    """The inverse, within the rounding of 8 bits: half a code of luma and chroma, times at most 2.2 for blue."""
    flat = np.zeros((8, 8, 4), np.uint8)
    for colour in [*PRIMARIES, (12, 200, 77), (250, 128, 3)]:
        flat[...] = (*colour, 255)
        shown = planes.to_rgba(planes.with_alpha(flat))
        assert np.abs(shown.astype(int) - flat).max() <= 2


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("bt601", [False, True])
def test_other_matrices_and_ranges_become_ours(bt601: bool, full: bool) -> None:
    """The definitions of BT.601 and BT.709 in float64, for every colour of a coarse cube, within the rounding of two codes."""
    red, green, blue = (axis.ravel() / 4 for axis in np.mgrid[0:5, 0:5, 0:5])
    kr, kb = (0.299, 0.114) if bt601 else (0.2126, 0.0722)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    parts = luma, (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    spans = ((255, 0), (255, 128), (255, 128)) if full else ((219, 16), (224, 128), (224, 128))
    codes = [
        np.clip(part * span + offset, 0, 255).round().astype(np.uint8)
        for part, (span, offset) in zip(parts, spans, strict=True)
    ]
    frame = Planes(np.repeat(codes[0], 2)[None].repeat(2, axis=0), codes[1][None], codes[2][None])
    made = planes.to_bt709(frame, bt601=bt601, full=full)
    wanted = _codes(np.stack([red, green, blue], axis=-1) * 255)
    assert np.abs(made.cb[0] - wanted[:, 1]).max() <= 1.5
    assert np.abs(made.cr[0] - wanted[:, 2]).max() <= 1.5
    if not bt601:  # luma of BT.709 also takes from chroma, which is interpolated: see the clips of test_overlay
        assert np.abs(made.luma[0, ::2] - wanted[:, 0]).max() <= 1


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1, 0), (7, 5), (8, 4), (75, 51)])
def test_chroma_is_what_the_composed_picture_has_at_its_sites(x: int, y: int) -> None:
    """The definition, spelt out in float64: compose at full size, then average two rows and 1/4, 1/2, 1/4 of three columns around
    every other one. Within one code, the rounding; chroma sited elsewhere, or averaged without its alpha, misses by ten and more."""
    random = np.random.default_rng(x * 100 + y)
    over = random.integers(0, 256, (13, 21, 4), np.uint8)
    codes = (90, 100, 170)
    frame = Planes(
        *(np.full(size, code, np.uint8) for size, code in zip([(64, 96), (32, 48), (32, 48)], codes, strict=True))
    )
    planes.lay(frame, planes.prepare(over, x, y, 96), 0.75)
    full = np.tile(np.array(codes, np.float64), (64, 96, 1))
    alpha = over[..., 3:] / 255 * 0.75
    full[y : y + 13, x : x + 21] = _codes(over[..., :3]) * alpha + full[y : y + 13, x : x + 21] * (1 - alpha)
    assert np.abs(frame.luma - full[..., 0]).max() <= 1
    left = np.hstack([full[:, :1], full[:, 1:-1:2]])
    sited = left * 0.25 + full[:, 0::2] * 0.5 + full[:, 1::2] * 0.25
    sited = (sited[0::2] + sited[1::2]) / 2
    assert np.abs(frame.cb - sited[..., 1]).max() <= 1
    assert np.abs(frame.cr - sited[..., 2]).max() <= 1


def _codes(rgb: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Luma and chroma codes by the definition of ITU-R BT.709, §3 and §4."""
    red, green, blue = (rgb[..., channel] / 255 for channel in range(3))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return np.stack([16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748], axis=-1)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (7, 5), (8, 4), (35, 33), (34, 33)])
@pytest.mark.parametrize("opacity", [1.0, 0.5])
def test_laying_over_planes_is_the_compositors_source_over(x: int, y: int, opacity: float) -> None:
    """Two implementations of one formula must agree. What chroma at half size costs this picture is a quarter of a level on
    average, and 20 in the pixels next to its corners, where colour jumps."""
    frame, over = _frame(), picture()
    below = planes.to_rgba(frame)
    expected = composite([Layer(below), Layer(over, x, y, opacity=opacity)], size=(96, 64))
    planes.lay(frame, planes.prepare(over, x, y, 96), opacity)
    difference = np.abs(planes.to_rgba(frame).astype(int) - expected)
    assert difference.mean() <= 0.27
    assert difference.max() <= 20


@given(st.integers(0, 35), st.integers(0, 33), st.floats(0, 1, width=32))
def test_no_pixel_outside_the_picture_changes(x: int, y: int, opacity: float) -> None:
    """A clip with a title must be the same clip everywhere else."""
    frame, over = _frame(), picture()
    before = _copy(frame)
    planes.lay(frame, planes.prepare(over, x, y, 96), opacity)
    seen = np.zeros((64, 96), bool)
    seen[y : y + 31, x : x + 61] = over[..., 3] > 0
    assert (frame.luma == before.luma)[~seen].all()
    near = np.zeros((66, 98), bool)
    for down in (0, 1, 2):
        for across in (0, 1, 2):
            near[down : down + 64, across : across + 96] |= seen
    untouched = ~(near[1:65, 1:97].reshape(32, 2, 48, 2).any(axis=(1, 3)))
    assert (frame.cb == before.cb)[untouched].all()
    assert (frame.cr == before.cr)[untouched].all()


def test_nothing_changes_at_opacity_zero_nor_under_a_transparent_picture() -> None:
    """The first frame of a fade is the clip itself, bit for bit."""
    frame = _frame()
    before = _copy(frame)
    planes.lay(frame, planes.prepare(picture(), 3, 3, 96), 0.0)
    planes.lay(frame, planes.prepare(np.zeros((20, 20, 4), np.uint8), 3, 3, 96), 1.0)
    assert all((one == other).all() for one, other in zip(frame, before, strict=True))


def test_an_opaque_picture_hides_what_is_below() -> None:
    """Two clips that differ must be the same under it, to the last bit of luma and of inner chroma."""
    over = np.full((20, 20, 4), (200, 30, 90, 255), np.uint8)
    first, second = _frame(0), _frame(9)
    for frame in (first, second):
        planes.lay(frame, planes.prepare(over, 10, 10, 96), 1.0)
    assert (first.luma[10:30, 10:30] == second.luma[10:30, 10:30]).all()
    assert (first.cb[5:15, 6:15] == second.cb[5:15, 6:15]).all()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 255))
def test_straight_planes_keep_alpha_and_even_sides(width: int, height: int, alpha: int) -> None:
    """Transparency is why the clip exists; 4:2:0 needs even sides, and what is added must not show."""
    pixels = np.full((height, width, 4), (10, 20, 30, alpha), np.uint8)
    made = planes.with_alpha(pixels)
    assert made.luma.shape == made.alpha.shape == (height + height % 2, width + width % 2)
    assert made.cb.shape == made.cr.shape == (made.luma.shape[0] // 2, made.luma.shape[1] // 2)
    assert (made.alpha[:height, :width] == alpha).all()
    assert not made.alpha[height:].any()
    assert not made.alpha[:, width:].any()


def test_transparent_pixels_take_the_colour_of_their_neighbours() -> None:
    """The picture is green where it is transparent; none of it may reach a visible pixel through chroma or a codec."""
    over = picture()
    shown = planes.to_rgba(planes.with_alpha(over))[:31, :61]
    seen = over[..., 3] > 0
    assert np.abs(shown[seen][:, :3].astype(int) - over[seen][:, :3]).max() <= 4
    assert shown[~seen][:, 1].max() < 130, "the hidden green would be 255"


def test_a_fade_scales_alpha_to_the_nearest_level() -> None:
    """Half of 255 is 128, not 127: no bias that would leave a picture at 254 for ever."""
    assert planes.faded(np.array([0, 1, 255], np.uint8), 0.5).tolist() == [0, 1, 128]
    assert planes.faded(np.arange(256, dtype=np.uint8), 1.0).tolist() == list(range(256))
