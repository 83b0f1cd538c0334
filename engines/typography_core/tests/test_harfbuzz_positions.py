"""Positions are HarfBuzz's own: the fonts of the SVG corpus, with the texts of its text tests, against HarfBuzz asked directly.

It is asked with the bytes of the file as they are, and with its own guess of script and direction.
"""

import itertools
import os
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import uharfbuzz as hb

from engines.typography_core import faces, font_files, itemise, shaping
from engines.typography_core.errors import FontRefusedError
from engines.typography_core.tests import forged_fonts as forged

CORPUS = Path(os.environ.get("IMPASTO_CORPORA", Path(__file__).parents[3].parent / "shared" / "corpora")) / "svg"
FONTS, TEXTS = CORPUS / "fonts", CORPUS / "tests" / "text"
pytestmark = pytest.mark.skipif(not TEXTS.is_dir(), reason=f"no corpus at {CORPUS}; set IMPASTO_CORPORA")

FILES = sorted(path.name for path in FONTS.glob("*.[ot]tf")) if FONTS.is_dir() else []
SIZES = (7.0, 48.0, 100.0)
OFF_UNITS = 1e-6
"""Font units: what float64 loses on the way to px and back."""


@cache
def texts() -> tuple[str, ...]:
    """Return the different runs of one script in the texts of all test files, white space collapsed as SVG does."""
    found: dict[str, None] = {}
    for path in sorted(TEXTS.rglob("*.svg")):
        try:
            root = ET.fromstring(path.read_bytes())  # noqa: S314 - files of a corpus that we chose
        except ET.ParseError:
            continue
        for element in root.iter("{http://www.w3.org/2000/svg}text"):
            text = re.sub(r"\s+", " ", "".join(element.itertext())).strip()
            runs = [*itemise.script_runs(text), (len(text), "")]
            found |= {text[start:end]: None for (start, _), (end, _) in itertools.pairwise(runs)}
    return tuple(text for text in found if text)


class Asked(NamedTuple):
    """HarfBuzz's answer: script, whether it runs to the left, rows of (glyph, cluster, x, y downwards, advance) in its steps."""

    script: str
    rtl: bool
    rows: list[tuple[int, ...]]


def directly(data: bytes, text: str, steps_per_unit: int) -> Asked:
    """Ask HarfBuzz, with so many steps to a font unit."""
    face = hb.Face(hb.Blob(data))
    font = hb.Font(face)
    font.scale = (face.upem * steps_per_unit, face.upem * steps_per_unit)
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.language = "und"
    hb.shape(font, buffer, {})
    pen, rows = 0, []
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        rows.append((info.codepoint, info.cluster, pen + place.x_offset, -place.y_offset, place.x_advance))
        pen += place.x_advance
    return Asked(buffer.script or "Zyyy", buffer.direction == "rtl", rows)


def test_the_corpus_has_texts_in_many_scripts() -> None:
    """A parser that finds nothing would pass all that follows."""
    scripts = {script for text in texts() for _, script in itemise.script_runs(text)}
    assert {"Latn", "Arab", "Deva", "Hira", "Cyrl"} <= scripts
    assert len(texts()) > 50


@pytest.mark.parametrize("name", FILES)
def test_positions_are_harfbuzz_s_own(name: str) -> None:
    """The same glyphs, clusters and places to the last bit, at any size; in whole font units, too, but where HarfBuzz centres marks by
    itself: it rounds them down to a unit then, and we do not."""
    data = (FONTS / name).read_bytes()
    try:
        font_files.open_file(data)
    except FontRefusedError as error:
        pytest.skip(f"refused on purpose: {error}")
    font = forged.instance_of(data, name)
    upem = faces.face(font.font).upem
    for text in texts():
        script, rtl, rows = directly(data, text, faces.FIXED_PER_UNIT)
        in_units = np.array([row[2:] for row in directly(data, text, 1).rows])
        for size in SIZES:
            run = shaping.shape_run(text, 0, len(text), font, size, script=script, rtl=rtl)
            px = size / (upem * faces.FIXED_PER_UNIT)
            assert run.glyphs == tuple(
                (glyph, cluster, *(step * px for step in steps)) for glyph, cluster, *steps in rows
            )
            off = np.abs(np.array([glyph[2:] for glyph in run.glyphs]) * (upem / size) - in_units)
            assert off[:, :2].max() <= 0.5 + OFF_UNITS, text
            assert off[:, 2].max() <= OFF_UNITS, text
