"""Sources that hand over regions: read where they show and nowhere else, by one thread at a time, checked each time."""

import threading
from typing import Any

import numpy as np
import pytest

from compositor import (
    CompositorError,
    Layer,
    Node,
    NumberError,
    Pattern,
    RegionSource,
    Renderer,
    SourceError,
    composite,
    readers,
    render_strips,
)
from tests.compositor.pictures import noise, opaque

Array = np.ndarray[Any, np.dtype[Any]]


class Recorded:
    """An array as a region source, which records what was read and whether two threads ever were in it at once."""

    def __init__(self, pixels: Array) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[:2]
        self.regions: list[tuple[int, int, int, int]] = []
        self._inside = threading.Lock()

    def read(self, x: int, y: int, width: int, height: int) -> Array:
        assert self._inside.acquire(blocking=False), "two threads at once"
        assert readers.reader("again", self).turn.lock.locked(), "another turn for the same source"
        self.regions.append((x, y, width, height))
        part = self.pixels[y : y + height, x : x + width]
        assert part.shape[:2] == (height, width), "read outside"
        assert width > 0
        assert height > 0
        self._inside.release()
        return part

    @property
    def asked(self) -> Array:
        """How often each pixel was read."""
        count = np.zeros((self.height, self.width), int)
        for x, y, width, height in self.regions:
            count[y : y + height, x : x + width] += 1
        return count


TURN = ((0.8, -0.5, 30), (0.5, 0.8, -7))
PLACES: tuple[dict[str, Any], ...] = (
    {"x": 13, "y": -9},
    {"x": -20.25, "y": 30.5},
    {"matrix": TURN},
    {"matrix": ((0.5, 0, 3), (0, 0.7, 5.5)), "filter": "lanczos3"},
    {"matrix": ((0, -1.5, 150), (1.2, 0, 0)), "filter": "bicubic"},
    {"matrix": TURN, "filter": "nearest"},
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_a_source_draws_what_its_array_draws(place: dict[str, Any], dtype: str) -> None:
    """In float32, bit for bit, whatever regions it was read in."""
    one = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    pixels = (noise(1, 90, 80) / 255 * one).astype(dtype)[..., :3]
    below = Layer(opaque(2, 120, 130))
    wanted = composite([below, Layer(pixels, blend="multiply", **place)], size=(130, 120), dtype="float32", tile=64)
    for threads, tile in ((1, 32), (3, 47)):
        layers = [below, Layer(Recorded(pixels), blend="multiply", **place)]
        found = composite(layers, size=(130, 120), dtype="float32", threads=threads, tile=tile)
        assert np.array_equal(found, wanted)


def test_only_what_shows_is_read() -> None:
    """Each pixel on the canvas once when it lies on whole pixels; nothing of what is hidden or far away."""
    source = Recorded(noise(3, 200, 300))
    composite([Layer(source, x=-50, y=-60)], size=(64, 48), tile=16, threads=2)
    expected = np.zeros((200, 300), int)
    expected[60:108, 50:114] = 1
    assert np.array_equal(source.asked, expected)
    for nodes in (
        [Layer(source), Layer(opaque(4, 48, 64))],
        [Layer(source, x=64)],
        [Layer(source, opacity=0)],
        [Layer(source, matrix=((1, 0.1, 900), (0, 1, 0)))],
        [Layer(source, visible=False)],
    ):
        source.regions.clear()
        composite(nodes, size=(64, 48))
        assert source.regions == []


def test_a_mapped_source_is_read_around_what_shows() -> None:
    """With the margin of the filter, in pieces that stay small although the tiles are strips, which lie across it."""
    source = Recorded(noise(5, 400, 500))
    composite([Layer(source, matrix=((0.7, -0.7, 250), (0.7, 0.7, -300)), filter="lanczos3")], size=(600, 16))
    assert max(width * height for _, _, width, height in source.regions) <= 15_000
    assert 0.05 < (source.asked > 0).mean() < 0.5


def test_sources_are_read_by_one_thread_at_a_time() -> None:
    """Even when two layers share one: the source's own assertion would fail, and its error would come up here."""
    source = Recorded(noise(6, 300, 300))
    layers = [Layer(source), Layer(source, 5, 5, "screen"), Pattern(source, phase_x=7, blend="multiply")]
    assert composite(layers, size=(300, 300), threads=7, tile=16).any()


class Bad:
    """A source that hands over whatever it is told to."""

    width, height = 20, 20

    def __init__(self, make: Any) -> None:
        self.make = make

    def read(self, _x: int, _y: int, width: int, height: int) -> Any:
        return self.make(width, height)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _w, _h: None, "NoneType"),
        (lambda w, h: np.zeros((w, h, 4), np.uint8), "shape (20, 8, 4)"),
        (lambda w, h: np.zeros((h, w, 5), np.uint8), "5)"),
        (lambda w, h: np.zeros((h, w, 4), np.float64), "float64"),
        (lambda w, h: np.full((h, w), np.nan, np.float32), "nan"),
        (lambda w, h: np.full((h, w), np.inf, np.float16), "inf"),
        (lambda w, h: np.zeros(w * h, np.uint8), "shape (160,)"),
    ],
)
def test_what_a_source_hands_over_is_checked(make: Any, words: str) -> None:
    """By an error that names the layer's field and the region."""
    for threads in (1, 3):
        with pytest.raises(SourceError) as caught:
            composite([Layer(Bad(make))], size=(20, 8), threads=threads)
        assert "Layer.pixels: read(0, 0, 20, 8)" in str(caught.value)
        assert words in str(caught.value)
        assert caught.value.region == (0, 0, 20, 8)


def test_what_a_source_raises_comes_up_as_it_is() -> None:
    """From any thread: it is the caller's own."""

    def fail(_width: int, _height: int) -> None:
        raise OSError("the disk is gone")

    for threads in (1, 4):
        with pytest.raises(OSError, match="the disk is gone"):
            composite([Layer(Bad(fail))], size=(200, 200), threads=threads, tile=16)


@pytest.mark.parametrize("sides", [(-1, 5), (5, 1e9), (True, 5), ("5", 5), (None, 5)])
def test_sources_without_a_size_are_refused(sides: Any) -> None:
    """When the layer is made."""
    source = Recorded(noise(7))
    source.width, source.height = sides
    with pytest.raises(SourceError, match="whole number"):
        Layer(source)
    source = Recorded(noise(7))
    source.read = 5  # type: ignore[method-assign, assignment]
    with pytest.raises(SourceError, match="no method"):
        Layer(source)
    assert isinstance(Recorded(noise(7)), RegionSource)


def test_renderer_knows_sources_by_identity() -> None:
    """The same object draws nothing anew, another one does, however equal; so do another map and another place."""
    pixels = noise(8, 60, 60)
    one, two = Recorded(pixels), Recorded(pixels)
    renderer = Renderer((64, 64), tile=32)
    trees: list[tuple[list[Node], bool]] = [
        ([Layer(one), Layer(one, matrix=TURN)], True),
        ([Layer(one), Layer(one, matrix=TURN)], False),
        ([Layer(one), Layer(one, matrix=TURN, filter="bicubic")], True),
        ([Layer(one), Layer(two, matrix=TURN, filter="bicubic")], True),
        ([Layer(one, x=1), Layer(two, matrix=TURN, filter="bicubic")], True),
        ([Pattern(two, phase_x=3)], True),
        ([Pattern(two, phase_x=3)], False),
        ([Pattern(two, phase_x=4)], True),
    ]
    for tree, drawn in trees:
        assert np.array_equal(renderer.render(tree), composite(tree, size=(64, 64)))
        assert bool(renderer.tiles_drawn) == drawn


@pytest.mark.parametrize("rows", [1, 7, 16, 50, 200, None])
@pytest.mark.parametrize(("dtype", "space"), [("uint8", "encoded"), ("float16", "linear")])
def test_strips_are_the_rows_of_composite(rows: int | None, dtype: Any, space: Any) -> None:
    """The same bytes, from the top down, without gap or overlap."""
    tree: list[Node] = [
        Layer(opaque(9, 90, 100), x=10),
        Layer(Recorded(noise(10, 80, 120)), matrix=TURN, blend="screen"),
        Pattern(noise(11, 5, 9), blend="overlay", phase_x=2.5),
    ]
    expected = composite(tree, size=(130, 101), background=(0.1, 0.2, 0.3), dtype=dtype, space=space)
    at = 0
    arguments: dict[str, Any] = {"size": (130, 101), "background": (0.1, 0.2, 0.3), "dtype": dtype, "space": space}
    for y, strip in render_strips(tree, **arguments, rows=rows, tile=32, threads=2):
        assert y == at
        assert np.array_equal(strip, expected[y : y + len(strip)])
        assert strip.shape == (min(rows or 101, 101 - y), 130, 4)
        at += len(strip)
    assert at == 101


def test_strips_are_drawn_one_by_one() -> None:
    """Nothing is read for a strip that nobody has asked for, and a canvas may be larger than any array."""
    source = Recorded(noise(12, 40, 50))
    strips = render_strips([Layer(source, y=-8)], size=(32_768, 32_768), rows=16, threads=1)
    assert source.regions == []
    y, strip = next(strips)
    assert (y, strip.shape) == (0, (16, 32_768, 4))
    assert source.asked[:8].max() == 0
    assert source.asked[24:].max() == 0
    assert np.array_equal(strip[:, :50], composite([Layer(source.pixels, y=-8)], size=(50, 16)))


def test_bad_strips_are_refused_when_they_are_asked_for() -> None:
    """Not with the first strip, when half the world is set up already."""
    for rows in (0, -1, 1.5, "8", True):
        with pytest.raises(NumberError, match="rows"):
            render_strips([], size=(4, 4), rows=rows)  # type: ignore[arg-type]
    with pytest.raises(CompositorError):
        render_strips([], size=(40_000, 4))
    with pytest.raises(CompositorError):
        render_strips([object()], size=(4, 4))  # type: ignore[list-item]
