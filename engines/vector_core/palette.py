"""Which colours does a scene use, and what does it look like in others: theming a logo.

Colours are those of fills, strokes and gradient stops, wherever they are: in groups, symbols and patterns, too. Those inside
masks say how much shows, not which colour, and stay unless asked for; clips have none. Opacities always stay.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from engines.colours import ColourError
from engines.vector_core import scene_check, svg_colours
from engines.vector_core.scene import Clip, Colour, Mask, Scene, Shape, Stop, Stroke
from engines.vector_core.scene_errors import PaletteError

Missing = Literal["refuse", "ignore"]

SWAPS_MAX = 4_096
"""Colours of one mapping or palette: a theme has a dozen, a map of places some hundreds."""


def colours(scene: Scene, *, masks: bool = False) -> dict[Colour, int]:
    """Return every colour of a scene with how often it is used, the most used first, then by colour.

    A gradient counts each of its stops; what several nodes share counts for each. Raises SceneValueError.
    """
    scene_check.check(scene)
    counts: dict[Colour, int] = {}

    def count(colour: Colour) -> Colour:
        counts[colour] = counts.get(colour, 0) + 1
        return colour

    _mapped(scene, count, masks, {}, share=False)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def swap(scene: Scene, mapping: Mapping[str, str], *, masks: bool = False, missing: Missing = "refuse") -> Scene:
    """Return the scene with each colour of `mapping` replaced, all at once, so that two colours may change places.

    Keys and values are any opaque colour that SVG spells. A key that the scene does not use is refused with a list of
    those that it does, or ignored with `missing="ignore"`. Raises PaletteError and SceneValueError.
    """
    pairs = {_opaque(old): _opaque(new) for old, new in mapping.items()}
    if len(pairs) > SWAPS_MAX:
        raise PaletteError("", f"{len(pairs)} colours; at most {SWAPS_MAX}")
    if len(pairs) < len(mapping):
        raise PaletteError(", ".join(list(mapping)[:8]), "two keys spell one colour")
    known = colours(scene, masks=masks)
    unknown = sorted(pairs.keys() - known)
    if unknown and missing == "refuse":
        raise PaletteError(unknown[0], "not used in the scene", tuple(known))
    return _rebuilt(scene, {old: pairs.get(old, old) for old in known}, masks)


def nearest(scene: Scene, palette: Sequence[str], *, masks: bool = False) -> Scene:
    """Return the scene with each colour replaced by the one of `palette` that looks nearest (OKLab); of two that are as
    near, the first. Raises PaletteError and SceneValueError."""
    inks = [_opaque(text) for text in palette]
    if not 0 < len(inks) <= SWAPS_MAX:
        raise PaletteError("", f"{len(inks)} colours in the palette; 1 to {SWAPS_MAX}")
    places = [(ink, _oklab(ink)) for ink in inks]
    mapping = {}
    for colour in colours(scene, masks=masks):
        at = _oklab(colour)
        mapping[colour] = min(places, key=lambda item: sum((p - q) ** 2 for p, q in zip(item[1], at, strict=True)))[0]
    return _rebuilt(scene, mapping, masks)


def _opaque(text: str) -> Colour:
    try:
        ink = svg_colours.parse(text)
    except ColourError as error:
        raise PaletteError(text, "no colour that SVG spells") from error
    if ink.opacity != 1:
        raise PaletteError(text, "opacity is the shape's, not the palette's")
    return ink.colour


def _rebuilt(scene: Scene, mapping: Mapping[Colour, Colour], masks: bool) -> Scene:
    rebuilt = _mapped(scene, lambda colour: mapping.get(colour, colour), masks, {}, share=True)
    assert isinstance(rebuilt, Scene)
    return rebuilt


def _mapped(value: Any, change: Any, masks: bool, done: dict[int, Any], *, share: bool) -> Any:
    """Return `value` with every colour changed; with `share`, each value that stands in several places is done once."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        items = tuple(_mapped(item, change, masks, done, share=share) for item in value)
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    if not isinstance(value, msgspec.Struct) or isinstance(value, Clip) or (isinstance(value, Mask) and not masks):
        return value
    if share and id(value) in done:
        return done[id(value)]
    changes = {}
    for name in value.__struct_fields__:
        old = getattr(value, name)
        holds_colour = isinstance(value, Shape | Stroke | Stop) and name in ("fill", "paint", "colour")
        is_colour = holds_colour and isinstance(old, str)
        new = change(old) if is_colour else _mapped(old, change, masks, done, share=share)
        if new is not old:
            changes[name] = new
    result = msgspec.structs.replace(value, **changes) if changes else value
    done[id(value)] = result
    return result


def _oklab(colour: Colour) -> tuple[float, float, float]:
    """Return lightness and two opponents of a colour: Björn Ottosson's OKLab, as CSS Color 4 §9.2 has it."""
    red, green, blue = (_linear(channel / 255) for channel in svg_colours.channels(colour))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
