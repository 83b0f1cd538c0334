"""In which direction does each character of a paragraph run, and in which order do they stand on a line? UAX #9.

Pure. Levels come from `resolve` (rules P2 to I2), once a paragraph; `line_levels` and `visual_order` (L1, L2) then put each
line in order. Mirrored glyphs (L4) are the shaper's part: HarfBuzz mirrors what it shapes from right to left. Paragraphs
are split by the caller (P1). The rules are searches over one byte a character (see `bidi_classes`), so that cost is linear
in the text whatever it holds: nothing is scanned again for each control or bracket. The main path is `resolve`.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from engines.typography_core.bidi_classes import BRACKETS, SAME_BRACKET, classes, needs_levels

Direction = Literal["auto", "ltr", "rtl"]

DEPTH_MAX = 125
"""Deepest explicit level, BD2."""

BRACKETS_OPEN_MAX = 63
"""Open brackets that are remembered at once, BD16."""

_CONTROL = re.compile(rb"[efghkijxzb]")
_ISOLATE = re.compile(rb"[ijxz]")
_STRONG_OR_INITIATOR = re.compile(rb"[LRAijx]")
_NEUTRALS = re.compile(rb"[owSijxz]+")
_RESET = b"wijxzefghkbSP"
"""What L1 may put back to the base level."""
_RESETS = re.compile(b"[" + _RESET + b"]+")
_BRACKET = re.compile("[" + re.escape("".join(BRACKETS) + "".join(BRACKETS.values())) + "]")
_CLOSING = {opening: SAME_BRACKET.get(closing, closing) for opening, closing in BRACKETS.items()}
_L, _R = b"LR"
_STRONG = {_L: _L, _R: _R, b"1"[0]: _R, b"2"[0]: _R}
"""Which direction a resolved class counts as for N0 to N2: numbers are right-to-left there."""


class Levels(NamedTuple):
    """The embedding level of a paragraph, and of each of its characters as one byte, 0 to 126; odd is right-to-left. `kinds` are the
    characters' classes, empty where all levels are 0."""

    base: int
    of: bytes
    kinds: bytes = b""


class _Entry(NamedTuple):
    """An entry of the directional status stack of X1; `override` is the byte of L or R, or 0 for none."""

    level: int
    override: int
    isolate: bool


class _LevelRun(NamedTuple):
    """Neighbours of one level (BD7), as (start, end) spans between the characters that X9 removes."""

    level: int
    spans: list[tuple[int, int]]


def base_level(paragraph: str, direction: Direction = "auto") -> int:
    """Return 0 for a left-to-right and 1 for a right-to-left paragraph; `auto` asks its first strong letter (P2, P3)."""
    if direction != "auto":
        return int(direction == "rtl")
    if not needs_levels(paragraph):
        return 0
    kinds = classes(paragraph)
    return _first_level(kinds, 0, len(kinds), _matches(kinds))


def resolve(paragraph: str, direction: Direction = "auto") -> Levels:
    """Return the level of each character of `paragraph` before lines are cut (P2 to I2).

    A paragraph separator may stand at its end; inside it counts as a tab. What X9 removes gets the level of the character before it. Text
    without right-to-left letters, Arabic digits and controls is level 0 at once in a left-to-right paragraph.
    """
    if direction != "rtl" and not needs_levels(paragraph):
        return Levels(0, bytes(len(paragraph)))
    given = classes(paragraph)
    separator = given.endswith(b"P")
    kinds = given.removesuffix(b"P").replace(b"P", b"S")
    matches = _matches(kinds)
    base = _first_level(kinds, 0, len(kinds), matches) if direction == "auto" else int(direction == "rtl")
    resolved = bytearray(kinds)
    runs = _level_runs(kinds, resolved, base, matches)
    levels = bytearray(len(kinds))
    for sequence in _sequences(kinds, runs, matches):
        spans = [span for index in sequence for span in runs[index].spans]
        level = runs[sequence[0]].level
        before = runs[sequence[0] - 1].level if sequence[0] else base
        ends_open = kinds[spans[-1][1] - 1] in b"ijx"
        after = base if ends_open or sequence[-1] + 1 == len(runs) else runs[sequence[-1] + 1].level
        joined = b"".join([resolved[start:end] for start, end in spans])
        text = "".join([paragraph[start:end] for start, end in spans])
        found = _resolve_sequence(text, joined, level, max(level, before) % 2, max(level, after) % 2)
        place = 0
        for start, end in spans:
            levels[start:end] = found[place : place + end - start]
            place += end - start
    _fill_removed(levels, runs, base)
    return Levels(base, bytes(levels) + bytes([base]) * separator, given)


def line_levels(paragraph: str, levels: Levels, start: int, end: int) -> bytes:
    """Return the levels of the line `paragraph[start:end]`: white space at its end, and before tabs, is of the base (L1)."""
    cut = levels.of[start:end]
    if levels.base == 0 and not any(cut):
        return cut
    line = bytearray(cut)
    kinds = levels.kinds[start:end] or classes(paragraph[start:end])
    kept = len(kinds.rstrip(_RESET))
    line[kept:] = bytes([levels.base]) * (len(kinds) - kept)
    separated = b"S" in kinds or b"P" in kinds
    for found in _RESETS.finditer(kinds, 0, kept) if separated else ():
        stop = max(kinds.rfind(b"S", *found.span()), kinds.rfind(b"P", *found.span())) + 1
        if stop > found.start():
            line[found.start() : stop] = bytes([levels.base]) * (stop - found.start())
    return bytes(line)


def visual_order(levels: Sequence[int]) -> list[int]:
    """Return the indices of `levels` from left to right (L2); `levels` may be those of characters or of whole runs."""
    order = list(range(len(levels)))
    odd = [level for level in levels if level % 2]
    for level in range(max(levels), min(odd) - 1, -1) if odd else ():
        start = 0
        while start < len(levels):
            end = start
            while end < len(levels) and levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = max(end, start + 1)
    return order


def _matches(kinds: bytes) -> dict[int, int]:
    """Return the index of each isolate initiator that has a matching PDI -> the index of that PDI (BD9)."""
    opened: list[int] = []
    found = {}
    for match in _ISOLATE.finditer(kinds):
        if match[0] != b"z":
            opened.append(match.start())
        elif opened:
            found[opened.pop()] = match.start()
    return found


def _first_level(kinds: bytes, start: int, end: int, matches: dict[int, int]) -> int:
    """Return the level that the first strong letter of `kinds[start:end]` asks for, outside isolates; 0 without one."""
    while (found := _STRONG_OR_INITIATOR.search(kinds, start, end)) is not None:
        if found[0] not in b"ijx":
            return int(found[0] != b"L")
        start = matches.get(found.start(), end) + 1
    return 0


def _level_runs(kinds: bytes, resolved: bytearray, base: int, matches: dict[int, int]) -> list[_LevelRun]:
    """Apply X1 to X8: return the level runs in logical order, and write overrides into `resolved`."""
    runs: list[_LevelRun] = []

    def add(start: int, end: int) -> None:
        if start == end:
            return
        level, override, _ = stack[-1]
        if override:
            resolved[start:end] = bytes([override]) * (end - start)
        if runs and runs[-1].level == level:
            runs[-1].spans.append((start, end))
        else:
            runs.append(_LevelRun(level, [(start, end)]))

    stack = [_Entry(base, 0, False)]
    overflow_isolates = overflow_embeddings = 0
    place = 0
    for match in _CONTROL.finditer(kinds):
        index, kind = match.start(), match[0]
        add(place, index)
        place = index + 1
        if kind in b"efgh" or kind in b"ijx":
            isolate = kind in b"ijx"
            if isolate:
                add(index, index + 1)
            odd = kind in b"fhj" or (
                kind == b"x" and _first_level(kinds, index + 1, matches.get(index, len(kinds)), matches) == 1
            )
            level = (stack[-1].level + 1) | 1 if odd else (stack[-1].level + 2) & ~1
            if level <= DEPTH_MAX and not overflow_isolates and not overflow_embeddings:
                stack.append(_Entry(level, {b"g": _L, b"h": _R}.get(kind, 0), isolate))
            elif isolate:
                overflow_isolates += 1
            elif not overflow_isolates:
                overflow_embeddings += 1
        elif kind == b"k":
            if overflow_embeddings and not overflow_isolates:
                overflow_embeddings -= 1
            elif not overflow_isolates and len(stack) > 1 and not stack[-1].isolate:
                stack.pop()
        elif kind == b"z":
            if overflow_isolates:
                overflow_isolates -= 1
            elif any(entry.isolate for entry in stack):
                overflow_embeddings = 0
                while not stack.pop().isolate:
                    pass
            add(index, index + 1)
    add(place, len(kinds))
    return runs


def _sequences(kinds: bytes, runs: list[_LevelRun], matches: dict[int, int]) -> list[list[int]]:
    """Return the isolating run sequences (BD13), each as indices into `runs`."""
    waiting: dict[int, list[int]] = {}
    sequences = []
    for index, run in enumerate(runs):
        sequence = waiting.pop(run.spans[0][0], None)
        if sequence is None:
            sequence = []
            sequences.append(sequence)
        sequence.append(index)
        last = run.spans[-1][1] - 1
        if kinds[last] in b"ijx" and last in matches:
            waiting[matches[last]] = sequence
    return sequences


def _resolve_sequence(text: str, kinds: bytes, level: int, sos: int, eos: int) -> bytes:
    """Return the levels of one isolating run sequence (W1 to I2), whose ends count as `sos` and `eos`: 0 left, 1 right."""
    embedding = _R if level % 2 else _L
    edge = b"R" if sos else b"L"
    resolved = _weak(kinds, edge)
    if _BRACKET.search(text):
        resolved = _paired(text, kinds, resolved, embedding, edge[0])

    def direction(found: re.Match[bytes]) -> bytes:
        before, after = (_STRONG[found.string[at]] for at in (found.start() - 1, found.end()))
        return bytes([before if before == after else embedding]) * len(found[0])

    resolved = _NEUTRALS.sub(direction, edge + resolved + (b"R" if eos else b"L"))[1:-1]
    steps = (1, 0, 1, 1) if level % 2 else (0, 1, 2, 2)
    return resolved.translate(bytes.maketrans(b"LR12", bytes(level + step for step in steps)))


def _weak(kinds: bytes, edge: bytes) -> bytes:
    """Resolve weak types, W1 to W7: what is left is L, R, EN, AN and neutrals."""

    def marks(found: re.Match[bytes]) -> bytes:
        return found[1] + (b"o" if found[1] in b"ijxz" else found[1]) * len(found[2])

    def terminators(found: re.Match[bytes]) -> bytes:
        beside = found.string[found.start() - 1 : found.start()] + found.string[found.end() : found.end() + 1]
        return (b"1" if b"1" in beside else b"%") * len(found[0])

    kinds = re.sub(rb"([^m])(m+)", marks, edge + kinds)  # W1
    kinds = re.sub(rb"A[^LRA1]*1[^LRA]*", lambda found: found[0].replace(b"1", b"2"), kinds)  # W2
    kinds = kinds.replace(b"A", b"R")  # W3
    kinds = re.sub(rb"(?<=1)[+,](?=1)", b"1", kinds)  # W4
    kinds = re.sub(rb"(?<=2),(?=2)", b"2", kinds)
    kinds = re.sub(rb"%+", terminators, kinds)  # W5
    kinds = kinds.translate(bytes.maketrans(b"+,%", b"ooo"))  # W6
    kinds = re.sub(rb"L[^LR1]*1[^LR]*", lambda found: found[0].replace(b"1", b"L"), kinds)  # W7
    return kinds[1:]


def _paired(text: str, kinds: bytes, resolved: bytes, embedding: int, sos: int) -> bytes:
    """Give paired brackets one direction, N0. `kinds` are the classes before W1: marks on a bracket follow it."""
    pairs = _bracket_pairs(text, resolved)
    if not pairs:
        return resolved
    opposite = _L if embedding == _R else _R
    letters = {_L: b"L", _R: b"[R12]"}
    same = [found.start() for found in re.finditer(letters[embedding], resolved)]
    other = [found.start() for found in re.finditer(letters[opposite], resolved)]
    result = bytearray(resolved)
    closers: dict[int, int] = {}
    last, context = -1, sos
    for index in sorted([*pairs, *pairs.values()]):
        kind = closers.get(index)
        if (closer := pairs.get(index)) is not None:
            if bisect_left(same, index) < bisect_left(same, closer):
                kind = embedding
            elif bisect_left(other, index) < bisect_left(other, closer):
                nearest, before = last, context
                for positions, direction in ((same, embedding), (other, opposite)):
                    count = bisect_left(positions, index)
                    if count and positions[count - 1] > nearest:
                        nearest, before = positions[count - 1], direction
                kind = opposite if before == opposite else embedding
            if kind is not None:
                closers[closer] = kind
        if kind is not None:
            marks = re.compile(b"m*").match(kinds, index + 1)
            assert marks is not None
            result[index : marks.end()] = bytes([kind]) * (marks.end() - index)
            last, context = index, kind
    return bytes(result)


def _bracket_pairs(text: str, resolved: bytes) -> dict[int, int]:
    """Return the index of each opening bracket that is closed -> that of its closing one (BD14 to BD16)."""
    opened: list[tuple[str, int]] = []
    awaited: Counter[str] = Counter()
    pairs = {}
    for found in _BRACKET.finditer(text):
        if resolved[found.start()] != ord("o"):
            continue
        char = found[0]
        if (closing := _CLOSING.get(char)) is not None:
            if len(opened) == BRACKETS_OPEN_MAX:
                return {}
            opened.append((closing, found.start()))
            awaited[closing] += 1
        elif awaited[char := SAME_BRACKET.get(char, char)]:
            closing = ""
            while closing != char:
                closing, opener = opened.pop()
                awaited[closing] -= 1
            pairs[opener] = found.start()
    return pairs


def _fill_removed(levels: bytearray, runs: list[_LevelRun], base: int) -> None:
    """Give what X9 removed the level of the character before it, or the base level at the start."""
    place, level = 0, base
    for start, end in [span for run in runs for span in run.spans]:
        levels[place:start] = bytes([level]) * (start - place)
        place, level = end, levels[end - 1]
    levels[place:] = bytes([level]) * (len(levels) - place)
