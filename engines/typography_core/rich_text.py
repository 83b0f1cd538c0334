"""Which styles do the runs of a rich text ask for?

A run is some characters and what of their setting is not the text's; what it does not say is. Fonts are found by the caller. The
main path is `spans_of`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, get_args

import msgspec
from msgspec import Meta

from engines.typography_core import breaks, look, small_caps, superscripts
from engines.typography_core.errors import TextLimitError, TextValueError
from engines.typography_core.fonts import WEIGHT_MAX, WEIGHT_MIN
from engines.typography_core.itemise import COMMON
from engines.typography_core.look import Decorations, Look, Stroke
from engines.typography_core.setting import (
    SIZE_PX_MAX,
    TEXT_LENGTH_MAX,
    TRACKING_MAX,
    TRACKING_MIN,
    check_length,
    check_number_in,
    check_text,
)
from engines.typography_core.shaping import FEATURE_VALUE_MAX, FEATURES_MAX
from engines.typography_core.styles import Cascade, Span, Style
from engines.typography_core.superscripts import Position

RUNS_MAX = 2_000
"""Runs of one text: every second word of a page has a style of its own."""

SHIFT_PX_MAX = SIZE_PX_MAX
"""px that a run may be moved up or down: one line of the largest letters."""

SCALE_MAX = 1_000.0
"""Times that a run may be larger than its text: `fit` has room to make both smaller."""

_Thousandths = Annotated[float, Meta(ge=TRACKING_MIN, le=TRACKING_MAX)]
_Tag = Annotated[str, Meta(pattern="^[ -~]{4}$")]
_Value = Annotated[int, Meta(ge=0, le=FEATURE_VALUE_MAX)]
_AxisName = Annotated[str, Meta(min_length=1, max_length=100)]


class TextRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Some characters of a text; every other value that is None is the text's. `size` and `baseline_shift` (up) are in px,
    `tracking` and `word_spacing` in thousandths of an em. `features` and `axes` are added to the text's."""

    text: Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]
    font: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    size: Annotated[float, Meta(gt=0, le=SIZE_PX_MAX)] | None = None
    weight: Annotated[float, Meta(ge=WEIGHT_MIN, le=WEIGHT_MAX)] | None = None
    italic: bool | None = None
    language: Annotated[str, Meta(pattern=f"^{breaks.LANGUAGE_PATTERN}$", max_length=100)] | None = None
    features: Annotated[dict[_Tag, _Value], Meta(max_length=FEATURES_MAX)] | None = None
    axes: Annotated[dict[_AxisName, float], Meta(max_length=64)] | None = None
    tracking: _Thousandths | None = None
    word_spacing: _Thousandths | None = None
    baseline_shift: Annotated[float, Meta(ge=-SHIFT_PX_MAX, le=SHIFT_PX_MAX)] | None = None
    position: Position | None = None
    small_caps: bool | None = None
    color: Annotated[str, Meta(max_length=100)] | None = None
    stroke: Stroke | None = None
    decoration: Decorations | None = None


Runs = Annotated[tuple[TextRun, ...], Meta(max_length=RUNS_MAX)]


class Base(NamedTuple):
    """What a text is set in where its runs say nothing; as in `typeset.TextRequest`."""

    font: str
    size: float
    weight: float
    italic: bool
    language: str
    features: Mapping[str, int]
    axes: Mapping[str, float]
    tracking: float
    word_spacing: float


FindCascade = Callable[[str, float, bool, Mapping[str, float]], Cascade]
"""Family, weight, italic and axes -> where to look for glyphs; the same cascade for the same values."""


def text_of(runs: Sequence[TextRun]) -> str:
    """Return the text of all runs, as it is read."""
    return "".join([run.text for run in runs])


def colours(run: TextRun) -> Iterator[tuple[str, str]]:
    """Yield where each colour of `run` stands, as a JSON path from it, and how it is written."""
    own = _look(run, Look())
    if own is not None:
        yield from (found for found in look.colours(own) if run.color is not None or found[0] != "color")


def check(runs: Sequence[TextRun], size: float) -> None:
    """Raise TextLimitError, TextEncodingError or TextValueError for the first thing in `runs` of a text of `size` px that cannot be."""
    if len(runs) > RUNS_MAX:
        raise TextLimitError("runs", len(runs), RUNS_MAX, "runs")
    for index, run in enumerate(runs):
        path = f"runs[{index}]"
        check_text(f"{path}.text", run.text, TEXT_LENGTH_MAX)
        if run.size is not None:
            check_length(f"{path}.size", run.size, min(SIZE_PX_MAX, size * SCALE_MAX), "px")
        for field, low, high in _RANGES:
            if (value := getattr(run, field)) is not None:
                check_number_in(f"{path}.{field}", value, low, high)
        if run.position is not None and run.position not in get_args(Position):
            raise TextValueError(f"{path}.position", run.position, "one of " + ", ".join(get_args(Position)))
        if run.language is not None:
            breaks.checked_language(run.language)


_RANGES = (
    ("weight", WEIGHT_MIN, WEIGHT_MAX),
    ("tracking", TRACKING_MIN, TRACKING_MAX),
    ("word_spacing", TRACKING_MIN, TRACKING_MAX),
    ("baseline_shift", -SHIFT_PX_MAX, SHIFT_PX_MAX),
)


def spans_of(runs: Sequence[TextRun], base: Base, own: Look, cascade_of: FindCascade) -> list[Span]:
    """Return the spans that `runs` make of a text like `base`, whose look is `own`. Raises what `check` and finding fonts raise."""
    check(runs, base.size)
    spans = [Span(0, _style(TextRun(text=""), base, cascade_of))]
    start = 0
    for run in runs:
        if run.text:
            shown = _look(run, own)
            checked = None if shown is None else look.checked_look(shown)
            spans.append(Span(start, _style(run, base, cascade_of), checked))
            start += len(run.text)
    return spans


def _style(run: TextRun, base: Base, cascade_of: FindCascade) -> Style:
    weight, italic = _given(run.weight, base.weight), _given(run.italic, base.italic)
    axes = {**base.axes, **(run.axes or {})}
    cascade = cascade_of(_given(run.font, base.font), weight, italic, axes)
    size = _given(run.size, base.size)
    scale = line_scale = size / base.size
    rise = line_rise = _given(run.baseline_shift, 0.0) / base.size
    if run.position is not None:
        raised = superscripts.raised(cascade(COMMON)[0], size, run.position)
        scale, rise = scale * raised.scale, rise + raised.rise * scale
    return Style(
        cascade=cascade,
        language=_given(run.language, base.language),
        features={**base.features, **(run.features or {})},
        tracking=_given(run.tracking, base.tracking),
        word_spacing=_given(run.word_spacing, base.word_spacing),
        scale=scale,
        rise=rise,
        line_scale=line_scale,
        line_rise=line_rise,
        small_caps=small_caps.has_own if run.small_caps else None,
    )


def _look(run: TextRun, text: Look) -> Look | None:
    """Return the look of `run`, None where it is the text's: the fields that a run and a look share are the look's."""
    shared = (name for name in Look.__struct_fields__ if name in TextRun.__struct_fields__)
    own: dict[str, Any] = {name: value for name in shared if (value := getattr(run, name)) is not None}
    return msgspec.structs.replace(text, **own) if own else None


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value
