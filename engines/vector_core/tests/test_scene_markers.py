"""Markers of drawings as scenes: where they are, how they are turned, and that what is drawn stays the same."""

import math

import numpy as np
import pytest

from engines.vector_core import rasterize, scene_read, scene_write, svg_markers
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.paths import parse_path
from engines.vector_core.scene import Group, Instance, Shape
from engines.vector_core.tests.hostile import svg

ARROW = '<marker id="m" markerWidth="4" markerHeight="4" refX="2" refY="2" orient="auto"><path d="M0 0L4 2L0 4z" fill="{}"/></marker>'


def turns(data: str) -> list[tuple[str, float, float, float]]:
    found = svg_markers.vertices(parse_path(data))
    return [(one.role.removeprefix("marker-"), one.x, one.y, round(one.degrees, 6)) for one in found]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("M0 0H10", [("start", 0, 0, 0), ("end", 10, 0, 0)]),
        ("M0 0H10V10", [("start", 0, 0, 0), ("mid", 10, 0, 45), ("end", 10, 10, 90)]),
        ("M0 0H10V10Z", [("start", 0, 0, -67.5), ("mid", 10, 0, 45), ("mid", 10, 10, 157.5), ("end", 0, 0, -67.5)]),
        ("M0 0Q10 0 10 10", [("start", 0, 0, 0), ("end", 10, 10, 90)]),
        ("M0 0C0 0 5 0 9 9", [("start", 0, 0, 0), ("end", 9, 9, round(math.degrees(math.atan2(9, 4)), 6))]),
        ("M0 0A5 5 0 0 1 10 0", [("start", 0, 0, -90), ("end", 10, 0, 90)]),
        ("M0 0H10M20 0V10", [("start", 0, 0, 0), ("mid", 10, 0, 0), ("mid", 20, 0, 90), ("end", 20, 10, 90)]),
        ("M3 4", [("start", 3, 4, 0), ("end", 3, 4, 0)]),
    ],
)
def test_markers_look_the_way_the_path_goes(data: str, wanted: list[tuple[str, float, float, float]]) -> None:
    """Halfway between the way in and the way out; a closed subpath goes on where it began (SVG 2 §13.7.4)."""
    assert turns(data) == wanted


DOCUMENTS = {
    "arrows": '<path d="M10 10L50 10Q60 30 30 40" fill="none" stroke="#000" stroke-width="2" marker-start="url(#m)" '
    'marker-mid="url(#m)" marker-end="url(#m)"/>' + ARROW.format("red"),
    "shorthand": '<path style="marker:url(#m)" d="M10 10L50 10L30 40" fill="none" stroke="#000"/>' + ARROW.format("red"),
    "faded as one": '<g><path opacity=".5" transform="rotate(10)" d="M10 10L50 10" stroke="#00f" stroke-width="4" '
    'marker-end="url(#m)"/></g>' + ARROW.format("red"),
    "below the stroke": '<path paint-order="markers stroke" d="M10 10L50 30L20 44" fill="#ff0" stroke="#00f" stroke-width="4" '
    'marker-mid="url(#m)"/>' + ARROW.format("red"),
    "between fill and stroke": '<path paint-order="fill markers stroke" d="M10 10L50 30L20 44" fill="#ff0" stroke="#00f" '
    'stroke-width="4" marker-mid="url(#m)"/>' + ARROW.format("red"),
    "context": '<path d="M10 10L50 10" stroke="#00f" stroke-width="4" marker-end="url(#m)"/>' + ARROW.format("context-stroke"),
    "view box": '<marker id="m" viewBox="-5 -5 10 10" refX="0" refY="center" markerUnits="userSpaceOnUse" markerWidth="8" '
    'markerHeight="8" orient="45"><circle r="6"/></marker><line x2="40" y1="20" y2="20" stroke="#0a0" marker-end="url(#m)"/>',
    "turned at the start": '<marker id="m" refX="0" refY="1" orient="auto-start-reverse" overflow="visible"><path d="M0 0h5v2h-5z" '
    'fill="red"/></marker><polyline points="20,20 40,20" stroke="#0a0" marker-start="url(#m)" marker-end="url(#m)"/>',
    "clipped": '<clipPath id="c"><rect width="54" height="50"/></clipPath>'
    '<path clip-path="url(#c)" d="M10 10L50 40" stroke="#00f" stroke-width="4" marker-end="url(#m)"/>' + ARROW.format("red"),
    "of themselves": '<marker id="m" overflow="visible"><path d="M0 0h3" stroke="red" marker-end="url(#m)"/></marker>'
    '<path d="M10 10h30" stroke="#00f" marker-end="url(#m)"/>',
    "nothing": '<path d="M10 10h30" stroke="#00f" marker-end="url(#absent)"/>',
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_scene_is_drawn_as_the_document(name: str) -> None:
    """Markers become instances of symbols: another structure, the same picture, up to a step of smoothing."""
    document = svg(DOCUMENTS[name], 'width="64" height="48"')
    written = scene_write.write_svg(scene_read.read_svg(document).scene)
    assert b"marker-" not in written.replace(b'"marker-', b"").replace(b"#marker-", b"")
    one, two = (rasterize.rasterize(one, 64, 48).astype(int) for one in (document, written))
    assert np.abs(one - two).max() <= 24
    assert (np.abs(one - two).max(axis=2) > 4).mean() < 0.005


def test_markers_of_a_kind_are_instances_of_one_symbol() -> None:
    """A chart of a thousand points keeps one dot."""
    read = scene_read.read_svg(svg(DOCUMENTS["arrows"], 'width="64" height="48"')).scene
    (group,) = read.children
    assert isinstance(group, Group)
    assert isinstance(group.children[0], Shape)
    assert [type(child) for child in group.children[1:]] == [Instance] * 3
    assert len(read.symbols) == 1


def test_cuts_are_measured_by_the_shape_without_its_markers() -> None:
    """A box of a shape is that of its fill (SVG 2 §8.10), however large its arrowheads are."""
    body = (
        '<clipPath id="c" clipPathUnits="objectBoundingBox"><rect width=".9" height="1"/></clipPath>'
        '<path clip-path="url(#c)" d="M10 10L50 40" stroke="#00f" stroke-width="4" marker-end="url(#m)"/>'
        + ARROW.format("red")
    )
    (group,) = scene_read.read_svg(svg(body, 'width="64" height="48"')).scene.children
    assert group.clip is not None
    assert (group.clip.units, tuple(group.clip.transform)) == ("userSpaceOnUse", (40, 0, 0, 30, 10, 10))


def test_hidden_shapes_have_no_markers() -> None:
    """What is not to be seen must not leave its arrowheads behind."""
    body = '<path visibility="hidden" d="M10 10h30" stroke="#00f" marker-end="url(#m)"/>' + ARROW.format("red")
    assert scene_read.read_svg(svg(body, 'width="64" height="48"')).scene.symbols == ()


def test_very_many_markers_are_refused() -> None:
    """Each vertex becomes a node: the guard counts them before anything is read."""
    path = f'<path d="M0 0{"h1v1" * 4_000}" marker-mid="url(#m)"/>'
    with pytest.raises(SvgRefusedError, match="expansion"):
        scene_read.read_svg(svg(ARROW.format("red") + path * 26, 'width="64" height="48"'))
