"""`blend` takes any layout, shape and dtype that it says it takes, gives what `composite` gives, and refuses the rest."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compositor
from compositor import (
    OPERATORS,
    ArrayError,
    BlendModeError,
    CompositorError,
    FormatError,
    Layer,
    NotFiniteError,
    NumberError,
    OperatorError,
    SizeMismatchError,
    blend,
    blending,
    composite,
)
from compositor.modes import MIXING_MODES
from tests.compositor.pictures import noise

ROOT = Path(__file__).resolve().parents[2]
DTYPES = (np.uint8, np.uint16, np.float16, np.float32)
TOP = {np.uint8: 255, np.uint16: 65_535, np.float16: 1, np.float32: 1}
F32_STEP = 2.0**-23

Array = npt.NDArray[Any]


def as_dtype(pixels: Array, dtype: type) -> Array:
    """8-bit pixels as the nearest of another dtype; exact for 16 bit."""
    return pixels.astype(np.uint16) * 257 if dtype is np.uint16 else (pixels / 255 * TOP[dtype]).astype(dtype)


def in_floats(seed: int, height: int = 9, width: int = 7) -> Array:
    return as_dtype(noise(seed, height, width), np.float32)


def premul(pixels: Array) -> Array:
    return np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=2)


def general(backdrop: Array, source: Array, mode: str, opacity: float) -> Array:
    """Through `blend`'s own kernel even where `composite` would do: a mask that covers everything changes nothing."""
    return blend(backdrop, source, mode, opacity=opacity, mask=np.full(backdrop.shape[:2], 255, np.uint8))


@pytest.mark.parametrize("mode", MIXING_MODES)
def test_8_bit_source_over_is_composites_bytes(mode: str) -> None:
    """By the short way and by the long one: two ways into one package must not differ by a bit."""
    backdrop, source = noise(1), noise(2)
    for opacity in (1.0, 0.37):
        layers = [Layer(backdrop), Layer(source, blend=mode, opacity=opacity)]
        expected = composite(layers, size=(31, 24))
        assert (blend(backdrop, source, mode, opacity=opacity) == expected).all()
        assert (general(backdrop, source, mode, opacity) == expected).all()


@pytest.mark.parametrize(
    ("mode", "below", "above"),
    [
        ("soft-light", (127, 64, 255, 222), (64, 128, 128, 255)),
        ("overlay", (74, 129, 3, 254), (152, 127, 237, 255)),
        ("color-burn", (191, 0, 125, 207), (254, 254, 1, 175)),
    ],
)
def test_8_bit_backdrop_is_held_as_a_tile_holds_it(mode: str, below: Array, above: Array) -> None:
    """Pixels, one in a hundred thousand, whose last bit tells whether the backdrop was premultiplied on its way."""
    backdrop, source = np.array([[below]], np.uint8), np.array([[above]], np.uint8)
    expected = composite([Layer(backdrop), Layer(source, blend=mode)], size=(1, 1))
    assert (general(backdrop, source, mode, 1.0) == expected).all()


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_result_has_the_backdrops_dtype_and_shape(operator: str, dtype: type) -> None:
    """Whatever the source's dtype is; the values are those of float32, rounded once."""
    backdrop = as_dtype(noise(3, 9, 7), dtype)
    result = blend(backdrop, as_dtype(noise(4, 9, 7), np.uint16), "overlay", operator, 0.8)
    assert result.dtype == dtype
    assert result.shape == (9, 7, 4)
    exact = blend(
        (backdrop / TOP[dtype]).astype(np.float32), as_dtype(noise(4, 9, 7), np.uint16), "overlay", operator, 0.8
    )
    apart = np.abs(premul(result.astype(np.float64) / TOP[dtype]) - premul(exact.astype(np.float64)))
    assert apart.max() <= {np.uint8: 1 / 255, np.uint16: 1 / 65_535, np.float16: 2**-10, np.float32: 0}[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
def test_gray_and_missing_alpha_are_spread_out(dtype: type) -> None:
    """(h, w), (h, w, 1), (h, w, 2) and (h, w, 3) mean the RGBA picture that anyone would make of them."""
    gray, rgba = as_dtype(noise(5, 9, 7), dtype)[..., 0], as_dtype(noise(6, 9, 7), dtype)
    full = np.full((9, 7), TOP[dtype], dtype)
    spread = np.dstack([gray, gray, gray, full])
    solid = np.dstack([rgba[..., :3], full])
    veiled = np.dstack([gray, gray, gray, rgba[..., 3]])
    pairs = ((gray, spread), (gray[..., None], spread), (rgba[..., :3], solid), (veiled[..., 2:], veiled))
    for thin, thick in pairs:
        for premultiplied in (False, True):
            under = blend(thin, rgba, "screen", "xor", premultiplied=premultiplied)
            assert (under == blend(thick, rgba, "screen", "xor", premultiplied=premultiplied)).all()
            over = blend(rgba, thin, "screen", opacity=0.6, premultiplied=premultiplied)
            assert (over == blend(rgba, thick, "screen", opacity=0.6, premultiplied=premultiplied)).all()


@pytest.mark.parametrize("operator", OPERATORS)
def test_premultiplied_is_straight_seen_through_alpha(operator: str) -> None:
    """The flag is about how colours are written, not about what is composed."""
    backdrop, source = in_floats(7), in_floats(8)
    straight = blend(backdrop, source, "soft-light", operator, 0.7)
    through = blend(premul(backdrop), premul(source), "soft-light", operator, 0.7, premultiplied=True)
    assert np.abs(through - premul(straight)).max() <= 16 * F32_STEP


def test_premultiplied_colour_beyond_its_alpha_is_cut() -> None:
    """No colour is brighter than white, and a result holds no colour above its alpha either."""
    glowing = np.array([[[1.0, 0.5, 0.2, 0.25]]], np.float32)
    clear = np.zeros((1, 1, 4), np.float32)
    for result in (
        blend(glowing, clear, premultiplied=True),
        blend(clear, glowing, premultiplied=True),
    ):
        assert result[0, 0] == pytest.approx((0.25, 0.25, 0.2, 0.25))
    gray = np.array([[[0.5, 0.5, 0.5, 1]]], np.float32)
    for pair in ((glowing, gray), (gray, glowing)):
        white = blend(*pair, "multiply", premultiplied=True)
        assert white[0, 0, :2] == pytest.approx((0.5, 0.5))


def test_straight_float_colour_enters_the_mode_as_it_is() -> None:
    """Burning with nearly black multiplies an error of the backdrop by 2048: premultiplying it first would show."""
    backdrop = np.tile(np.array([1 - 2**-12, 1 - 2**-13, 1 - 3 * 2**-13, 0], np.float32), (1, 99, 1))
    backdrop[0, :, 3] = np.arange(1, 100) / 100
    source = np.full((1, 99, 4), 2**-11, np.float32)
    source[..., 3] = 1
    ab = backdrop[..., 3:].astype(np.float64)
    expected = (1 - ab) * 2**-11 + ab * np.array([0.5, 0.75, 0.25])
    assert np.abs(blend(backdrop, source, "color-burn")[..., :3] - expected).max() <= 1e-6


def test_floats_outside_the_range_are_cut() -> None:
    """A resampler's overshoot must reach neither a square root nor the result."""
    wild = np.array([[[-0.5, 1.5, 0.5, 2.0], [0.5, 0.5, 0.5, -1.0]]], np.float32)
    tame = np.clip(wild, 0, 1)
    for mode in ("soft-light", "color-burn"):
        assert (blend(wild, tame, mode) == blend(tame, wild, mode)).all()
        assert (blend(wild, wild, mode) == blend(tame, tame, mode)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_mask_multiplies_the_sources_alpha(dtype: type) -> None:
    """As if the mask had been drawn into the source: any dtype, with opacity on top."""
    backdrop, source, mask = in_floats(9), in_floats(10), noise(11, 9, 7)[..., 0]
    drawn = source.copy()
    drawn[..., 3] *= (mask / 255).astype(np.float32)
    for operator in ("source-over", "source-in", "destination-in", "plus"):
        expected = premul(blend(backdrop, drawn, "multiply", operator, 0.6))
        result = premul(blend(backdrop, source, "multiply", operator, 0.6, mask=as_dtype(mask, dtype)))
        assert np.abs(result - expected).max() <= (2**-11 if dtype is np.float16 else 8 * F32_STEP)


@pytest.mark.parametrize("mode", MIXING_MODES)
def test_source_that_cannot_be_seen_changes_nothing(mode: str) -> None:
    """Opacity 0 and an empty mask, at 8 bit to the byte, but for colours under alpha 0, which become 0."""
    backdrop = noise(12, 9, 7)
    seen = np.where(backdrop[..., 3:] > 0, backdrop, 0)
    empty = np.zeros((9, 7), np.float32)
    assert (blend(backdrop, noise(13, 9, 7), mode, opacity=0) == seen).all()
    assert (blend(backdrop, noise(13, 9, 7), mode, mask=empty) == seen).all()


pixel_lists = st.lists(st.floats(0, 1, width=32), min_size=8, max_size=8)


@settings(max_examples=60, deadline=None)
@given(pixel_lists)
def test_operators_mirror_each_other(values: list[float]) -> None:
    """With mode normal, destination-x of a pair is source-x of the pair swapped, and the symmetrical ones are so."""
    below, above = (np.array(part, np.float32).reshape(1, 1, 4) for part in (values[:4], values[4:]))
    for name in ("over", "in", "out", "atop"):
        there, back = (
            blend(below, above, operator=f"source-{name}"),
            blend(above, below, operator=f"destination-{name}"),
        )
        assert np.abs(premul(there) - premul(back)).max() <= 8 * F32_STEP
    for name in ("clear", "xor", "plus", "plus-lighter", "plus-darker"):
        there, back = blend(below, above, operator=name), blend(above, below, operator=name)
        assert np.abs(premul(there) - premul(back)).max() <= 8 * F32_STEP
    assert not blend(below, above, operator="clear").any()


@settings(max_examples=60, deadline=None)
@given(pixel_lists, st.sampled_from(MIXING_MODES[:4]))
def test_atop_keeps_alpha_to_the_bit(values: list[float], mode: str) -> None:
    """A picture edited by `source-atop` again and again must not fade, and an opaque one stays opaque under over."""
    below, above = (np.array(part, np.float32).reshape(1, 1, 4) for part in (values[:4], values[4:]))
    assert blend(below, above, mode, "source-atop")[0, 0, 3] == below[0, 0, 3]
    assert blend(below, above, mode, "destination-atop")[0, 0, 3] == above[0, 0, 3]
    below[..., 3] = 1
    assert blend(below, above, mode)[0, 0, 3] == 1
    assert blend(below, above, mode, "destination-over")[0, 0, 3] == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_layout_of_arrays_never_shows(dtype: type) -> None:
    """Steps, transposes, reversed, read-only and unaligned views are read as what they show, and never written."""
    pixels, other = as_dtype(noise(14, 10, 12), dtype), as_dtype(noise(15, 10, 12), dtype)
    expected = blend(pixels, other, "hard-light", "source-atop")
    wide = np.zeros((20, 24, 8), dtype)
    wide[::2, ::2, ::2] = pixels
    buffer = np.frombuffer(b"\0" + pixels.tobytes(), np.uint8)[1:].view(dtype).reshape(pixels.shape)
    for view in (wide[::2, ::2, ::2], pixels[::-1, ::-1][::-1, ::-1], np.asfortranarray(pixels), buffer):
        before = view.copy()
        assert (blend(view, other, "hard-light", "source-atop") == expected).all()
        assert (view == before).all()
    swapped = blend(other, pixels, "hard-light")
    assert (blend(np.asfortranarray(other), wide[::2, ::2, ::2], "hard-light") == swapped).all()


def test_cut_into_blocks_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are longer than a block, and blocks that do not divide the picture."""
    backdrop, source, mask = in_floats(16, 11, 13), in_floats(17, 11, 13), noise(18, 11, 13)[..., 0]
    expected = blend(backdrop, source, "color", "xor", mask=mask)
    for pixels in (1, 5, 13, 30, 10_000):
        monkeypatch.setattr(blending, "BLOCK_PIXELS", pixels)
        assert (blend(backdrop, source, "color", "xor", mask=mask) == expected).all()


@pytest.mark.parametrize("operator", ["source-over", "xor"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_result_may_overlap_any_input(operator: str, dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place, and shifted by a pixel either way, where a careless loop would read what it has just written."""
    monkeypatch.setattr(blending, "BLOCK_PIXELS", 8)
    for role in ("backdrop", "source"):
        for shift in (-1, 0, 1):
            canvas = as_dtype(noise(19, 12, 12), dtype)
            here, there = canvas[1:11, 1:11], canvas[1 + shift : 11 + shift, 1 + shift : 11 + shift]
            other = as_dtype(noise(20, 10, 10), dtype)
            pair = (here, other) if role == "backdrop" else (other, here)
            expected = blend(*pair, "screen", operator)
            assert blend(*pair, "screen", operator, out=there) is there
            assert (there == expected).all()


def test_result_may_overlap_the_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mask that is a channel of `out`, upside down, is read in full before it is overwritten."""
    monkeypatch.setattr(blending, "BLOCK_PIXELS", 8)
    out, backdrop, source = noise(21, 9, 7), noise(22, 9, 7), noise(23, 9, 7)
    expected = blend(backdrop, source, mask=out[::-1, :, 3].copy())
    assert (blend(backdrop, source, mask=out[::-1, :, 3], out=out) == expected).all()


def test_given_result_of_any_layout_is_filled() -> None:
    """`out` may be a window of a larger picture; nothing outside it is touched."""
    canvas = np.full((20, 30, 4), 9, np.uint16)
    backdrop, source = as_dtype(noise(24, 9, 7), np.uint16), noise(25, 9, 7)
    out = canvas[2:11, 3:24:3]
    assert blend(backdrop, source, "divide", "plus", out=out) is out
    assert (out == blend(backdrop, source, "divide", "plus")).all()
    out[...] = 9
    assert (canvas == 9).all()


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_picture_without_pixels_gives_one(shape: tuple[int, int], dtype: type) -> None:
    """A crop that missed is no mistake; the checks of names still hold."""
    empty = np.zeros((*shape, 4), dtype)
    result = blend(empty, np.zeros(shape, np.uint8), mask=np.zeros(shape, np.uint8))
    assert (result.shape, result.dtype) == ((*shape, 4), dtype)
    assert blend(empty, empty, out=empty) is empty
    with pytest.raises(OperatorError):
        blend(empty, empty, operator="over")


RGBA = np.zeros((2, 3, 4), np.uint8)
NAN = np.full((2, 3, 4), np.nan, np.float32)
FROZEN = np.zeros((2, 3, 4), np.uint8)
FROZEN.flags.writeable = False


@pytest.mark.parametrize(
    ("error", "words", "arguments"),
    [
        (BlendModeError, "'glow'", {"mode": "glow"}),
        (BlendModeError, "None", {"mode": None}),
        (OperatorError, "'over' is not a compositing operator; known: clear, copy", {"operator": "over"}),
        (OperatorError, "['xor']", {"operator": ["xor"]}),
        (NumberError, "opacity: 1.5 is not a finite number from 0 to 1", {"opacity": 1.5}),
        (NumberError, "opacity: 1.5 is", {"opacity": 1.5, "operator": "xor"}),
        (NumberError, "opacity: -0.1 is", {"opacity": -0.1, "operator": "xor"}),
        (NumberError, "opacity: nan", {"opacity": float("nan")}),
        (NumberError, "opacity: True", {"opacity": True}),
        (NumberError, "opacity: '1'", {"opacity": "1"}),
        (FormatError, "backdrop: needs a NumPy array of shape (height, width) or", {"backdrop": [[0]]}),
        (FormatError, "found shape (2, 3, 4) and dtype float64", {"backdrop": RGBA.astype(np.float64)}),
        (FormatError, "found shape (2, 3, 4) and dtype bool", {"source": RGBA.astype(bool)}),
        (FormatError, "found shape (2, 3, 4) and dtype >u2", {"source": RGBA.astype(">u2")}),
        (FormatError, "source: needs", {"source": RGBA[..., :0]}),
        (FormatError, "shape (6,)", {"source": RGBA[..., 0].reshape(-1)}),
        (FormatError, "shape (1, 2, 3, 4)", {"source": RGBA[None]}),
        (SizeMismatchError, "source: is 2 x 2 pixels, and the backdrop is 3 x 2", {"source": RGBA[:, :2]}),
        (SizeMismatchError, "mask: is 3 x 1 pixels", {"mask": RGBA[:1, :, 0]}),
        (ArrayError, "mask: needs a NumPy array of shape (height, width) and", {"mask": RGBA}),
        (ArrayError, "mask: needs", {"mask": 0.5}),
        (NotFiniteError, "backdrop: holds nan, and every value must be a finite number", {"backdrop": NAN}),
        (NotFiniteError, "source: holds -inf", {"source": np.full((2, 3), -np.inf, np.float16)}),
        (NotFiniteError, "mask: holds nan", {"mask": NAN[..., 0]}),
        (ArrayError, "out: needs a writable NumPy array of shape (2, 3, 4) and dtype uint8", {"out": RGBA[:1]}),
        (ArrayError, "out: needs", {"out": RGBA.astype(np.uint16)}),
        (ArrayError, "read-only", {"out": FROZEN}),
        (ArrayError, "out: needs", {"out": bytearray(24)}),
    ],
)
def test_what_cannot_be_blended_is_refused(error: type[CompositorError], words: str, arguments: dict[str, Any]) -> None:
    """A typed error that names the argument, what it is and what it must be, before anything is written."""
    out = np.full((2, 3, 4), 7, np.uint8)
    with pytest.raises(error) as caught:
        blend(**{"backdrop": RGBA, "source": RGBA, "out": out, **arguments})
    assert words in str(caught.value)
    assert (out == 7).all()


SAMPLE = """
import hashlib, sys
sys.path.insert(0, {root!r})
import numpy as np
from compositor import OPERATORS, blend
from compositor.modes import MIXING_MODES
from tests.compositor.pictures import noise
digest = hashlib.sha256()
for k, mode in enumerate(MIXING_MODES):
    operators = OPERATORS if mode in ("normal", "multiply") else OPERATORS[k % 14 :: 7]
    for operator in operators:
        for dtype, top in ((np.uint8, 255), (np.float32, 1)):
            pair = [(noise(seed, 4, 5) / 255 * top).astype(dtype) for seed in (30 + k, 60 + k)]
            digest.update(blend(*pair, mode, operator, 0.8, premultiplied=k % 5 == 0).tobytes())
print(digest.hexdigest())
"""


def test_interpreter_gives_the_same_bytes_as_the_compiler() -> None:
    """Every mode, every operator: no fused multiply-add, no float64 slipped in."""
    answers = []
    for setting in ({}, {"NUMBA_DISABLE_JIT": "1"}):
        script = SAMPLE.format(root=str(ROOT))
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            cwd=ROOT,
            env={**os.environ, **setting},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers.append(done.stdout)
    assert len(answers[0].strip()) == hashlib.sha256().digest_size * 2
    assert answers[0] == answers[1]


def test_dissolve_takes_or_leaves_each_pixel() -> None:
    """As often as alpha says, and the same pixels as in a tree of layers; no mixture of the two anywhere."""
    rows, columns = np.mgrid[0:70, 0:90]
    below = np.dstack([rows, columns, rows + columns, np.full_like(rows, 255)]).astype(np.uint8)
    above = np.dstack([255 - columns, rows, columns, np.full_like(rows, 102)]).astype(np.uint8)
    picture = blend(below, above, "dissolve")
    layers = [compositor.Layer(below), compositor.Layer(above, blend="dissolve")]
    assert picture.tobytes() == compositor.composite(layers, size=(90, 70)).tobytes()
    taken = (picture[..., :3] == above[..., :3]).all(axis=-1)
    left = (picture[..., :3] == below[..., :3]).all(axis=-1)
    assert (taken | left).all()
    assert abs(taken.mean() - 0.4) < 0.02
    half = blend(below, above, "dissolve", opacity=0.5, mask=np.full(rows.shape, 1, np.float32))
    assert abs((half[..., :3] == above[..., :3]).all(axis=-1).mean() - 0.2) < 0.02
    fine = blend(below.astype(np.float32) / 255, above.astype(np.float32) / 255, "dissolve", "xor")
    assert ((fine[..., 3] == 0) | (fine[..., 3] == 1)).all()
    assert ((fine[..., 3] == 0) == taken).all()
