"""What cannot be composited is refused before any work, with an error that names field, value and limit."""

from collections.abc import Callable

import numpy as np
import pytest

import compositor
from compositor import (
    BLEND_MODES,
    CANVAS_SIDE_PX_MAX,
    GROUP_DEPTH_MAX,
    BlendModeError,
    CanvasSizeError,
    ChoiceError,
    ColorError,
    CompositorError,
    FormatError,
    Gradient,
    Group,
    Layer,
    Mask,
    MaskError,
    MatrixError,
    Node,
    NotFiniteError,
    NumberError,
    Pattern,
    Solid,
    StopsError,
    TreeError,
)
from tests.compositor.pictures import noise

PIXELS = np.zeros((2, 2, 4), np.uint8)
NAN, INF = float("nan"), float("inf")
SOFT = noise(4, 8, 9)
STOPS = ((0, (1, 0, 0)), (1, (0, 0, 1)))


def draw(*layers: Node, **options: object) -> np.ndarray:
    return compositor.composite(layers, **{"size": (4, 4), **options})  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Layer(PIXELS, blend="multipy"), BlendModeError, "color-dodge"),
        (lambda: Layer(PIXELS, blend=None), BlendModeError, "None"),
        (lambda: Layer(PIXELS.tolist()), FormatError, "list"),
        (lambda: Layer(PIXELS[..., :0]), FormatError, "(2, 2, 0)"),
        (lambda: Layer(PIXELS[0, 0]), FormatError, "(4,)"),
        (lambda: Layer(PIXELS.astype(np.float64)), FormatError, "float64"),
        (lambda: Layer(np.full((2, 2), NAN, np.float16)), NotFiniteError, "Layer.pixels: holds nan"),
        (lambda: Layer(PIXELS, matrix=((1, 0), (0, 1))), MatrixError, "Layer.matrix"),
        (lambda: Layer(PIXELS, matrix=((1, 1, 0), (1, 1, 0))), MatrixError, "Layer.matrix"),
        (lambda: Layer(PIXELS, filter="soft"), ChoiceError, "bicubic"),
        (lambda: Pattern(PIXELS.tolist()), FormatError, "Pattern.pixels"),
        (lambda: Pattern(PIXELS, phase_x=INF), NumberError, "Pattern.phase_x"),
        (lambda: Pattern(PIXELS, width=-1), NumberError, "Pattern.width"),
        (lambda: Pattern(PIXELS, blend="glow"), BlendModeError, "glow"),
        (lambda: Layer(PIXELS, opacity=1.01), NumberError, "1.01"),
        (lambda: Layer(PIXELS, opacity=NAN), NumberError, "nan"),
        (lambda: Layer(PIXELS, opacity="1"), NumberError, "Layer.opacity"),
        (lambda: Layer(PIXELS, opacity=True), NumberError, "True"),
        (lambda: Layer(PIXELS, x=INF), NumberError, "Layer.x"),
        (lambda: Layer(PIXELS, y=1e9), NumberError, "1.67772e+07"),
        (lambda: Layer(PIXELS, visible=1), TreeError, "visible"),
        (lambda: Solid((1, 0)), ColorError, "(1, 0)"),
        (lambda: Solid((1, 0, 2)), ColorError, "2"),
        (lambda: Solid((1, 0, NAN)), ColorError, "nan"),
        (lambda: Solid("red"), ColorError, "red"),
        (lambda: Solid(0.5), ColorError, "0.5"),
        (lambda: Solid((1, 0, 0), width=-1), NumberError, "Solid.width"),
        (lambda: Gradient("conic", STOPS), StopsError, "conic"),
        (lambda: Gradient("linear", STOPS[:1]), StopsError, "found 1"),
        (lambda: Gradient("linear", STOPS * 501), StopsError, "1000"),
        (lambda: Gradient("linear", (1, 2)), StopsError, "pairs"),
        (lambda: Gradient("linear", ((NAN, (1, 0, 0)), (1, (1, 0, 0)))), NumberError, "stops[0] offset"),
        (lambda: Gradient("linear", ((0, (1, 0, 0)), (1, (1, 0, -1)))), ColorError, "stops[1]"),
        (lambda: Gradient("linear", STOPS, angle=INF), NumberError, "angle"),
        (lambda: Group(3), TreeError, "int"),
        (lambda: Group([PIXELS]), TreeError, "layers[0]"),
        (lambda: Group([], isolated=None), TreeError, "isolated"),
        (lambda: Group([], opacity=-0.1), NumberError, "Group.opacity"),
        (lambda: draw(PIXELS), TreeError, "ndarray"),
        (lambda: draw(background=(1, 1)), ColorError, "background"),
        (lambda: draw(size=(0, 4)), CanvasSizeError, "0 x 4"),
        (lambda: draw(size=(4.0, 4)), CanvasSizeError, "4.0"),
        (lambda: draw(size=(CANVAS_SIDE_PX_MAX + 1, 1)), CanvasSizeError, "32768"),
        (lambda: draw(size=(30_000, 30_000)), CanvasSizeError, "400000000"),
        (lambda: draw(size=4), CanvasSizeError, "4"),
        (lambda: draw(threads=0), NumberError, "threads"),
        (lambda: draw(tile=8), NumberError, "tile"),
    ],
)
def test_bad_input_is_a_typed_error(make: Callable[[], object], error: type[CompositorError], words: str) -> None:
    """A caller can tell what to do from the type, and a person from the message."""
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_unknown_mode_lists_the_known_ones() -> None:
    """Both as text and as a field."""
    with pytest.raises(BlendModeError) as caught:
        Layer(PIXELS, blend="glow")
    assert caught.value.known == BLEND_MODES
    assert all(mode in str(caught.value) for mode in BLEND_MODES)


def nested(depth: int, isolated: bool = True) -> Node:
    node: Node = Layer(np.full((2, 2, 4), 255, np.uint8), blend="multiply")
    for _ in range(depth):
        node = Group([node], opacity=0.99, isolated=isolated)
    return node


@pytest.mark.parametrize("isolated", [True, False])
def test_groups_nest_to_the_limit_and_no_deeper(isolated: bool) -> None:
    """The limit works, and past it there is an error instead of a deep recursion."""
    alpha = draw(nested(GROUP_DEPTH_MAX, isolated))[0, 0, 3]
    assert abs(int(alpha) - 255 * 0.99**GROUP_DEPTH_MAX) <= 1
    with pytest.raises(TreeError, match=str(GROUP_DEPTH_MAX)):
        draw(nested(GROUP_DEPTH_MAX + 1))
    with pytest.raises(TreeError):
        draw(nested(5_000))


def test_shared_groups_are_counted_as_often_as_they_are_listed() -> None:
    """Thirty doublings of one small group are a billion layers: refused at once."""
    node: Node = Layer(PIXELS)
    for _ in range(30):
        node = Group([node, node])
    with pytest.raises(TreeError, match="100000"):
        draw(node)


def test_a_group_keeps_the_layers_that_it_was_given() -> None:
    """Changing the list afterwards changes nothing: values are frozen."""
    layers: list[Node] = [Layer(PIXELS)]
    group = Group(layers)
    layers.append(Layer(PIXELS))
    assert len(group.layers) == 1


def test_sources_wholly_off_the_canvas_are_fine() -> None:
    """As far away as positions go, on every side."""
    far = 2.0**24
    for x, y in ((far, 0), (-far, 0), (0, far), (0, -far), (far - 0.5, -far + 0.5)):
        layers = [Layer(PIXELS, x=x, y=y), Gradient("radial", STOPS, x=x, y=y, width=3, height=3)]
        assert not draw(*layers).any()


def test_pass_through_is_a_group_that_is_not_isolated() -> None:
    """Photoshop's word for it is the one that people look for."""
    group = Group([Layer(SOFT, blend="multiply")], blend="pass-through", opacity=0.5)
    assert (group.blend, group.isolated) == ("normal", False)
    with pytest.raises(BlendModeError):
        Layer(SOFT, blend="pass-through")


def test_plain_coverage_is_a_mask_on_its_layer() -> None:
    """Most masks have the size of what they mask; only others need a place."""
    coverage = np.arange(SOFT.shape[0] * SOFT.shape[1], dtype=np.uint16).reshape(SOFT.shape[:2])
    (mask,) = Layer(SOFT, x=3.5, y=-2, mask=coverage).mask
    assert (mask.x, mask.y, mask.outside) == (3, -2, 0)
    assert mask.coverage is coverage
    (first, second) = Group([], mask=[coverage, Mask(coverage, 1, 2)]).mask
    assert (first.x, first.y, second.x, second.y) == (0, 0, 1, 2)
    with pytest.raises(MaskError, match=r"Layer\.mask|Mask\.coverage"):
        Layer(SOFT, mask=SOFT)
    picture = compositor.composite([Layer(SOFT, x=2, y=1, mask=coverage)], size=(40, 40))
    assert (
        picture.tobytes()
        == compositor.composite([Layer(SOFT, x=2, y=1, mask=Mask(coverage, 2, 1))], size=(40, 40)).tobytes()
    )
