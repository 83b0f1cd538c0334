"""Boxes, hits, alignment and distribution: exact on known shapes, and true to what resvg paints."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.vector_core import affine, arrange, bounds, hit, rasterize, scene_write
from engines.vector_core.curves import Box
from engines.vector_core.scene import Clip, Ellipse, Group, Instance, Line, Path, Rect, Scene, Shape, Stroke, Symbol
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.tests import scene_strategies as made


def boxes_of(nodes: tuple) -> list[Box]:  # type: ignore[type-arg]
    return [box for node in nodes if (box := bounds.visual_box(node))]


def square(x: float, y: float, side: float = 10, **more: object) -> Shape:
    return Shape(geometry=Rect(x=x, y=y, width=side, height=side), **more)  # type: ignore[arg-type]


def test_boxes_of_curves_are_those_of_the_curve_not_of_its_handles() -> None:
    """A cubic with handles at height 40 rises to 30; a turned ellipse reaches √(a² cos² + b² sin²)."""
    assert bounds.geometric_box(Shape(geometry=Path("M0 0C0 40 10 40 10 0"))) == Box(0, 0, 10, 30)
    tilted = Shape(geometry=Ellipse(rx=20, ry=10), transform=affine.rotate(30))
    reach = math.hypot(20 * math.cos(math.pi / 6), 10 * math.sin(math.pi / 6))
    assert bounds.geometric_box(tilted).right == pytest.approx(reach, rel=1e-5)  # type: ignore[union-attr]


def test_visual_boxes_have_strokes_and_clips() -> None:
    """A mitred stroke of 4 adds 2 on each side; a clip takes away; a shape without paint has no visual box."""
    stroke = Stroke(paint="#000000", width=4)
    stroked = square(10, 10, stroke=stroke)
    assert bounds.visual_box(stroked) == Box(8, 8, 22, 22)
    assert bounds.geometric_box(stroked) == Box(10, 10, 20, 20)
    half = Clip(shapes=(Shape(geometry=Rect(width=0.5, height=2)),), units="objectBoundingBox")
    assert bounds.visual_box(msgspec.structs.replace(stroked, clip=half)) == Box(10, 10, 15, 22)
    assert bounds.visual_box(square(0, 0, fill=None)) is None


def test_boxes_reach_through_groups_and_instances() -> None:
    """A symbol drawn twice as large, moved by its group."""
    symbol = Symbol(id="dot", children=(square(0, 0),))
    group = Group(children=(Instance(symbol="dot", transform=affine.scale(2)),), transform=affine.translate(5, 6))
    scene = Scene(width=64, height=48, children=(group,), symbols=(symbol,))
    assert bounds.scene_box(scene) == Box(5, 6, 25, 26)
    assert bounds.geometric_box(group, scene) == Box(5, 6, 25, 26)
    assert bounds.geometric_box(group) is None, "unknown symbols are empty"


@settings(max_examples=40, deadline=None)
@given(made.shapes(0))
def test_visual_boxes_hold_all_ink_and_no_more(shape: Shape) -> None:
    """Every inked pixel of resvg lies in the box, within the pixel that smoothing adds."""
    shape = msgspec.structs.replace(shape, opacity=1, fill_opacity=1)
    svg = scene_write.write_svg(Scene(width=64, height=48, children=(shape,)))
    alpha = rasterize.rasterize(svg, 64, 48)[..., 3]
    box = bounds.visual_box(shape)
    if not alpha.any():
        return
    assert box is not None
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    # What is thinner than a pixel resvg draws as a pale hairline a pixel wide: half a pixel more on each side.
    hairline = shape.stroke is not None and shape.stroke.width * affine.stretch(shape.transform) <= 1
    reach = 1.6 if hairline else 1.1
    assert box.left - reach <= columns[0]
    assert columns[-1] <= box.right + reach
    assert box.top - reach <= rows[0]
    assert rows[-1] <= box.bottom + reach


def test_the_topmost_shape_is_hit_with_its_path_and_ids() -> None:
    """Programs that let people point at things need to know which, and in which group."""
    group = Group(children=(square(0, 0), square(4, 4, id="top")), id="pair", transform=affine.translate(10, 10))
    scene = Scene(width=64, height=48, children=(square(0, 0, 60), group))
    found = hit.hit_test(scene, 20, 20)
    assert found is not None
    assert (found.node.id, found.path, found.ids) == ("top", (1, 1), ("top", "pair"))
    assert hit.hit_test(scene, 11, 11).path == (1, 0)  # type: ignore[union-attr]
    assert [h.path for h in hit.iter_hits(scene, 16, 16)] == [(1, 1), (1, 0), (0,)]
    assert hit.hit_test(scene, 62, 20) is None
    with pytest.raises(SceneValueError):
        hit.hit_test(scene, math.nan, 0)


def test_rules_strokes_and_clips_decide_what_is_hit() -> None:
    """The hole of an even-odd ring, the width of a line, the outside of a clip."""
    ring = Path("M0 0H30V30H0ZM10 10H20V20H10Z")
    even, full = (Shape(geometry=ring, fill_rule=rule) for rule in ("evenodd", "nonzero"))  # type: ignore[arg-type]
    line = Shape(geometry=Line(x2=30), fill=None, stroke=Stroke(paint="#000000", width=6, dash=(10, 5)))
    clipped = square(0, 0, 30, clip=Clip(shapes=(square(5, 5),)))
    hits = [
        hit.hit_test(Scene(width=64, height=48, children=(shape,)), *at) is not None
        for shape, at in (
            (even, (15, 15)), (full, (15, 15)), (even, (5, 5)),
            (line, (5, 2.9)), (line, (5, 3.1)), (line, (12, 0)),
            (clipped, (6, 6)), (clipped, (20, 20)),
        )
    ]  # fmt: skip
    assert hits == [False, True, True, True, False, False, True, False]


@settings(max_examples=60, deadline=None)
@given(made.shapes(0), st.lists(st.tuples(st.integers(0, 63), st.integers(0, 47)), min_size=8, max_size=8))
def test_hits_are_where_resvg_paints(shape: Shape, pixels: list[tuple[int, int]]) -> None:
    """A pixel that is covered entirely is hit in its middle; one that is not covered at all is not."""
    shape = msgspec.structs.replace(
        shape,
        fill=shape.fill and "#000000",
        fill_opacity=1,
        stroke=shape.stroke and msgspec.structs.replace(shape.stroke, opacity=1, paint="#000000"),
    )
    scene = Scene(width=64, height=48, children=(shape,))
    alpha = rasterize.rasterize(scene_write.write_svg(scene), 64, 48)[..., 3]
    around = np.pad(alpha, 1, mode="edge")
    for x, y in pixels:
        near = around[y : y + 3, x : x + 3]
        if near.min() == 255 or near.max() == 0:
            assert (hit.hit_test(scene, x + 0.5, y + 0.5) is not None) == bool(near.max())


ROW = (square(0, 0, 10), square(30, 5, 20), square(70, 40, 4))


@pytest.mark.parametrize(
    ("edge", "side", "wanted"),
    [
        ("left", lambda b: b.left, 0),
        ("center", lambda b: (b.left + b.right) / 2, 37),
        ("right", lambda b: b.right, 74),
        ("top", lambda b: b.top, 0),
        ("middle", lambda b: (b.top + b.bottom) / 2, 22),
        ("bottom", lambda b: b.bottom, 44),
    ],
)
def test_six_alignments(edge: arrange.Edge, side, wanted: float) -> None:  # type: ignore[no-untyped-def]
    """To the box around all, or to any other; the other axis stays."""
    moved = arrange.align(ROW, edge)
    assert [side(box) for box in boxes_of(moved)] == [wanted] * 3
    assert arrange.align(moved, edge) == moved, "aligned already"
    page = Box(100, 200, 300, 400)
    assert len({round(side(box), 9) for box in boxes_of(arrange.align(ROW, edge, to=page))}) == 1


def test_gaps_become_equal_and_the_outermost_stay() -> None:
    """Widths 10, 20 and 4 between 0 and 74 leave two gaps of 20; order in the scene is not order on the page."""
    shuffled = (ROW[1], ROW[2], ROW[0])
    moved = arrange.distribute(shuffled, "horizontal")
    lefts = sorted((box.left, box.right) for box in boxes_of(moved))
    assert lefts == [(0, 10), (30, 50), (70, 74)]
    assert moved[2] == ROW[0]
    assert moved[1] == ROW[2]


def test_gaps_may_be_given_and_centres_counted() -> None:
    """A fixed gap pushes from the first on; centres at equal steps ignore widths."""
    by_gap = boxes_of(arrange.distribute(ROW, "horizontal", gap=3))
    assert [(box.left, box.right) for box in by_gap] == [(0, 10), (13, 33), (36, 40)]
    by_center = boxes_of(arrange.distribute(ROW, "horizontal", by="centers"))
    centres = [(box.left + box.right) / 2 for box in by_center]
    assert centres == [5, 38.5, 72]
    within = boxes_of(arrange.distribute(ROW, "vertical", within=Box(0, 0, 0, 100)))
    assert (min(box.top for box in within), max(box.bottom for box in within)) == (0, 100)


def test_arrangement_uses_visual_boxes_unless_told() -> None:
    """A thick stroke is part of what is seen."""
    thick = square(50, 0, stroke=Stroke(paint="#000000", width=6))
    assert boxes_of(arrange.align((ROW[0], thick), "left"))[1].left == 0
    assert boxes_of(arrange.align((ROW[0], thick), "left", geometric=True))[1].left == -3


@pytest.mark.parametrize(
    "call",
    [
        lambda: arrange.align(ROW, "diagonal"),  # type: ignore[arg-type]
        lambda: arrange.distribute(ROW, "sideways"),  # type: ignore[arg-type]
        lambda: arrange.distribute(ROW, "vertical", by="centers", gap=3),
        lambda: arrange.align([ROW[0]] * (arrange.ARRANGED_MAX + 1), "left"),
    ],
)
def test_what_cannot_be_arranged_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SceneValueError):
        call()


def test_what_has_no_box_stays() -> None:
    """Empty groups are no reason to fail."""
    empty = Group(children=())
    assert arrange.align((empty, ROW[0]), "right")[0] == empty
    assert arrange.distribute((empty,), "vertical") == (empty,)
