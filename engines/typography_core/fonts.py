"""Which fonts there are, and which files and axis values a request for families, weight and slant means.

A `FontBook` holds the fonts that a text may be drawn with: `packaged()` those of the font packages, which are the same on
every machine; `font_assets.book_of` a scope's own before them. The host's fonts are never asked. The main path starts at
`FontBook.cascade`; the functions of the module ask the packaged book. Parsing and shaping live in `faces` and `shaping`.
"""

import functools
import math
from collections.abc import Iterable, Mapping

import msgspec

from engines.errors import FontFileMissingError
from engines.typography_core import font_packages
from engines.typography_core.errors import TextLimitError, TextValueError, UnknownFontError
from engines.typography_core.font_packages import load
from engines.typography_core.font_types import Axis, Font, FontInstance, instance_of

__all__ = [
    "Axis",
    "Font",
    "FontBook",
    "FontInstance",
    "cascade",
    "covers",
    "families",
    "find",
    "has_colour",
    "hashes",
    "load",
    "manifest",
    "packaged",
]

WEIGHT_MIN, WEIGHT_MAX = 1.0, 1000.0
"""CSS Fonts 4 §2.4: a weight is a number from 1 to 1000."""

FAMILIES_MAX = 32
"""Families that one text may ask for: more is a list of wishes, and every one is opened."""

AXES_ASKED_MAX = 64
"""Axes that one text may set; as many as a font may have."""

CSS_AXES = {"weight": "wght", "width": "wdth", "slant": "slnt", "optical size": "opsz", "italic": "ital"}
"""What CSS and people call the registered axes (CSS Fonts 4 §7.2); `-` and `_` count as spaces. Values are the font's own: percent
for the width, and degrees counted anticlockwise for the slant, so that -10 leans to the right."""

_NO_AXES: Mapping[str, float] = {}


class FontBook(msgspec.Struct, frozen=True, cache_hash=True):
    """The fonts that a text may be drawn with. `own` come first, in order; families of `own` hide packaged ones of the same name."""

    own: tuple[Font, ...] = ()
    packaged: tuple[Font, ...] = ()

    def fonts(self) -> tuple[Font, ...]:
        """Return every font that can be asked for."""
        hidden = {font.family.casefold() for font in self.own}
        return (*self.own, *(font for font in self.packaged if font.family.casefold() not in hidden))

    def families(self) -> tuple[str, ...]:
        """Return the names of all families, sorted, in their own spelling."""
        return tuple(sorted({font.family for font in self.fonts()}))

    def find(
        self, family: str, weight: float = 400, italic: bool = False, axes: Mapping[str, float] = _NO_AXES
    ) -> FontInstance:
        """Return the file and axis values for one `family`: the first of its `cascade`."""
        return self.cascade(family, weight, italic, axes)[0]

    def cascade(
        self,
        family: str | tuple[str, ...],
        weight: float = 400,
        italic: bool = False,
        axes: Mapping[str, float] = _NO_AXES,
        script: str | None = None,
    ) -> tuple[FontInstance, ...]:
        """Return where to look for a glyph, in this order: the asked families (case does not matter), the book's own fonts,
        the declared fallbacks, those for `script` (ISO 15924) first.

        `weight` is 1..1000; `axes` are named by tag, by CSS (see `CSS_AXES`) or by the asked font's own names. Values beyond a
        file's axes are clamped to them, and an axis of CSS that a font lacks is ignored, as CSS does. A family without the
        asked slant answers with the one it has, slanted where it has an axis for it. Raises UnknownFontError,
        FontFileMissingError for a declared family whose package is not installed, TextValueError, TextLimitError.
        """
        asked = (family,) if isinstance(family, str) else tuple(family)
        _check_number("weight", weight, WEIGHT_MIN, WEIGHT_MAX)
        _check_count("font", len(asked), FAMILIES_MAX)
        _check_count("axes", len(axes), AXES_ASKED_MAX)
        for name, value in axes.items():
            _check_number(f"axes.{name}", value, -math.inf, math.inf)
        if not asked:
            raise TextValueError("font", asked, "one family at least")
        return _cascade(self, asked, float(weight), bool(italic), tuple(sorted(axes.items())), script)

    def only(self, sha256s: Iterable[str]) -> "FontBook":
        """Return the book without the files that `sha256s` does not name: what a picture that was drawn with those is drawn with
        again, whatever fonts were added since."""
        kept = frozenset(sha256s)
        return FontBook(
            tuple(font for font in self.own if font.sha256 in kept),
            tuple(font for font in self.packaged if font.sha256 in kept),
        )


@functools.cache
def packaged() -> FontBook:
    """Return the book of all font packages that are installed. Raises FontFileMissingError."""
    return FontBook(packaged=manifest())


@functools.cache
def manifest() -> tuple[Font, ...]:
    """Return every packaged font file, hashed once per process. Raises FontFileMissingError."""
    return tuple(font for package in font_packages.installed() for font in font_packages.fonts_of(package))


def families() -> tuple[str, ...]:
    """Return the names of all packaged families, sorted, in their own spelling."""
    return packaged().families()


def find(family: str, weight: float = 400, italic: bool = False, axes: Mapping[str, float] = _NO_AXES) -> FontInstance:
    """Return the packaged file and axis values for `family`; see `FontBook.cascade`."""
    return packaged().find(family, weight, italic, axes)


def cascade(
    family: str | tuple[str, ...],
    weight: float = 400,
    italic: bool = False,
    axes: Mapping[str, float] = _NO_AXES,
    script: str | None = None,
) -> tuple[FontInstance, ...]:
    """Return where to look for a glyph among the packaged fonts; see `FontBook.cascade`."""
    return packaged().cascade(family, weight, italic, axes, script)


def covers(instance: FontInstance, text: str) -> bool:
    """Tell whether the font has glyphs for all of `text`, a grapheme cluster; see `Charset.covers`. Raises as `faces` does."""
    from engines.typography_core import faces

    return faces.charset(instance.font).covers(text)


def has_colour(instance: FontInstance) -> bool:
    """Tell whether the font has glyphs with colours of their own. Raises as `faces` does."""
    from engines.typography_core import faces

    return faces.has_colour(instance.font)


def hashes(instances: Iterable[FontInstance]) -> dict[str, str]:
    """Return `font:<label>` -> sha256 of the files of `instances`: what a render's key holds of its fonts."""
    used = {instance.font.sha256: instance.font for instance in instances}
    named: dict[str, str] = {}
    for sha256, font in sorted(used.items()):
        name = f"font:{font.label}"
        named[name if name not in named else f"{name} {sha256[:8]}"] = sha256
    return dict(sorted(named.items()))


@functools.lru_cache(maxsize=1024)  # an entry is about 1 kB; templates ask for the same few again and again
def _cascade(
    book: FontBook,
    asked: tuple[str, ...],
    weight: float,
    italic: bool,
    axes: tuple[tuple[str, float], ...],
    script: str | None,
) -> tuple[FontInstance, ...]:
    families: dict[str, list[Font]] = {}
    for font in book.fonts():
        families.setdefault(font.family.casefold(), []).append(font)
    for family in asked:
        if family.casefold() not in families:
            _refuse_family(family, book)
    coords = _coords(axes, [font for family in asked for font in families[family.casefold()]])
    own = (font.family for font in book.own)
    order = dict.fromkeys(name.casefold() for name in (*asked, *own, *font_packages.fallbacks(script)))
    return tuple(
        instance_of(_best(families[name], coords.get("wght", weight), italic, coords), weight, italic, coords)
        for name in order
        if name in families
    )


def _best(faces: list[Font], weight: float, italic: bool, coords: dict[str, float]) -> Font:
    """Return the file to draw with, by CSS Fonts 4 §5.2: the nearest width, then the slant, then the nearest weight."""
    width = coords.get("wdth", 100.0)

    def distance(font: Font) -> tuple[float, bool, bool, float]:
        wdth, wght = font.axis("wdth"), font.axis("wght")
        off_width = abs((wdth.clamp(width) if wdth else font.width) - width)
        nearest = wght.clamp(weight) if wght else font.weight
        return (off_width, font.italic != italic, *_off_weight(weight, nearest))

    return min(faces, key=distance)


def _off_weight(asked: float, found: float) -> tuple[bool, float]:
    """Rank `found` for `asked`: from 400 to 500 look up to 500 first, then down; below look down first, above look up."""
    if 400 <= asked <= 500 and asked <= found <= 500:
        wrong_side = False
    elif asked <= 500:
        wrong_side = found > asked
    else:
        wrong_side = found < asked
    return wrong_side, abs(found - asked)


def _coords(axes: tuple[tuple[str, float], ...], asked: list[Font]) -> dict[str, float]:
    """Return tag -> value for axes named in any way. Raises TextValueError for a name that no asked font knows."""
    found: dict[str, float] = {}
    known = {axis.tag for font in asked for axis in font.axes}
    for name, value in axes:
        tag = name if name in known else CSS_AXES.get(_plain(name), name)
        if tag not in known and tag not in CSS_AXES.values():
            tag = _named_by_font(name, asked) or _refuse_axis(name, known)
        found[tag] = float(value)
    return found


def _named_by_font(name: str, asked: list[Font]) -> str | None:
    from engines.typography_core import faces

    for font in asked:
        for axis in font.axes:
            if _plain(axis.name or faces.axis_names(font).get(axis.tag, "")) == _plain(name):
                return axis.tag
    return None


def _plain(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ").strip()


def _refuse_axis(name: str, known: set[str]) -> str:
    raise TextValueError("axes", name, f"an axis of the font ({', '.join(sorted(known)) or 'it has none'})")


def _refuse_family(family: str, book: FontBook) -> None:
    lacking = {name.casefold(): package for package, name in font_packages.absent().items()}
    if family.casefold() in lacking:
        raise FontFileMissingError(lacking[family.casefold()], "metadata.json")
    raise UnknownFontError(family, book.families())


def _check_number(field: str, value: object, low: float, high: float) -> None:
    bounded = math.isfinite(low)
    allowed = f"a number from {low:g} to {high:g}" if bounded else "a finite number"
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise TextValueError(field, value, allowed)
    if not math.isfinite(value):
        raise TextValueError(field, value, allowed)


def _check_count(field: str, count: int, limit: int) -> None:
    if count > limit:
        raise TextLimitError(field, count, limit, "names")
