"""Where may a line be widened to reach both edges, as its scripts want it?

Pure. Spaces grow in all scripts; Chinese and Japanese characters, which have none, move apart at each of their bounds;
Thai, Lao, Khmer and Burmese do so in lines without a space (CSS Text 3 §8.3, `text-justify: auto`). Arabic letters are
never moved apart, and not lengthened yet either. The main path is `justified`.
"""

import re

from engines.typography_core.paragraph import Piece, SetLine
from engines.typography_core.shaping import Run

SPACES = frozenset(" \u00a0\u1361\u3000")
"""Characters that justification widens: the word separators of CSS Text 3 §8.1, and the ideographic space."""

APART = frozenset(("Hani", "Hira", "Kana", "Bopo", "Yiii"))
"""Scripts whose characters may all be moved apart."""

APART_WITHOUT_SPACES = frozenset(("Thai", "Laoo", "Khmr", "Mymr"))
"""Scripts whose clusters are moved apart where a line has no space."""

_CJK_CHARACTER = re.compile("[\u3000-\u30ff\u3105-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


def justified(line: SetLine, room: float) -> SetLine:
    """Return `line` widened by `room` px, shared equally among the places where it may grow; as it is where there are none."""
    indent = len(line.text) - len(line.text.lstrip(" ")) + line.start
    shown = [
        (piece_index, glyph_index, glyph.cluster)
        for piece_index, piece in enumerate(line.pieces)
        for glyph_index, glyph in enumerate(piece.run.glyphs)
        if glyph_index + 1 == len(piece.run.glyphs) or piece.run.glyphs[glyph_index + 1].cluster != glyph.cluster
    ]
    places = _places(line, shown, indent)
    if not places:
        return line
    extra = room / len(places)
    pieces = []
    for piece_index, piece in enumerate(line.pieces):
        widened = {glyph for at, glyph in places if at == piece_index}
        pieces.append(Piece(piece.item, _widened(piece.run, widened, extra)) if widened else piece)
    return line._replace(pieces=tuple(pieces), width=line.width + room)


def _places(line: SetLine, shown: list[tuple[int, int, int]], indent: int) -> list[tuple[int, int]]:
    """Return (piece, glyph) of each glyph that is followed by more room; `shown` are the last glyphs of clusters, from left to
    right. Spaces before `indent` stay."""
    chars = [line.text[cluster - line.start] for _, _, cluster in shown]
    scripts = [line.pieces[piece].item.script for piece, _, _ in shown]
    spaces = [char in SPACES for char in chars]
    if not any(space and cluster >= indent for space, (_, _, cluster) in zip(spaces, shown, strict=True)):
        apart = APART | APART_WITHOUT_SPACES
    else:
        apart = APART
    found = []
    for index, (piece, glyph, cluster) in enumerate(shown):
        if spaces[index]:
            grows = cluster >= indent
        else:
            beside = index + 1 < len(shown) and not spaces[index + 1]
            grows = beside and any(
                scripts[at] in apart and (scripts[at] in APART_WITHOUT_SPACES or _CJK_CHARACTER.match(chars[at]))
                for at in (index, index + 1)
            )
        if grows:
            found.append((piece, glyph))
    return found


def _widened(run: Run, places: set[int], extra: float) -> Run:
    glyphs = []
    shift = 0.0
    for index, glyph in enumerate(run.glyphs):
        widen = extra if index in places else 0.0
        glyphs.append(glyph._replace(x=glyph.x + shift, advance=glyph.advance + widen))
        shift += widen
    return Run(tuple(glyphs), run.width + shift, run.missing)
