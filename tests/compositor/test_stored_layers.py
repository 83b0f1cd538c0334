"""Pictures of every format go in and come out, in encoded values or in linear light, with nothing rounded on the way."""

from typing import Any

import numpy as np
import pytest

from compositor import (
    ChoiceError,
    Gradient,
    Group,
    KernelId,
    Layer,
    Node,
    Pattern,
    Renderer,
    Solid,
    compile_kernels,
    composite,
    formats,
    required_kernels,
)
from compositor.transfer import to_encoded, to_linear
from tests.compositor import oracle
from tests.compositor.pictures import noise, opaque

DTYPES = formats.DTYPES
STEP = {"uint8": 1 / 255, "uint16": 1 / 65535, "float16": 2.0**-11, "float32": 2e-6}
"""One step of the dtype; halves are at most half of their last place off, which is 2**-12 near 1."""
STEADY = ("normal", "multiply", "screen", "overlay", "soft-light", "difference", "luminosity")
"""Modes without jumps, where a difference of rounding stays one."""

Array = np.ndarray[Any, np.dtype[Any]]


def unit(pixels: Array) -> Array:
    return pixels.astype(np.float64) / formats.steps(pixels.dtype)


def premul(pixels: Array) -> Array:
    exact = unit(pixels)
    return np.concatenate([exact[..., :3] * exact[..., 3:], exact[..., 3:]], axis=2)


def as_dtype(pixels: Array, dtype: str) -> Array:
    one = formats.steps(np.dtype(dtype))
    return (pixels.astype(np.float64) / 255 * one).round(0 if one > 1 else 9).astype(dtype)


def tree(mode: str = "multiply") -> list[Node]:
    stops = ((0.0, (1, 0, 0, 1)), (1.0, (0, 0, 1, 0.2)))
    return [
        Layer(noise(1)),
        Solid((0.2, 0.9, 0.4, 0.5), x=3.5, y=2.25, width=20, height=9.5, blend=mode),
        Gradient("linear", stops, angle=30, x=1, width=17.5, opacity=0.6),
        Layer(noise(2), x=-2.25, y=1.5, blend="screen"),
        Group(
            [Layer(noise(3), blend=mode), Layer(as_dtype(noise(4), "uint16"), 5, 3)], blend="overlay", isolated=False
        ),
    ]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", STEADY)
def test_any_dtype_is_the_oracles(dtype: str, mode: str) -> None:
    """Target F1 for trees: one step of the dtype that was asked for, 1e-6 as good as exact for floats."""
    layers = [Layer(noise(5)), Layer(noise(6), blend=mode, opacity=0.7), Layer(noise(7), x=2, y=-1, blend=mode)]
    found = composite(layers, size=(31, 24), background=(0.2, 0.4, 0.9, 0.5), dtype=dtype)
    exact = np.array(oracle.picture(layers, 31, 24, (0.2, 0.4, 0.9, 0.5))) / 255
    weighed = np.concatenate([exact[..., :3] * exact[..., 3:], exact[..., 3:]], axis=2)
    assert found.dtype == dtype
    assert np.abs(premul(found) - weighed).max() <= STEP[dtype]


@pytest.mark.parametrize("space", ["encoded", "linear"])
def test_dtypes_are_one_picture(space: Any) -> None:
    """Rounded once, at the end: every dtype is what float32 says, to half a step, and 8 bit is what it always was."""
    exact = composite(tree(), size=(31, 24), dtype="float32", space=space)
    for dtype in DTYPES:
        found = composite(tree(), size=(31, 24), dtype=dtype, space=space, threads=2, tile=16)
        assert np.abs(premul(found) - premul(exact)).max() <= STEP[dtype]
        assert not found[found[..., 3] == 0].any()
        assert (composite(tree(), size=(31, 24), dtype=dtype, space=space, threads=1) == found).all()
    assert (composite(tree(), size=(31, 24)) == composite(tree(), size=(31, 24), dtype=np.uint8)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("space", ["encoded", "linear"])
def test_a_picture_that_only_passes_through_comes_back(dtype: str, space: Any) -> None:
    """Not a step of any value is lost, through either space; float32 within what premultiplying costs."""
    pixels = np.maximum(as_dtype(noise(8, 40, 50), dtype), np.array(2.0**-12 if dtype[0] == "f" else 1, dtype))
    found = composite([Layer(pixels)], size=(50, 40), dtype=dtype, space=space)
    # A colour under faint alpha is divided by it: linear light then keeps 1e-6 of full white.
    assert np.abs(unit(found) - unit(pixels)).max() <= {"float32": 2e-6, "float16": 0.0005}.get(dtype, 0)


@pytest.mark.parametrize("mode", STEADY)
def test_stored_8_bit_words_and_floats_are_one_picture(mode: str) -> None:
    """RGBA8 has kernels of its own; its floats take the general way, to the same result at 16 bit."""
    words, floats = noise(9), (noise(9) / 255).astype(np.float32)
    for x, y in ((0, 0), (3, -2), (0.25, 0.5), (-7.75, 3)):
        below = Layer(opaque(10))
        one = composite([below, Layer(words, x, y, mode, 0.8)], size=(31, 24), dtype="uint16").astype(int)
        two = composite([below, Layer(floats, x, y, mode, 0.8)], size=(31, 24), dtype="uint16").astype(int)
        assert np.abs(one - two).max() <= 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", formats.CHANNELS)
def test_layers_of_any_format_are_what_formats_load(dtype: str, channels: int) -> None:
    """Gray, gray and alpha, RGB, RGBA; contiguous, mirrored, spaced out, read-only: the same planes as `formats.load`."""
    pixels = as_dtype(noise(11, 20, 30), dtype)[..., 4 - channels :]
    wide = np.zeros((40, 60, 2 * channels), dtype)
    wide[::2, ::2, ::2] = pixels
    frozen = pixels.copy()
    frozen.flags.writeable = False
    expected = formats.store(formats.load(pixels), "uint16")
    for view in (pixels, pixels[::-1][::-1], wide[::2, ::2, ::2], frozen, np.asfortranarray(pixels)):
        before = view.copy()
        found = composite([Layer(view)], size=(30, 20), dtype="uint16")
        assert np.abs(found.astype(int) - expected).max() <= 1  # blending divides by alpha and multiplies again
        assert (view == before).all()
    if channels == 1:
        assert np.array_equal(composite([Layer(pixels[..., 0])], size=(30, 20), dtype="uint16"), expected)


def test_linear_light_is_blended_as_the_definition_says() -> None:
    """Half white over black is 0.7354 encoded; every solid, background and gradient stop means the same colour as before."""
    half = composite([Solid((1, 1, 1, 0.5))], size=(1, 1), background=(0, 0, 0), space="linear", dtype="float32")
    assert half[0, 0] == pytest.approx((0.7353569,) * 3 + (1,), abs=1e-6)
    colors = ((0.2, 0.5, 0.9), (0.8, 0.3, 0.1, 0.4))
    lit = [[float(to_linear(np.float32(v))) for v in color[:3]] for color in colors]
    expected = [float(to_encoded(np.float32(0.6 * b + 0.4 * s))) for b, s in zip(*lit, strict=True)]
    found = composite([Solid(colors[1])], size=(2, 2), background=colors[0], space="linear", dtype="float32")
    assert found[0, 0, :3] == pytest.approx(expected, abs=1e-6)
    for node in (
        Gradient("linear", ((0, (0.1, 0.6, 0.3)), (1, (0.9, 0.2, 0.7, 0.3))), x=0.5, width=7.25),
        Gradient("radial", ((0, (0.1, 0.6, 0.3)), (1, (0.9, 0.2, 0.7)))),
        Layer(noise(12, 8, 8)),
        Layer((noise(13, 8, 8) / 255).astype(np.float32)),
    ):
        one, two = (composite([node], size=(8, 8), dtype="float32", space=s) for s in ("encoded", "linear"))  # type: ignore[arg-type]
        assert np.abs(premul(one) - premul(two)).max() <= 3e-6


def test_bilinear_shift_weighs_linear_light() -> None:
    """An edge of black and white at half a pixel is half the light, not half the value."""
    edge = np.array([[[0, 0, 0, 255], [255, 255, 255, 255]]], np.uint8)
    found = composite([Layer(edge, x=0.5)], size=(3, 1), dtype="float32", space="linear")
    assert found[0, 1] == pytest.approx((0.7353569,) * 3 + (1,), abs=1e-6)


def test_opaque_layers_of_any_format_hide_what_is_below() -> None:
    """Known without reading: gray and RGB have no alpha; others are looked through."""
    from compositor.plan import plan
    from compositor.scene import build

    see_through = opaque(14).astype(np.float32) / 255
    see_through[-1, -1, 3] = 0.999
    for pixels, covers in (
        (opaque(14)[..., :3], True),
        (opaque(14)[..., 0], True),
        (opaque(14).astype(np.uint16) * 257, True),
        (see_through, False),
    ):
        stages = next(plan(build([Layer(noise(15)), Layer(pixels)], 31, 24, None), 64)).stages
        assert (len(stages) == 1) == covers
    soft = next(plan(build([Layer(noise(15)), Layer(opaque(14)[..., :3], x=-0.5)], 30, 24, None), 64)).stages
    assert len(soft) > 1
    # In linear light 8-bit pictures take this way, too.
    lit = next(plan(build([Layer(noise(15)), Layer(opaque(14))], 31, 24, None, linear=True), 64)).stages
    assert len(lit) == 1


def test_required_kernels_know_formats_and_space() -> None:
    """A cold start can compile all that a picture runs, and say so; nothing is left for later."""
    from compositor import array_kernels, kernels

    nodes = [*tree(), Layer((noise(16) / 255).astype(np.float16), matrix=((0.9, 0.2, 1), (-0.2, 0.9, 4)))]
    nodes += [Pattern(noise(17, 3, 3), phase_x=0.5), Layer(noise(18), matrix=((0.5, 0, 0), (0, 0.5, 0)))]
    for dtype, space in (("uint8", "linear"), ("float16", "encoded"), ("uint16", "linear")):
        ids = required_kernels(nodes, size=(31, 24), dtype=dtype, space=space)  # type: ignore[arg-type]
        compile_kernels(ids)
        ready = set(kernels.loaded()) | set(array_kernels.loaded())
        composite(nodes, size=(31, 24), dtype=dtype, space=space)  # type: ignore[arg-type]
        assert set(kernels.loaded()) | set(array_kernels.loaded()) == ready
    assert required_kernels([], dtype="uint16") == (KernelId("store-encoded", "uint16"),)


def test_renderer_takes_formats_and_space() -> None:
    """The same bytes as `composite`, and a float layer that was exchanged is seen."""
    renderer = Renderer((31, 24), dtype="float16", space="linear", tile=16)
    for nodes in (tree(), tree("screen"), [*tree(), Layer((noise(19) / 255).astype(np.float32), 4, 4)]):
        expected = composite(nodes, size=(31, 24), dtype="float16", space="linear")
        assert np.array_equal(renderer.render(nodes), expected)
    assert renderer.render(nodes).dtype == np.float16
    assert renderer.tiles_drawn == 0


def test_pictures_without_pixels_show_nothing() -> None:
    """Of any dtype and shape."""
    for shape in ((0, 5), (5, 0, 3), (0, 0, 2)):
        for dtype in DTYPES:
            assert not composite([Layer(np.zeros(shape, dtype))], size=(4, 4)).any()


@pytest.mark.parametrize(
    "arguments", [{"dtype": "float64"}, {"dtype": "nonsense"}, {"space": "gamma"}, {"space": None}]
)
def test_unknown_words_are_refused(arguments: dict[str, Any]) -> None:
    """By name, before any work."""
    with pytest.raises(ChoiceError, match=next(iter(arguments))):
        composite([], size=(2, 2), **arguments)
