"""Which runs does a marked-up text mean?

A small, closed subset of what people know from web pages, written as well-formed XML: `<b> <i> <u> <s> <sup> <sub> <small>`, a `<br>`,
and `<span>` with the attributes of `ATTRIBUTES`. White space is kept as it is, `<br>` is a newline. Anything else (other tags and
attributes, comments, declarations, entities but XML's five and numbers) is refused with its place, never passed over. The main path
is `parse`.
"""

import re
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, NoReturn
from xml.parsers import expat

import msgspec

from engines.colours import ColourError, parse_colour
from engines.typography_core.errors import MarkupError, TextLimitError
from engines.typography_core.look import Decoration
from engines.typography_core.rich_text import RUNS_MAX, TextRun
from engines.typography_core.setting import TEXT_LENGTH_MAX, check_text

MARKUP_LENGTH_MAX = 4 * TEXT_LENGTH_MAX
"""Characters, tags included."""

DEPTH_MAX = 32
"""Tags inside tags, as many as groups in a composition."""

BOLD = 700.0

SMALLER = 5 / 6
"""Times the size around it: one step of 1.2, as CSS Fonts 4 §2.5 has for `smaller`."""

ATTRIBUTES = {
    "font": "font", "size": "size", "weight": "weight", "italic": "italic", "color": "color", "lang": "language",
    "tracking": "tracking", "word_spacing": "word_spacing", "baseline_shift": "baseline_shift", "small_caps": "small_caps",
}  # fmt: skip
"""Attribute of `<span>` -> the field of a run."""

TAGS = ("b", "i", "u", "s", "sup", "sub", "small", "br", "span")

_NUMBERS = frozenset(("size", "weight", "tracking", "word_spacing", "baseline_shift"))
_FLAGS = frozenset(("italic", "small_caps"))
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_LINES = {"u": Decoration(line="underline"), "s": Decoration(line="line-through")}
_BREAK = re.compile(r"<br\s*(>)")
_ROOT = "<r>"

_REFUSED = {
    "CommentHandler": "a comment",
    "ProcessingInstructionHandler": "a processing instruction",
    "StartCdataSectionHandler": "a CDATA section",
    "StartDoctypeDeclHandler": "a document type",
}
"""Handler of expat -> what it is called for; all of these would be passed over otherwise."""


def parse(markup: str, size: float) -> tuple[TextRun, ...]:
    """Return the runs of `markup` in a text of `size` px: one at least, and neighbours of one style are one.

    Raises MarkupError with the tag and its place, TextLimitError, TextEncodingError. Costs about 1 us a character.
    """
    check_text("markup", markup, MARKUP_LENGTH_MAX)
    # People leave breaks unclosed. "<" stands nowhere else in XML, so that these are tags.
    added = [found.start(1) for found in _BREAK.finditer(markup)]
    source = f"{_ROOT}{_BREAK.sub(lambda found: found[0][:-1] + '/>', markup)}</r>".encode()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def place(at: int) -> int:
        """Return the character of `markup` that is byte `at` of what the parser was given."""
        index = len(source[:at].decode(errors="ignore")) - len(_ROOT)
        within = [start + count for count, start in enumerate(added)]
        return min(max(0, index - bisect_left(within, index)), len(markup))

    reader = _Reader(size, lambda: place(parser.CurrentByteIndex))
    parser.StartElementHandler = reader.open
    parser.EndElementHandler = reader.close
    parser.CharacterDataHandler = reader.add
    for handler, what in _REFUSED.items():
        setattr(parser, handler, reader.refusing(what))
    try:
        parser.Parse(source, True)
    except expat.ExpatError as error:
        raise MarkupError(reader.tag, place(parser.ErrorByteIndex), expat.ErrorString(error.code)) from error
    return reader.runs()


class _Reader:
    """Collects runs while the parser calls."""

    def __init__(self, size: float, place: Callable[[], int]) -> None:
        self._place = place
        self._open: list[tuple[str, dict[str, Any]]] = []
        self._size = size
        self._runs: list[tuple[dict[str, Any], list[str]]] = []

    @property
    def tag(self) -> str:
        """The innermost tag that is open."""
        return self._open[-1][0] if self._open else ""

    def runs(self) -> tuple[TextRun, ...]:
        """Return what was read."""
        found = [TextRun(text="".join(parts), **style) for style, parts in self._runs]
        return tuple(found) or (TextRun(text=""),)

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin a tag; the first is the root."""
        if not self._open:
            self._open.append(("", {}))
            return
        if tag not in TAGS:
            self._fail(tag, "unknown tag; known: " + ", ".join(TAGS))
        if len(self._open) > DEPTH_MAX:
            self._fail(tag, f"tags nest deeper than {DEPTH_MAX}")
        if self.tag == "br":
            self._fail(tag, "inside of <br>")
        if attributes and tag != "span":
            self._fail(tag, f"attribute {next(iter(attributes))!r}: only <span> has attributes")
        outer = self._open[-1][1]
        self._open.append((tag, outer | self._asked(tag, attributes, outer)))
        if tag == "br":
            self._write("\n", outer)

    def close(self, tag: str) -> None:
        """End the innermost tag."""
        del tag
        self._open.pop()

    def add(self, text: str) -> None:
        """Take text, all or some of what stands between two tags."""
        if self.tag == "br":
            self._fail("br", "text inside")
        self._write(text, self._open[-1][1])

    def refusing(self, what: str) -> Callable[..., None]:
        """Return a handler that refuses whatever it is called with."""

        def refuse(*_: object) -> None:
            self._fail(self.tag, what)

        return refuse

    def _write(self, text: str, style: dict[str, Any]) -> None:
        if self._runs and self._runs[-1][0] == style:
            self._runs[-1][1].append(text)
            return
        if len(self._runs) == RUNS_MAX:
            raise TextLimitError("markup", len(self._runs) + 1, RUNS_MAX, "runs")
        self._runs.append((style, [text]))

    def _asked(self, tag: str, attributes: dict[str, str], outer: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that a tag sets inside `outer`."""
        if tag == "b":
            return {"weight": BOLD}
        if tag == "i":
            return {"italic": True}
        if tag in _LINES:
            lines = outer.get("decoration", ())
            return {"decoration": lines if _LINES[tag] in lines else (*lines, _LINES[tag])}
        if tag == "small":
            return {"size": outer.get("size", self._size) * SMALLER}
        if tag in ("sup", "sub"):
            if "position" in outer:
                self._fail(tag, "inside of another <sup> or <sub>")
            return {"position": "super" if tag == "sup" else "sub"}
        return {ATTRIBUTES[name]: self._value(name, text) for name, text in attributes.items() if self._knows(name)}

    def _knows(self, name: str) -> bool:
        if name not in ATTRIBUTES:
            self._fail("span", f"unknown attribute {name!r}; known: {', '.join(ATTRIBUTES)}")
        return True

    def _value(self, name: str, text: str) -> Any:
        value: object = text
        if name in _NUMBERS:
            if not _NUMBER.fullmatch(text):
                self._fail("span", f"{name}: {text[:100]!r} is not a number such as 12 or -0.5")
            value = float(text)
        elif name in _FLAGS:
            if text not in ("true", "false"):
                self._fail("span", f"{name}: {text[:100]!r} is neither true nor false")
            value = text == "true"
        try:
            if name == "color":
                parse_colour(text)
            run = msgspec.convert({"text": "", ATTRIBUTES[name]: value}, TextRun)
        except (msgspec.ValidationError, ColourError) as error:
            self._fail("span", f"{name}: {error}", error)
        return getattr(run, ATTRIBUTES[name])

    def _fail(self, tag: str, reason: str, cause: Exception | None = None) -> NoReturn:
        raise MarkupError(tag, self._place(), reason) from cause
