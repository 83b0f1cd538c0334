"""Which pieces of text does a `<text>` of an SVG hold, where does each begin, and how large is it?

Characters are gathered from the element and its `<tspan>`s, white space folded, positions resolved for each character
(SVG 2 §11.5), and cut into pieces of one look that are set in one go; chunks between absolute positions are anchored as
wholes. Outlines come from whoever has fonts. Text along a path, vertical text, stretched text and right-to-left text in
several pieces are refused by name. Main path: `set_text`.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from engines.vector_core import affine, curves, paths, svg_values
from engines.vector_core.affine import Matrix
from engines.vector_core.curves import Box, union_boxes
from engines.vector_core.svg_document import Context, Document
from engines.vector_core.svg_tree import Element

EM = 1000.0
"""Units of the font size in which outlines are told, as in fonts."""

PIECES_MAX = 10_000
"""Pieces of one text: each character of three pages, placed by itself."""


_PLAIN_ONLY = ("font-variation-settings", "font-feature-settings", "unicode-bidi")


class TextRun(NamedTuple):
    """Characters to outline in one go. `family` is CSS's list, `size` in user units, `weight` 1 to 1000, `stretch` in percent of
    a font's usual width; spacings in user units, after each character and at each space."""

    text: str
    family: str
    size: float
    weight: float
    italic: bool
    stretch: float = 100.0
    letter_spacing: float = 0.0
    word_spacing: float = 0.0
    kerning: bool = True
    rtl: bool = False


class Outlined(NamedTuple):
    """A run as path data from its start on the baseline, y downwards. All lengths in thousandths of the font size.

    `ascent` and `descent` are positive. `lines` are the tops, counted down from the baseline, and the thickness of the
    font's underline, overline and line-through. `faults` are what could not be done as asked, in words.
    """

    data: str
    advance: float
    ascent: float
    descent: float
    x_height: float = 500.0
    lines: "tuple[tuple[str, float, float], ...]" = ()
    faults: tuple[str, ...] = ()


OutlineText = Callable[[TextRun], Outlined]
"""Turns a run of text into its outline; comes from whoever has fonts."""


class FontsUsed(NamedTuple):
    """Which fonts outlines came from: sha256 of each file by the font's name, and the artifacts among them."""

    hashes: dict[str, str]
    artifact_ids: tuple[str, ...]


NO_FONTS = FontsUsed({}, ())


class Outliner(Protocol):
    """An `OutlineText` that remembers its fonts."""

    def __call__(self, run: TextRun) -> Outlined:
        """Return the outline of `run`."""
        ...

    def used(self) -> FontsUsed:
        """Return the fonts of all outlines so far."""
        ...


class Piece(NamedTuple):
    """Characters of one look: path data in user units of the text element, and the `box` from ascent to descent.

    `lines` are text decorations: which, who asked for it (its look is theirs), and the corners of the line.
    """

    context: Context
    text: str
    data: str
    corners: tuple[tuple[float, float], ...]
    lines: "tuple[tuple[str, Context, tuple[tuple[float, float], ...]], ...]"

    @property
    def box(self) -> Box:
        xs, ys = [x for x, _ in self.corners], [y for _, y in self.corners]
        return Box(min(xs), min(ys), max(xs), max(ys))


def set_text(document: Document, element: Element, context: Context, outline: OutlineText) -> tuple[Piece, ...]:
    """Return the pieces of a `<text>`, in the order in which they are drawn; `context` is that around it.

    Tells the document of what cannot be held. Raises what `outline` raises.
    """
    gathered = _Gathered(document)
    gathered.gather(element, context)
    gathered.fold()
    gathered.place()
    pieces: list[Piece] = []
    pen = (0.0, 0.0)
    for chunk in gathered.chunks():
        runs = [_set_run(document, run, outline) for run in chunk]
        if len(runs) > 1 and any(_turns_back(run.text) for run in chunk):
            document.unsupported(element, "text from right to left in several pieces")
        placed, pen = _placed(runs, pen)
        pieces += placed
    return tuple(pieces)


def box_of(pieces: tuple[Piece, ...]) -> Box | None:
    """Return the box that gradients, clips and masks of a text are measured by: around the cells of its characters."""
    return union_boxes(*(piece.box for piece in pieces))


class _Owner(NamedTuple):
    """An element with characters: its context, its look in words, and where in the text its own begin."""

    element: Element
    context: Context
    decorations: tuple[tuple[str, Context], ...]
    rise: tuple[str, ...]
    """baseline-shift of the element and those around it."""
    dominant: str
    keeps_space: bool


class _Char(NamedTuple):
    character: str
    owner: int
    x: float | None = None
    y: float | None = None
    dx: float = 0.0
    dy: float = 0.0
    rotate: float = 0.0


class _Run(NamedTuple):
    text: str
    owner: _Owner
    first: _Char


class _Set(NamedTuple):
    run: _Run
    outlined: Outlined
    size: float
    shift: float
    """User units that the run lies below the baseline."""


class _Gathered:
    """The characters of one text element, and who owns each."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._owners: list[_Owner] = []
        self._chars: list[_Char] = []
        self._spans: dict[int, tuple[int, int]] = {}
        self._parents: dict[int, int] = {}

    def gather(self, element: Element, context: Context, parent: int | None = None) -> None:
        inner = self._document.inside(element, context)
        self._check(element, inner.inherited)
        own = self._document.specified(element)
        above = None if parent is None else self._owners[parent]
        decorations = (*(above.decorations if above else self._lines_around(element)), *_lines(own, inner))
        space = element.attributes.get("xml:space")
        baseline = own.get("alignment-baseline", "auto")
        if baseline in ("auto", "baseline"):
            baseline = inner.inherited.get("dominant-baseline", "auto")
        shift = own.get("baseline-shift", "baseline")
        self._owners.append(
            _Owner(
                element,
                inner,
                decorations,
                (*(above.rise if above else ()), *(() if shift == "baseline" else (shift,))),
                baseline,
                space == "preserve" if space else (above.keeps_space if above else self._space_around(element)),
            )
        )
        index = len(self._owners) - 1
        if parent is not None:
            self._parents[index] = parent
        for part in element.content:
            if isinstance(part, str):
                self._chars += (_Char(character, index) for character in part)
            elif part.tag in ("tspan", "a") and self._document.drawn(part):
                self.gather(part, inner, index)
            elif part.tag in ("textPath", "tref", "altGlyph"):
                self._document.unsupported(part, f"<{part.tag}>")

    def _lines_around(self, element: Element) -> tuple[tuple[str, Context], ...]:
        """Return the lines that groups around a text ask for, as renderers have it."""
        found: list[tuple[str, Context]] = []
        for above in self._document.ancestors(element):
            own = self._document.specified(above)
            if "text-decoration" in own:
                found += _lines(own, self._document.inside(above, self._document.around(above)))
        return tuple(found)

    def _space_around(self, element: Element) -> bool:
        return self._document.xml_space(element) == "preserve"

    def _check(self, element: Element, look: Mapping[str, str]) -> None:
        own = self._document.specified(element)
        if "textLength" in element.attributes:
            self._document.unsupported(element, "textLength")
        said = {
            "writing-mode": (look.get("writing-mode", "lr"), ("lr", "lr-tb", "rl", "rl-tb", "horizontal-tb")),
            "font-variant": (look.get("font-variant", "normal"), ("normal", "none")),
            **{name: (own.get(name, "normal"), ("normal", "none", "inherit")) for name in _PLAIN_ONLY},
        }
        for name, (value, held) in said.items():
            if value not in held:
                self._document.unsupported(element, f"{name} {value}")

    def fold(self) -> None:
        """Fold white space as `xml:space` says (SVG 1.1 §10.15), and note which characters each element has."""
        kept: list[_Char] = []
        for char in self._chars:
            if char.character in "\n\r\t":
                char = char._replace(character=" ")
            folds = not self._owners[char.owner].keeps_space
            if char.character == " " and folds and (not kept or kept[-1].character == " "):
                continue
            kept.append(char)
        while kept and kept[-1].character == " " and not self._owners[kept[-1].owner].keeps_space:
            kept.pop()
        self._chars = kept
        for at, char in enumerate(kept):
            owner: int | None = char.owner
            while owner is not None:
                first, _ = self._spans.get(owner, (at, at))
                self._spans[owner] = (first, at + 1)
                owner = self._parents.get(owner)

    def place(self) -> None:
        """Give each character the positions that the innermost element says for it (SVG 2 §11.5, "resolve positions")."""
        for index, (first, end) in sorted(self._spans.items()):
            owner = self._owners[index]
            if owner.element.attributes.keys().isdisjoint(("x", "y", "dx", "dy", "rotate")):
                continue
            # Marks belong to the character before them and have no position of their own.
            places = [at for at in range(first, end) if not unicodedata.combining(self._chars[at].character)]
            viewport = owner.context.viewport
            for name in ("x", "y", "dx", "dy"):
                whole = viewport.width if name in ("x", "dx") else viewport.height
                parts = owner.element.attributes.get(name, "").replace(",", " ").split()
                for at, part in zip(places, parts, strict=False):
                    value = svg_values.length(part, whole, viewport.font_size)
                    if value is not None:
                        self._chars[at] = _moved(self._chars[at], name, value)
            turns = svg_values.numbers(owner.element.attributes.get("rotate", ""))
            for count, at in enumerate(places if turns else ()):
                self._chars[at] = self._chars[at]._replace(rotate=turns[min(count, len(turns) - 1)])

    def chunks(self) -> Iterator[list[_Run]]:
        """Yield the runs between two absolute positions (SVG 2 §11.5, "text chunks")."""
        chunk: list[list[int]] = []
        count = 0
        for at, char in enumerate(self._chars):
            if chunk and (char.x is not None or char.y is not None):
                yield self._runs(chunk)
                chunk = []
            if chunk and not self._begins(char, self._chars[at - 1]):
                chunk[-1][1] = at + 1
                continue
            count += 1
            if count > PIECES_MAX:
                self._document.unsupported(self._owners[char.owner].element, f"text in more than {PIECES_MAX} pieces")
                break
            chunk.append([at, at + 1])
        if chunk:
            yield self._runs(chunk)

    def _runs(self, spans: list[list[int]]) -> list[_Run]:
        """Return the runs of a chunk, each from the first to before the last of its characters."""
        found = []
        for first, end in spans:
            text = "".join(char.character for char in self._chars[first:end])
            found.append(_Run(text, self._owners[self._chars[first].owner], self._chars[first]))
        return found

    def _begins(self, char: _Char, before: _Char) -> bool:
        """Tell whether a character cannot be set in one go with the one before it."""
        if unicodedata.combining(char.character):
            return False
        if char.dx or char.dy or char.rotate or before.rotate:
            return True
        one, two = self._owners[char.owner], self._owners[before.owner]
        return char.owner != before.owner and (
            one.context != two.context
            or (one.decorations, one.rise, one.dominant) != (two.decorations, two.rise, two.dominant)
        )


def _lines(own: Mapping[str, str], inner: Context) -> tuple[tuple[str, Context], ...]:
    words = own.get("text-decoration", "").split()
    return tuple((word, inner) for word in ("underline", "overline", "line-through") if word in words)


def _moved(char: _Char, name: str, value: float) -> _Char:
    match name:
        case "x":
            return char._replace(x=value)
        case "y":
            return char._replace(y=value)
        case "dx":
            return char._replace(dx=value)
        case _:
            return char._replace(dy=value)


def _set_run(document: Document, run: _Run, outline: OutlineText) -> _Set:
    element, context = run.owner.element, run.owner.context
    look, size = context.inherited, context.viewport.font_size

    def spacing(name: str) -> float:
        return svg_values.length(look.get(name), size, size) or 0.0

    asked = TextRun(
        text=run.text,
        family=look.get("font-family", ""),
        size=size,
        weight=svg_values.font_weight(look.get("font-weight", "400"), 400.0),
        italic=look.get("font-style", "normal").startswith(("italic", "oblique")),
        stretch=svg_values.font_stretch(look.get("font-stretch", "normal")),
        letter_spacing=spacing("letter-spacing"),
        word_spacing=spacing("word-spacing"),
        kerning=look.get("font-kerning", "auto") != "none",
        rtl=look.get("direction") == "rtl",
    )
    outlined = outline(asked) if size > 0 else Outlined("", 0.0, 0.0, 0.0)
    for fault in outlined.faults:
        document.unsupported(element, fault)
    return _Set(run, outlined, size, _shift(document, run.owner, outlined, size))


def _shift(document: Document, owner: _Owner, outlined: Outlined, size: float) -> float:
    """Return how far down a run lies by its baseline (CSS Inline 3 §4, with the heights that renderers use) and its shifts."""
    down = _BASELINES.get(owner.dominant)
    if down is None:
        document.unsupported(owner.element, f"the baseline {owner.dominant}")
        down = _BASELINES["auto"]
    shift = (down[0] * outlined.ascent + down[1] * outlined.x_height - down[2] * outlined.descent) * size / EM
    for word in owner.rise:
        rise = svg_values.length(word, size, size)
        if rise is None:
            document.unsupported(owner.element, f"baseline-shift {word}")
        shift -= rise or 0.0
    return shift


_BASELINES: dict[str, tuple[float, float, float]] = {
    "auto": (0.0, 0.0, 0.0),
    "alphabetic": (0.0, 0.0, 0.0),
    "middle": (0.0, 0.5, 0.0),
    "central": (0.5, 0.0, 0.5),
    "hanging": (0.8, 0.0, 0.0),
    "mathematical": (0.5, 0.0, 0.0),
    "ideographic": (0.0, 0.0, 1.0),
    **dict.fromkeys(("before-edge", "text-before-edge", "text-top"), (1.0, 0.0, 0.0)),
    **dict.fromkeys(("after-edge", "text-after-edge", "text-bottom"), (0.0, 0.0, 1.0)),
}
"""Of each baseline: shares of ascent and x-height, upwards, and of the descent, downwards; usvg's numbers."""


def _placed(runs: list[_Set], pen: tuple[float, float]) -> tuple[list[Piece], tuple[float, float]]:
    """Return the pieces of a chunk, anchored as one, and where the pen is after it."""
    first = runs[0].run.first
    x = pen[0] if first.x is None else first.x
    y = pen[1] if first.y is None else first.y
    starts: list[tuple[float, float]] = []
    low, high = x, x
    for item in runs:
        x, y = x + item.run.first.dx, y + item.run.first.dy
        starts.append((x, y))
        low = min(low, x) if len(starts) > 1 else x
        x += item.outlined.advance * item.size / EM
        high = max(high, x)
    look = runs[0].run.owner.context.inherited
    anchor, rtl = look.get("text-anchor", "start"), look.get("direction") == "rtl"
    back = {"middle": 0.5, "end": 0.0 if rtl else 1.0}.get(anchor, 1.0 if rtl else 0.0) * (high - low)
    pieces = [_piece(item, x - back, y + item.shift) for item, (x, y) in zip(runs, starts, strict=True)]
    return pieces, (x - back, y)


def _piece(item: _Set, x: float, y: float) -> Piece:
    unit, outlined, owner = item.size / EM, item.outlined, item.run.owner
    matrix = affine.chain(affine.translate(x, y), affine.rotate(item.run.first.rotate), affine.scale(unit))
    outline = curves.transformed(paths.parse_path(outlined.data), matrix)
    decimals = svg_values.decimals_for(item.size)
    data = paths.format_path(
        tuple(paths.Segment(verb, tuple(round(value, decimals) for value in numbers)) for verb, numbers in outline)
    )
    known = {name: (top, thickness) for name, top, thickness in outlined.lines}
    lines = tuple(
        (name, context, _corners(matrix, known[name][0], sum(known[name]), outlined.advance))
        for name, context in owner.decorations
        if name in known
    )
    corners = _corners(matrix, -outlined.ascent, outlined.descent, outlined.advance)
    return Piece(owner.context, item.run.text, data, corners, lines)


def _corners(matrix: Matrix, top: float, bottom: float, advance: float) -> tuple[tuple[float, float], ...]:
    plain = ((0.0, top), (advance, top), (advance, bottom), (0.0, bottom))
    return tuple(affine.apply(matrix, x, y) for x, y in plain)


def _turns_back(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("R", "AL", "RLE", "RLO", "RLI") for character in text)
