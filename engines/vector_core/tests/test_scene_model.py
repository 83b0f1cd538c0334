"""Scenes as values: JSON and back, and each limit with the place where it is broken."""

import json
import math

import pytest
from hypothesis import Phase, given, settings

from engines.vector_core import scene_check
from engines.vector_core.affine import Matrix
from engines.vector_core.lengths import ViewBox
from engines.vector_core.scene import (
    Clip,
    Group,
    Image,
    Instance,
    LinearGradient,
    Mask,
    Node,
    Path,
    Pattern,
    Polygon,
    Rect,
    Scene,
    Shape,
    Stop,
    Stroke,
    Symbol,
    Text,
    encode_scene,
)
from engines.vector_core.scene_check import check, decode_scene
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.tests.scene_strategies import scenes

BOX = Rect(width=9, height=9)


def around(*children: Node, **more: object) -> Scene:
    return Scene(width=64, height=48, children=children, **more)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(scenes(positions=("inside", "outside", "center")))
def test_json_and_back_is_the_same_scene(scene: Scene) -> None:
    """The form that loses nothing; the same scene gives the same bytes."""
    data = encode_scene(scene)
    again = decode_scene(data)
    assert again == scene
    assert encode_scene(again) == data


def test_json_is_what_a_person_would_write() -> None:
    """Defaults need not be said, and paints, geometries and nodes tell what they are."""
    document = {
        "width": 64,
        "height": 48,
        "children": [
            {"type": "shape", "geometry": {"type": "ellipse", "rx": 3, "ry": 4}, "fill": None},
            {"type": "group", "children": [], "transform": [1, 0, 0, 1, 5, 5]},
        ],
    }
    scene = decode_scene(json.dumps(document).encode())
    assert isinstance(scene.children[0], Shape)
    assert scene.children[1].transform == Matrix(e=5, f=5)
    assert json.loads(encode_scene(scene)) == document | {"children": [*document["children"]]}  # type: ignore[misc]


def deep(levels: int) -> Node:
    node: Node = Shape(geometry=BOX)
    for _ in range(levels):
        node = Group(children=(node,))
    return node


def doubled(times: int) -> Node:
    node: Node = Shape(geometry=BOX)
    for _ in range(times):
        node = Group(children=(node, node))
    return node


STROKE = Stroke(paint="#000000")
CYCLE = (Symbol(id="a", children=(Instance(symbol="b"),)), Symbol(id="b", children=(Instance(symbol="a"),)))
CHAIN = (
    *(Symbol(id=f"s{i}", children=(Instance(symbol=f"s{i + 1}"),) * 2) for i in range(20)),
    Symbol(id="s20", children=()),
)

REFUSED: dict[str, tuple[Scene, str, str]] = {
    "no width": (Scene(width=0, height=9), "canvas", "width, height"),
    "huge canvas": (Scene(width=1e5, height=9), "canvas", "width, height"),
    "view box": (around(view_box=ViewBox(0, 0, 0, 9)), "view-box", "view_box"),
    "colour name": (around(Shape(geometry=BOX, fill="red")), "colour", "children[0].fill"),
    "long colour": (around(Shape(geometry=BOX, fill="#ff000080")), "colour", "children[0].fill"),
    "nan": (around(Shape(geometry=Rect(width=math.nan, height=1))), "type", ""),
    "far away": (around(Shape(geometry=Rect(x=1e8, width=1, height=1))), "coordinate", "children[0].geometry.x"),
    "far map": (around(Group(children=(), transform=Matrix(e=1e9))), "coordinate", "children[0].transform[4]"),
    "opacity": (around(Group(children=(), opacity=1.5)), "fraction", "children[0].opacity"),
    "negative size": (around(Shape(geometry=Rect(width=-1, height=1))), "size", "children[0].geometry.width"),
    "miter": (
        around(Shape(geometry=BOX, stroke=Stroke(paint="#000000", miter_limit=0.5))),
        "miter-limit",
        "children[0].stroke.miter_limit",
    ),
    "dashes": (
        around(Shape(geometry=BOX, stroke=Stroke(paint="#000000", dash=(1.0,) * 257))),
        "dash",
        "children[0].stroke.dash[256]",
    ),
    "negative dash": (
        around(Shape(geometry=BOX, stroke=Stroke(paint="#000000", dash=(1.0, -1.0)))),
        "size",
        "children[0].stroke.dash[1]",
    ),
    "stop": (
        around(Shape(geometry=BOX, fill=LinearGradient(stops=(Stop(0.0, "#000000"), Stop(2.0, "#ffffff"))))),
        "fraction",
        "children[0].fill.stops[1].offset",
    ),
    "path": (
        around(Group(children=(Shape(geometry=Path("M0 0L")),))),
        "path-data",
        "children[0].children[0].geometry.data",
    ),
    "control": (around(Shape(geometry=Text("M0 0L1 1", "a\x00b"))), "text", "children[0].geometry.text"),
    "file": (around(Image(href="/etc/passwd", width=1, height=1)), "picture", "children[0].href"),
    "page": (around(Image(href="data:text/html;base64,AAAA", width=1, height=1)), "picture", "children[0].href"),
    "markup": (
        around(Image(href='data:image/png;base64,"/><script', width=1, height=1)),
        "picture",
        "children[0].href",
    ),
    "aspect": (
        around(Image(href="data:image/png;base64,AAAA", width=1, height=1, aspect="middle")),
        "aspect",
        "children[0].aspect",
    ),
    "id": (around(Shape(geometry=BOX, id="a b")), "id", "children[0].id"),
    "markup id": (around(Shape(geometry=BOX, id='"><script>')), "id", "children[0].id"),
    "same id": (around(Shape(geometry=BOX, id="a"), Group(children=(), id="a")), "id", "children[0].id"),
    "nameless symbol": (around(symbols=(Symbol(id="", children=()),)), "id", "symbols[0].id"),
    "no symbol": (around(Instance(symbol="x")), "symbol", ""),
    "cycle": (around(symbols=CYCLE), "symbol-cycle", ""),
    "expansion": (around(Instance(symbol="s0"), symbols=CHAIN), "expansion", ""),
    "depth": (around(deep(65)), "depth", ""),
    "doubling": (around(doubled(40)), "parts", ""),
    "blend": (around(Shape(geometry=BOX, blend="add")), "type", ""),  # type: ignore[arg-type]
    "type": (around(Shape(geometry="M0 0")), "type", ""),  # type: ignore[arg-type]
    "points": (around(Shape(geometry=Polygon(((0, 0),) * 200_001))), "parts", ""),
    "inside": (
        around(Group(children=(), mask=Mask(children=(Shape(geometry=BOX, opacity=-1),)))),
        "fraction",
        "children[0].mask.children[0].opacity",
    ),
    "pattern": (
        around(Shape(geometry=BOX, fill=Pattern(children=(), width=-1, height=1))),
        "size",
        "children[0].fill.width",
    ),
    "clip": (
        around(Group(children=(), clip=Clip(shapes=(Shape(geometry=Path("x")),)))),
        "path-data",
        "children[0].clip.shapes[0].geometry.data",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_limit_names_rule_and_place(name: str) -> None:
    """Whoever made the scene finds the value without a search; a tree that only looks small costs nothing."""
    scene, rule, place = REFUSED[name]
    with pytest.raises(SceneValueError) as caught:
        check(scene)
    assert (caught.value.fields["rule"], caught.value.fields["place"]) == (rule, place)
    assert len(str(caught.value)) < 600


def test_shared_definitions_may_hold_ids() -> None:
    """A pattern that two shapes share is written once, so its id is there once."""
    dots = Pattern(children=(Shape(geometry=BOX, id="dot"),), width=9, height=9)
    check(around(Shape(geometry=BOX, fill=dots), Shape(geometry=BOX, fill=dots)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"width": 1}',
        b'{"width":1,"height":1,"extra":1}',
        b"\xff",
        b'{"width":1,"height":1e999}',
        b"[" * 5000,
    ],
)
def test_json_that_is_no_scene_is_refused(data: bytes) -> None:
    """Unknown fields are mistakes, too."""
    with pytest.raises(SceneValueError):
        decode_scene(data)


def test_json_is_weighed_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is parsed past the limit."""
    monkeypatch.setattr(scene_check, "SCENE_CHARS_MAX", 10)
    with pytest.raises(SceneValueError, match="bytes"):
        decode_scene(b'{"width": 10}')
