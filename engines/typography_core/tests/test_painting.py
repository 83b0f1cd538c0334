"""Tests of looks: strokes on the side that was asked for, gradients over the box, lines below and above, and plain texts as ever."""

import math

import numpy as np
import pytest
from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.fontBuilder import FontBuilder

import compositor
from engines.colours import ColourError
from engines.typography_core import fonts, painting, raster, sheets, typeset
from engines.typography_core.errors import TextLimitError, TextValueError
from engines.typography_core.layout import TextLayout, arrange
from engines.typography_core.look import Decoration, Look, Stroke, TextGradient, checked_look
from engines.typography_core.painting import DrawnText, paint
from engines.typography_core.raster import Coverage
from engines.typography_core.tests import forged_fonts as forged

INTER = fonts.find("Inter", 700)
WORD = arrange("Hog", INTER, 60)
RED_LINE = Stroke(color="#f00", width=6)


def canvas(drawn: DrawnText, size: tuple[int, int] = (160, 260), at: int = 30) -> np.ndarray:
    """Return `drawn` on an empty canvas (rows, columns, 4), its box's corner at (at, at)."""
    found = np.zeros((*size, 4), np.int64)
    rows, columns, _ = drawn.pixels.shape
    found[at + drawn.y : at + drawn.y + rows, at + drawn.x : at + drawn.x + columns] = drawn.pixels
    return found


def look(**keys: object) -> Look:
    return Look(**({"color": "#0000ff"} | keys))  # type: ignore[arg-type]


def plain(text: TextLayout = WORD) -> np.ndarray:
    """Return where `text` has ink, 0 to 255."""
    return canvas(paint(text, look()))[..., 3]


def test_a_text_of_one_colour_is_drawn_as_ever() -> None:
    """Old compositions keep their pixels: coverage of HarfBuzz, one colour, alpha apart."""
    drawn, ink = paint(WORD, Look(color="rgba(1, 2, 3, 0.5)")), raster.cover(WORD.runs)
    assert (drawn.pixels[..., 3] == ink.array).all()
    assert (drawn.pixels[..., :3] == (1, 2, 3)).all()
    assert (drawn.x, drawn.y, drawn.opacity) == (ink.x, ink.y, 0.5)


@pytest.mark.parametrize("join", ["round", "miter", "bevel"])
def test_a_stroke_outside_leaves_letters_alone(join: str) -> None:
    """The letters keep their form, and red begins where they end: no white between, no blue lost."""
    found = canvas(paint(WORD, look(stroke=Stroke(color="#f00", width=6, join=join))))  # type: ignore[arg-type]
    inside = plain() == 255
    assert np.abs(found[inside] - (0, 0, 255, 255)).max() <= 1
    edge = (plain() > 20) & (plain() < 235)
    assert (found[edge][:, 3] == 255).all(), "nothing shines through where both meet"
    assert np.abs(found[edge][:, 2] - plain()[edge]).mean() < 4, "as much blue as the letter covers"
    assert found[..., 0].max() == 255


def test_a_stroke_inside_stays_inside_and_one_in_the_middle_is_both() -> None:
    text = arrange("H", INTER, 60)
    inner, middle, outer = (
        canvas(paint(text, look(stroke=Stroke(color="#f00", width=4, position=position))))  # type: ignore[arg-type]
        for position in ("inside", "center", "outside")
    )
    assert np.abs(inner[..., 3] - plain(text)).max() <= 24, "the letters' own form, but for how edges are counted"
    reach = [int((found[..., 3] > 127).any(axis=0).sum()) for found in (inner, middle, outer)]
    assert reach[1] - reach[0] in (3, 4, 5)
    assert reach[2] - reach[0] in (7, 8, 9)
    red = [((found[..., 0] > 127) & (found[..., 3] > 127)).sum() for found in (inner, middle, outer)]
    assert min(red) > 0.7 * max(red), "as much of it, wherever it lies"


def test_a_stroke_under_the_fill_shows_its_outer_half() -> None:
    found = canvas(paint(WORD, look(stroke=Stroke(color="#f00", width=8, position="center", order="under"))))
    outside = canvas(paint(WORD, look(stroke=Stroke(color="#f00", width=4))))
    assert np.abs(found - outside).max() <= 3


def test_a_stroke_that_shines_through_is_even_where_letters_meet() -> None:
    """Strokes of letters beside each other overlap; half-transparent ones would show it, if each were laid by itself."""
    found = canvas(
        paint(arrange("HHH", INTER, 60), look(color="transparent", stroke=Stroke(color="#ff000080", width=12)))
    )
    assert set(found[60:64, 31:160, 3].ravel().tolist()) <= {*range(0, 130)}
    assert found[..., 3].max() == 128


def test_parts_of_letters_and_letters_that_join_show_no_lines_inside() -> None:
    """A thin stroke along the edge only: in the middle of a stem of overlapping parts there is none."""
    text = arrange("ـبـبـ", fonts.find("Noto Sans Arabic", 900), 110)
    size = (260, 360)
    found = canvas(paint(text, look(stroke=Stroke(color="#f00", width=1, position="center"))), size)
    covered = canvas(paint(text, look()), size)[..., 3]
    deep = np.ones_like(covered, bool)
    for down in range(-2, 3):
        for right in range(-2, 3):
            deep &= np.roll(covered, (down, right), (0, 1)) == 255
    assert deep.sum() > 50
    assert (found[deep] == (0, 0, 255, 255)).all()


def test_strokes_are_drawn_at_the_size_of_the_export() -> None:
    """At 3x a stroke of 2 px is 6 px wide and as crisp; stretched, it is as much wider as the letters are."""
    text = arrange("l", INTER, 60)

    def widths(scale: float, stretch: float = 1.0) -> tuple[int, int]:
        drawn = paint(text, look(color="transparent", stroke=Stroke(color="#f00", width=2)), scale, 0, 0, stretch)
        return int((drawn.pixels[..., 3] > 127).any(axis=0).sum()), int((drawn.pixels[..., 3] > 127).any(axis=1).sum())

    once, thrice, wide = widths(1), widths(3), widths(1, 3.0)
    assert thrice == (pytest.approx(3 * once[0], abs=3), pytest.approx(3 * once[1], abs=3))
    assert wide == (pytest.approx(3 * once[0], abs=3), once[1])


@pytest.mark.parametrize("kind", ["linear", "radial", "angle"])
@pytest.mark.parametrize(("scale", "dx", "dy"), [(1.0, 0.0, 0.0), (1.5, 12.25, -7.5)])
def test_a_gradient_is_the_compositors_over_the_box(kind: str, scale: float, dx: float, dy: float) -> None:
    """A text and a gradient layer of the same box match, pixel by pixel, not letter by letter, wherever the export puts them."""
    stops = ((0.0, "#ff0000"), (1.0, "#0000ff80"))
    slope = TextGradient(kind=kind, stops=stops, angle=70)  # type: ignore[arg-type]
    found = canvas(paint(WORD, look(gradient=slope), scale, dx, dy))
    box = (30 + dx, 30 + dy, WORD.width * scale, WORD.height * scale)
    layer = compositor.Gradient(kind, [(0.0, (1, 0, 0)), (1.0, (0, 0, 1, 128 / 255))], 70, *box)  # type: ignore[arg-type]
    true = compositor.composite([layer], size=(260, 160)).astype(int)
    solid = np.zeros((160, 260), bool)
    solid[math.ceil(box[1]) : int(box[1] + box[3]), math.ceil(box[0]) : int(box[0] + box[2])] = True
    solid &= canvas(paint(WORD, look(), scale, dx, dy))[..., 3] == 255
    assert solid.sum() > 500
    assert np.abs(found[solid] - true[solid]).max() <= 1


def test_a_gradient_goes_on_beyond_the_box() -> None:
    """Descenders of tight lines and wide strokes leave the box: they are not cut off, nor do they begin again."""
    text = arrange("gg", INTER, 60, line_height=0.5)
    drawn = paint(text, look(gradient=TextGradient(stops=((0, "#ff0000"), (1, "#0000ff")))))
    found = canvas(drawn)
    assert (found[..., 3] > 0).sum() == (plain(text) > 0).sum()
    below = found[30 + int(text.height) + 2 :]
    assert (below[below[..., 3] > 200][:, :3] == (0, 0, 255)).all()


def test_an_underline_lies_below_letters_and_a_strike_above() -> None:
    """CSS Text Decoration 4 §2.1; seen where lines do not step aside for ink."""
    lines = (
        Decoration(line="underline", color="#0f0", skip_ink=False),
        Decoration(line="line-through", color="#f00", thickness=5),
    )
    found = canvas(paint(WORD, look(decoration=lines)))
    deep = plain() == 255
    green, red = found[..., 1] > 200, found[..., 0] > 200
    assert green.any()
    assert not (green & deep).any(), "the descender of g is seen whole"
    assert (red & deep).any()


def test_a_line_without_colour_looks_like_the_letters() -> None:
    stops = ((0.0, "#ff0000"), (1.0, "#0000ff"))
    found = canvas(
        paint(WORD, look(gradient=TextGradient(stops=stops, angle=90), decoration=(Decoration(line="overline"),)))
    )
    row = found[:, 31:90][np.flatnonzero((found[:, 31:90, 3] == 255).all(axis=1))[0]]
    assert row[0, 0] > 230
    assert (np.diff(row[:, 0]) <= 0).all()


def test_runs_with_looks_of_their_own_keep_them() -> None:
    """Rich text: one word red with a stroke, the rest as the text."""
    text = arrange("HH", INTER, 60)
    run = text.runs[0]
    second = run._replace(glyphs=run.glyphs[1:], look=Look(color="#f00"))
    line = text.lines[0]._replace(runs=(run._replace(glyphs=run.glyphs[:1]), second))
    mixed = TextLayout(width=text.width, height=text.height, lines=(line,), missing=(), font=text.font, size=text.size)
    found = canvas(paint(mixed, look()))
    middle = 30 + int(run.glyphs[1].x)
    assert (found[..., 3] == plain(text)).all()
    assert set(map(tuple, found[:, : middle - 2][found[:, : middle - 2, 3] > 0][:, :3].tolist())) == {(0, 0, 255)}
    assert set(map(tuple, found[:, middle + 4 :][found[:, middle + 4 :, 3] > 0][:, :3].tolist())) == {(255, 0, 0)}
    alone = TextLayout(
        width=1, height=1, lines=(line._replace(runs=(second,)),), missing=(), font=text.font, size=text.size
    )
    assert (paint(alone, look()).pixels[..., 0] == 255).all(), "a whole text in one look of its own takes the quick way"


def test_colour_glyphs_keep_their_colours_and_have_no_stroke() -> None:
    """Emoji in a headline with a stroke."""

    def more(builder: FontBuilder) -> None:
        builder.font["CPAL"] = buildCPAL([[(1.0, 0.0, 0.0, 1.0)]])
        order = {name: index for index, name in enumerate(builder.font.getGlyphOrder())}
        builder.font["COLR"] = buildCOLR({"A": [("low", 0)]}, version=0, glyphMap=order)

    glyphs = {"A": forged.square(500), "low": forged.square(500), "B": forged.square(500)}
    text = arrange("AB", forged.instance_of(forged.font_file(glyphs, {65: "A", 66: "B"}, more=more)), 50)
    line = Stroke(color="#00ff00", width=6)
    stroked, bare = (canvas(paint(text, one)) for one in (look(stroke=line), look()))
    red = (bare == (255, 0, 0, 255)).all(axis=2)
    assert red.sum() == 25 * 25
    assert (stroked[red] == bare[red]).all()
    green = stroked[..., 1] == 255
    assert green.any()
    left = int(np.flatnonzero(green.any(axis=0))[0])
    assert left == 30 + 50 - 6, "the line is around B alone, and over it lies what has colours"


def test_pictures_are_laid_in_bands_like_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poster is put together piece by piece, in little memory."""
    full = look(
        stroke=RED_LINE,
        gradient=TextGradient(stops=((0, "#ff0"), (1, "#00f8"))),
        decoration=(Decoration(line="underline"),),
    )
    once = paint(WORD, full)
    monkeypatch.setattr(sheets, "_BAND_PIXELS", 1000)
    again = paint(WORD, full)
    assert (once.pixels == again.pixels).all()
    assert (once.x, once.y) == (again.x, again.y)


def test_a_picture_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "PICTURE_PIXELS_MAX", 1000)
    with pytest.raises(TextLimitError, match="picture"):
        paint(WORD, look(stroke=RED_LINE))


def test_nothing_drawn_is_an_empty_picture() -> None:
    drawn = paint(arrange("  ", INTER, 60), look(stroke=RED_LINE))
    assert drawn.pixels.shape == (0, 0, 4)
    assert sheets._part(Coverage(np.zeros((0, 0), np.uint8), 0, 0), sheets.Window(0, 0, 2, 2)).sum() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        Look(stroke=Stroke(color="#000", width=0)),
        Look(stroke=Stroke(color="#000", width=float("nan"))),
        Look(stroke=Stroke(color="#000", width=1, join="square")),  # type: ignore[arg-type]
        Look(gradient=TextGradient(stops=((0, "#000"),))),
        Look(decoration=(Decoration(line="under"),)),  # type: ignore[arg-type]
        Look(decoration=(Decoration(line="underline"),) * 9),
        Look(decoration=(Decoration(line="underline", thickness=1e9),)),
    ],
)
def test_a_look_out_of_range_is_refused(wrong: Look) -> None:
    with pytest.raises(TextValueError):
        checked_look(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"color": "red-ish"},
        {"stroke": Stroke(color="?", width=1)},
        {"gradient": TextGradient(stops=((0, "#000"), (1, "?")))},
        {"decoration": (Decoration(line="underline", color="?"),)},
    ],
)
def test_every_colour_of_a_look_is_read(wrong: dict[str, object]) -> None:
    request = typeset.TextRequest(text="a", font="Inter", size=10.0, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ColourError):
        typeset.look_of(request)


def test_ink_of_strokes_counts_as_ink() -> None:
    """A picture of a text has room for its stroke."""
    bare, stroked = painting.ink_box(WORD, look()), painting.ink_box(WORD, look(stroke=RED_LINE))
    assert [a - b for a, b in zip(bare, stroked, strict=True)] == [6, 6, -6, -6]


def test_a_hostile_font_with_a_stroke_is_refused_before_drawing() -> None:
    """Fifty glyphs of 20,000 corners each: some 20 million edges, told before the first of them is made."""
    font = forged.instance_of(forged.font_file({"A": forged.zigzag(20_000)}, {65: "A"}))
    with pytest.raises(TextLimitError) as caught:
        paint(arrange("A" * 50, font, 40), look(stroke=RED_LINE))
    assert caught.value.fields["unit"] == "edges"
