"""Scenes for property-based tests: every kind of node, paint, stroke, clip and mask, on a canvas of 64 x 48 px."""

import io

import numpy as np
from hypothesis import strategies as st
from PIL import Image as Pixels

from engines.vector_core import affine, embedded
from engines.vector_core.affine import Matrix
from engines.vector_core.scene import (
    Clip,
    Ellipse,
    Filter,
    Group,
    Image,
    Instance,
    Line,
    LinearGradient,
    Mask,
    Path,
    Pattern,
    Polygon,
    Polyline,
    RadialGradient,
    Rect,
    Scene,
    Shape,
    Stop,
    Stroke,
    Symbol,
    Text,
)

WIDTH, HEIGHT = 64, 48


def _picture() -> str:
    """Return a picture of 3 x 2 px with all channels in it, as a scene names it."""
    buffer = io.BytesIO()
    Pixels.fromarray(np.arange(24, dtype=np.uint8).reshape(2, 3, 4) * 10).save(buffer, "PNG")
    return embedded.encode(buffer.getvalue(), "image/png")


PICTURE = _picture()
SHADOW = (
    '<filter width="1.5"><feGaussianBlur in="SourceAlpha" stdDeviation="2"/><feOffset dx="1" dy="2" result="o"/>'
    '<feMerge><feMergeNode in="o"/><feMergeNode in="SourceGraphic"/></feMerge></filter>'
)
EFFECTS = [Filter(("blur(1px)",)), Filter((SHADOW,)), Filter((SHADOW, "grayscale(50%)"))]

numbers = st.integers(-80, 560).map(lambda value: value / 8)
"""Coordinates on and around the canvas."""
sizes = st.integers(1, 320).map(lambda value: value / 8)
fractions = st.integers(0, 16).map(lambda value: value / 16)
colours = st.sampled_from(["#000000", "#ff0000", "#00ff00", "#0000ff", "#ffffff", "#123456", "#fedcba"])
points = st.tuples(numbers, numbers)
units = st.sampled_from(["objectBoundingBox", "userSpaceOnUse"])
words = st.text(alphabet="abc <&>\"'é\t\n漢", max_size=12).map(str.strip)


@st.composite
def transforms(draw: st.DrawFn) -> Matrix:
    steps = draw(
        st.lists(
            st.one_of(
                st.builds(affine.translate, numbers, numbers),
                st.builds(affine.scale, st.sampled_from([0.5, 2.0, -1.0]), st.sampled_from([0.5, 1.25])),
                st.builds(affine.rotate, st.integers(-360, 360)),
                st.builds(affine.skew, st.integers(-40, 40)),
            ),
            max_size=2,
        )
    )
    return affine.chain(*steps)


@st.composite
def path_data(draw: st.DrawFn, commands: str = "LHVCSQTAlhvcsqta", contours: int = 2) -> str:
    """Path data of every command, closed or not."""
    text = ""
    for _ in range(draw(st.integers(1, contours))):
        text += f"M{draw(numbers)} {draw(numbers)}"
        for letter in draw(st.lists(st.sampled_from(commands), min_size=1, max_size=5)):
            if letter in "Aa":
                flags = draw(st.sampled_from(["0 0", "01", "1,0", "1 1"]))
                text += f"{letter}{draw(sizes)} {draw(sizes)} {draw(st.integers(0, 90))} {flags} "
                text += f"{draw(numbers)} {draw(numbers)}"
            else:
                count = {"L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2}[letter.upper()]
                text += letter + " ".join(str(draw(numbers)) for _ in range(count))
        text += draw(st.sampled_from(["Z", ""]))
    return text


geometries = st.one_of(
    st.builds(Rect, x=numbers, y=numbers, width=sizes, height=sizes, rx=st.just(0.0), ry=st.just(0.0)),
    st.builds(Rect, x=numbers, y=numbers, width=st.just(20.0), height=st.just(16.0), rx=fractions, ry=sizes),
    st.builds(Ellipse, cx=numbers, cy=numbers, rx=sizes, ry=sizes),
    st.builds(Line, x1=numbers, y1=numbers, x2=numbers, y2=numbers),
    st.builds(Polyline, st.lists(points, min_size=2, max_size=5).map(tuple)),
    st.builds(Polygon, st.lists(points, min_size=2, max_size=5).map(tuple)),
    st.builds(Path, path_data()),
    st.builds(Text, path_data(), words.filter(bool)),
)
areas = st.one_of(
    st.builds(Rect, x=numbers, y=numbers, width=sizes, height=sizes),
    st.builds(Ellipse, cx=numbers, cy=numbers, rx=sizes, ry=sizes),
    st.builds(Polygon, st.lists(points, min_size=3, max_size=6).map(tuple)),
    st.builds(Path, path_data(contours=1)),
)
"""Geometries that enclose something."""

stops = st.lists(st.tuples(fractions, colours, fractions), min_size=1, max_size=4).map(
    lambda found: tuple(Stop(*stop) for stop in sorted(found, key=lambda stop: stop[0]))
)
spreads = st.sampled_from(["pad", "reflect", "repeat"])
gradients = st.one_of(
    st.builds(
        LinearGradient, stops=stops, x1=fractions, y1=fractions, x2=fractions, units=units, spread=spreads,
        transform=transforms(),
    ),
    st.builds(
        RadialGradient, stops=stops, cx=fractions, r=fractions, fx=st.none() | fractions, fr=st.just(0.0), units=units,
        spread=spreads, transform=transforms(),
    ),
)  # fmt: skip


def paints(depth: int) -> st.SearchStrategy[object]:
    if depth <= 0:
        return colours | gradients
    pattern = st.builds(
        Pattern,
        children=st.lists(shapes(0), min_size=1, max_size=2).map(tuple),
        width=st.just(8.0),
        height=st.just(6.5),
        x=numbers,
        y=numbers,
        transform=transforms(),
    )
    return colours | gradients | pattern


def strokes(depth: int, positions: tuple[str, ...] = ("center",)) -> st.SearchStrategy[Stroke]:
    return st.builds(
        Stroke,
        paint=paints(depth),
        width=sizes.map(lambda size: size / 4),
        opacity=fractions,
        join=st.sampled_from(["miter", "round", "bevel"]),
        cap=st.sampled_from(["butt", "round", "square"]),
        miter_limit=st.sampled_from([1.0, 4.0, 10.0]),
        dash=st.sampled_from([(), (3.0,), (4.0, 1.5), (2.0, 1.0, 0.5)]),
        dash_offset=fractions,
        position=st.sampled_from(positions),
    )


def shapes(depth: int, positions: tuple[str, ...] = ("center",)) -> st.SearchStrategy[Shape]:
    return st.builds(
        Shape,
        geometry=geometries,
        fill=st.none() | paints(depth),
        fill_opacity=fractions,
        fill_rule=st.sampled_from(["nonzero", "evenodd"]),
        stroke_first=st.booleans(),
        stroke=st.none() | strokes(depth, positions),
        title=words,
        transform=transforms(),
        **looks(depth),
    )


def looks(depth: int) -> dict[str, st.SearchStrategy[object]]:
    """Return what all nodes have, except for ids, which only make sense in a whole scene."""
    if depth <= 0:
        return {}
    clip = st.builds(
        Clip,
        shapes=st.lists(st.builds(Shape, geometry=areas, transform=transforms()), max_size=2).map(tuple),
        units=units,
        transform=transforms(),
    )
    mask = st.builds(
        Mask,
        children=st.lists(shapes(0), min_size=1, max_size=2).map(tuple),
        kind=st.sampled_from(["luminance", "alpha"]),
        width=st.sampled_from([0.0, 1.5]),
    )
    return {
        "opacity": fractions,
        "blend": st.sampled_from(["normal", "multiply", "screen", "difference"]),
        "clip": st.none() | clip,
        "mask": st.none() | mask,
        "effect": st.none() | st.sampled_from(EFFECTS),
    }


@st.composite
def scenes(draw: st.DrawFn, positions: tuple[str, ...] = ("center",)) -> Scene:
    """Scenes of a few nodes with ids, groups in groups and two symbols of which one uses the other."""
    leaf = shapes(1, positions)
    group = st.builds(
        Group,
        children=st.lists(leaf, max_size=2).map(tuple),
        isolated=st.booleans(),
        transform=transforms(),
        **looks(1),
    )
    star = Symbol(id="star", children=(draw(leaf),))
    row = Symbol(id="row", children=(Instance(symbol="star", transform=draw(transforms())), draw(leaf)))
    instance = st.builds(Instance, symbol=st.sampled_from(["star", "row"]), transform=transforms(), **looks(1))
    image = st.builds(
        Image, href=st.just(PICTURE), x=numbers, y=numbers, width=sizes, height=sizes,
        aspect=st.sampled_from(["xMidYMid", "none", "xMinYMax slice"]), rendering=st.sampled_from(["auto", "optimizeSpeed"]),
        transform=transforms(), **looks(1),
    )  # fmt: skip
    children = draw(st.lists(st.one_of(leaf, group, instance, image), min_size=1, max_size=3))
    named = [
        type(node)(**{**fields(node), "id": f"node {index}".replace(" ", "-")}) for index, node in enumerate(children)
    ]
    return Scene(
        width=WIDTH, height=HEIGHT, children=tuple(named), symbols=(star, row), title=draw(words),
        view_box=draw(st.sampled_from([None, (0.0, 0.0, 64.0, 48.0), (-8.0, 4.0, 96.0, 60.0)]).map(_box)),
    )  # fmt: skip


def fields(node: object) -> dict[str, object]:
    return {name: getattr(node, name) for name in node.__struct_fields__}  # type: ignore[attr-defined]


def _box(values: tuple[float, float, float, float] | None):  # type: ignore[no-untyped-def]
    from engines.vector_core.lengths import ViewBox

    return values and ViewBox(*values)
