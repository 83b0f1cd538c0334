"""Gradients that repeat or reflect, said as stops: the same pixels, for files that have no spreads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.vector_core import affine, rasterize, spreads
from engines.vector_core.scene import (
    Clip,
    Ellipse,
    Group,
    LinearGradient,
    Pattern,
    Polygon,
    RadialGradient,
    Rect,
    Scene,
    Shape,
    Stop,
    Stroke,
)
from engines.vector_core.scene_write import write_svg
from engines.vector_core.tests.scene_strategies import transforms

STOPS = (Stop(0.2, "#ff0000"), Stop(0.5, "#ffff00", 0.4), Stop(0.9, "#0000ff"))
OFF_LEVELS, OFF_SHARE = 12, 0.02
"""Where a stretch jumps back to its first colour, the pixel on the jump may fall on either side."""


def one(*nodes: object) -> Scene:
    return Scene(width=64, height=48, children=nodes)  # type: ignore[arg-type]


def same(scene: Scene) -> None:
    """Assert that a scene and its unrolled form look the same, and that the latter only pads."""
    plain = write_svg(spreads.unrolled(scene))
    assert b"spreadMethod" not in plain
    first, second = (rasterize.rasterize(svg, 64, 48).astype(int) for svg in (write_svg(scene), plain))
    assert (np.abs(first - second).max(axis=2) > OFF_LEVELS).mean() <= OFF_SHARE


LINEAR = LinearGradient(stops=STOPS, x1=0.3, x2=0.5, y2=0.1)
RADIAL = RadialGradient(stops=STOPS, cx=0.5, cy=0.4, r=0.2, fx=0.55)
PAGE = LinearGradient(stops=STOPS, x1=20, x2=31, y1=7, y2=12, units="userSpaceOnUse", transform=affine.skew(20))


@pytest.mark.parametrize("spread", ["repeat", "reflect"])
@pytest.mark.parametrize("paint", [LINEAR, RADIAL, PAGE], ids=["linear", "radial", "in user units"])
def test_unrolled_gradients_look_the_same(paint: LinearGradient | RadialGradient, spread: str) -> None:
    """On a fill, and on a wide stroke that reaches beyond the shape's box."""
    import msgspec

    paint = msgspec.structs.replace(paint, spread=spread)
    same(one(Shape(geometry=Rect(x=6, y=5, width=50, height=38), fill=paint)))
    spiky = Polygon(((12, 40), (32, 10), (52, 40)))
    same(one(Shape(geometry=spiky, fill=None, stroke=Stroke(paint=paint, width=9, miter_limit=10))))


@given(transforms(), st.sampled_from(["repeat", "reflect"]), st.booleans())
def test_any_map_of_a_gradient_unrolls(matrix: affine.Matrix, spread: str, radial: bool) -> None:
    """Turned, slanted and mirrored gradients reach over the shape in their own coordinates."""
    if radial:
        paint = RadialGradient(stops=STOPS, cx=30, cy=20, r=15, units="userSpaceOnUse", spread=spread, transform=matrix)  # type: ignore[arg-type]
    else:
        paint = LinearGradient(
            stops=STOPS, x1=8, x2=30, y1=3, y2=9, units="userSpaceOnUse", spread=spread, transform=matrix
        )  # type: ignore[arg-type]
    same(one(Shape(geometry=Ellipse(cx=32, cy=24, rx=28, ry=20), fill=paint)))


def test_gradients_are_unrolled_wherever_they_are() -> None:
    """In groups, symbols and patterns; what only pads stays the very object."""
    wheel = RadialGradient(stops=STOPS, r=0.1, spread="repeat")
    tile = Pattern(children=(Shape(geometry=Rect(width=8, height=8), fill=wheel),), width=10, height=10)
    same(one(Group(children=(Shape(geometry=Rect(width=64, height=48), fill=tile),))))
    plain = one(Shape(geometry=Rect(width=64, height=48), fill=LINEAR, clip=Clip(shapes=())))
    assert spreads.unrolled(plain) is plain


def test_gradients_of_very_many_stretches_stay_as_they_are() -> None:
    """Stripes finer than any print would be a million stops."""
    fine = LinearGradient(stops=STOPS, x2=1e-5, spread="repeat")
    scene = one(Shape(geometry=Rect(width=64, height=48), fill=fine))
    assert spreads.unrolled(scene) is scene or spreads.unrolled(scene) == scene
