"""Tests of colour glyphs: what is painted, where, and that hostile fonts cannot make it endless."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables.otTables import PaintFormat
from PIL import Image

from engines.colours import Colour
from engines.typography_core import colour_glyphs, faces, fonts, raster, shaping
from engines.typography_core.colour_glyphs import has_colour, paint
from engines.typography_core.errors import TextLimitError
from engines.typography_core.font_types import FontInstance
from engines.typography_core.paint_boxes import survey
from engines.typography_core.shaping import PlacedRun
from engines.typography_core.tests import forged_fonts as forged

CORPUS = (
    Path(os.environ.get("IMPASTO_CORPORA", Path(__file__).parents[3].parent / "shared" / "corpora")) / "svg" / "fonts"
)
with_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}; set IMPASTO_CORPORA")

INTER = fonts.find("Inter")
INK = Colour(0.8, 0.1, 0.2, 1.0)


def _corpus_font(name: str) -> FontInstance:
    return forged.instance_of((CORPUS / name).read_bytes(), name)


def _run(text: str, font: FontInstance, size: float, x: float = 0.0, baseline: float = 0.0) -> PlacedRun:
    return PlacedRun(font, size, x, baseline, shaping.shape_run(text, 0, len(text), font, size, script="Latn").glyphs)


def _layered(layers: object, version: int = 0) -> FontInstance:
    """A font whose "A" has these layers over squares: "low" (0, 0)-(500, 500) and "high" (500, 500)-(1000, 1000)."""

    def more(builder: FontBuilder) -> None:
        builder.font["CPAL"] = buildCPAL([[(1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 0.5)]])
        order = {name: index for index, name in enumerate(builder.font.getGlyphOrder())}
        builder.font["COLR"] = buildCOLR({"A": layers}, version=version, glyphMap=order)

    glyphs = {"A": forged.square(100), "low": forged.square(500), "high": forged.square(500, 500, 500)}
    return forged.instance_of(forged.font_file(glyphs, {65: "A"}, more=more))


def test_plain_text_has_no_colours() -> None:
    """It stays coverage, which a gradient or a stroke may still fill."""
    assert not has_colour([_run("plain", INTER, 40)])
    assert not has_colour([])


def test_layers_lie_where_they_are_drawn_not_where_their_glyph_is() -> None:
    """COLR version 0: the base glyph is a small square, its layers are large ones beside it."""
    picture = paint([_run("A", _layered([("low", 0), ("high", 1)]), 100)], INK)
    assert (picture.pixels.shape, picture.x, picture.y) == ((100, 100, 4), 0, -100)
    assert picture.pixels[75, 25].tolist() == [255, 0, 0, 255]
    assert picture.pixels[25, 75].tolist()[:3] == [0, 0, 255]
    assert picture.pixels[25, 75, 3] == pytest.approx(128, abs=1)
    assert picture.pixels[25, 25].tolist() == [0, 0, 0, 0]


def test_the_foreground_is_the_colour_of_the_text() -> None:
    """Palette index 0xFFFF (OpenType, 'CPAL')."""
    picture = paint([_run("A", _layered([("low", 0xFFFF)]), 100)], INK)
    assert picture.pixels[25, 25].tolist() == [204, 26, 51, 255]


def test_version_1_is_painted_with_its_transforms() -> None:
    """A solid moved by 250 units lies 25 px further right at 100 px."""
    solid = {"Format": PaintFormat.PaintSolid, "PaletteIndex": 0, "Alpha": 1.0}
    glyph = {"Format": PaintFormat.PaintGlyph, "Glyph": "low", "Paint": solid}
    moved = {"Format": PaintFormat.PaintTranslate, "dx": 250, "dy": 0, "Paint": glyph}
    picture = paint([_run("A", _layered(moved, 1), 100)], INK)
    assert (picture.pixels.shape, picture.x, picture.y) == ((50, 50, 4), 25, -50)
    assert (picture.pixels == (255, 0, 0, 255)).all()


def test_plain_and_colour_glyphs_share_a_picture() -> None:
    """A line of text with an emoji in it; the letters are as coverage has them."""
    plain = _run("Hi", INTER, 100, 0, 100)
    coloured = _run("A", _layered([("low", 0)]), 100, 150, 100)
    picture, ink = paint([plain, coloured], INK), raster.cover([plain])
    y, x = ink.y - picture.y, ink.x - picture.x
    part = picture.pixels[y : y + ink.array.shape[0], x : x + ink.array.shape[1]]
    assert np.array_equal(part[..., 3], ink.array)
    assert (part[ink.array == 255, :3] == (204, 26, 51)).all()
    assert picture.pixels[75 - picture.y, 175 - picture.x].tolist() == [255, 0, 0, 255]


def test_scale_and_offset_move_colour_glyphs_as_plain_ones() -> None:
    """Else an emoji would leave its line on a print sheet."""
    run = _run("A", _layered([("low", 0)]), 100, 10, 200)
    picture = paint([run], INK, 2.0, 3.0, 5.0, 1.5)
    assert (picture.x, picture.y) == (33, 305)  # 10 * 2 * 1.5 + 3, (200 - 50) * 2 + 5
    assert picture.pixels.shape == (100, 150, 4)
    shifted = paint([run], INK, 1.0, 0.5, 0.0).pixels
    assert shifted[25, 0, 3] == pytest.approx(128, abs=1)


def test_large_glyphs_are_whole() -> None:
    """The painter leaves out what lies beyond 4,096 px without a word."""
    line: dict[str, object] = {"ColorStop": [(0.0, 0), (1.0, 0)], "Extend": "pad"}
    shade = {"Format": PaintFormat.PaintLinearGradient, "ColorLine": line}
    shade |= {"x0": 0, "y0": 0, "x1": 1000, "y1": 0, "x2": 0, "y2": 1000}
    low, high = ({"Format": PaintFormat.PaintGlyph, "Glyph": name, "Paint": shade} for name in ("low", "high"))
    both = {
        "Format": PaintFormat.PaintComposite,
        "CompositeMode": "src_over",
        "SourcePaint": low,
        "BackdropPaint": high,
    }
    picture = paint([_run("A", _layered(both, 1), 5000)], INK)
    assert picture.pixels.shape == (5000, 5000, 4)
    assert picture.pixels[10, 4990].tolist() == [255, 0, 0, 255]
    assert (picture.pixels[..., 3] == 255).sum() == 2 * 2500 * 2500


def _strike_font(size: int = 64) -> FontInstance:
    """A font whose "A" is a picture: left half red, right half green, an em wide and high."""
    from fontTools.ttLib import newTable
    from fontTools.ttLib.tables.sbixGlyph import Glyph as SbixGlyph
    from fontTools.ttLib.tables.sbixStrike import Strike

    image = Image.new("RGBA", (size, size), (255, 0, 0, 255))
    image.paste((0, 255, 0, 255), (size // 2, 0, size, size))
    target = io.BytesIO()
    image.save(target, "PNG")

    def more(builder: FontBuilder) -> None:
        sbix = newTable("sbix")
        strike = Strike(ppem=size, resolution=72)
        for name in builder.font.getGlyphOrder():
            data = target.getvalue() if name == "A" else None
            kind = "png " if name == "A" else None
            strike.glyphs[name] = SbixGlyph(glyphName=name, graphicType=kind, imageData=data)
        sbix.strikes = {size: strike}
        builder.font["sbix"] = sbix

    return forged.instance_of(forged.font_file({"A": forged.square(1000)}, {65: "A"}, more=more))


@pytest.mark.parametrize("size", [4.0, 20.0, 64.0, 200.0])
def test_pictures_in_fonts_are_scaled_to_their_place(size: float) -> None:
    """sbix and CBDT: the right colours on the right side, at every size, and nothing beside the box."""
    picture = paint([_run("A", _strike_font(), size, 3.0, size)], INK)
    assert picture.pixels.shape == (size, size, 4)
    assert (picture.x, picture.y) == (3, 0)
    middle = int(size / 2)
    assert picture.pixels[middle, 0, :3].tolist() == [255, 0, 0]
    assert picture.pixels[middle, -1, :3].tolist() == [0, 255, 0]
    assert picture.pixels[middle, [0, -1], 3].min() > 160  # edges are soft: beyond them there is nothing
    assert size < 20 or (picture.pixels[middle, 4:-4, 3] == 255).all()


def test_pictures_in_fonts_lie_between_pixels() -> None:
    """Half a pixel further right, both edges are half covered."""
    pixels = paint([_run("A", _strike_font(), 20, 0.5, 20)], INK).pixels
    assert pixels.shape == (20, 21, 4)
    assert pixels[10, [0, -1], 3].tolist() == pytest.approx(
        [128, 128], abs=24
    )  # a cubic is no box: 1/2 less its undershoot
    assert pixels[10, 10, 3] == 255


def test_pictures_larger_than_any_emoji_are_refused() -> None:
    """A picture inside a font is a file that somebody sent."""
    with pytest.raises(TextLimitError, match="picture of glyph"):
        paint([_run("A", _strike_font(2100), 20)], INK)


def test_painting_steps_are_counted_and_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """60,000 layers over 4,000 px are hours; they are refused before the first."""
    font = _layered([("low", 0)] * 6000)
    with pytest.raises(TextLimitError, match="painting steps"):
        paint([_run("A", font, 20)], INK)
    some = _layered([("low", 0)] * 50)
    assert survey(some.font, (), shaping.shape("A", some, 20).glyphs[0].glyph_id).steps == 50
    monkeypatch.setattr(colour_glyphs, "PAINT_WORK_MAX", 1000)
    with pytest.raises(TextLimitError, match="pixels times"):
        paint([_run("A", some, 20)], INK)


def test_paint_graphs_with_cycles_end() -> None:
    """HarfBuzz stops them; what matters is that it is asked in a way that it can."""
    again = {"Format": PaintFormat.PaintColrGlyph, "Glyph": "A"}
    picture = paint([_run("A", _layered(again, 1), 40)], INK)
    assert picture.pixels.size == 0 or not picture.pixels.any()


def test_too_many_pixels_are_refused_before_any_is_made() -> None:
    """A scale is a number in a request."""
    for scale in (1e4, 1e30, 1e300):
        with pytest.raises(TextLimitError):
            paint([_run("A", _layered([("low", 0)]), 100)], INK, scale)


def test_glyphs_in_svg_are_reported_as_missing() -> None:
    """Their outlines are drawn, which is not what the designer made."""

    def more(builder: FontBuilder) -> None:
        from fontTools.ttLib import newTable

        table = newTable("SVG ")
        glyph_id = builder.font.getGlyphID("A")
        table.docList = [
            (f'<svg xmlns="http://www.w3.org/2000/svg"><g id="glyph{glyph_id}"/></svg>', glyph_id, glyph_id)
        ]
        builder.font["SVG "] = table

    glyphs = {"A": forged.square(), "B": forged.square()}
    font = forged.instance_of(forged.font_file(glyphs, {65: "A", 66: "B"}, more=more))
    assert shaping.shape_run("ABA", 0, 3, font, 20, script="Latn").missing == ("A",)


@with_corpus
@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("NotoColorEmojiCBDT.subset.ttf", "😀", "strike"),
        ("NotoColorEmojiCOLR.subset.ttf", "🌓🐝🐶🥳", "paint"),
        ("CFF-and-SBIX.otf", "A", "strike"),
    ],
)
def test_real_emoji_fonts_are_drawn_in_colours(name: str, text: str, kind: str) -> None:
    """Yellow faces, and nothing cut at a side: ink ends within the picture's edges."""
    font = _corpus_font(name)
    run = _run(text, font, 64, 0, 64)
    assert {faces.colour_kind(font.font, glyph.glyph_id) for glyph in run.glyphs} == {kind}
    picture = paint([run], INK)
    shown = picture.pixels[picture.pixels[..., 3] == 255][:, :3].astype(int)
    assert len(np.unique(shown // 32, axis=0)) > 8
    assert shown.max(axis=1).mean() > 100
    larger = paint([run], INK, 4.0)
    for axis in (0, 1):
        assert abs(larger.pixels.shape[axis] - 4 * picture.pixels.shape[axis]) <= 8


@with_corpus
def test_real_svg_emoji_are_reported() -> None:
    """TwitterColorEmoji has SVG only."""
    run = shaping.shape_run("😀🦀", 0, 2, _corpus_font("TwitterColorEmoji.subset.ttf"), 64, script="Zsye")
    assert run.missing == ("😀", "🦀")


@with_corpus
def test_same_bytes_again() -> None:
    """What an audit remakes must be what was made."""
    runs = [_run("🐝A", _corpus_font("NotoColorEmojiCOLR.subset.ttf"), 40.5, 0.3, 40), _run("Hi", INTER, 30, 50, 40)]
    one, two = paint(runs, INK, 1.5, 0.25), paint(runs, INK, 1.5, 0.25)
    assert np.array_equal(one.pixels, two.pixels)
