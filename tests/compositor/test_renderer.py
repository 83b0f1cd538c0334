"""A renderer's picture is always the one that `composite` makes, and only what changed is drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compositor import CompositorError, Gradient, Group, Layer, Mask, Node, Renderer, Solid, composite
from tests.compositor.pictures import noise, opaque

SIZE = (150, 130)
NODES: tuple[Node, ...] = (
    Layer(opaque(1, 130, 150)),
    Layer(noise(2, 40, 30), 20, 10, "multiply"),
    Layer(noise(3, 50, 50), 70.5, 60.25, "screen", 0.7),
    Solid((0.2, 0.5, 0.9, 0.5), 100, 5, 30, 30),
    Gradient("radial", ((0.0, (1.0, 0.0, 0.0, 1.0)), (1.0, (0.0, 0.0, 1.0, 0.0))), 0.0, 30, 80, 60, 40),
    Group((Layer(noise(4, 30, 30), 5, 90), Layer(noise(5, 30, 30), 15, 95, "overlay")), opacity=0.6),
    Group((Layer(noise(6, 30, 30), 110, 90, "difference"),), isolated=False, opacity=0.5),
)


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.sampled_from(range(len(NODES))), max_size=6), min_size=1, max_size=5),
    st.sampled_from([32, 47, 256]),
)
def test_every_picture_is_the_one_of_composite(trees: list[list[int]], tile: int) -> None:
    """Whatever tree follows whatever other: the same bytes as if nothing had been kept."""
    renderer = Renderer(SIZE, background=(0.1, 0.1, 0.1), threads=1, tile=tile)
    for numbers in trees:
        layers = [NODES[number] for number in numbers]
        assert np.array_equal(
            renderer.render(layers), composite(layers, size=SIZE, background=(0.1, 0.1, 0.1), threads=1)
        )


def test_nothing_changed_draws_nothing() -> None:
    renderer = Renderer(SIZE, tile=32)
    first = renderer.render(NODES).copy()
    assert renderer.tiles_drawn == renderer.tiles == 25
    assert np.array_equal(renderer.render(list(NODES)), first)
    assert renderer.tiles_drawn == 0


def test_moving_one_small_layer_draws_where_it_was_and_where_it_is() -> None:
    """A 20 x 20 layer in the middle of a tile, moved by some pixels inside it: one tile of 25."""
    small = noise(7, 20, 20)
    renderer = Renderer(SIZE, tile=32)
    renderer.render([*NODES, Layer(small, 36, 36)])
    moved = [*NODES, Layer(small, 40, 41)]
    assert np.array_equal(renderer.render(moved), composite(moved, size=SIZE))
    assert renderer.tiles_drawn == 1


def test_a_new_array_is_seen_and_an_old_one_after_forget() -> None:
    """Arrays are told apart by place; one that was written in place needs `forget`."""
    pixels = opaque(8, 130, 150)
    renderer = Renderer(SIZE, tile=32)
    renderer.render([Layer(pixels)])
    other = 255 - pixels
    other[..., 3] = 255
    assert np.array_equal(renderer.render([Layer(other)]), other)
    other[...] = pixels
    renderer.forget()
    assert np.array_equal(renderer.render([Layer(other)]), pixels)


def test_the_picture_cannot_be_written_and_bad_trees_leave_it() -> None:
    """The view is read-only, and a refused tree changes nothing."""
    renderer = Renderer(SIZE)
    picture = renderer.render(NODES)
    before = picture.copy()
    with pytest.raises(ValueError, match="read-only"):
        picture[0, 0] = 0
    with pytest.raises(CompositorError):
        renderer.render([object()])  # type: ignore[list-item]
    assert np.array_equal(picture, before)
    with pytest.raises(CompositorError):
        Renderer((0, 5))


def test_masks_are_told_apart_like_pixels() -> None:
    """A mask is part of what a tile depends on; the same one draws nothing, another draws its tiles."""
    coverage = np.ascontiguousarray(noise(9, 30, 30)[..., 3])
    pixels, below = noise(10, 40, 40), opaque(1, 130, 150)
    renderer = Renderer(SIZE, tile=32)
    for mask, drawn in ((Mask(coverage, 70, 70), 25), (Mask(coverage, 70, 70), 0), (Mask(coverage.copy(), 70, 70), 4)):
        tree: list[Node] = [
            Layer(below),
            Layer(pixels, 64, 64, mask=mask),
            Group([Layer(pixels, 64, 64, "screen")], isolated=False, mask=mask),
        ]
        assert np.array_equal(renderer.render(tree), composite(tree, size=SIZE))
        assert renderer.tiles_drawn == drawn
