"""Where may a line, a word or what a reader takes for one character end?

The only file that asks ICU (line breaks by UAX #14 with dictionaries for Thai, Lao, Khmer and Burmese; words and grapheme
clusters by UAX #29) and pyphen (hyphenation by pattern, an extra). The language is always told: neither may ask the
process's locale. All results are indices into the text as Python counts it, ascending. Mandatory breaks are found here,
too, but cut by `layout`.
"""

import functools
import importlib.metadata
import itertools
import re
from bisect import bisect_left
from typing import Any, Literal, NamedTuple

from engines.typography_core.errors import TextValueError

LineBreak = Literal["auto", "loose", "normal", "strict"]
"""CSS Text 3 §5.3: how freely lines of Chinese, Japanese and Korean break, most freely first; `auto` is what ICU does."""

LANGUAGE = "und"
"""No language: the rules that all share."""

LANGUAGE_PATTERN = r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-[A-Za-z0-9]{1,8})*"
"""BCP 47 as far as we read it: language, script, region, and more that is passed over."""

HARD_BREAK = re.compile("\r\n|[\n\v\f\r\x85\u2028\u2029]")
"""Mandatory breaks: classes BK, CR, LF and NL of UAX #14."""

SOFT_HYPHEN = "\u00ad"

SPACES = " \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u205f\u3000"
"""Spaces that a line may end after (classes SP and BA of UAX #14): at its end they hang out of it."""

HYPHENATED_MIN, HYPHENATED_MAX = 5, 64
"""Characters of a word that is hyphenated by pattern: shorter words gain nothing, longer ones are no words."""

EDGE_MIN = 2
"""Characters that stay together at either end of a hyphenated word, as typesetters in most languages want."""

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_ONE_EACH = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0377\u0384-\u03ff\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0621-\u064a\u2010-\u2027"
    "\u20a0-\u20bf\u3001-\u3003\u3005-\u3029\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fff\uff01-\uff60]*"
)
"""Text of which each character is a cluster by itself: no marks, no joiners, no control."""
_WORD = re.compile(r"[^\W\d_]+")


class Break(NamedTuple):
    """A place where a line may end: before `cut`, without the spaces there; the next line begins at `following`.

    `hyphen` says that a hyphen is shown when the line does end here.
    """

    cut: int
    following: int
    hyphen: bool


def line_breaks(
    text: str, language: str = LANGUAGE, strictness: LineBreak = "auto", hyphenate: bool = False
) -> list[Break]:
    """Return every place where a line of `text` may end, the end of the text last (UAX #14).

    `text` is one paragraph without mandatory breaks. With `hyphenate`, words may also end where the patterns of `language`
    let them. Costs about 0.2 us a character. Raises TextValueError for a language that has no patterns, or is none.
    """
    places = dict.fromkeys(_ends("LineBreaker", text, _locale(language, strictness)), False)
    if hyphenate:
        places = dict.fromkeys(hyphen_points(text, language), True) | places
    places[len(text)] = False
    found = []
    for end in sorted(places):
        cut = end
        while cut and text[cut - 1] in SPACES:
            cut -= 1
        # A line of spaces alone would be empty; those at a paragraph's start stay with its first word.
        if cut or end == len(text):
            found.append(Break(cut, end, places[end] or text[cut - 1 : end] == SOFT_HYPHEN))
    return found


def words(text: str, language: str = LANGUAGE) -> list[int]:
    """Return where words, and what stands between them, end (UAX #29 §4)."""
    return _ends("WordBreaker", text, _locale(language, "auto"))


def graphemes(text: str) -> list[int]:
    """Return where each extended grapheme cluster ends (UAX #29 §3): the units that are never cut nor set in two fonts."""
    if _ONE_EACH.fullmatch(text):
        return list(range(1, len(text) + 1))
    return _ends("CharacterBreaker", text, LANGUAGE)


def hyphen_points(text: str, language: str) -> list[int]:
    """Return where words may be divided by the patterns of `language`, soft hyphens aside.

    A word that holds soft hyphens is divided there only. Raises TextValueError for a language without patterns, or without
    the extra that brings them.
    """
    positions = _patterns(language)
    found = []
    for word in _WORD.finditer(text):
        start, end = word.span()
        marked = text[start - 1 : start] == SOFT_HYPHEN or text[end : end + 1] == SOFT_HYPHEN
        if marked or not HYPHENATED_MIN <= end - start <= HYPHENATED_MAX:
            continue
        # Where the spelling changes at a division (Hungarian "asz-szonnyal"), the word is not divided.
        inside = (int(point) for point in positions(word[0]) if point.data is None)
        found += [start + point for point in inside if EDGE_MIN <= point <= end - start - EDGE_MIN]
    return found


def checked_language(language: str) -> str:
    """Return `language` when it is a BCP 47 tag. Raises TextValueError."""
    if not re.fullmatch(LANGUAGE_PATTERN, language):
        raise TextValueError("language", language, "a BCP 47 tag, such as de or zh-Hant")
    return language


def version() -> str:
    """Return the version of the binding, whose wheel holds ICU and its dictionaries."""
    return f"icu4py {importlib.metadata.version('icu4py')}"


@functools.lru_cache(maxsize=256)
def _locale(language: str, strictness: LineBreak) -> str:
    """Spell what ICU is asked: language, script and region only, so that no keyword of a caller's reaches it."""
    parts = list(itertools.takewhile(lambda part: len(part) > 1, checked_language(language).split("-")[:3]))
    return "-".join(parts) + ("" if strictness == "auto" else f"-u-lb-{strictness}")


def _ends(breaker: str, text: str, locale: str) -> list[int]:
    """Return the ends of the segments of `text`, in characters; ICU counts UTF-16 units."""
    from icu4py import breakers

    if not text:
        return []
    ends = [end for _, end in getattr(breakers, breaker)(text, locale).segments()]
    pairs = [found.start() + count for count, found in enumerate(_ASTRAL.finditer(text))]
    return [end - bisect_left(pairs, end) for end in ends] if pairs else ends


@functools.lru_cache(maxsize=16)
def _patterns(language: str) -> Any:
    """Return the function word -> points of the patterns for `language`."""
    try:
        import pyphen
    except ImportError as error:
        raise TextValueError("hyphenate", True, "possible: install the package pyphen") from error
    known = pyphen.language_fallback(checked_language(language).replace("-", "_"))
    if known is None:
        raise TextValueError("language", language, "one that has hyphenation patterns")
    return pyphen.Pyphen(lang=known, left=EDGE_MIN, right=EDGE_MIN).positions
