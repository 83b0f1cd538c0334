"""A poster as a scene that a program builds: booleans, gradients, texts as outlines, a palette swap; as PNG, SVG and PDF."""

import math
import sys
from pathlib import Path

import msgspec

from engines.image_core.scene_texts import SceneTexts
from engines.media_v2.renders import Rendered
from engines.vector_core import affine, arrange, operations, palette
from engines.vector_core.curves import Box
from engines.vector_core.scene import (
    Clip,
    Ellipse,
    Group,
    Instance,
    LinearGradient,
    Mask,
    Node,
    Pattern,
    Polygon,
    RadialGradient,
    Rect,
    Scene,
    Shape,
    Stop,
    Stroke,
    Symbol,
)
from engines.workspace import Workspace

WIDTH, HEIGHT, BLEED = 900, 1260, 30
HORIZON, SUN = 752.0, (450.0, 610.0)
NIGHT, INDIGO, PLUM, WINE, CORAL, AMBER, CREAM, LIGHT, TEAL, DEEP = (
    "#14122e", "#28174d", "#3a1c57", "#8f2a5f", "#f0596a", "#ffb26b", "#fff1d6", "#fff6e3", "#2a5c7a", "#0c1f3d"
)  # fmt: skip
DAWN = {
    NIGHT: "#f6ead7", INDIGO: "#4a8ba1", PLUM: "#6fa8b8", WINE: "#a9cdc8", CORAL: "#f6d49b", AMBER: "#ee7f4e", CREAM: "#1c3b4f",
    LIGHT: "#fffaf0", TEAL: "#3f86a0", DEEP: "#235a75",
}  # fmt: skip
"""The other palette: what each colour becomes."""


def circle(x: float, y: float, r: float, **look: object) -> Shape:
    """A circle, with anything else that a shape says."""
    return Shape(geometry=Ellipse(cx=x, cy=y, rx=r, ry=r), **look)  # type: ignore[arg-type]


def bars(top: float, bottom: float, count: int, thin: float, thick: float) -> list[Shape]:
    """Level bars across the page, thicker from one to the next."""
    step = (bottom - top) / count
    heights = (thin + (thick - thin) * index / (count - 1) for index in range(count))
    return [
        Shape(geometry=Rect(width=WIDTH, y=top + step * index, height=height)) for index, height in enumerate(heights)
    ]


def faded(top: float, bottom: float) -> Mask:
    """Shows all at `top` and nothing at `bottom`."""
    fade = LinearGradient(
        stops=(Stop(0.0, "#ffffff"), Stop(1.0, "#000000")), y1=top, y2=bottom, x2=0.0, units="userSpaceOnUse"
    )
    page = Shape(geometry=Rect(width=WIDTH, height=HEIGHT), fill=fade)
    return Mask(children=(page,), x=0.0, y=0.0, width=WIDTH, height=HEIGHT, units="userSpaceOnUse")


def sky() -> list[Node]:
    """The air: a linear gradient, rings from one radial gradient that repeats, stars, a crescent."""
    dusk = LinearGradient(
        stops=(Stop(0.0, NIGHT), Stop(0.35, PLUM), Stop(0.62, WINE), Stop(0.85, CORAL), Stop(1.0, AMBER)),
        x2=0.0, y1=110.0, y2=HORIZON, units="userSpaceOnUse",
    )  # fmt: skip
    rings = RadialGradient(
        stops=(Stop(0.0, LIGHT, 0.0), Stop(0.8, LIGHT, 0.0), Stop(0.93, LIGHT, 0.5), Stop(1.0, LIGHT, 0.0)),
        cx=SUN[0], cy=SUN[1], r=62.0, units="userSpaceOnUse", spread="repeat",
    )  # fmt: skip
    air = Rect(x=100, y=100, width=700, height=HORIZON - 100)
    stars = []
    for index in range(1, 58):
        # A sunflower's seeds: spread evenly, and the same on every machine.
        turn, far = affine.rotate(index * 137.508), 44 * math.sqrt(index)
        x, y = affine.apply(turn, far, 0.0)
        place = affine.chain(affine.translate(450 + x, 400 + y), affine.scale(0.35 + 0.22 * (index * 7 % 5)))
        if y < -60:
            stars.append(Instance(symbol="star", transform=place, opacity=0.55 + 0.09 * (index % 6)))
    moon = operations.difference(circle(618, 292, 46, fill=LIGHT, id="moon"), circle(598, 280, 42))
    return [Shape(geometry=air, fill=dusk), Shape(geometry=air, fill=rings, blend="soft-light"), *stars, moon]


def sun() -> list[Node]:
    """A disc cut by bars, in dashed orbits."""
    glow = RadialGradient(stops=(Stop(0.0, LIGHT), Stop(0.55, AMBER), Stop(1.0, CORAL)), cy=0.25, r=0.85)
    orbit = Stroke(paint=LIGHT, width=3, dash=(0.1, 13), cap="round", opacity=0.9)
    outer = Stroke(paint=LIGHT, width=1.6, dash=(34, 9, 4, 9), opacity=0.7)
    return [
        operations.difference(circle(*SUN, 168, fill=glow, id="sun"), *bars(SUN[1] - 2, SUN[1] + 150, 6, 4, 15)),
        circle(*SUN, 205, fill=None, stroke=orbit),
        circle(*SUN, 272, fill=None, stroke=outer),
    ]


def peaks() -> list[Node]:
    """Mountains; their lit sides are what they share with the light that falls from the left."""
    found: list[Node] = []
    for x, top, half, dark, lit in (
        (205, 560, 190, PLUM, WINE), (690, 520, 230, PLUM, WINE), (330, 640, 150, DEEP, INDIGO), (580, 655, 140, DEEP, INDIGO),
    ):  # fmt: skip
        mountain = Shape(geometry=Polygon(((x - half, HORIZON), (x, top), (x + half, HORIZON))), fill=dark)
        ridge = ((x, top), (x + 16, top + 54), (x - 12, top + 92), (x + 20, top + 150), (x - 4, HORIZON))
        light = Shape(geometry=Polygon(((x - half, top), *ridge, (x - half, HORIZON))))
        found += [mountain, operations.intersection(msgspec.structs.replace(mountain, fill=lit), light)]
    return found


def lake() -> list[Node]:
    """Water: a gradient, scales from a pattern, and the sun's reflection, which fades out."""
    depth = LinearGradient(stops=(Stop(0.0, TEAL), Stop(1.0, DEEP)), x2=0.0, y2=1.0)
    scale = Stroke(paint=LIGHT, width=1.4)
    arcs = tuple(
        circle(x, y, r, fill=None, stroke=scale) for x, y in ((0, 20), (40, 20), (20, 30)) for r in (20, 13, 6)
    )
    tile = Group(children=arcs, clip=Clip(shapes=(Shape(geometry=Rect(width=40, height=20)),)))
    scales = Pattern(children=(tile,), width=40, height=20)
    water = Rect(x=100, y=HORIZON, width=700, height=220)
    glitter = operations.intersection(
        Shape(geometry=Polygon(((310, HORIZON), (590, HORIZON), (500, 960), (400, 960))), fill=AMBER),
        operations.union(*bars(HORIZON + 8, 960, 9, 13, 6)),
    )
    return [
        Shape(geometry=water, fill=depth),
        Shape(geometry=water, fill=scales, fill_opacity=0.22),
        Group(children=(glitter,), mask=faded(HORIZON, 950)),
    ]


def words(texts: SceneTexts) -> list[Node]:
    """All that is to be read, as outlines, lined up on the middle of the page."""

    def line(text: str, size: float, weight: float, tracking: float, baseline: float, fill: str) -> Shape:
        asked = {"text": text, "font": "Inter", "size": size, "weight": weight, "tracking": tracking}
        set_line = texts.outline(asked)
        down = affine.translate(0.0, baseline - set_line.baseline)
        return Shape(geometry=set_line.geometry, fill=fill, transform=down, title=text)

    title = line("NOCTURNE", 142, 880, -18, 1110, CREAM)
    cut = operations.difference(title, *bars(1058.5, 1108, 4, 2.5, 7))
    lines = [
        msgspec.structs.replace(cut, id="title", fill=LinearGradient(stops=(Stop(0.0, CREAM), Stop(1.0, AMBER)), x2=0.0, y2=1.0)),
        line("CONCERTS SUR LE LAC", 27, 620, 330, 1165, AMBER),
        line("du 12 au 21 juin · 21 h 30 · entrée libre", 24, 440, 20, 1207, CREAM),
    ]  # fmt: skip
    return list(arrange.align(lines, "center", to=Box(0, 0, WIDTH, HEIGHT)))


def poster(texts: SceneTexts) -> Scene:
    """The whole of it."""
    page = Rect(x=-BLEED, y=-BLEED, width=WIDTH + 2 * BLEED, height=HEIGHT + 2 * BLEED)
    arch = operations.union(circle(450, 450, 340), Shape(geometry=Rect(x=110, y=450, width=680, height=510)))
    frame = msgspec.structs.replace(
        arch, fill=None, stroke=Stroke(paint=CREAM, width=5, position="outside", join="round")
    )
    echo = msgspec.structs.replace(operations.offset(arch, 16), fill=None, stroke=Stroke(paint=AMBER, width=1.5))
    emblem = operations.exclusion(*(circle(x, 52, 20, fill=AMBER, id="emblem" * (x == 426)) for x in (426, 450, 474)))
    star = Polygon(tuple((r * a, r * b) for r, a, b in _RAYS))
    view = Group(
        children=(*sky(), *sun(), *peaks(), *lake()), clip=Clip(shapes=(arch,)), id="view", title="A lake at dusk"
    )
    return Scene(
        width=WIDTH,
        height=HEIGHT,
        title="Nocturne",
        symbols=(Symbol(id="star", children=(Shape(geometry=star, fill=LIGHT),)),),
        children=(Shape(geometry=page, fill=NIGHT), view, frame, echo, emblem, *words(texts)),
    )  # fmt: skip


_RAYS = [
    (10, 0, -1), (2.4, 0.7, -0.7), (10, 1, 0), (2.4, 0.7, 0.7), (10, 0, 1), (2.4, -0.7, 0.7), (10, -1, 0), (2.4, -0.7, -0.7),
]  # fmt: skip
"""The corners of a star: how far out, and in which direction."""


def sheet(scene_id: str, swapped_id: str) -> dict[str, object]:
    """A composition of both posters, each drawn anew at the sheet's scale."""
    posters = [
        {"type": "vector", "src": f"artifact:{one}", "x": 28 + 626 * place, "y": 28, "width": 598}
        for place, one in enumerate((scene_id, swapped_id))
    ]
    return {"version": 1, "width": 1280, "height": 893, "background": "#d8d2c8", "layers": posters}


def main(folder: Path) -> None:
    """Make the poster in `folder`: a store, the scene in two palettes, both as files and beside each other."""
    folder.mkdir(parents=True, exist_ok=True)
    with Workspace.open(folder / "store", tenant="atelier", env="demo", create=True) as work:
        texts = work.scene_texts()
        dusk = poster(texts)
        scene = work.add_vector(dusk, "nocturne.svg", texts=texts).artifact
        dawn = palette.swap(dusk, DAWN)
        swapped = work.add_vector(dawn, "nocturne at dawn.svg", parents=[scene.artifact_id], texts=texts).artifact
        for name, one in (("nocturne", scene), ("dawn", swapped)):
            export(work, folder, name, work.render_vector(one.artifact_id, "web_medium", {"format": "png"}))
            export(work, folder, name, work.export_document(one.artifact_id, {"format": "svg"}))
            print_sheet = {"format": "pdf", "dpi": 150, "bleed_mm": 3}
            export(work, folder, name, work.export_document(one.artifact_id, print_sheet))
        both = work.compose(sheet(scene.artifact_id, swapped.artifact_id), "nocturne, twice").artifact
        shown = work.render(both.artifact_id, "web_medium")
        export(work, folder, "both", shown)
        (folder / "lineage.svg").write_text(work.lineage(shown.artifact.artifact_id).svg(), encoding="utf-8")


def export(work: Workspace, folder: Path, name: str, made: Rendered) -> None:
    """Write a registered file to the folder, and say what it is."""
    artifact = made.artifact
    suffix = artifact.uri.rpartition(".")[2]
    (folder / f"{name}.{suffix}").write_bytes(work.content(artifact))
    sys.stdout.write(f"{made.cache} {artifact.kind} {artifact.artifact_id} {artifact.uri}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
