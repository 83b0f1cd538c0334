"""Laws that hold for every picture: neutral layers change nothing, and how the work is cut never shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compositor
from compositor import Gradient, Group, Layer, Node, Solid
from compositor.modes import MIXING_MODES
from tests.compositor.pictures import noise, opaque, worst_step

RAINBOW = ((0.0, (1, 0, 0, 1)), (0.4, (0, 1, 0, 0.5)), (1.0, (0, 0, 1, 0.2)))


def everything(height: int = 150, width: int = 170) -> list[Node]:
    """A tree with each kind of source and group, larger than the smallest tiles."""
    return [
        Layer(opaque(1, height - 20, width - 40), x=7, y=5),
        Gradient("linear", RAINBOW, angle=37, blend="overlay"),
        Gradient("radial", RAINBOW, x=10.5, y=3.25, width=90.5, height=70),
        Layer(noise(2, 60, 80), x=20.3, y=30.7, blend="soft-light"),
        Solid((0.2, 0.9, 0.4, 0.5), x=30.5, y=11.25, width=50.5, height=90, blend="difference"),
        Group([Layer(noise(3, 90, 90), blend="multiply"), Layer(noise(4, 40, 60), x=33, y=21)], blend="luminosity"),
        Group([Layer(noise(5, 99, 99), x=50, y=40, blend="screen")], blend="hue", opacity=0.5, isolated=False),
        Group([Layer(noise(6, 99, 99), x=-9, y=40, blend="color-burn")], opacity=0.5, isolated=False),
    ]


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    return compositor.composite(everything(), size=(170, 150), threads=1, background=(0.1, 0.2, 0.3, 0.5))


@pytest.mark.parametrize("tile", [16, 32, 37, 64, 101, 256, 1000])
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_neither_tile_size_nor_threads_change_a_byte(reference: np.ndarray, tile: int, threads: int) -> None:
    """Hashes of pixels are kept for years and compared between machines."""
    result = compositor.composite(
        everything(), size=(170, 150), threads=threads, tile=tile, background=(0.1, 0.2, 0.3, 0.5)
    )
    assert (result == reference).all()


@pytest.mark.parametrize("mode", MIXING_MODES)
def test_layers_that_cannot_be_seen_change_nothing(mode: str) -> None:
    """Opacity 0, invisible, outside the canvas, without pixels, wholly transparent: in any mode."""
    base: list[Node] = [Layer(noise(7)), Layer(noise(8), blend=mode)]
    unseen: list[Node] = [
        Layer(noise(9), blend=mode, opacity=0),
        Layer(noise(9), blend=mode, visible=False),
        Layer(noise(9), x=31, blend=mode),
        Layer(noise(9), y=-24.0, blend=mode),
        Layer(np.zeros((0, 5, 4), np.uint8), blend=mode),
        Solid((1, 0, 0), width=0, blend=mode),
        Group([], blend=mode),
        Group([Layer(noise(9))], blend=mode, isolated=False, visible=False),
    ]
    expected = compositor.composite(base, size=(31, 24))
    assert (compositor.composite([*base, *unseen], size=(31, 24)) == expected).all()
    clear = np.zeros((24, 31, 4), np.uint8)
    assert (compositor.composite([*base, Layer(clear, blend=mode)], size=(31, 24)) == expected).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.floats(0, 1), st.integers(-5, 5)), max_size=4), st.booleans())
def test_isolated_group_of_normal_layers_equals_its_layers(
    parts: list[tuple[int, float, int]], dissolves: bool
) -> None:
    """Source-over is associative. A group at almost full opacity keeps its own accumulator; a full one is dissolved."""
    layers = [Layer(noise(seed), x=shift, opacity=opacity) for seed, opacity, shift in parts]
    below = Layer(noise(10), blend="normal")
    inline = compositor.composite([below, *layers], size=(31, 24)).astype(float)
    group = Group(layers, opacity=1.0 if dissolves else 1 - 2**-20)
    assert worst_step(compositor.composite([below, group], size=(31, 24)), inline) <= 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([0, 0.25, 0.5]), st.sampled_from(MIXING_MODES))
def test_moving_everything_moves_the_picture(dx: int, dy: int, part: float, mode: str) -> None:
    """Nothing depends on where on the canvas, or in which tile, a pixel lies."""

    def at(x: float, y: float) -> list[Node]:
        return [
            Layer(noise(11), x=x, y=y),
            Gradient("radial", RAINBOW, x=x + 2, y=y + 1, width=20, height=15, blend="multiply"),
            Solid((0.9, 0.5, 0.1), x=x + part, y=y, width=9.5, height=22, opacity=0.5),
            Group([Layer(noise(12), x=x + part, y=y + part, blend=mode)], blend=mode, isolated=False),
        ]

    still = compositor.composite(at(0, 0), size=(32, 25))
    moved = compositor.composite(at(dx, dy), size=(32 + dx, 25 + dy), tile=32)
    assert (moved[dy:, dx:] == still).all()
    assert not moved[:dy].any()
    assert not moved[:, :dx].any()


def test_arrays_of_any_layout_give_the_same_picture() -> None:
    """Views, transposes, read-only and unaligned buffers come from decoders; none may be misread, copied into, or
    refused.
    """
    pixels = noise(13, 20, 30)
    expected = compositor.composite([Layer(pixels)], size=(30, 20))
    wide = np.zeros((40, 60, 8), np.uint8)
    wide[::2, ::2, ::2] = pixels
    turned = np.ascontiguousarray(pixels.transpose(1, 0, 2)).transpose(1, 0, 2)
    buffer = np.frombuffer(b"\0" + pixels.tobytes(), np.uint8)[1:].reshape(pixels.shape)
    for view in (wide[::2, ::2, ::2], turned, buffer, pixels[::-1][::-1], np.asfortranarray(pixels)):
        before = view.copy()
        assert (compositor.composite([Layer(view)], size=(30, 20)) == expected).all()
        assert (view == before).all()
    assert pixels.flags.writeable


def test_result_is_the_callers_own() -> None:
    """Two results share no memory, with each other or with a source."""
    pixels = opaque(14)
    first = compositor.composite([Layer(pixels)], size=(31, 24))
    second = compositor.composite([Layer(pixels)], size=(31, 24))
    assert first.flags.writeable
    assert first.flags.c_contiguous
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(first, pixels)
