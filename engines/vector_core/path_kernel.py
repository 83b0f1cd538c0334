"""What do outlines make together, and what does a pen leave along one: Skia's path operations, with its faults caught.

The only file of vector_core that imports pathops. Skia calculates in 32-bit floats with absolute tolerances, and about one
in thirty wild pairs of curves comes out wrong without a word; so do straight pieces where edges nearly coincide. So every
answer is measured by `path_check`, in a frame of about a thousand units; a wrong one gives way to straight pieces, and
these to the same pieces turned, where tolerances fall otherwise. What comes back is oriented, for the nonzero rule.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from engines.vector_core import affine, curves, path_check, winding
from engines.vector_core.affine import Matrix
from engines.vector_core.path_check import Asked, Operation
from engines.vector_core.paths import CLOSE, Outline, Segment
from engines.vector_core.scene import Cap, FillRule, Join
from engines.vector_core.scene_errors import PathOperationError, SceneValueError

SEGMENTS_MAX = 10_000
"""Segments that go into one operation: a page of text as outlines has fewer."""

CROSSINGS_MAX = 40_000
"""Pairs of segments whose boxes overlap, an upper bound of crossings: what comes out grows with them, and so does the time,
to about three seconds here (combs across combs, which make 10,000 squares)."""

_ROWS = 1_024
"""Segments compared with all others at once: 10 MB of booleans."""

FRAME_UNITS = 1024.0
"""The longer side of what an operation sees: Skia's tolerances were made for coordinates of screens."""

FLAT_TOLERANCE = 0.05
"""Frame units between a curve and its straight pieces: 1/20,000 of the drawing."""

CHECK_TOLERANCE = 0.02
"""Frame units between a curve and the pieces that it is measured by: finer than those that it may be replaced by."""

WRONG_AREA = 1.0
WRONG_DEPTH = 0.05
"""What an answer may cover too much or too little: square frame units, and more for each unit along the operands. Skia
drops slivers, and straight pieces lie FLAT_TOLERANCE beside the curve."""

TURNS_DEGREES = (0.0, 31.0, 67.0, 109.0)
"""How far straight pieces are turned, one try after another."""

CONIC_TOLERANCE = 0.01
"""Frame units between a round join of Skia's stroker and the quadratics that stand for it."""

RESULT_DIGITS = 7
"""Digits of the frame's side that a result keeps: those that a 32-bit float has."""


class Pen(NamedTuple):
    """A stroke's numbers in the units of the outline: SVG 2 §13.5."""

    width: float
    cap: Cap = "butt"
    join: Join = "miter"
    miter_limit: float = 4.0
    dash: tuple[float, ...] = ()
    dash_offset: float = 0.0


class _Frame(NamedTuple):
    """How user units become frame units, by a power of two that loses no digits, and back."""

    scale: float
    x: float
    y: float
    digits: int


_Pair = tuple[Outline, Outline]
_Rules = tuple[FillRule, FillRule]


def combine(
    operation: Operation, first: Outline, first_rule: FillRule, second: Outline, second_rule: FillRule
) -> Outline:
    """Return what two filled outlines make together. Raises SceneValueError (segments, crossings) and PathOperationError."""
    first, second = curves.as_curves(first), curves.as_curves(second)
    _check_size(first, second)
    _check_crossings(first + second)
    frame = _frame(first, second)
    if frame is None:
        return ()
    inside = (_into(frame, first), _into(frame, second))
    return _out_of(frame, _best(operation, inside, (first_rule, second_rule)))


def simplify(outline: Outline, rule: FillRule) -> Outline:
    """Return the area that `rule` fills, as contours that neither cross nor overlap. Raises as `combine`."""
    return combine("union", outline, rule, (), "nonzero")


def stroke(outline: Outline, pen: Pen) -> Outline:
    """Return the area that a pen covers along an outline, for the nonzero rule; its contours may overlap.

    Raises SceneValueError (segments, or more dashes than SEGMENTS_MAX).
    """
    outline = curves.as_curves(outline)
    _check_size(outline)
    frame = _frame(outline, margin=pen.width)
    if frame is None or pen.width <= 0:
        return ()
    _check_dashes(outline, pen)
    import pathops

    path = _to_skia(_into(frame, outline), "nonzero", close=False)
    unit = frame.scale
    # SVG 2 §13.5.6: an odd list of dashes is said twice; one of zeros is none.
    dash = [length * unit for length in (pen.dash * 2 if len(pen.dash) % 2 else pen.dash)]
    path.stroke(
        pen.width * unit,
        pathops.LineCap[f"{pen.cap.upper()}_CAP"],
        pathops.LineJoin[f"{pen.join.upper()}_JOIN"],
        pen.miter_limit,
        dash if sum(dash) > 0 else None,
        pen.dash_offset * unit,
    )
    path.convertConicsToQuads(CONIC_TOLERANCE)
    return _out_of(frame, _from_skia(path))


def _check_size(*outlines: Outline) -> None:
    count = sum(len(outline) for outline in outlines)
    if count > SEGMENTS_MAX:
        raise SceneValueError("segments", "outline", count, f"{SEGMENTS_MAX} in one operation")


def _check_crossings(outline: Outline) -> None:
    if len(outline) ** 2 < 2 * CROSSINGS_MAX:
        return
    boxes = np.array([curves.control_box(start, segment) for start, segment in curves.drawn(outline)])
    left, top, right, bottom = boxes.T
    pairs = 0
    for begin in range(0, len(boxes), _ROWS):
        rows = slice(begin, begin + _ROWS)
        across = (left[rows, None] <= right) & (right[rows, None] >= left)
        down = (top[rows, None] <= bottom) & (bottom[rows, None] >= top)
        pairs += int((across & down).sum())
        # Each pair is seen from both sides, and each segment overlaps with itself and its two neighbours.
        if pairs // 2 > CROSSINGS_MAX + 2 * len(boxes):
            raise SceneValueError(
                "crossings", "outline", f"more than {CROSSINGS_MAX}", f"{CROSSINGS_MAX} in one operation"
            )


def _check_dashes(outline: Outline, pen: Pen) -> None:
    period = sum(pen.dash)
    if period > 0:
        along = curves.length(outline, max(pen.width, 1e-3))
        if along / period * len(pen.dash) > SEGMENTS_MAX:
            raise SceneValueError("dash", "stroke.dash", f"{along / period * len(pen.dash):.0f} dashes", SEGMENTS_MAX)


def _frame(*outlines: Outline, margin: float = 0.0) -> _Frame | None:
    box = curves.union_boxes(*(curves.bounds(outline) for outline in outlines))
    if box is None:
        return None
    side = max(box.width, box.height, margin)
    if side <= 0:
        return None
    scale = 2.0 ** math.floor(math.log2(FRAME_UNITS / side))
    digits = RESULT_DIGITS - math.ceil(
        math.log10(max(side, abs(box.left), abs(box.top), abs(box.right), abs(box.bottom)))
    )
    return _Frame(scale, (box.left + box.right) / 2, (box.top + box.bottom) / 2, digits)


def _into(frame: _Frame, outline: Outline) -> Outline:
    unit = frame.scale
    return curves.transformed(outline, Matrix(unit, 0.0, 0.0, unit, -frame.x * unit, -frame.y * unit))


def _out_of(frame: _Frame, outline: Outline) -> Outline:
    back = affine.chain(affine.translate(frame.x, frame.y), affine.scale(1 / frame.scale))
    return tuple(
        Segment(verb, tuple(round(value, frame.digits) for value in numbers))
        for verb, numbers in curves.transformed(outline, back)
    )


def _straight(outline: Outline) -> Outline:
    if all(segment.verb in "MLZ" for segment in outline):
        return outline
    return curves.from_polylines(curves.flatten(outline, FLAT_TOLERANCE))


def _best(operation: Operation, outlines: _Pair, rules: _Rules) -> Outline:
    """Return the first answer that covers what it ought to: of the curves, of straight pieces, of pieces turned."""
    flat = (_straight(outlines[0]), _straight(outlines[1]))
    asked = Asked(operation, outlines, rules)
    allowed = WRONG_AREA + WRONG_DEPTH * sum(curves.length(outline, 1.0) for outline in flat)
    attempts = [(outlines, 0.0), *((flat, degrees) for degrees in TURNS_DEGREES)]
    for given, degrees in attempts:
        turn = affine.rotate(degrees)
        result = _try(operation, [curves.transformed(outline, turn) for outline in given], rules)
        if result is None:
            continue
        result = curves.transformed(result, affine.rotate(-degrees))
        if path_check.wrong_area(asked, result, CHECK_TOLERANCE) <= allowed:
            return result
    raise PathOperationError(operation, "no answer of Skia's path operations covers what these outlines ask for")


def _try(operation: Operation, outlines: list[Outline], rules: _Rules) -> Outline | None:
    """Return Skia's answer in the frame, or None where it gave up."""
    import pathops

    one, two = (_to_skia(outline, rule, close=True) for outline, rule in zip(outlines, rules, strict=True))
    try:
        # Skia answers for the even-odd rule. Its binding's repair of winding errs where contours touch in a point.
        return winding.orient(_from_skia(pathops.op(one, two, pathops.PathOp[operation.upper()], fix_winding=False)))
    except pathops.PathOpsError:
        return None


def _to_skia(outline: Outline, rule: FillRule, *, close: bool) -> Any:
    """Return pathops' path; with `close`, every subpath ends with a closing line, as filling has it."""
    import pathops

    path = pathops.Path(fillType=pathops.FillType.EVEN_ODD if rule == "evenodd" else pathops.FillType.WINDING)
    is_open = False
    for verb, numbers in outline:
        if verb == "M":
            if close and is_open:
                path.close()
            path.moveTo(*numbers)
            is_open = False
        elif verb == "Z":
            path.close()
            is_open = False
        else:
            is_open = True
            {"L": path.lineTo, "Q": path.quadTo, "C": path.cubicTo}[verb](*numbers)
    if close and is_open:
        path.close()
    return path


def _from_skia(path: Any) -> Outline:
    segments: list[Segment] = []
    for verb, points in path:
        letter = _VERBS[verb.name]
        if letter == "M" and segments and segments[-1].verb == "M":
            segments.pop()
        segments.append(Segment(letter, tuple(value for point in points for value in point)))
    if segments and segments[-1].verb == "M":
        segments.pop()
    return tuple(CLOSE if segment.verb == "Z" else segment for segment in segments)


_VERBS = {"MOVE": "M", "LINE": "L", "QUAD": "Q", "CUBIC": "C", "CLOSE": "Z"}
