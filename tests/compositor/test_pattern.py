"""A pattern is its picture laid edge on edge, from the corner of its box and its phase, whatever part of it is drawn."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compositor import Layer, Pattern, composite
from tests.compositor.pictures import noise, opaque, worst_step


def laid(pixels: np.ndarray[Any, Any], x: int, y: int, width: int, height: int) -> np.ndarray[Any, Any]:
    """The plane full of copies of `pixels`, one of which has its corner on (x, y)."""
    rows, columns = np.arange(height) - y, np.arange(width) - x
    return pixels[(rows % pixels.shape[0])[:, None], columns % pixels.shape[1]]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(-50, 50), st.integers(-50, 50), st.integers(-9, 9),
    st.integers(0, 20), st.sampled_from([16, 19, 64]),
)  # fmt: skip
def test_whole_pixels_are_copies_side_by_side(
    width: int, height: int, phase_x: int, phase_y: int, x: int, y: int, tile: int
) -> None:
    """Smaller and larger than tiles and than the canvas, with any phase, in a box that starts anywhere."""
    pixels = noise(1, height, width)
    node = Pattern(pixels, x, y, phase_x=phase_x, phase_y=phase_y)
    wanted = composite([Layer(laid(pixels, x + phase_x, y + phase_y, 50, 40))], size=(50, 40))
    wanted[:, : max(0, x)] = 0
    wanted[:y] = 0
    assert worst_step(composite([node], size=(50, 40), tile=tile), wanted) <= 0.5


@pytest.mark.parametrize("mode", ["normal", "multiply"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_fractions_are_shifted_across_repetitions(mode: str, dtype: str) -> None:
    """No seam: as if copies enough had been laid and then shifted."""
    pixels = (noise(2, 7, 5) / (255 if dtype == "float32" else 1)).astype(dtype)
    below = Layer(opaque(3, 40, 50))
    many = Layer(np.tile(pixels, (12, 16, 1)), x=-10.75, y=-7.5, blend=mode)
    wanted = composite([below, many], size=(50, 40), dtype="uint16").astype(int)
    for tile in (16, 33, 256):
        node = Pattern(pixels, phase_x=-10.75, phase_y=-0.5, blend=mode)
        found = composite([below, node], size=(50, 40), dtype="uint16", tile=tile).astype(int)
        assert np.abs(found - wanted).max() <= 1


def test_edges_of_the_box_have_their_coverage() -> None:
    """As those of a solid."""
    white = np.full((3, 3), 255, np.uint8)
    found = composite([Pattern(white, 2.25, 1.5, 4.5, 3)], size=(10, 6), dtype="float32")
    assert found[..., 3].sum() == pytest.approx(4.5 * 3)
    assert found[1, 2, 3] == pytest.approx(0.75 * 0.5)
    assert (found[..., :3][found[..., 3] > 0] == 1).all()


def test_cut_of_the_canvas_never_shows() -> None:
    """In float32 and linear light, with fractions and a box that cuts."""
    node = Pattern(noise(4, 13, 11), 3.5, 4.25, 90.5, 70, phase_x=1.5, phase_y=0.3, blend="overlay")
    layers = [Layer(opaque(5, 90, 110)), node]
    wanted = composite(layers, size=(110, 90), dtype="float32", space="linear", threads=1)
    for tile, threads in ((16, 5), (41, 2)):
        found = composite(layers, size=(110, 90), dtype="float32", space="linear", threads=threads, tile=tile)
        assert np.array_equal(found, wanted)


def test_opaque_patterns_hide_what_is_below() -> None:
    """Inside their box, where they cover whole pixels."""
    from compositor.plan import plan
    from compositor.scene import build

    nodes = [Layer(noise(6, 64, 64)), Pattern(opaque(7, 5, 5), x=0.5)]
    tiles = list(plan(build(nodes, 64, 64, None), 16, square=True))
    assert len(tiles[0].stages) > 1
    assert len(tiles[1].stages) == 1


def test_patterns_without_pixels_or_box_show_nothing() -> None:
    """As layers and solids."""
    for node in (Pattern(np.zeros((0, 4), np.uint8)), Pattern(opaque(8), width=0), Pattern(opaque(8), x=20)):
        assert not composite([node], size=(9, 9)).any()
