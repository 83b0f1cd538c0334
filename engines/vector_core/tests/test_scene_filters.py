"""Filters in scenes: kept as they are spelled, with all that they inherit; what points elsewhere is refused."""

import numpy as np
import pytest

from engines.vector_core import filter_markup, operations, rasterize, scene_check, scene_read, scene_write
from engines.vector_core.curves import Box
from engines.vector_core.scene import Filter, Group, Rect, Scene, Shape, Stroke
from engines.vector_core.scene_errors import SceneUnsupportedError, SceneValueError
from engines.vector_core.tests.hostile import svg
from engines.vector_core.tests.scene_strategies import SHADOW

SIZE = 'width="64" height="48"'
RECT = '<rect x="16" y="12" width="24" height="16" fill="#c33" filter="{}"/>'

DOCUMENTS = {
    "shadow": '<filter id="f"><feDropShadow dx="4" dy="3" stdDeviation="2" flood-color="#00f"/></filter>' + RECT.format("url(#f)"),
    "inherited": '<g color-interpolation-filters="sRGB"><filter id="f"><feFlood style="flood-color:lime;'
    'flood-opacity:.5" result="a"/><feBlend in="SourceGraphic" in2="a" mode="multiply"/></filter></g>' + RECT.format("url(#f)"),
    "region in percent": '<filter id="f" filterUnits="userSpaceOnUse" x="10%" y="10%" width="60%" height="50%"><feFlood x="25%" '
    'flood-color="rgba(0,0,255,.5)"/></filter>' + RECT.format("url(#f)"),
    "fractions": '<filter id="f" primitiveUnits="objectBoundingBox"><feOffset dx=".2" dy=".1"/></filter>' + RECT.format("url(#f)"),
    "lights": '<filter id="f"><feDiffuseLighting style="lighting-color:#fc0" surfaceScale="3"><feDistantLight azimuth="30" '
    'elevation="40"/></feDiffuseLighting></filter>' + RECT.format("url(#f)"),
    "table": '<filter id="f"><feComponentTransfer><feFuncR type="table" tableValues="1 0"/></feComponentTransfer></filter>'
    + RECT.format("url(#f)"),
    "functions": RECT.format("blur(2px) hue-rotate(90deg) drop-shadow(3px 2px 1px rgb(0,0,255))"),
    "a list": '<filter id="f"><feOffset dx="4"/></filter>' + RECT.format("url(#f) invert(1)"),
    "current colour": '<g color="#00f">' + RECT.format("drop-shadow(3 2)") + "</g>",
    "a group": '<filter id="f"><feGaussianBlur stdDeviation="2"/></filter><g filter="url(#f)" transform="rotate(9)">'
    + RECT.format("none") + '<circle cx="40" cy="24" r="9"/></g>',
    "with markers": '<filter id="f"><feFlood flood-color="#ff0"/><feMerge><feMergeNode/><feMergeNode in="SourceGraphic"/></feMerge>'
    '</filter><marker id="m" overflow="visible"><circle r="2"/></marker><path filter="url(#f)" d="M16 12h24v16z" marker-mid="url(#m)"/>',
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "with markers"])
def test_the_scene_is_drawn_as_the_document(name: str) -> None:
    """Wherever a filter stood and whatever it inherited, it does the same."""
    document = svg(DOCUMENTS[name], SIZE)
    scene = scene_read.read_svg(document).scene
    written = scene_write.write_svg(scene)
    assert b"filter=" in written
    one, two = (rasterize.rasterize(one, 64, 48).astype(int) for one in (document, written))
    assert np.abs(one - two).max() <= 1
    assert scene_write.write_svg(scene_read.read_svg(written).scene) == written


def test_a_filter_keeps_to_the_shape_without_its_markers() -> None:
    """Its region is a fraction of the shape's box, which markers are no part of."""
    (group,) = scene_read.read_svg(svg(DOCUMENTS["with markers"], SIZE)).scene.children
    assert isinstance(group, Group)
    assert group.effect is not None
    assert group.effect.steps[0].startswith(
        '<filter filterUnits="userSpaceOnUse" height="19.2" width="28.8" x="13.6" y="10.4">'
    )


@pytest.mark.parametrize(
    "body",
    [
        '<filter id="f"><feImage href="#a"/></filter>' + RECT.format("url(#f)"),
        '<filter id="g"/><filter id="f" href="#g"/>' + RECT.format("url(#f)"),
        RECT.format("url(#absent)"),
        RECT.format("blur(2em)"),
        RECT.format("sparkle(9)"),
        RECT.format("blur(2px"),
    ],
)
def test_what_cannot_be_kept_is_refused_or_left_out(body: str) -> None:
    """Filters that show other parts of the document, or hang on what is around them."""
    document = svg(body, SIZE)
    with pytest.raises(SceneUnsupportedError, match="the filter"):
        scene_read.read_svg(document)
    read = scene_read.read_svg(document, lenient=True)
    assert [one.element for one in read.left_out] == ["rect"]
    assert b"filter=" not in scene_write.write_svg(read.scene)


@pytest.mark.parametrize(
    "step",
    [
        "",
        "url(#f)",
        "blur(1px) blur(1px)",
        "blur(1px);fill:red",
        'blur(1px)" onload="x',
        "<filter><script/></filter>",
        "<filter><feImage/></filter>",
        "<filter><rect/></filter>",
        "<filter><feFlood><rect/></feFlood></filter>",
        '<filter id="f"/>',
        '<filter><feFlood style="x"/></filter>',
        "<filter ><feFlood/></filter>",
        "<filter><feFlood/></filter><filter/>",
        "<filter><feFlood><feFlood/></feFlood></filter>",
        '<filter y="1" x="1"/>',
        "<filter/>" + " " * filter_markup.MARKUP_CHARS_MAX,
        "<!DOCTYPE x><filter/>",
        "\ud800",
    ],
)
def test_programs_cannot_write_what_they_like(step: str) -> None:
    """Markup in a value must not become markup of the document, except for filters in their one spelling."""
    scene = Scene(width=9, height=9, children=(Shape(geometry=Rect(width=9, height=9), effect=Filter((step,))),))
    with pytest.raises(SceneValueError):
        scene_write.write_svg(scene)


def test_spelling_and_reading_are_inverse() -> None:
    """One filter has one spelling: what two shapes share stands once among the definitions."""
    assert filter_markup.spell(filter_markup.parse(SHADOW)) == SHADOW
    shapes = tuple(Shape(geometry=Rect(x=x, width=9, height=9), effect=Filter((SHADOW,))) for x in (0, 20))
    scene = Scene(width=64, height=48, children=shapes)
    scene_check.check(scene)
    document = scene_write.write_svg(scene)
    assert document.count(b"<filter ") == 1
    assert scene_read.read_svg(document).scene == scene


def test_a_stroke_turned_into_an_outline_keeps_the_region_of_the_filter() -> None:
    """An outline is larger than its shape; the filter's region is told in user units then."""
    rect = Rect(x=10, y=10, width=20, height=10)
    shape = Shape(geometry=rect, effect=Filter((SHADOW,)), stroke=Stroke(paint="#00f", width=4))
    expanded = operations.expand(shape)
    assert isinstance(expanded, Group)
    assert expanded.effect is not None
    assert 'filterUnits="userSpaceOnUse" height="12" width="30" x="8" y="9"' in expanded.effect.steps[0]
    assert all(child.effect is None for child in expanded.children if isinstance(child, Shape))
    assert filter_markup.in_user_space(expanded.effect, Box(0, 0, 1, 1)) == expanded.effect
    fractions = Filter(('<filter primitiveUnits="objectBoundingBox"><feOffset dx="0.1"/></filter>',))
    with pytest.raises(SceneValueError, match="primitiveUnits"):
        filter_markup.in_user_space(fractions, Box(0, 0, 1, 1))
