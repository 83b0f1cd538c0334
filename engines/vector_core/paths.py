"""How is SVG path data spelled: text to segments in absolute coordinates, and back (SVG 2 §9.3).

An `Outline` is a tuple of segments: M (x y), L (x y), Q (x1 y1 x y), C (x1 y1 x2 y2 x y), A (rx ry degrees large sweep x y)
and Z (nothing). What an outline encloses, and where, is for `curves`. Pure text and numbers; cost is linear.
"""

import math
import re
from typing import NamedTuple

from engines.vector_core.scene_errors import PathDataError

PATH_CHARS_MAX = 4 * 1024 * 1024
"""Characters of path data: half a million vertices, the guard's limit for one attribute."""

COORDINATE_MAX = 1e7
"""User units: engines calculate in 32-bit floats, whose step here is a whole unit; nothing beyond can be drawn well."""

NUMBER_DIGITS = 9
"""Significant digits of written numbers: enough for every 32-bit float, in which engines keep coordinates."""

_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_FLAG = re.compile(r"[01]")
_GAP = re.compile(r"[ \t\r\n\f]*,?[ \t\r\n\f]*")
_SPACE = re.compile(r"[ \t\r\n\f]*")


class Segment(NamedTuple):
    """One command in absolute coordinates: `verb` is one of M L Q C A Z."""

    verb: str
    numbers: tuple[float, ...]


Outline = tuple[Segment, ...]
CLOSE = Segment("Z", ())


def parse_path(data: str, *, tolerant: bool = False) -> Outline:
    """Return the segments of path data. Raises PathDataError; with `tolerant`, what precedes the fault (SVG 2 §9.5.4).

    H, V, S and T become L, C and Q; a Z that further commands follow without an M is followed by one.
    """
    if len(data) > PATH_CHARS_MAX:
        raise PathDataError(PATH_CHARS_MAX, f"{len(data)} characters", f"within {PATH_CHARS_MAX} characters")
    reader = _Reader(data)
    try:
        reader.read()
    except PathDataError:
        if not tolerant:
            raise
    segments = reader.segments
    if segments and segments[-1].verb == "M" and len(segments) > 1:
        segments.pop()
    return tuple(segments)


def format_path(outline: Outline) -> str:
    """Spell an outline, absolute, one letter a segment. `parse_path(format_path(o))` is `o` to NUMBER_DIGITS digits."""
    return "".join(verb + _spell(numbers) for verb, numbers in outline)


def format_number(value: float) -> str:
    """Spell a finite number in at most NUMBER_DIGITS significant digits, without exponent and idle zeros.

    >>> format_number(0.1 + 0.2), format_number(-0.0), format_number(1e-7), format_number(640.0)
    ('0.3', '0', '0.0000001', '640')
    """
    text = f"{value:.{NUMBER_DIGITS}g}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        digits = len(mantissa.lstrip("-").replace(".", ""))
        text = f"{value:.{max(0, digits - 1 - int(exponent))}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _spell(numbers: tuple[float, ...]) -> str:
    parts = [format_number(number) for number in numbers]
    return "".join(part if not index or part[0] == "-" else " " + part for index, part in enumerate(parts))


class _Reader:
    """The state of one pass over path data: where it is, the current point, the start of the subpath."""

    def __init__(self, data: str) -> None:
        self._data = data
        self._at = 0
        self.segments: list[Segment] = []
        self._x = self._y = self._start_x = self._start_y = 0.0
        self._control: tuple[str, float, float] | None = None
        self._closed = False

    def read(self) -> None:
        data = self._data
        self._at = _SPACE.match(data, 0).end()  # type: ignore[union-attr]  # matches nothing at least
        command = ""
        while self._at < len(data):
            letter, begin = data[self._at], self._at
            if letter.upper() in _COUNTS and letter.isascii():
                self._at = _SPACE.match(data, self._at + 1).end()  # type: ignore[union-attr]  # as above
                command = letter
            elif not command or command in "Zz":
                raise PathDataError(self._at, letter, "a command")
            else:
                # Further numbers repeat the command; those after a moveto are lines (SVG 2 §9.3.3).
                command = {"M": "L", "m": "l"}.get(command, command)
            if not self.segments and command not in "Mm":
                raise PathDataError(begin, letter, "a moveto, with which path data begins")
            self._run(command)

    def _run(self, command: str) -> None:
        upper = command.upper()
        if upper == "Z":
            self._add("Z", ())
            return
        values = self._arguments(upper)
        if command.islower():
            values = self._absolute(upper, values)
        self._emit(upper, values)

    def _arguments(self, upper: str) -> list[float]:
        values = []
        for index in range(_COUNTS[upper]):
            pattern = _FLAG if upper == "A" and index in (3, 4) else _NUMBER
            found = pattern.match(self._data, self._at)
            if found is None:
                raise PathDataError(self._at, self._data[self._at : self._at + 1], "a number")
            value = float(found[0])
            if not abs(value) <= COORDINATE_MAX:
                raise PathDataError(self._at, found[0][:40], f"within {COORDINATE_MAX:g}")
            values.append(value)
            self._at = found.end()
            gap = _GAP.match(self._data, self._at)
            assert gap is not None, "matches nothing at least"
            self._at = gap.end()
        return values

    def _absolute(self, upper: str, values: list[float]) -> list[float]:
        if upper == "H":
            return [values[0] + self._x]
        if upper == "V":
            return [values[0] + self._y]
        if upper == "A":
            return [*values[:5], values[5] + self._x, values[6] + self._y]
        return [value + (self._y if index % 2 else self._x) for index, value in enumerate(values)]

    def _emit(self, upper: str, v: list[float]) -> None:
        if upper == "H":
            self._add("L", (v[0], self._y))
        elif upper == "V":
            self._add("L", (self._x, v[0]))
        elif upper == "S":
            self._add("C", (*self._mirrored("C"), *v))
        elif upper == "T":
            self._add("Q", (*self._mirrored("Q"), *v))
        elif upper == "A" and (v[0] == 0 or v[1] == 0):
            self._add("L", (v[5], v[6]))  # SVG 2 §9.5.1: no radius, a straight line
        elif upper == "A":
            self._add("A", (abs(v[0]), abs(v[1]), math.fmod(v[2], 360.0), *v[3:]))
        else:
            self._add(upper, tuple(v))

    def _mirrored(self, verb: str) -> tuple[float, float]:
        """Return the last control point mirrored at the current point, which it is itself after another command."""
        if self._control is None or self._control[0] != verb:
            return self._x, self._y
        return 2 * self._x - self._control[1], 2 * self._y - self._control[2]

    def _add(self, verb: str, numbers: tuple[float, ...]) -> None:
        if verb == "Z":
            self.segments.append(CLOSE)
            self._x, self._y, self._control, self._closed = self._start_x, self._start_y, None, True
            return
        if verb == "M":
            self._start_x, self._start_y = numbers
        elif self._closed:
            self.segments.append(Segment("M", (self._start_x, self._start_y)))
        self._closed = False
        self.segments.append(Segment(verb, numbers))
        self._control = (verb, numbers[-4], numbers[-3]) if verb in "QC" else None
        self._x, self._y = numbers[-2:]
