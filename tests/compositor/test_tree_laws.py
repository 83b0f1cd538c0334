"""Laws of whole trees: what shows nothing changes nothing, brackets of normal layers do not matter, and neither place
nor the cutting of a canvas shows.
"""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import compositor
from compositor import Advanced, Gradient, Group, Layer, Mask, Node, Solid
from compositor.modes import MIXING_MODES
from compositor.tree import GRADIENT_KINDS
from tests.compositor import every_stage
from tests.compositor.pictures import noise, opaque, worst_step

SIZE = (14, 11)
STOPS = ((0, (1, 0, 0, 0.5)), (0.6, (0, 1, 1)), (1, (0, 0, 1, 0.1)))
ALMOST = 1 - 2**-20
"""An opacity that no byte shows, but that a group is not dissolved at."""

opacities = st.sampled_from([0.25, 0.5, 1.0]) | st.floats(0.01, 1)
places = st.integers(-24, 24).map(lambda quarters: quarters / 4)
layers = st.builds(
    lambda seed, **options: Layer(noise(seed, 7, 9), **options),
    st.integers(0, 99),
    x=places,
    y=places,
    blend=st.sampled_from(MIXING_MODES),
    opacity=opacities,
)
areas = st.builds(
    Gradient,
    st.sampled_from(GRADIENT_KINDS),
    st.just(STOPS),
    angle=st.floats(-360, 360),
    x=places,
    y=places,
    width=st.floats(1, 20),
    height=st.floats(1, 20),
    blend=st.sampled_from(MIXING_MODES),
)
trees = st.recursive(
    layers | areas,
    lambda children: st.builds(
        Group,
        st.lists(children, max_size=3),
        blend=st.sampled_from(MIXING_MODES),
        opacity=opacities,
        isolated=st.booleans(),
    ),
    max_leaves=5,
)


def draw(nodes: Sequence[Node], size: tuple[int, int] = SIZE, **options: object) -> np.ndarray:
    return compositor.composite(nodes, size=size, **options)  # type: ignore[arg-type]


def moved(nodes: Sequence[Node], dx: int, dy: int) -> list[Node]:
    """The same tree at another place; areas must have a size."""
    found: list[Node] = []
    for node in nodes:
        masks = tuple(replace(mask, x=mask.x + dx, y=mask.y + dy) for mask in node.mask)  # type: ignore[union-attr, arg-type]
        if isinstance(node, Group):
            found.append(replace(node, layers=moved(node.layers, dx, dy), mask=masks))
        else:
            found.append(replace(node, x=node.x + dx, y=node.y + dy, mask=masks))
    return found


def portable() -> list[Node]:
    """`every_stage.translucent` without what belongs to places of the canvas: dissolve and dither."""
    nodes = [replace(node, dither=False) if isinstance(node, Gradient) else node for node in every_stage.translucent()]
    return [node for node in nodes if node.blend != "dissolve"]


def unseen(kind: str, node: Node) -> Node:
    """`node`, so that nothing of it can be seen."""
    if kind == "empty":
        return Group([], blend=node.blend)
    changes = {
        "invisible": {"visible": False},
        "opacity 0": {"opacity": 0.0},
        "fill 0": {"fill": 0.0},
        "masked": {"mask": Mask(np.zeros((2, 3), np.uint8))},
        "no channels": {"advanced": Advanced(channels="")},
        "within": {},
    }[kind]
    if kind == "within":
        return Group([replace(node, visible=False)], blend=node.blend, isolated=False)
    return replace(node, **changes)  # type: ignore[arg-type]  # fields of every node


def inserted(nodes: Sequence[Node], extra: Node, turns: Sequence[int]) -> list[Node]:
    """`nodes` with `extra` somewhere among them or inside the groups among them, as `turns` say."""
    turn, rest = (turns[0], turns[1:]) if turns else (0, ())
    groups = [index for index, node in enumerate(nodes) if isinstance(node, Group)]
    if rest and groups:
        index = groups[turn % len(groups)]
        group = nodes[index]
        inside = replace(group, layers=inserted(group.layers, extra, rest))  # type: ignore[union-attr]  # a group
        return [*nodes[:index], inside, *nodes[index + 1 :]]
    place = turn % (len(nodes) + 1)
    return [*nodes[:place], extra, *nodes[place:]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(trees, max_size=3),
    trees,
    st.sampled_from(["invisible", "opacity 0", "fill 0", "masked", "no channels", "within", "empty"]),
    st.lists(st.integers(0, 9), max_size=3),
)
def test_what_cannot_be_seen_changes_nothing_anywhere(
    nodes: list[Node], extra: Node, kind: str, turns: list[int]
) -> None:
    """In any mode, at any place of any tree; to the byte."""
    background = (0.2, 0.4, 0.6, 0.5)
    expected = draw(nodes, background=background)
    assert (draw(inserted(nodes, unseen(kind, extra), turns), background=background) == expected).all()


def bracketed(nodes: Sequence[Node], cuts: Sequence[int]) -> list[Node]:
    """`nodes` in groups of groups of two, cut where `cuts` say."""
    if len(nodes) <= 1:
        return list(nodes)
    cut = 1 + cuts[0] % (len(nodes) - 1)
    halves = (bracketed(nodes[:cut], cuts[1:]), bracketed(nodes[cut:], cuts[1:]))
    return [half[0] if len(half) == 1 else Group(half, opacity=ALMOST) for half in halves]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 99), opacities, places, places), min_size=2, max_size=6),
    st.lists(st.integers(0, 9), min_size=6, max_size=6),
    st.sampled_from([None, (0.25, 0.5, 0.75), (1, 0, 0.5, 0.5)]),
)
def test_normal_layers_may_be_bracketed_in_any_way(
    parts: list[tuple[int, float, float, float]], cuts: list[int], background: tuple[float, ...] | None
) -> None:
    """Source-over is associative, in floats as far as one step of 8 bit can tell; groups keep their own planes here."""
    nodes = [Layer(noise(seed, 9, 12), x=x, y=y, opacity=opacity) for seed, opacity, x, y in parts]
    expected = draw(nodes, background=background).astype(float)
    assert worst_step(draw(bracketed(nodes, cuts), background=background), expected) <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(trees, min_size=1, max_size=3), st.sampled_from(["pixels", "solid", "gradient", "group"]))
def test_clipping_to_an_opaque_base_is_no_clipping(members: list[Node], kind: str) -> None:
    """Any number of members of any kind, on any kind of base that covers everything; to the byte.

    Groups among the members are isolated: what a member that is open would start from are the base's bare colours.
    """
    ground = opaque(5, SIZE[1], SIZE[0])
    base: Node = {
        "pixels": Layer(ground),
        "solid": Solid((0.2, 0.5, 0.7)),
        "gradient": Gradient("diamond", ((0, (1, 0, 0)), (1, (0, 0, 1)))),
        "group": Group([Layer(ground), Layer(noise(6), blend="multiply")], opacity=1.0),
    }[kind]
    free = [replace(node, isolated=True) if isinstance(node, Group) else node for node in members]
    clipped = [replace(node, clip=True) for node in free]
    below = Layer(noise(7))
    found, expected = draw([below, base, *clipped]), draw([below, base, *free])
    assert (found == expected).all()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_moving_everything_moves_the_picture(dx: int, dy: int) -> None:
    """All modes, gradients, feathers, clips and knockouts; to the byte."""
    width, height = every_stage.SIZE
    still = draw(portable(), every_stage.SIZE)
    shifted = draw(moved(portable(), dx, dy), (width + dx, height + dy), tile=48)
    assert (shifted[dy:, dx:] == still).all()


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 99)] * 2), st.tuples(*[st.integers(0, 69)] * 2), st.booleans())
def test_splitting_the_canvas_never_shows(across: tuple[int, int], down: tuple[int, int], ground: bool) -> None:
    """A part of the picture drawn on a canvas of its own is that part of the whole, to the byte."""
    x0, x1, y0, y1 = min(across), max(across) + 1, min(down), max(down) + 1
    nodes = [Layer(opaque(60, 70, 100)), *portable()] if ground else portable()
    background = (0.1, 0.2, 0.3, 0.5)
    whole = draw(nodes, every_stage.SIZE, background=background)
    part = draw(moved(nodes, -x0, -y0), (x1 - x0, y1 - y0), background=background, tile=16)
    assert (part == whole[y0:y1, x0:x1]).all()
