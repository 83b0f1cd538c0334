"""Affine maps: coverage to the last part of a pixel, filters that see every source pixel, two paths with one meaning."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import compositor
from compositor import (
    CanvasSizeError,
    ChoiceError,
    FormatError,
    Layer,
    MatrixError,
    NotFiniteError,
    NumberError,
    resize,
    transform,
)
from compositor.affine import check_matrix, metric
from tests.compositor import resampling
from tests.compositor.pictures import noise, opaque
from tests.compositor.resampling import WEIGHING, floats, premul

Matrix = np.ndarray[Any, np.dtype[np.float64]]


def turned(degrees: float, across: float = 1, down: float = 1, x: float = 0, y: float = 0) -> Matrix:
    """Scale, then turn clockwise, then move."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[across * c, -down * s, x], [across * s, down * c, y]])


SHEARED = np.array([[0.9, 0.7, -1.3], [0.05, 0.4, 1.6]])
MAPS = {
    "turned": turned(30, x=6, y=-2.2),
    "turned and enlarged": turned(-50, 1.6, 1.3, x=1, y=8),
    "turned and shrunk": turned(20, 0.45, 0.45, x=4, y=1),
    "turned, shrunk one way": turned(75, 0.2, 1.4, x=9, y=2),
    "mirrored": turned(200, -0.8, 0.7, x=3.5, y=9),
    "sheared": SHEARED,
    "shrunk to less than a pixel": turned(33, 0.03, 0.02, x=4.4, y=5.3),
}


@pytest.mark.parametrize("name", ["bilinear", "bicubic", "lanczos3"])
@pytest.mark.parametrize("title", MAPS)
def test_result_is_what_the_definition_says(name: str, title: str) -> None:
    """By brute force over all pixels, with the axes from a singular value decomposition and areas by integration."""
    for channels in (3, 4):
        pixels = floats(7, 9, 12, channels)
        result = transform(pixels, MAPS[title], 13, 12, filter=name)
        expected = resampling.transformed(pixels.astype(np.float64), name, MAPS[title], 13, 12)
        assert result.shape == expected.shape
        assert np.abs(premul(result) - expected).max() <= 1e-4


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(WEIGHING),
    st.floats(0.05, 4),
    st.floats(0.05, 4),
    st.floats(-9, 9),
    st.floats(-9, 9),
    st.booleans(),
    st.booleans(),
)
def test_separable_path_means_the_same(
    name: str, across: float, down: float, x: float, y: float, mirror: bool, turn: bool
) -> None:
    """A map that shears by a billionth takes the other path; nobody can tell."""
    linear = np.array([[-across if mirror else across, 0], [0, down]])
    linear = linear[::-1] if turn else linear
    matrix = np.column_stack([linear, (x, y)])
    nudged = matrix + np.array([[1e-9, 1e-9, 0], [1e-9, 1e-9, 0]])
    pixels = floats(3, 7, 9, 4)
    straight = premul(transform(pixels, matrix, 17, 15, filter=name))
    general = premul(transform(pixels, nudged, 17, 15, filter=name))
    # A box takes whole pixels or none, so a centre on its edge may go either way.
    assert np.abs(straight[..., 3] - general[..., 3]).max() <= (1 if name == "box" else 1e-5)
    if name != "box":
        assert np.abs(straight - general).max() <= 1e-5


@pytest.mark.parametrize("name", compositor.FILTER_NAMES)
def test_scaling_alone_is_resizing(name: str) -> None:
    """Where the target's edges are the picture's, nothing is left for coverage to do."""
    pixels = noise(5, 20, 30)
    for width, height in ((60, 50), (10, 5), (30, 20)):
        matrix = ((width / 30, 0, 0), (0, height / 20, 0))
        assert np.array_equal(
            transform(pixels, matrix, width, height, filter=name), resize(pixels, width, height, filter=name)
        )


@pytest.mark.parametrize("name", compositor.FILTER_NAMES)
def test_quarter_turns_and_mirrors_are_exact(name: str) -> None:
    """Pixels change places and nothing else."""
    pixels = np.maximum(noise(5, 6, 9), 1)
    assert np.array_equal(transform(pixels, ((0, -1, 6), (1, 0, 0)), 6, 9, filter=name), np.rot90(pixels, -1))
    assert np.array_equal(transform(pixels, ((0, 1, 0), (-1, 0, 9)), 6, 9, filter=name), np.rot90(pixels))
    assert np.array_equal(transform(pixels, ((-1, 0, 9), (0, -1, 6)), 9, 6, filter=name), np.rot90(pixels, 2))
    moved = transform(pixels, ((1, 0, 2), (0, 1, -1)), 12, 6, filter=name)
    assert np.array_equal(moved[:5, 2:11], pixels[1:])
    assert not moved[:, :2].any()
    assert not moved[5].any()


def test_fraction_of_a_pixel_is_what_a_layer_does() -> None:
    """`Layer(x=..., y=...)` and a bilinear move mean the same picture."""
    pixels = noise(4, 12, 15)
    for x, y in ((0.25, 0.75), (-4.6, -3.3), (2.5, 0)):
        layered = compositor.composite([Layer(pixels, x=x, y=y)], size=(20, 16))
        moved = transform(pixels, ((1, 0, x), (0, 1, y)), 20, 16, filter="bilinear")
        assert np.abs(layered[..., 3].astype(int) - moved[..., 3]).max() <= 1
        assert (np.abs(layered.astype(int) - moved)[..., :3] * (moved[..., 3:] / 255)).max() <= 1


@settings(max_examples=60, deadline=None)
@given(st.floats(-180, 180), st.floats(0.1, 3), st.floats(0.1, 3), st.sampled_from(compositor.FILTER_NAMES[1:]))
@example(0.0, 1.0, 1.5, "box")
def test_areas_add_up_and_white_stays_white(degrees: float, across: float, down: float, name: str) -> None:
    """A white picture covers exactly its area, is white to its edge, and opaque inside: no halo, no seam, no ripple."""
    matrix = turned(degrees, across, down, x=45, y=45)  # the far corner is at most 43 pixels away
    result = transform(np.ones((9, 11, 3), np.float32), matrix, 90, 90, filter=name)
    assert result[..., 3].sum(dtype=np.float64) == pytest.approx(99 * across * down, rel=1e-6)
    # Weights rounded to float32 add up to 1 within some ulp, which no stored integer shows.
    assert (result[result[..., 3] > 0][:, :3] >= 1 - 1e-6).all()


def test_pictures_side_by_side_meet_without_a_gap() -> None:
    """Two halves, turned, add up to the whole: their coverages on the seam do."""
    pixels = np.ones((10, 12, 3), np.float32)
    matrix = turned(25, 1.1, 1.1, x=8, y=2)
    whole = transform(pixels, matrix, 30, 30)[..., 3]
    left = transform(pixels[:, :5], matrix, 30, 30)[..., 3]
    offset = matrix[:, :2] @ (5, 0)
    right = transform(pixels[:, 5:], matrix + np.column_stack([np.zeros((2, 2)), offset]), 30, 30)[..., 3]
    assert np.abs(left + right - whole).max() <= 1e-6


@pytest.mark.parametrize("name", ["bilinear", "bicubic", "lanczos3"])
def test_shrinking_a_turned_picture_shows_no_moire(name: str) -> None:
    """Stripes finer than a target pixel become even gray, as they do when nothing is turned."""
    stripes = np.zeros((160, 160, 3), np.float32)
    stripes[:, ::2] = 1
    for degrees in (0, 13, 45, 81):
        inside = transform(stripes, turned(degrees, 0.2, 0.2, x=30, y=10), 60, 60, filter=name)
        core = inside[..., 0][inside[..., 3] == 1]
        assert core.size > 100
        # Pixels on the rim see the picture's end, so the middle is what counts; a triangle ten pixels wide leaves
        # 0.02 of stripes two pixels wide.
        assert np.quantile(np.abs(core - 0.5), 0.6) <= 0.03


def test_nearest_copies_pixels_bit_by_bit() -> None:
    """The pixel under the centre or nothing; RGB gains full alpha."""
    pixels = noise(2, 8, 8)
    result = transform(pixels, turned(30, 2, 2, x=8, y=1), 24, 24, filter="nearest")
    seen = {tuple(pixel) for pixel in pixels.reshape(-1, 4)} | {(0, 0, 0, 0)}
    assert {tuple(pixel) for pixel in result.reshape(-1, 4)} <= seen
    for dtype, one in (("uint8", 255), ("uint16", 65535), ("float32", 1)):
        flat = transform(pixels[..., :3].astype(dtype), turned(30, 2, 2, x=8, y=1), 24, 24, filter="nearest")
        assert flat.dtype == dtype
        assert set(np.unique(flat[..., 3])) == {0, one}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_formats_agree(dtype: str) -> None:
    """The same picture in another format is the same result, within the rounding of the format."""
    pixels = opaque(8, 14, 12)
    one = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    scaled = (pixels / 255).astype(dtype) if one == 1 else pixels.astype(dtype) * np.array(one // 255, dtype)
    step = {"uint8": 0.51 / 255, "uint16": 0.52 / 65535, "float16": 2e-3, "float32": 1e-6}[dtype]
    for matrix in (MAPS["turned"], ((1.3, 0, 2.2), (0, 0.7, 1.1))):
        expected = transform((pixels / 255).astype(np.float32), matrix, 20, 20)
        found = transform(scaled, matrix, 20, 20) / np.float64(one)
        assert np.abs(found[..., 3] - expected[..., 3]).max() <= step
        assert (np.abs(found - expected)[..., :3] * expected[..., 3:]).max() <= step


def test_premultiplied_and_linear_pixels_are_read_as_such() -> None:
    """Both ways of storing, in linear light too, are the same picture."""
    straight = floats(11, 9, 10, 4)
    for matrix in (MAPS["turned and shrunk"], ((0.6, 0, 1), (0, 0.6, 1))):
        for linear in (False, True):
            stored = transform(premul(straight).astype(np.float32), matrix, 9, 9, premultiplied=True, linear=linear)
            expected = premul(transform(straight, matrix, 9, 9, linear=linear))
            assert np.abs(stored - expected).max() <= 2e-6
    board = np.indices((40, 40)).sum(axis=0).astype(np.float32) % 2
    shrunk = transform(board, turned(10, 0.2, 0.2, x=4, y=2), 12, 12, linear=True)
    assert shrunk[6, 6] == pytest.approx(0.7354, abs=0.01)


@pytest.mark.parametrize("matrix", [MAPS["turned"], ((0.5, 0, 2.5), (0, 1.5, -3))])
def test_threads_and_views_do_not_show(matrix: Any) -> None:
    """The same bytes for every count, layout, and part of the canvas."""
    pixels = noise(9, 60, 50)
    expected = transform(pixels, matrix, 70, 80, threads=1)
    for threads in (2, 7, None):
        assert np.array_equal(transform(pixels, matrix, 70, 80, threads=threads), expected)
    assert np.array_equal(transform(np.asfortranarray(pixels), matrix, 70, 80), expected)
    assert np.array_equal(transform(pixels, matrix, 33, 21), expected[:21, :33])


def test_map_that_misses_the_canvas_leaves_it_empty() -> None:
    """However far away; and one that covers it from afar fills it."""
    pixels = opaque(1, 5, 5)
    for matrix in (((1, 0, 100), (0, 1, 0)), ((1, 0.5, -1e6), (0.5, 1, 0)), ((1, 0, -5), (0, 1, 0))):
        assert not transform(pixels, matrix, 8, 8).any()
    for matrix in (((9000, 0, -20_000), (0, 9000, -20_000)), ((9000, 900, -20_000), (-900, 9000, -20_000))):
        assert (transform(pixels, matrix, 8, 8, filter="bicubic")[..., 3] == 255).all()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(-40, 40), min_size=4, max_size=4),
    st.floats(-9, 9),
    st.integers(0, 99),
    st.sampled_from(compositor.FILTER_NAMES),
)
@example([30.0, 29.9, 0.01, 0.02], 0.0, 1, "lanczos3")
@example([1.0, 1e-20, 0.0, 0.5], 3.0, 2, "lanczos3")
def test_any_map_draws_within_the_picture_and_its_colors(linear: list[float], x: float, seed: int, name: str) -> None:
    """However sheared: nothing brighter than white, no alpha beyond the area, nothing where the picture is not."""
    a, b, d, e = linear
    if abs(a * e - b * d) < 1e-2:
        return
    pixels = floats(seed, 5, 6, 4)
    result = transform(pixels, ((a, b, x), (d, e, 4)), 9, 8, filter=name)
    area = transform(np.ones((5, 6), np.float32), ((a, b, x), (d, e, 4)), 9, 8, filter=name)
    assert np.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 1
    assert (result[..., 3] <= area + 1e-6).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4))
def test_metric_is_the_map_without_its_magnification(linear: list[float]) -> None:
    """V min(S, 1) V^T, against the library's decomposition."""
    a, b, d, e = linear
    if abs(a * e - b * d) < 1e-3:
        return
    _, scales, axes = np.linalg.svd([[a, b], [d, e]])
    expected = axes.T @ np.diag(np.minimum(scales, 1)) @ axes
    found = metric(check_matrix("matrix", [[a, b, 0], [d, e, 0]]))
    assert np.abs(np.reshape(found, (2, 2)) - expected).max() <= 1e-6


def test_map_that_would_take_hours_is_refused() -> None:
    """Shrinking 30,000 times one way and magnifying the other makes every target pixel weigh a million source pixels."""
    huge = np.broadcast_to(np.zeros((1, 1, 4), np.uint8), (4000, 4000, 4))
    c = math.sqrt(0.5)
    turn = np.array([[c, -c], [c, c]])
    sheared = np.column_stack([turn @ np.diag([1 / 30_000, 30_000]) @ turn.T, (0, 0)])
    with pytest.raises(MatrixError, match="in all"):
        transform(huge, sheared, 1000, 1000)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"pixels": np.zeros((4, 4, 4), np.int64)}, FormatError),
        ({"pixels": np.full((2, 2), np.nan, np.float32)}, NotFiniteError),
        ({"matrix": np.eye(3)}, MatrixError),
        ({"matrix": ((1, 0), (0, 1))}, MatrixError),
        ({"matrix": ((1, 0, 0), (0, 1))}, MatrixError),
        ({"matrix": "identity"}, MatrixError),
        ({"matrix": None}, MatrixError),
        ({"matrix": ((1, 0, float("nan")), (0, 1, 0))}, MatrixError),
        ({"matrix": ((1, 0, 0), (0, float("inf"), 0))}, MatrixError),
        ({"matrix": ((1, 0, 1e9), (0, 1, 0))}, MatrixError),
        ({"matrix": ((0, 0, 0), (0, 0, 0))}, MatrixError),
        ({"matrix": ((1, 1, 0), (1, 1, 0))}, MatrixError),
        ({"matrix": ((1e5, 0, 0), (0, 1, 0))}, MatrixError),
        ({"matrix": ((1e-5, 0, 0), (0, 1, 0))}, MatrixError),
        ({"matrix": ((1e200, 1e200, 0), (0, 1e300, 0))}, MatrixError),
        ({"width": 0}, CanvasSizeError),
        ({"height": 1e3}, CanvasSizeError),
        ({"filter": "gauss"}, ChoiceError),
        ({"linear": "no"}, ChoiceError),
        ({"premultiplied": 0}, ChoiceError),
        ({"threads": 1000}, NumberError),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    """Typed, before any work."""
    good: dict[str, Any] = {"pixels": noise(1, 4, 4), "matrix": ((1, 0, 0), (0, 1, 0)), "width": 3, "height": 3}
    with pytest.raises(error):
        transform(**(good | arguments))
