"""Layers placed by a map are what `transform` makes of them, however the canvas is cut, and edges lose no coverage."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compositor import FILTER_NAMES, Group, Layer, Mask, MatrixError, Solid, composite, formats, transform
from compositor.affine import check_matrix
from compositor.mapping import pieces, prepare
from compositor.rect import Rect
from tests.compositor.pictures import noise, opaque, worst_step

Array = np.ndarray[Any, np.dtype[Any]]
Matrix = tuple[tuple[float, float, float], tuple[float, float, float]]


def turned(degrees: float, scale: float = 1, x: float = 0, y: float = 0) -> Matrix:
    c, s = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    return (c, -s, x), (s, c, y)


MAPS: dict[str, Matrix] = {
    "turned": turned(30, x=40, y=-5),
    "turned and shrunk": turned(-70, 0.3, x=30, y=70),
    "turned and enlarged": turned(200, 2.5, x=90, y=100),
    "sheared": ((0.9, 0.7, -12), (0.05, 0.4, 16)),
    "enlarged": ((1.7, 0, -9.3), (0, 2.2, -20)),
    "shrunk": ((0.21, 0, 5.5), (0, 0.34, 8.25)),
    "mirrored": ((-1.1, 0, 100), (0, 0.8, 3.3)),
    "quarter turn": ((0, -0.9, 110.5), (1.3, 0, 4)),
    "quarter turn, mirrored": ((0, 0.9, 10.5), (1.3, 0, 4)),
    "moved": ((1, 0, 3.25), (0, 1, -2.5)),
}
SIZE = (130, 110)


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("filter_name", FILTER_NAMES)
@pytest.mark.parametrize("linear", [False, True])
def test_layer_is_what_transform_makes(name: str, filter_name: str, linear: bool) -> None:
    """Any filter, in the values that are blended: `linear` of `transform` is the space "linear" of a picture."""
    pixels = (noise(1, 60, 70) / 255).astype(np.float32)
    layer = Layer(pixels, matrix=MAPS[name], filter=filter_name)
    space = "linear" if linear else "encoded"
    found = formats.load(composite([layer], size=SIZE, dtype="float32", space=space))  # type: ignore[arg-type]
    wanted = formats.load(transform(pixels, MAPS[name], *SIZE, filter=filter_name, linear=linear))
    assert np.abs(found - wanted).max() <= 3e-6


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("filter_name", ["nearest", "bilinear", "lanczos3"])
def test_cut_of_the_canvas_never_shows(name: str, filter_name: str) -> None:
    """Tiles of every size, threads, and the rest of the canvas: not a bit of float32 differs."""
    layers = [
        Layer(opaque(2, 110, 130)),
        Layer(noise(3, 60, 70), x=1.5, matrix=MAPS[name], filter=filter_name, blend="overlay", opacity=0.8),
    ]
    wanted = composite(layers, size=SIZE, dtype="float32", threads=1, tile=256)
    for tile, threads in ((16, 7), (32, 2), (37, 1), (64, 2)):
        assert np.array_equal(composite(layers, size=SIZE, dtype="float32", threads=threads, tile=tile), wanted)
    corner = composite(layers, size=(71, 53), dtype="float32", tile=29)
    assert np.array_equal(corner, wanted[:53, :71])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.integers(0, 9), st.integers(0, 9))
def test_pieces_are_all_of_a_region(linear: list[float], x: int, y: int) -> None:
    """Without gap or overlap, for any map and any region."""
    a, b, d, e = linear
    if abs(a * e - b * d) < 1e-2:
        return
    drawing = prepare(
        "matrix", check_matrix("matrix", ((a, b, 20), (d, e, 20))), "lanczos3", 900, 40, Rect(0, 0, 90, 60)
    )
    region = Rect(x, y, 80, 50)
    count = np.zeros((60, 90), int)
    for part in pieces(drawing, region):
        count[part.y0 : part.y1, part.x0 : part.x1] += 1
    expected = np.zeros_like(count)
    seen = region.meet(drawing.window)
    if not seen.empty:
        expected[seen.y0 : seen.y1, seen.x0 : seen.x1] = 1
    assert np.array_equal(count, expected)


def test_x_and_y_are_added_to_the_map() -> None:
    """Moving the layer or the map is the same."""
    pixels = noise(4, 30, 20)
    (a, b, c), (d, e, f) = MAPS["turned"]
    one = composite([Layer(pixels, 5.5, -3.25, matrix=MAPS["turned"])], size=(80, 60))
    two = composite([Layer(pixels, matrix=((a, b, c + 5.5), (d, e, f - 3.25)))], size=(80, 60))
    assert np.array_equal(one, two)
    assert np.array_equal(composite([Layer(pixels, matrix=np.array([[1, 0, 4], [0, 1, 7]]))], size=(40, 50)),
                          composite([Layer(pixels, 4, 7)], size=(40, 50)))  # fmt: skip


@pytest.mark.parametrize("filter_name", FILTER_NAMES)
def test_whole_pixels_are_copied_by_every_filter(filter_name: str) -> None:
    """A filter changes nothing where pixels fall on pixels."""
    pixels = noise(5)
    wanted = composite([Layer(pixels, 3, -2)], size=(40, 30))
    assert np.array_equal(composite([Layer(pixels, 3, -2, filter=filter_name)], size=(40, 30)), wanted)
    half = composite([Layer(pixels, 3.5, -2, filter=filter_name)], size=(40, 30))
    exact = transform(pixels, ((1, 0, 3.5), (0, 1, -2)), 40, 30, filter=filter_name)
    assert worst_step(half, exact) <= 1


def test_turned_edges_have_the_area_that_they_cover() -> None:
    """A white square, turned: its alpha adds up to its area, and no edge is dark."""
    white = np.full((20, 20, 3), 255, np.uint8)
    found = composite([Layer(white, matrix=turned(33, 1.5, x=40, y=10))], size=(90, 80), dtype="float32")
    assert found[..., 3].sum() == pytest.approx(20 * 20 * 1.5**2, rel=1e-5)
    assert found[found[..., 3] > 1e-4][:, :3].min() >= 1 - 1e-4


def test_all_that_layers_have_holds_for_mapped_ones() -> None:
    """Masks, clipping, groups and fill are applied to what the map has drawn: as to a layer of those pixels."""
    pixels = (noise(6, 60, 70) / 255).astype(np.float32)
    drawn = transform(pixels, MAPS["turned"], *SIZE, filter="bilinear")
    mask = Mask(np.ascontiguousarray(noise(7, 80, 90)[..., 3]), 5, 6, density=0.8)

    def tree(layer: Layer) -> Array:
        import msgspec

        soft = msgspec.structs.replace(layer, blend="screen", mask=mask, fill=0.7)
        clipped = Solid((0.9, 0.2, 0.1), clip=True, opacity=0.5)
        group = Group(
            [msgspec.structs.replace(layer, blend="multiply"), Solid((0, 0, 1, 0.1))], isolated=False, opacity=0.6
        )
        return composite([Layer(opaque(8, 110, 130)), soft, clipped, group], size=SIZE, dtype="uint16").astype(int)

    assert np.abs(tree(Layer(pixels, matrix=MAPS["turned"])) - tree(Layer(drawn))).max() <= 2


def test_map_that_would_take_hours_is_refused() -> None:
    """Before any work; as in `transform`."""
    huge = np.broadcast_to(np.zeros((1, 1, 4), np.uint8), (4000, 4000, 4))
    c = math.sqrt(0.5)
    turn = np.array([[c, -c], [c, c]])
    sheared = np.column_stack([turn @ np.diag([1 / 30_000, 30_000]) @ turn.T, (0, 0)])
    with pytest.raises(MatrixError, match=r"Layer\.matrix"):
        composite([Layer(huge, matrix=sheared.tolist())], size=(1000, 1000))
