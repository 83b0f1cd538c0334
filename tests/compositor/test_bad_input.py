"""Every public function and value refuses what it cannot use by a `CompositorError` that names the field, before any
work and without memory for it; and every layout of an array is read as what it shows.

What single errors say is tested beside the modules; here each kind of mistake meets each argument.
"""

import decimal
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from compositor import (
    Advanced,
    BlendIf,
    CanvasSizeError,
    CompositorError,
    Gradient,
    Group,
    Layer,
    Mask,
    Ranges,
    Renderer,
    Solid,
    blend,
    box_blur,
    composite,
    gaussian_blur,
    required_kernels,
    resize,
    transform,
)
from tests.compositor.pictures import noise

RGBA = noise(1, 6, 7)
COVER = np.ascontiguousarray(RGBA[..., 3])
STOPS = ((0, (1, 0, 0)), (1, (0, 0, 1)))
IDENTITY = ((1, 0, 0), (0, 1, 0))

NO_NUMBERS = (math.nan, math.inf, -math.inf, 10**400, -(10**400), "1", b"1", 1j, [1], (0.5,), True, np.True_, {},
              np.float32("nan"), np.array(0.5), decimal.Decimal("0.5"), object())  # fmt: skip
NO_FLAGS = (0, 1, 1.0, "yes", [], np.array(True))
NO_ARRAYS = (
    3, "pixels", True, RGBA.tolist(), memoryview(RGBA), np.uint8(3),
    RGBA.astype(np.int64), RGBA.astype(np.float64), RGBA.astype(bool), RGBA.astype(np.complex64), RGBA.astype(object),
    RGBA.astype("S3"), RGBA.astype("datetime64[s]"), RGBA.view([("r", "u1"), ("g", "u1"), ("b", "u1"), ("a", "u1")]),
    RGBA.astype(np.uint16).astype(">u2"),
    RGBA[0, 0, 0], RGBA[0, 0], RGBA[None], np.zeros((6, 7, 5), np.uint8), np.zeros((6, 7, 0), np.uint8),
)  # fmt: skip

NUMBERS: dict[str, Callable[[Any], object]] = {
    "Layer.x": lambda value: Layer(RGBA, x=value),
    "Layer.y": lambda value: Layer(RGBA, y=value),
    "Layer.opacity": lambda value: Layer(RGBA, opacity=value),
    "Layer.fill": lambda value: Layer(RGBA, fill=value),
    "Solid.x": lambda value: Solid((1, 0, 0), x=value),
    "Solid.width": lambda value: Solid((1, 0, 0), width=value),
    "Solid.height": lambda value: Solid((1, 0, 0), height=value),
    "Solid.color": lambda value: Solid((1, value, 0)),
    "Gradient.angle": lambda value: Gradient("angle", STOPS, angle=value),
    "Gradient.stops[1] offset": lambda value: Gradient("angle", (STOPS[0], (value, (1, 0, 0)))),
    "Gradient.stops[1] midpoint": lambda value: Gradient("angle", (STOPS[0], (1, (1, 0, 0), value))),
    "Gradient.stops[1]": lambda value: Gradient("angle", (STOPS[0], (1, (value, 0, 0)))),
    "Group.opacity": lambda value: Group([], opacity=value),
    "Group.fill": lambda value: Group([], fill=value),
    "Mask.x": lambda value: Mask(COVER, x=value),
    "Mask.y": lambda value: Mask(COVER, y=value),
    "Mask.outside": lambda value: Mask(COVER, outside=value),
    "Mask.density": lambda value: Mask(COVER, density=value),
    "Mask.feather": lambda value: Mask(COVER, feather=value),
    "Ranges.gray": lambda value: Ranges(gray=(0, value, 1, 1)),
    "Advanced.seed": lambda value: Advanced(seed=value),
    "background": lambda value: composite([], size=(2, 2), background=(1, 0, value)),
    "threads": lambda value: composite([], size=(2, 2), threads=value),
    "tile": lambda value: composite([], size=(2, 2), tile=value),
    "size": lambda value: composite([], size=(2, value)),
    "size:": lambda value: Renderer((value, 2)),
    "size: ": lambda value: required_kernels([], size=(value, 2)),
    "opacity": lambda value: blend(RGBA, RGBA, opacity=value),
    "size:  ": lambda value: resize(RGBA, value, 3),
    "box": lambda value: resize(RGBA, 3, 3, box=(0, 0, value, 1)),
    "matrix": lambda value: transform(RGBA, ((1, 0, value), (0, 1, 0)), 3, 3),
    "radius": lambda value: box_blur(RGBA, value),
    "sigma": lambda value: gaussian_blur(RGBA, value),
}
FLAGS: dict[str, Callable[[Any], object]] = {
    "Layer.visible": lambda value: Layer(RGBA, visible=value),
    "Layer.clip": lambda value: Layer(RGBA, clip=value),
    "Group.isolated": lambda value: Group([], isolated=value),
    "Gradient.dither": lambda value: Gradient("linear", STOPS, dither=value),
    "Advanced.clipped_as_group": lambda value: Advanced(clipped_as_group=value),
    "premultiplied": lambda value: box_blur(RGBA, 1, premultiplied=value),
    "linear": lambda value: resize(RGBA, 3, 3, linear=value),
}
WORDS: dict[str, Callable[[Any], object]] = {
    "blend": lambda value: Layer(RGBA, blend=value),
    "blend:": lambda value: blend(RGBA, RGBA, value),
    "operator": lambda value: blend(RGBA, RGBA, "normal", value),
    "Layer.knockout": lambda value: Layer(RGBA, knockout=value),
    "Gradient.kind": lambda value: Gradient(value, STOPS),
    "Advanced.channels": lambda value: Advanced(channels=value),
    "filter": lambda value: resize(RGBA, 3, 3, filter=value),
    "filter:": lambda value: transform(RGBA, IDENTITY, 3, 3, filter=value),
    "edge": lambda value: gaussian_blur(RGBA, 1, edge=value),
}
VALUES: dict[str, Callable[[Any], object]] = {
    "Layer.mask": lambda value: Layer(RGBA, mask=value),
    "Layer.advanced": lambda value: Layer(RGBA, advanced=value),
    "Group.layers": Group,
    "Group.layers[0]": lambda value: Group([value]),
    "layers[0]": lambda value: composite([value], size=(2, 2)),
    "Advanced.blend_if": lambda value: Advanced(blend_if=value),
    "BlendIf.under": lambda value: BlendIf(under=value),
    "BlendIf.this": lambda value: BlendIf(this=value),
    "Gradient.stops": lambda value: Gradient("linear", value),
    "Solid.color": Solid,
    "Ranges.red": lambda value: Ranges(red=value),
    "size": lambda value: composite([], size=value),
    "matrix": lambda value: transform(RGBA, value, 3, 3),
}
ARRAYS: dict[str, Callable[[Any], object]] = {
    "Layer.pixels": Layer,
    "Mask.coverage": Mask,
    "backdrop": lambda value: blend(value, RGBA),
    "source": lambda value: blend(RGBA, value),
    "mask": lambda value: blend(RGBA, RGBA, mask=value),
    "out": lambda value: blend(RGBA, RGBA, out=value),
    "pixels": lambda value: resize(value, 3, 3),
    "pixels:": lambda value: transform(value, IDENTITY, 3, 3),
    "pixels: ": lambda value: box_blur(value, 1),
    "pixels:  ": lambda value: gaussian_blur(value, 1),
}


def refused(calls: dict[str, Callable[[Any], object]], wrong: tuple[object, ...]) -> None:
    """Check that every call with every value raises a `CompositorError` that begins with the field's name."""
    let_pass = []
    for field, call in calls.items():
        for value in wrong:
            try:
                call(value)
            except CompositorError as error:
                if not str(error).startswith(field.rstrip(": ")):
                    let_pass.append((field, value, str(error)))
            except Exception as error:  # noqa: BLE001 - whatever else is raised is what is looked for
                let_pass.append((field, value, repr(error)))
            else:
                let_pass.append((field, value, "accepted"))
    assert not let_pass


def test_what_is_no_number_is_refused() -> None:
    """NaN, infinities, whole numbers that no float holds, bools, text, arrays and other kinds of numbers."""
    refused({field: call for field, call in NUMBERS.items() if field != "matrix"}, NO_NUMBERS)
    # A matrix is anything that NumPy takes for an array of numbers.
    refused({"matrix": NUMBERS["matrix"]}, (math.nan, math.inf, -math.inf, 10**400, "one", 1j, [1], {}, object()))


def test_numbers_of_numpy_are_numbers() -> None:
    """Whole or not: arithmetic on pixels makes them."""
    plain = composite([Layer(RGBA, x=1, y=0.5, opacity=0.5)], size=(7, 6))
    layer = Layer(RGBA, x=np.int64(1), y=np.float16(0.5), opacity=np.float32(0.5), fill=np.uint8(1))  # type: ignore[arg-type]
    assert (composite([layer], size=(np.int32(7), np.uint8(6)), tile=np.int64(64)) == plain).all()


def test_none_is_a_number_only_where_it_says_so() -> None:
    """It stands for a default size, offset or count of threads, and for nothing else."""
    allowed = {"Solid.width", "Solid.height", "Gradient.stops[1] offset", "threads"}
    refused({field: call for field, call in NUMBERS.items() if field not in allowed}, (None,))
    for field in allowed:
        NUMBERS[field](None)


def test_what_is_no_flag_is_refused() -> None:
    """A flag is True or False; 0 and 1 are likely to be another argument."""
    refused(FLAGS, (None, *NO_FLAGS))


def test_what_is_no_known_word_is_refused() -> None:
    """Also by functions that would look it up in a table, where a list cannot even be hashed."""
    refused(WORDS, (None, 3, True, b"normal", "Normal", ["normal"], np.array(["normal", "hue"]), {}, object()))


def test_what_is_no_value_of_the_tree_is_refused() -> None:
    """Each value takes its own parts only."""
    refused(VALUES, (3, 1.5, True, "red", object(), math.nan))


def test_what_is_no_picture_is_refused() -> None:
    """Lists, buffers, wrong dtypes and wrong shapes."""
    refused(ARRAYS, NO_ARRAYS)
    refused({field: ARRAYS[field] for field in ARRAYS if field not in {"mask", "out"}}, (None,))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_what_is_not_finite_is_refused(bad: float, dtype: type) -> None:
    """One bad pixel among good ones, wherever floats are taken."""
    pixels = (RGBA / 255).astype(dtype)
    pixels[4, 5, 1] = bad
    names = [name for name in ARRAYS if name not in {"Layer.pixels", "Mask.coverage", "mask", "out"}]
    refused({field: ARRAYS[field] for field in names}, (pixels,))
    refused({"mask": ARRAYS["mask"]}, (pixels[..., 1],))
    refused({"Mask.coverage": ARRAYS["Mask.coverage"]}, (pixels[..., 1],))


SIDES = [(2**31, 1), (1, 2**31), (2**16, 2**15), (2**31, 2**31), (2**63, 1), (10**30, 10**30), (32_769, 1)]


@pytest.mark.parametrize("size", SIDES)
def test_huge_canvas_is_refused(size: tuple[int, int]) -> None:
    """Sides and pixels past every limit, and past what a machine word holds; nothing is allocated for them."""
    for call in (
        lambda: composite([], size=size),
        lambda: Renderer(size),
        lambda: required_kernels([], size=size),
        lambda: resize(RGBA, *size),
        lambda: transform(RGBA, IDENTITY, *size),
    ):
        with pytest.raises(CanvasSizeError):
            call()


@pytest.mark.parametrize("size", SIDES[:3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_huge_pictures_are_refused(size: tuple[int, int], dtype: type) -> None:
    """Views that claim so many pixels take no memory; a copy of them would take all there is."""
    huge = np.broadcast_to(np.zeros((1, 1, 4), dtype), (size[1], size[0], 4))
    for call in (
        lambda: resize(huge, 3, 3),
        lambda: transform(huge, IDENTITY, 3, 3),
        lambda: box_blur(huge, 1),
        lambda: gaussian_blur(huge, 1),
        lambda: Mask(huge[..., 0]),
    ):
        with pytest.raises(CompositorError):
            call()


def test_sizes_of_zero_are_right_or_refused() -> None:
    """Layers and masks without pixels show nothing; canvases and results without pixels are none."""
    for shape in ((0, 5), (5, 0), (0, 0)):
        empty = np.zeros((*shape, 4), np.uint8)
        hidden = Layer(RGBA, mask=Mask(empty[..., 0], feather=2))
        assert not composite([Layer(empty), hidden], size=(7, 6)).any()
        assert blend(empty, empty).shape == empty.shape
        for call in (
            lambda size=shape: composite([], size=size),
            lambda size=shape: resize(RGBA, *size),
            lambda size=shape: transform(RGBA, IDENTITY, *size),
            lambda pixels=empty: resize(pixels, 3, 3),
            lambda pixels=empty: gaussian_blur(pixels, 1),
        ):
            with pytest.raises(CanvasSizeError):
                call()


def layouts(pixels: np.ndarray) -> list[np.ndarray]:
    """The same pixels mirrored, turned, spread out, in Fortran's order, read-only and off the alignment."""
    spread = np.zeros((pixels.shape[0] * 2, pixels.shape[1] * 3, 7), pixels.dtype)
    spread[::2, ::3, 1:5] = pixels
    raw = np.frombuffer(b"\0" + pixels.tobytes(), np.uint8)[1:]
    return [
        np.ascontiguousarray(pixels[::-1])[::-1],
        np.ascontiguousarray(pixels[:, ::-1])[:, ::-1],
        np.ascontiguousarray(pixels[..., ::-1])[..., ::-1],
        np.ascontiguousarray(pixels.transpose(1, 0, 2)).transpose(1, 0, 2),
        np.asfortranarray(pixels),
        spread[::2, ::3, 1:5],
        raw.view(pixels.dtype).reshape(pixels.shape),
    ]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
@pytest.mark.parametrize(
    "call",
    [
        lambda pixels: blend(pixels, pixels, "multiply", opacity=0.7),
        lambda pixels: resize(pixels, 5, 9),
        lambda pixels: resize(pixels, 9, 5, filter="nearest"),
        lambda pixels: transform(pixels, ((0.9, 0.2, 0.3), (-0.2, 0.9, 1.1)), 7, 6),
        lambda pixels: box_blur(pixels, 1.5),
        lambda pixels: gaussian_blur(pixels, 1.5),
        lambda pixels: gaussian_blur(pixels, 9),
    ],
    ids=["blend", "resize", "nearest", "transform", "box", "gaussian", "wide gaussian"],
)
def test_no_layout_shows_or_is_written(call: Callable[[np.ndarray], np.ndarray], dtype: type) -> None:
    """Any strides, in every function that takes pictures: the bytes of a plain copy."""
    top = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    pixels = (RGBA / 255 * top).astype(dtype)
    expected = call(pixels)
    for view in layouts(pixels):
        view.flags.writeable = False
        assert (view == pixels).all()
        assert np.array_equal(call(view), expected)
        assert (view == pixels).all()


def test_layers_of_any_layout_show_the_same() -> None:
    """In a tree, at whole places and between pixels, opaque or not."""
    for place in (0, 0.25):
        expected = composite([Layer(RGBA, x=place), Layer(RGBA, x=2, blend="screen")], size=(9, 6))
        for view in layouts(RGBA):
            assert (composite([Layer(view, x=place), Layer(view, x=2, blend="screen")], size=(9, 6)) == expected).all()
