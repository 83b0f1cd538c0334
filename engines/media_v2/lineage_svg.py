"""How does a lineage look as a picture? Boxes in columns, inputs on the left, the result on the right, as SVG of our own.

Pure and deterministic: the same nodes give the same text. Needs no fonts of its own: a reader's sans-serif is enough.
"""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

BOX_WIDTH, BOX_HEIGHT = 230, 62
GAP_X, GAP_Y = 70, 18
MARGIN = 20
_LINE_CHARS_MAX = 32
"""What fits into a box at 12 px."""

_COLOURS = {
    "source_asset": "#2f7d5b",
    "font_asset": "#8a8f98",
    "vector_scene": "#2f6f8f",
    "image_composition": "#7a5195",
    "image_render": "#c2553f",
    "vector_render": "#c2553f",
    "text_render": "#c2553f",
    "vector_document": "#c2553f",
    "font": "#8a8f98",
    "preset": "#b08d2e",
}
_OTHER_COLOUR = "#555555"


class Node(NamedTuple):
    """A box: what kind of thing, two lines about it, and the ids of what it was made from."""

    id: str
    kind: str
    title: str
    detail: str
    parents: tuple[str, ...]
    faded: bool = False
    """Drawn with a broken outline: retracted, or never registered."""


class _Place(NamedTuple):
    x: int
    y: int


def draw(nodes: Sequence[Node]) -> str:
    """Return an SVG document of `nodes`, the result first. Parents that are no nodes are left out."""
    places = _places(nodes)
    width = max(place.x for place in places.values()) + BOX_WIDTH + MARGIN
    height = max(place.y for place in places.values()) + BOX_HEIGHT + MARGIN
    edges = [_edge(places[parent], places[node.id]) for node in nodes for parent in node.parents if parent in places]
    boxes = [_box(node, places[node.id]) for node in nodes]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="Inter, sans-serif" role="img">'
    )
    title = f"<title>What {escape(nodes[0].id)} was made from</title>"
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, title, ground, *edges, *boxes, "</svg>"]) + "\n"


def _places(nodes: Sequence[Node]) -> dict[str, _Place]:
    """Columns by the longest way to the result, so that every arrow points to the right; rows in order of appearance."""
    depth = _depths(nodes)
    columns = max(depth.values())
    rows: dict[int, int] = {}
    tallest = max(list(depth.values()).count(one) for one in set(depth.values()))
    places = {}
    for node in nodes:
        at = depth[node.id]
        row = rows[at] = rows.get(at, -1) + 1
        count = list(depth.values()).count(at)
        top = MARGIN + (tallest - count) * (BOX_HEIGHT + GAP_Y) // 2  # shorter columns stand in the middle
        places[node.id] = _Place(MARGIN + (columns - at) * (BOX_WIDTH + GAP_X), top + row * (BOX_HEIGHT + GAP_Y))
    return places


def _depths(nodes: Sequence[Node]) -> dict[str, int]:
    """The longest way from the result to each node; a circle, which no honest ledger has, ends after as many steps as nodes."""
    known = {node.id: node for node in nodes}
    depth = {nodes[0].id: 0}
    waiting = [nodes[0].id]
    while waiting:
        one = waiting.pop(0)
        for parent in known[one].parents:
            if parent in known and depth.get(parent, -1) < depth[one] + 1 < len(nodes):
                depth[parent] = depth[one] + 1
                waiting.append(parent)
    return {node.id: depth.get(node.id, 0) for node in nodes}


def _edge(parent: _Place, child: _Place) -> str:
    x0, y0 = parent.x + BOX_WIDTH, parent.y + BOX_HEIGHT // 2
    x1, y1 = child.x, child.y + BOX_HEIGHT // 2
    bend = max(GAP_X // 2, (x1 - x0) // 2)
    return (
        f'<path d="M{x0} {y0}C{x0 + bend} {y0} {x1 - bend} {y1} {x1 - 7} {y1}" fill="none" stroke="#9aa3ad" stroke-width="1.5"/>'
        f'<path d="M{x1} {y1}l-8 -4v8z" fill="#9aa3ad"/>'
    )


def _box(node: Node, place: _Place) -> str:
    colour = _COLOURS.get(node.kind, _OTHER_COLOUR)
    dashes = ' stroke-dasharray="5 4"' if node.faded else ""
    x, y = place
    return (
        f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" fill="#fbfbfc" stroke="{colour}"{dashes}/>'
        f'<rect x="{x}" y="{y}" width="6" height="{BOX_HEIGHT}" rx="3" fill="{colour}"/>'
        f'<text x="{x + 16}" y="{y + 19}" font-size="11" font-weight="600" fill="{colour}">{escape(node.kind.replace("_", " "))}</text>'
        f'<text x="{x + 16}" y="{y + 36}" font-size="12" fill="#1d2127">{escape(_cut(node.title))}</text>'
        f'<text x="{x + 16}" y="{y + 52}" font-size="10" fill="#6b737d">{escape(_cut(node.detail))}</text>'
    )


def _cut(text: str) -> str:
    """At most one line; the end is kept, where sizes and formats stand."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    if len(plain) <= _LINE_CHARS_MAX:
        return plain
    half = _LINE_CHARS_MAX // 2
    return f"{plain[: half - 1]}…{plain[-half:]}"
