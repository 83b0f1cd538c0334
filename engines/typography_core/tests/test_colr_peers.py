"""Tests of COLR fonts against pictures of another renderer: BlackRenderer's, by cairo, Skia and CoreGraphics.

Fonts and pictures are read from its source distribution, unpacked in the folder that IMPASTO_BLACKRENDERER names. Each picture must match
that of one of the three backends, which differ among themselves by more than we do from the nearest.
"""

import ast
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.otTables import CompositeMode, PaintFormat
from numpy.typing import NDArray
from PIL import Image

from engines.colours import Colour
from engines.typography_core import colour_glyphs
from engines.typography_core.font_types import Axis, Font, FontContent, FontInstance
from engines.typography_core.shaping import Glyph, PlacedRun
from engines.typography_core.tests import forged_fonts as forged

PEER = Path(os.environ.get("IMPASTO_BLACKRENDERER", "nowhere")) / "Tests"
with_peer = pytest.mark.skipif(
    not PEER.is_dir(), reason="set IMPASTO_BLACKRENDERER to its unpacked source distribution"
)

BACKENDS = ("cairo", "skia", "coregraphics")
SCALE = 1 / 4
"""Output px per font unit in all of its pictures."""

MEAN_MAX = 1.0
"""In units of 1/255, of premultiplied values: a step of rounding in each pixel. The backends are up to 3 apart from each other."""

FAR = 24.0
FAR_SHARE_MAX = 0.008
"""Share of pixels that may be off by more than `FAR`/255: one column of 250 at the turn of a repeated gradient is 0.004, and rays of a
sweep turn eight times."""

SHIFT_PX_MAX = 32
"""By how much the ink of two pictures may differ in size: more is another glyph, and long to try."""

KNOWN = {
    "foreground_color_sweep_alpha_0.3": (
        9.5,
        0.5,
    ),  # between alphas HarfBuzz mixes premultiplied colours, the others do not
    "overlap_sweep_alpha": (3.5, 0.001),  # the same, in the narrow rays of a fan
    "radial_horizontal_gradient_extend_mode_pad": (1.6, 0.008),  # HarfBuzz also paints the cone behind the apex
    "radial_horizontal_gradient_extend_mode_repeat": (1.6, 0.008),
    "radial_horizontal_gradient_extend_mode_reflect": (1.6, 0.008),
    "clip_box_center": (3.5, 0.032),  # HarfBuzz clips boxes at whole pixels: the outermost row of each side is not soft
}
"""Glyph -> (mean, share of far pixels) where HarfBuzz's painter differs, and why."""

NOT_DRAWN = {
    "sweep_coincident_angles_forward_blue_red_pad": "HarfBuzz paints nothing where a sweep's angles are the same",
    "sweep_coincident_stops_forward_blue_red_pad": "HarfBuzz paints nothing where a sweep's stops are the same",
}
BLACK = Colour(0.0, 0.0, 0.0, 1.0)


class Case(NamedTuple):
    """A glyph of a font at axis values, and the name of its pictures."""

    file: str
    glyph: str
    location: dict[str, float]
    picture: str


def _cases() -> list[Case]:
    """Read the table of its own tests: nothing of it is kept here."""
    if not PEER.is_dir():
        return []
    module = ast.parse((PEER / "test_glyph_render.py").read_text(encoding="utf-8"))
    found = {
        node.targets[0].id: node.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    fonts = found["testFonts"]
    assert isinstance(fonts, ast.Dict)
    files = {
        key.value: value.right.value
        for key, value in zip(fonts.keys, fonts.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(value, ast.BinOp) and isinstance(value.right, ast.Constant)
    }
    cases = []
    for font, glyph, location, palette in ast.literal_eval(found["test_glyphs"]):
        places = "_" + ",".join(f"{tag}={value}" for tag, value in sorted(location.items())) if location else ""
        if not palette:  # texts ask for no palette yet: the first is used
            cases.append(Case(files[font], glyph, location or {}, f"glyph_{font}_{glyph}{places}"))
    if "sweep_regression_glyphs" in found:
        cases += [
            Case(files["test_glyphs"], glyph, {}, f"glyph_test_glyphs_{glyph}_sweepRegression")
            for glyph in ast.literal_eval(found["sweep_regression_glyphs"])
        ]
    return cases


def _drawn(case: Case) -> NDArray[np.uint8]:
    data = (PEER / "data" / case.file).read_bytes()
    with TTFont(PEER / "data" / case.file) as font:
        axes = font["fvar"].axes if "fvar" in font else []
        coords = {axis.axisTag: axis.defaultValue for axis in axes} | case.location
        glyph_id, size = font.getGlyphID(case.glyph), font["head"].unitsPerEm * SCALE
    known = tuple(Axis(axis.axisTag, axis.minValue, axis.maxValue) for axis in axes)
    sha256 = hashlib.sha256(data).hexdigest()
    made = Font(
        family=case.file,
        italic=False,
        sha256=sha256,
        version="",
        license="",
        axes=known,
        content=FontContent(sha256, lambda: data),
    )
    instance = FontInstance(font=made, weight=coords.get("wght", 400.0), coords=tuple(sorted(coords.items())))
    return _painted(instance, glyph_id, size)


def _painted(font: FontInstance, glyph_id: int, size: float) -> NDArray[np.uint8]:
    return colour_glyphs.paint([PlacedRun(font, size, 0.0, 0.0, (Glyph(glyph_id, 0, 0.0, 0.0, 0.0),))], BLACK).pixels


def _apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> tuple[float, float]:
    """Return mean difference in 1/255 and share of far pixels, over the ink of both, at the place where the smaller fits best.

    Pictures are cut at different bounds, and the faintest row of one may be empty in the other.
    """
    pair = [_inked(one), _inked(other)]
    rows, columns = (max(picture.shape[axis] for picture in pair) for axis in (0, 1))
    best = (255.0, 1.0)
    if (
        max(rows - min(picture.shape[0] for picture in pair), columns - min(picture.shape[1] for picture in pair))
        > SHIFT_PX_MAX
    ):
        return best
    for y in range(rows - min(picture.shape[0] for picture in pair) + 1):
        for x in range(columns - min(picture.shape[1] for picture in pair) + 1):
            sheets = []
            for picture in pair:
                sheet = np.zeros((rows, columns, 4), np.float32)
                top, left = (y if picture.shape[0] < rows else 0), (x if picture.shape[1] < columns else 0)
                sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
                sheet[..., :3] *= sheet[..., 3:] / 255
                sheets.append(sheet)
            off = np.abs(sheets[0] - sheets[1])
            best = min(best, (float(off.mean()), float((off.max(axis=2) > FAR).mean())))
    return best


def _inked(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    shown = picture[..., 3] > 2
    if not shown.any():
        return np.zeros((1, 1, 4), np.uint8)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _pictures(name: str) -> list[NDArray[np.uint8]]:
    files = [PEER / "expectedOutput" / f"{name}_{backend}.png" for backend in BACKENDS]
    return [np.asarray(Image.open(file).convert("RGBA")) for file in files if file.exists()]


def _check(drawn: NDArray[np.uint8], name: str, limits: tuple[float, float] = (MEAN_MAX, FAR_SHARE_MAX)) -> None:
    found = [_apart(drawn, picture) for picture in _pictures(name)]
    assert found, f"{name}: no picture"
    assert any(mean <= limits[0] and far <= limits[1] for mean, far in found), f"{name}: (mean, far) {found}"


@with_peer
def test_there_is_something_to_compare() -> None:
    """A table that moved must not let the tests below compare nothing."""
    assert len(_cases()) >= 60


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case.picture,
            marks=pytest.mark.xfail(reason=NOT_DRAWN[case.glyph], strict=True) if case.glyph in NOT_DRAWN else (),
        )
        for case in _cases()
    ]
    or [pytest.param(None, marks=with_peer)],
)
def test_glyphs_match_one_of_three_backends(case: Case) -> None:
    """Gradients, transforms, clips, composites, variations: COLR is a small drawing language, and this its only public test suite."""
    _check(_drawn(case), case.picture, KNOWN.get(case.glyph, (MEAN_MAX, FAR_SHARE_MAX)))


@with_peer
@pytest.mark.parametrize("mode", list(CompositeMode), ids=lambda mode: mode.name)
def test_all_composite_modes_match(mode: CompositeMode) -> None:
    """All 28: a square of 200 px in blue over one in red, composed by each mode."""

    def square(name: str, index: int) -> dict[str, object]:
        solid = {"Format": PaintFormat.PaintSolid, "PaletteIndex": index, "Alpha": 1.0}
        return {"Format": PaintFormat.PaintGlyph, "Glyph": name, "Paint": solid}

    def more(builder: FontBuilder) -> None:
        builder.font["CPAL"] = buildCPAL([[(1.0, 0.2, 0.0, 1.0), (0.0, 0.2, 1.0, 1.0)]])
        order = {name: index for index, name in enumerate(builder.font.getGlyphOrder())}
        both = {
            "Format": PaintFormat.PaintComposite,
            "CompositeMode": mode,
            "SourcePaint": square("high", 1),
            "BackdropPaint": square("low", 0),
        }
        boxes = {"A": (0, 0, 400, 400)}
        builder.font["COLR"] = buildCOLR({"A": both}, version=1, glyphMap=order, clipBoxes=boxes)

    glyphs = {"A": forged.square(400), "low": forged.square(200, 50, 50), "high": forged.square(200, 150, 150)}
    font = forged.instance_of(forged.font_file(glyphs, {65: "A"}, more=more))
    _check(_painted(font, 1, forged.UNITS_PER_EM), "compositeMode_" + mode.name.replace("_", ""))
