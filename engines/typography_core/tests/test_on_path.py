"""Tests of text along a path: places, directions, ends, and what is refused."""

import itertools
import math

import numpy as np
import pytest
from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.fontBuilder import FontBuilder
from hypothesis import given
from hypothesis import strategies as st

from engines.typography_core import on_path, painting, typeset
from engines.typography_core.errors import TextLimitError, TextValueError
from engines.typography_core.layout import TextLayout, arrange
from engines.typography_core.look import Decoration, Look, TextGradient
from engines.typography_core.on_path import TextPath, parsed
from engines.typography_core.outlines import Letter
from engines.typography_core.tests import forged_fonts as forged
from engines.typography_core.typeset import TextRequest, set_text

LEVEL = "M10 100 H 510"
CIRCLE = "M 110 10 A 100 100 0 0 1 110 210 A 100 100 0 0 1 110 10 Z"


def asked(text: str, path: TextPath, **keys: object) -> TextLayout:
    return set_text(TextRequest(**({"text": text, "font": "Inter", "size": 30.0, "path": path} | keys)))  # type: ignore[arg-type]


def letters(text: str, d: str, **keys: object) -> tuple[Letter, ...]:
    found = asked(text, TextPath(d=d, **keys)).letters  # type: ignore[arg-type]
    assert found is not None
    return found


def test_on_a_level_path_glyphs_are_where_they_were() -> None:
    """Kerning, marks and all: the path only moves the line."""
    line = set_text(TextRequest(text="AVé, Tj", font="Inter", size=30.0)).lines[0]
    found = letters("AVé, Tj", LEVEL)
    assert [one.x - 10 for one in found] == pytest.approx([glyph.x for glyph in line.glyphs], abs=1e-9)
    assert {(one.y, one.cos, one.sin) for one in found} == {(100.0, 1.0, 0.0)}


def test_glyphs_stand_with_the_middle_of_their_advance_on_the_circle() -> None:
    """SVG 2 §11.8.3: the point on the path that belongs to the middle of a glyph is under its middle, and so is its direction."""
    line = set_text(TextRequest(text="HAMBURG", font="Inter", size=30.0)).lines[0]
    for glyph, one in zip(line.glyphs, letters("HAMBURG", CIRCLE), strict=True):
        angle = (glyph.x + glyph.advance / 2) / 100  # of the radius, from the top, clockwise
        middle = (one.x + one.cos * glyph.advance / 2, one.y + one.sin * glyph.advance / 2)
        assert middle == pytest.approx((110 + 100 * math.sin(angle), 110 - 100 * math.cos(angle)), abs=0.05)
        assert (one.cos, one.sin) == pytest.approx((math.cos(angle), math.sin(angle)), abs=0.002)


@given(st.floats(0, 1))
def test_length_is_arc_length_and_directions_have_length_one(part: float) -> None:
    track = parsed(TextPath(d=CIRCLE))
    assert track.length == pytest.approx(2 * math.pi * 100, rel=2e-4)
    x, y, cos, sin = track.at(part * track.length)
    assert math.hypot(x - 110, y - 110) == pytest.approx(100, abs=0.05)
    assert math.hypot(cos, sin) == pytest.approx(1)


def test_corners_stay_corners() -> None:
    """Up to a corner text is straight, and after it, too: only curves share their directions."""
    track = parsed(TextPath(d="M0 0 H100 V100"))
    assert track.at(99.9)[2:] == pytest.approx((1, 0))
    assert track.at(100.1)[2:] == pytest.approx((0, 1))


@pytest.mark.parametrize(
    ("keys", "start", "share"),
    [
        ({}, 10, 0),
        ({"align": "center"}, 260, 0.5),
        ({"align": "end"}, 510, 1),
        ({"offset": 25.0}, 35, 0),
        ({"offset_percent": 10.0}, 60, 0),
        ({"align": "end", "offset_percent": -10.0}, 460, 1),
    ],
)
def test_align_and_offset_move_the_text_along(keys: dict[str, object], start: float, share: float) -> None:
    """`share` of the text's width lies before the point that it is aligned at."""
    width = set_text(TextRequest(text="HHH", font="Inter", size=30.0)).width
    assert letters("HHH", LEVEL, **keys)[0].x == pytest.approx(start - share * width)


def test_the_right_side_is_the_way_back() -> None:
    found = letters("HHH", LEVEL, side="right")
    assert [one.cos for one in found] == [-1, -1, -1]
    assert found[0].x == pytest.approx(510)
    assert found[1].x < found[0].x


def test_glyphs_past_an_end_are_left_out_and_told() -> None:
    """By the middle of their advance: half a glyph may stick out."""
    short = asked("HHHHHH", TextPath(d="M0 50 H 60"))
    assert short.letters is not None
    assert 0 < len(short.letters) < 6
    assert short.truncated
    assert not asked("HH", TextPath(d=LEVEL)).truncated
    assert 0 < len(letters("HHHHHH", LEVEL, offset=-60.0)) < 6, "before the start, too"


def test_a_closed_path_goes_round_once() -> None:
    """Text that starts near the end of a circle goes on from its start; what would come round again is left out."""
    found = asked("HHHHHHHHHH", TextPath(d=CIRCLE, offset_percent=95.0))
    assert found.letters is not None
    assert len(found.letters) == 10
    assert not found.truncated
    ways = [math.atan2(one.sin, one.cos) for one in found.letters]
    steps = [after - before for before, after in itertools.pairwise(ways)]
    assert all(0.1 < step < 0.4 for step in steps), "each letter is turned on from the one before it"
    centred = asked("HHHHHHHHHH", TextPath(d=CIRCLE, align="center", offset_percent=50.0))
    assert centred.letters is not None
    assert len(centred.letters) == 10
    full = asked("H" * 60, TextPath(d=CIRCLE))
    assert full.letters is not None
    assert len(full.letters) < 60
    assert full.truncated


def test_marks_turn_with_their_letters() -> None:
    """A mark has no advance: by its own middle it would stand elsewhere, and turned otherwise."""
    found = letters("x̄̂x", CIRCLE)
    assert len(found) == 4
    assert {(one.cos, one.sin) for one in found[:3]} == {(found[0].cos, found[0].sin)}


def test_mixed_directions_keep_their_visual_order() -> None:
    """Letters run along the path as they stand on a line."""
    straight = set_text(TextRequest(text="ab الخط cd", font="Noto Sans Arabic", size=30.0))
    found = letters_of(asked("ab الخط cd", TextPath(d="M0 100 H 800"), font="Noto Sans Arabic"))
    assert [one.glyph_id for one in found] == [glyph.glyph_id for run in straight.runs for glyph in run.glyphs]
    assert [one.x for one in found] == pytest.approx(
        [run.x + glyph.x for run in straight.runs for glyph in run.glyphs], abs=1e-6
    )


def letters_of(text: TextLayout) -> tuple[Letter, ...]:
    assert text.letters is not None
    return text.letters


def test_turned_letters_are_drawn_turned() -> None:
    """On a path straight down, an L lies on its back: as many pixels, rows for columns."""
    level = typeset.draw(TextRequest(text="L", font="Inter", size=60.0, path=TextPath(d="M0 100 H200")))
    upright = typeset.draw(TextRequest(text="L", font="Inter", size=60.0, path=TextPath(d="M100 0 V200")))
    assert abs(level.pixels.shape[0] - upright.pixels.shape[1]) <= 1
    assert (
        np.abs(np.rot90(level.pixels[..., 3], -1).astype(int).sum() - upright.pixels[..., 3].astype(int).sum()) < 2000
    )
    assert level.pixels[-5, :, 3].sum() > 2 * level.pixels[5, :, 3].sum(), "its bar is at the bottom"
    assert upright.pixels[:, 2, 3].sum() > 2 * upright.pixels[:, -3, 3].sum(), "its bar is at the left"


@pytest.mark.parametrize(
    "d",
    [
        "",
        "L 10 10",
        "M",
        "M 0 0 L",
        "M0 0",
        "M0 0 Z",
        "M0 0 L1e999 0",
        "M0 0 L nan 0",
        "M0 0 X",
        "<svg>",
        "M0 0 A 1 1",
        "M0,0 1",
        "M0 0 L2e6 0",
        "M0 0 L 9 -",
        "M0 0 L 9e 4",
        "M0 0 L 9 4 #",
        "M0 0 " + "-" * 900,
    ],
)
def test_what_is_no_path_is_refused(d: str) -> None:
    with pytest.raises(TextValueError) as caught:
        parsed(TextPath(d=d))
    assert caught.value.fields["field"] == "path.d"


@pytest.mark.parametrize("d", ["m0,0 10-5.5.5 3e1", "M0 0a5 5 0 0110 0", " M0 0\n h+9 s1 2 3 4 t5 6 q1,2,3,4"])
def test_every_spelling_of_svg_is_read(d: str) -> None:
    """Files of drawing programs leave out what the grammar lets them (SVG 2 §9.3.9)."""
    assert parsed(TextPath(d=d)).length > 5


def test_long_paths_are_refused() -> None:
    with pytest.raises(TextLimitError, match="characters"):
        parsed(TextPath(d="M0 0" + "L1 1" * 20_000))
    with pytest.raises(TextLimitError, match="corners"):
        parsed(TextPath(d="M0 0" + "Q9e5 9e5 0 0" * 4_000))


@pytest.mark.parametrize(
    "keys",
    [
        {"width": 100.0},
        {"fit": "shrink", "height": 20.0},
        {"decoration": (Decoration(line="underline"),)},
        {"text": "a\nb"},
    ],
)
def test_what_a_path_cannot_have_is_refused(keys: dict[str, object]) -> None:
    """Silently without an underline would be worse."""
    with pytest.raises(TextValueError) as caught:
        asked("ab", TextPath(d=LEVEL), **keys) if "text" not in keys else asked(str(keys["text"]), TextPath(d=LEVEL))
    assert caught.value.fields["field"] == "path"


@pytest.mark.parametrize(
    "keys", [{"align": "middle"}, {"offset": float("nan")}, {"offset_percent": 1e9}, {"side": "top"}]
)
def test_values_out_of_range_are_refused(keys: dict[str, object]) -> None:
    """Requests that are built in Python are held to the same limits as those that are read from JSON."""
    with pytest.raises(TextValueError):
        asked("ab", TextPath(d=LEVEL, **keys))  # type: ignore[arg-type]


def test_glyphs_with_colours_of_their_own_are_refused() -> None:
    """Their pictures are not turned; upright emoji on a curve would look like a mistake of ours."""

    def more(builder: FontBuilder) -> None:
        builder.font["CPAL"] = buildCPAL([[(1.0, 0.0, 0.0, 1.0)]])
        order = {name: index for index, name in enumerate(builder.font.getGlyphOrder())}
        builder.font["COLR"] = buildCOLR({"A": [("low", 0)]}, version=0, glyphMap=order)

    glyphs = {"A": forged.square(500), "low": forged.square(500)}
    text = arrange("A", forged.instance_of(forged.font_file(glyphs, {65: "A"}, more=more)), 50)
    with pytest.raises(TextValueError, match="colours of their own"):
        on_path.bent(text, TextPath(d=LEVEL))


def test_a_gradient_on_a_path_lies_over_the_letters() -> None:
    """Not over the box from the corner, most of which is empty."""
    stops = ((0.0, "#ff0000"), (1.0, "#0000ff"))
    request = TextRequest(
        text="HHHHHH",
        font="Inter",
        size=30.0,
        gradient=TextGradient(stops=stops, angle=90),
        path=TextPath(d="M400 300 H 600"),
    )
    drawn = typeset.draw(request).pixels
    solid = drawn[drawn[..., 3] == 255]
    assert solid[:, 0].max() > 250
    assert solid[:, 2].max() > 250
    assert drawn[drawn.shape[0] // 2, 3, 0] > 240


def test_the_box_reaches_to_the_far_ends_of_the_path() -> None:
    text = asked("HHH", TextPath(d="M-50 20 L 300 120"))
    assert (text.width, text.height) == (300, 120)
    box = painting.ink_box(text, Look())
    assert box[0] < -40, "ink is where the path is, left of the box, too"
    assert on_path.parsed(TextPath(d="M-50 20 L 300 120")).length == pytest.approx(math.hypot(350, 100))
