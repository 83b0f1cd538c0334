"""Palettes: which colours a scene has, and themes that change colours and nothing else."""

import msgspec
import numpy as np
import pytest
from hypothesis import Phase, given, settings

from engines.vector_core import palette, rasterize, scene_write
from engines.vector_core.scene import (
    Clip,
    Group,
    Instance,
    LinearGradient,
    Mask,
    Pattern,
    Rect,
    Scene,
    Shape,
    Stop,
    Stroke,
    Symbol,
)
from engines.vector_core.scene_errors import PaletteError
from engines.vector_core.tests.scene_strategies import scenes

BOX = Rect(width=20, height=20)
FADE = LinearGradient(stops=(Stop(0.0, "#ff0000"), Stop(1.0, "#0000ff", 0.5)))
DOTS = Pattern(children=(Shape(geometry=BOX, fill="#00ff00"),), width=30, height=30)
LOGO = Scene(
    width=64,
    height=48,
    children=(
        Shape(geometry=BOX, fill=FADE, stroke=Stroke(paint="#0000ff", width=2)),
        Group(children=(Shape(geometry=BOX, fill=DOTS, fill_opacity=0.5, mask=Mask(children=(Shape(geometry=BOX, fill="#ffffff"),))),)),
        Instance(symbol="s"),
        Shape(geometry=BOX, fill=None, clip=Clip(shapes=(Shape(geometry=BOX, fill="#777777"),))),
    ),
    symbols=(Symbol(id="s", children=(Shape(geometry=BOX, fill="#ff0000"),)),),
)  # fmt: skip


def test_colours_are_counted_wherever_they_paint() -> None:
    """Fills, strokes, stops, patterns and symbols; not masks, where white means shown, and not clips."""
    assert palette.colours(LOGO) == {"#0000ff": 2, "#ff0000": 2, "#00ff00": 1}
    assert palette.colours(LOGO, masks=True)["#ffffff"] == 1


def test_a_theme_changes_colours_all_at_once_and_nothing_else() -> None:
    """Red and blue change places; opacities, offsets and geometry stay."""
    themed = palette.swap(LOGO, {"red": "blue", "#00F": "#f00"})
    assert palette.colours(themed) == {"#ff0000": 2, "#0000ff": 2, "#00ff00": 1}
    shape = themed.children[0]
    assert isinstance(shape, Shape)
    assert shape.fill == LinearGradient(stops=(Stop(0.0, "#0000ff"), Stop(1.0, "#ff0000", 0.5)))
    assert shape.stroke == Stroke(paint="#ff0000", width=2)
    assert palette.swap(themed, {"red": "blue", "blue": "red"}) == LOGO


def test_pixels_change_as_their_colours_do() -> None:
    """The theme of a flat drawing is the drawing with its colours mapped."""
    left = Shape(geometry=Rect(width=4, height=4), fill="#102030")
    right = Shape(geometry=Rect(x=4, width=4, height=4), fill="#a0b0c0")
    flat = Scene(width=8, height=4, children=(left, right))
    themed = palette.swap(flat, {"#102030": "#ff8000"})
    before, after = (rasterize.rasterize(scene_write.write_svg(scene), 8, 4) for scene in (flat, themed))
    wanted = np.where((before == [0x10, 0x20, 0x30, 255]).all(axis=2, keepdims=True), [0xFF, 0x80, 0, 255], before)
    assert np.array_equal(after, wanted)


@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(scenes())
def test_swaps_can_be_undone_and_empty_ones_do_nothing(scene: Scene) -> None:
    """To colours that nobody else has, and back."""
    used = list(palette.colours(scene, masks=True))
    away = {colour: f"#ab{index:04x}" for index, colour in enumerate(used)}
    themed = palette.swap(scene, away, masks=True)
    assert list(palette.colours(themed, masks=True).values()) == list(palette.colours(scene, masks=True).values())
    assert palette.swap(themed, {new: old for old, new in away.items()}, masks=True) == scene
    assert palette.swap(scene, {}) == scene


def test_nearest_colours_are_those_that_look_nearest() -> None:
    """Dark green is nearer to black than to lime in RGB's numbers, but looks green."""
    scene = msgspec.structs.replace(
        LOGO, children=tuple(Shape(geometry=BOX, fill=fill) for fill in ("#00aa00", "#fafafa", "#0a0a12")), symbols=()
    )
    brand = ("#00ff00", "#ffffff", "#000000")
    assert [shape.fill for shape in palette.nearest(scene, brand).children] == list(brand)  # type: ignore[union-attr]
    assert palette.nearest(palette.nearest(scene, brand), brand) == palette.nearest(scene, brand)


@pytest.mark.parametrize(
    ("mapping", "match"),
    [
        ({"#123456": "red"}, "not used.*#0000ff"),
        ({"red": "no colour"}, "no colour"),
        ({"rgba(255, 0, 0, 0.5)": "red"}, "opacity"),
        ({"red": "blue", "#f00": "lime"}, "two keys"),
    ],
)
def test_themes_that_cannot_be_are_refused(mapping: dict[str, str], match: str) -> None:
    """A typo in a theme would leave a logo half old."""
    with pytest.raises(PaletteError, match=match):
        palette.swap(LOGO, mapping)


def test_unused_colours_may_be_ignored_and_palettes_need_a_colour() -> None:
    """One theme for many logos names colours that not each of them has."""
    assert palette.swap(LOGO, {"#123456": "red"}, missing="ignore") == LOGO
    with pytest.raises(PaletteError):
        palette.nearest(LOGO, [])
    with pytest.raises(PaletteError):
        palette.swap(LOGO, {f"#{index:06x}": "red" for index in range(palette.SWAPS_MAX + 1)})
