"""What does an outline enclose, and where: exact boxes, areas, straight pieces and maps of outlines.

Arcs become cubics first, all else is done on lines, quadratics and cubics as they are. Pure arithmetic on floats.
"""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from engines.vector_core.affine import IDENTITY, Matrix, apply
from engines.vector_core.paths import CLOSE, Outline, Segment

ARC_STEP_DEGREES = 45.0
"""The widest arc that one cubic stands for: it is off by 4e-6 of the radius, a tenth of a pixel at 24,000 px."""

PIECES_MAX = 256
"""Straight pieces of one curve, whatever the tolerance asks for."""

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle with sides along the axes, in user units; `right >= left`, `bottom >= top`."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


class Polyline(NamedTuple):
    """One subpath as points; a closed one does not repeat its first point."""

    points: tuple[Point, ...]
    closed: bool


def union_boxes(*boxes: Box | None) -> Box | None:
    """Return the smallest box around those that exist."""
    found = [box for box in boxes if box is not None]
    if not found:
        return None
    return Box(
        min(b.left for b in found), min(b.top for b in found), max(b.right for b in found), max(b.bottom for b in found)
    )


def as_curves(outline: Outline) -> Outline:
    """Return the outline with every arc as cubics (SVG 2 §B.2.4)."""
    if not any(segment.verb == "A" for segment in outline):
        return outline
    segments: list[Segment] = []
    at = start = (0.0, 0.0)
    for segment in outline:
        if segment.verb == "A":
            segments += _arc(at, segment.numbers)
        else:
            segments.append(segment)
        at, start = _after(segment, start)
    return tuple(segments)


def transformed(outline: Outline, matrix: Matrix) -> Outline:
    """Return the outline mapped by `matrix`; its arcs become cubics unless nothing changes."""
    if matrix == IDENTITY:
        return outline
    mapped = []
    for verb, numbers in as_curves(outline):
        points = (apply(matrix, *numbers[i : i + 2]) for i in range(0, len(numbers), 2))
        mapped.append(Segment(verb, tuple(value for point in points for value in point)))
    return tuple(mapped)


def bounds(outline: Outline) -> Box | None:
    """Return the exact box around an outline, curves by their extremes; None for one without any segment.

    A lone M counts, as a point; a trailing one does not.
    """
    xs: list[float] = []
    ys: list[float] = []
    for start, segment in drawn(as_curves(outline)):
        numbers = segment.numbers
        for values, axis in ((xs, 0), (ys, 1)):
            controls = [start[axis], *numbers[axis::2]]
            values += (controls[0], controls[-1], *turning_values(controls))
    if not xs:
        move = next((segment for segment in outline if segment.verb == "M"), None)
        return Box(*move.numbers, *move.numbers) if move else None
    return Box(min(xs), min(ys), max(xs), max(ys))


def signed_area(outline: Outline) -> float:
    """Return the sum of winding number times area, in square units, positive clockwise on a screen; open subpaths count
    as closed. The area of the filled shape where its contours are oriented and do not overlap. Exact (Green)."""
    total = 0.0
    start = at = (0.0, 0.0)
    for segment in as_curves(outline):
        end, next_start = _after(segment, start)
        if segment.verb == "M":
            total += _area_under([at, start])
        else:
            total += _area_under([at, *_pairs(segment.numbers)] if segment.verb != "Z" else [at, start])
        at, start = end, next_start
    return total + _area_under([at, start])


def length(outline: Outline, tolerance: float) -> float:
    """Return the length of all subpaths with their closing lines, in user units, a little less by `tolerance`."""
    return sum(
        math.dist(p, q)
        for line in flatten(outline, tolerance)
        for p, q in zip(line.points, line.points[1:] + (line.points[:1] if line.closed else ()), strict=False)
    )


def flatten(outline: Outline, tolerance: float, pieces_max: int = PIECES_MAX) -> tuple[Polyline, ...]:
    """Return each subpath as straight pieces, off by at most `tolerance` user units, in `pieces_max` pieces a curve."""
    lines: list[Polyline] = []
    points: list[Point] = []
    start = at = (0.0, 0.0)
    for segment in as_curves(outline):
        if segment.verb in "MZ":
            if points:
                lines.append(_polyline(points, segment.verb == "Z"))
            points = []
        else:
            points = points or [at]
            points += _pieces([at, *_pairs(segment.numbers)], tolerance, pieces_max)
        at, start = _after(segment, start)
        if segment.verb == "M":
            points = [at]
    if points:
        lines.append(_polyline(points, closed=False))
    return tuple(lines)


def from_polylines(lines: tuple[Polyline, ...]) -> Outline:
    """Return polylines as an outline: the inverse of `flatten` for straight outlines."""
    segments: list[Segment] = []
    for line in lines:
        segments += (Segment("L" if index else "M", point) for index, point in enumerate(line.points))
        if line.closed:
            segments.append(CLOSE)
    return tuple(segments)


def drawn(outline: Outline) -> Iterator[tuple[Point, Segment]]:
    """Yield each L, Q and C of an outline without arcs, with the point where it begins."""
    at = start = (0.0, 0.0)
    for segment in outline:
        if segment.verb in "LQC":
            yield at, segment
        at, start = _after(segment, start)


def control_box(start: Point, segment: Segment) -> Box:
    """Return the box around a segment's points and handles: not the smallest, but fast."""
    xs, ys = (start[0], *segment.numbers[::2]), (start[1], *segment.numbers[1::2])
    return Box(min(xs), min(ys), max(xs), max(ys))


def subpaths(outline: Outline) -> Iterator[Outline]:
    """Yield the outline cut at every M."""
    begin = 0
    for index, segment in enumerate(outline):
        if segment.verb == "M" and index > begin:
            yield outline[begin:index]
            begin = index
    if outline:
        yield outline[begin:]


def reversed_contour(contour: Outline) -> Outline:
    """Return one subpath of lines and curves, run through from its end to its start."""
    closed = contour[-1].verb == "Z"
    body = [segment for segment in contour[1:] if segment.verb != "Z"]
    points = [point for segment in contour[:1] + tuple(body) for point in _pairs(segment.numbers)]
    points.reverse()
    segments = [Segment("M", points[0])]
    at = 1
    for segment in reversed(body):
        count = len(segment.numbers) // 2
        segments.append(Segment(segment.verb, tuple(v for point in points[at : at + count] for v in point)))
        at += count
    return (*segments, CLOSE) if closed else tuple(segments)


def _polyline(points: list[Point], closed: bool) -> Polyline:
    if closed and len(points) > 1 and points[0] == points[-1]:
        points = points[:-1]
    return Polyline(tuple(points), closed)


def _after(segment: Segment, start: Point) -> tuple[Point, Point]:
    """Return the current point after a segment, and the start of its subpath."""
    if segment.verb == "Z":
        return start, start
    end = (segment.numbers[-2], segment.numbers[-1])
    return end, end if segment.verb == "M" else start


def _pairs(numbers: tuple[float, ...]) -> list[Point]:
    return [(numbers[i], numbers[i + 1]) for i in range(0, len(numbers), 2)]


def _value(controls: list[float], t: float) -> float:
    """Return one coordinate of a Bézier curve at `t` by de Casteljau's steps."""
    values = controls
    while len(values) > 1:
        values = [p + (q - p) * t for p, q in itertools.pairwise(values)]
    return values[0]


def turning_values(controls: list[float]) -> list[float]:
    """Return the values at which one coordinate of a Bézier curve turns round, between its ends."""
    low, high = min(controls[0], controls[-1]), max(controls[0], controls[-1])
    if all(low <= control <= high for control in controls[1:-1]):
        return []
    return [_value(controls, t) for t in _extremes(controls)]


def _extremes(controls: list[float]) -> list[float]:
    """Return the parameters inside (0, 1) where a coordinate turns round: the roots of the derivative."""
    if len(controls) == 3:
        p, q, r = controls
        roots = [(p - q) / (p - 2 * q + r)] if p - 2 * q + r else []
    elif len(controls) == 4:
        p, q, r, s = controls
        roots = _quadratic_roots(s - 3 * r + 3 * q - p, 2 * (r - 2 * q + p), q - p)
    else:
        roots = []
    return [t for t in roots if 0 < t < 1]


def _quadratic_roots(a: float, b: float, c: float) -> list[float]:
    """Return the real roots of a t² + b t + c, in the form that loses no digits where b² is large."""
    if a == 0:
        return [-c / b] if b else []
    inside = b * b - 4 * a * c
    if inside < 0:
        return []
    q = -(b + math.copysign(math.sqrt(inside), b)) / 2
    return [q / a, *([c / q] if q else [])]


def _area_under(points: list[Point]) -> float:
    """Return the integral of (x dy - y dx) / 2 along a Bézier curve."""
    if len(points) == 2:
        (x0, y0), (x1, y1) = points
        return (x0 * y1 - x1 * y0) / 2
    if len(points) == 3:  # Raised to a cubic.
        (x0, y0), (x1, y1), (x2, y2) = points
        points = [
            (x0, y0),
            ((x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3),
            ((x2 + 2 * x1) / 3, (y2 + 2 * y1) / 3),
            (x2, y2),
        ]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
    weighed = 6 * (x0 * y1 - x1 * y0) + 3 * (x0 * y2 - x2 * y0) + (x0 * y3 - x3 * y0)
    weighed += 3 * (x1 * y2 - x2 * y1) + 3 * (x1 * y3 - x3 * y1) + 6 * (x2 * y3 - x3 * y2)
    return weighed / 20


def _pieces(points: list[Point], tolerance: float, pieces_max: int) -> list[Point]:
    """Return the end points of straight pieces for one segment: as many as its second differences ask for (Wang)."""
    if len(points) == 2:
        return [points[1]]
    degree = len(points) - 1
    bend = max(
        math.hypot(a[0] - 2 * b[0] + c[0], a[1] - 2 * b[1] + c[1])
        for a, b, c in zip(points, points[1:], points[2:], strict=False)
    )
    count = math.ceil(math.sqrt(degree * (degree - 1) * bend / (8 * tolerance)))
    count = min(max(count, 1), pieces_max)
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    inner = [(_value(xs, k / count), _value(ys, k / count)) for k in range(1, count)]
    return [*inner, points[-1]]


def _arc(at: Point, numbers: tuple[float, ...]) -> list[Segment]:
    """Return the cubics of an elliptical arc from `at`: SVG 2 §B.2.4, radii enlarged where they do not reach (§B.2.5)."""
    rx, ry, degrees, large, sweep, x, y = numbers
    if at == (x, y):
        return []
    turn = math.radians(degrees)
    cos, sin = math.cos(turn), math.sin(turn)
    half_x, half_y = (at[0] - x) / 2, (at[1] - y) / 2
    x1, y1 = (cos * half_x + sin * half_y) / rx, (cos * half_y - sin * half_x) / ry
    gap = x1 * x1 + y1 * y1
    if gap > 1:
        grown = math.sqrt(gap)
        rx, ry, x1, y1, gap = rx * grown, ry * grown, x1 / grown, y1 / grown, 1.0
    away = math.sqrt(max(0.0, 1 / gap - 1)) * (-1 if bool(large) == bool(sweep) else 1)
    # On the unit circle that the ellipse is drawn from: its centre, and the angles of both ends.
    cx, cy = away * y1, -away * x1
    first = math.atan2(y1 - cy, x1 - cx)
    span = math.atan2(-y1 - cy, -x1 - cx) - first
    if sweep and span < 0:
        span += 2 * math.pi
    elif not sweep and span > 0:
        span -= 2 * math.pi
    frame = Matrix(cos * rx, sin * rx, -sin * ry, cos * ry)
    middle_x, middle_y = apply(frame, cx, cy)
    frame = frame._replace(e=(at[0] + x) / 2 + middle_x, f=(at[1] + y) / 2 + middle_y)
    return _circle_cubics(first, span, frame, (x, y))


def _circle_cubics(first: float, span: float, frame: Matrix, end: Point) -> list[Segment]:
    """Return cubics for an arc of the unit circle, mapped by `frame`; the last ends exactly at `end`."""
    count = max(1, math.ceil(abs(span) / math.radians(ARC_STEP_DEGREES) - 1e-9))
    step = span / count
    handle = 4 / 3 * math.tan(step / 4)
    segments = []
    for index in range(count):
        cos0, sin0 = math.cos(first + step * index), math.sin(first + step * index)
        cos1, sin1 = math.cos(first + step * (index + 1)), math.sin(first + step * (index + 1))
        unit = (
            (cos0 - handle * sin0, sin0 + handle * cos0),
            (cos1 + handle * sin1, sin1 - handle * cos1),
            (cos1, sin1),
        )
        points = [apply(frame, u, v) for u, v in unit]
        if index == count - 1:
            points[-1] = end
        # Rounded, for the last bits of sines differ between machines' libraries.
        segments.append(Segment("C", tuple(round(value, 9) for point in points for value in point)))
    return segments
