"""Where are the lines, runs and clusters of a text that is set, as plain values for JSON?

For those who place other things beside text: all lengths in px from the top left corner of the text's box, y downwards, unrounded.
Nothing is set or drawn here; the main path is `measured`.
"""

from collections.abc import Iterator
from itertools import groupby, pairwise

import msgspec

from engines.typography_core import faces
from engines.typography_core.layout import Line, TextLayout
from engines.typography_core.shaping import PlacedRun


class ClusterBox(msgspec.Struct, frozen=True, kw_only=True):
    """Characters that are drawn together: `text` from the character `start` (0-based) of the whole text up to `end`, and the room from `x`
    on that they take, as high as their run. A ligature is one; an added hyphen or ellipsis has clusters after its line's characters."""

    start: int
    end: int
    text: str
    x: float
    width: float


class RunBox(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Glyphs of one font at one size, from left to right: a box from the font's ascent above the baseline to its descent below."""

    font: str
    size: float
    x: float
    y: float
    width: float
    height: float
    baseline: float
    clusters: tuple[ClusterBox, ...] | None = None


class LineBox(msgspec.Struct, frozen=True, kw_only=True):
    """A line: what it shows, from which character on, its baseline, and its ink's room without the spaces at its end."""

    start: int
    text: str
    baseline: float
    x: float
    width: float
    runs: tuple[RunBox, ...]


class TextBoxes(msgspec.Struct, frozen=True, kw_only=True):
    """A text that is set: its box, `size` after fitting, `truncated` where lines were left out, `missing` characters without a glyph, the
    `fonts` that decide about it (label -> sha256 of the file), and the lines from top to bottom."""

    width: float
    height: float
    size: float
    truncated: bool
    missing: tuple[str, ...]
    fonts: dict[str, str]
    lines: tuple[LineBox, ...]


def measured(text: TextLayout, *, clusters: bool = False) -> TextBoxes:
    """Return the boxes of `text`, those of its clusters only when asked: they are most of the answer."""
    used = {run.font.font.label: run.font.font.sha256 for run in text.runs}
    return TextBoxes(
        width=text.width,
        height=text.height,
        size=text.size,
        truncated=text.truncated,
        missing=text.missing,
        fonts={text.font.font.label: text.font.font.sha256} | used,
        lines=tuple(_line(line, clusters) for line in text.lines),
    )


def _line(line: Line, clusters: bool) -> LineBox:
    starts = sorted({glyph.cluster for run in line.runs for glyph in run.glyphs})
    ends = dict(pairwise([*starts, line.start + len(line.text)]))
    return LineBox(
        start=line.start,
        text=line.text,
        baseline=line.baseline,
        x=line.x,
        width=line.width,
        runs=tuple(_run(line, run, ends if clusters else None) for run in line.runs),
    )


def _run(line: Line, run: PlacedRun, ends: dict[int, int] | None) -> RunBox:
    heights = faces.metrics(run.font, run.size)
    return RunBox(
        font=run.font.font.label,
        size=run.size,
        x=run.x,
        y=run.baseline - heights.ascent,
        width=sum(glyph.advance for glyph in run.glyphs),
        height=heights.ascent + heights.descent,
        baseline=run.baseline,
        clusters=None if ends is None else tuple(_clusters(line, run, ends)),
    )


def _clusters(line: Line, run: PlacedRun, ends: dict[int, int]) -> Iterator[ClusterBox]:
    pen = run.x
    for start, glyphs in groupby(run.glyphs, lambda glyph: glyph.cluster):
        width = sum(glyph.advance for glyph in glyphs)
        shown = line.text[start - line.start : ends[start] - line.start]
        yield ClusterBox(start=start, end=ends[start], text=shown, x=pen, width=width)
        pen += width
