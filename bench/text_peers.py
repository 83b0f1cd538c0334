"""How would Pillow and skia-python draw the headlines of the race?

Both get the very font file and axis values, and fill a picture of coverage, as ours does. Pillow shapes with raqm and puts each letter on a
whole pixel; Skia's paragraph keeps letters at quarters of a pixel across. Neither hints.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench import text_cases as says


class Ink(NamedTuple):
    """`coverage` (rows, columns) uint8 whose top left pixel is (x, y) from the start of the line's baseline, y downwards."""

    coverage: npt.NDArray[np.uint8]
    x: int
    y: int


Draw = Callable[[Sequence[str]], object]
"""Draws each text and lets it go."""

Inks = Callable[[Sequence[str]], list[Ink]]


class Peer(NamedTuple):
    """`draw` is what is timed, `inks` shows the same."""

    draw: Draw
    inks: Inks


def pillow(font_file: Path) -> Peer:
    """Return Pillow. Raises ImportError where its raqm is missing."""
    from PIL import ImageFont, features

    if not features.check("raqm"):
        raise ImportError("this build of Pillow has no raqm")
    font = ImageFont.truetype(str(font_file), says.HEADLINE_PX, layout_engine=ImageFont.Layout.RAQM)
    font.set_variation_by_axes([says.AXES["opsz"], says.AXES["wght"]])

    def draw(texts: Sequence[str]) -> None:
        for text in texts:
            font.getmask2(text, "L", anchor="ls")

    def inks(texts: Sequence[str]) -> list[Ink]:
        found = []
        for text in texts:
            mask, (x, y) = font.getmask2(text, "L", anchor="ls")
            found.append(Ink(np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0]), x, y))
        return found

    return Peer(draw, inks)


def skia(font_file: Path) -> Peer:
    """Return skia-python's paragraph."""
    import skia as sk
    from skia import textlayout

    place = sk.FontArguments.VariationPosition
    axes = place.Coordinates(
        [place.Coordinate(int.from_bytes(tag.encode()), value) for tag, value in says.AXES.items()]
    )
    face = sk.Typeface.MakeFromFile(str(font_file)).makeClone(
        sk.FontArguments().setVariationDesignPosition(place(axes))
    )
    provider = textlayout.TypefaceFontProvider()
    provider.registerTypeface(face, says.FAMILY)
    fonts = textlayout.FontCollection()
    fonts.setDefaultFontManager(provider)
    unicode = sk.Unicodes.ICU.Make()
    style, letters = textlayout.ParagraphStyle(), textlayout.TextStyle()
    letters.setFontSize(says.HEADLINE_PX)
    letters.setFontFamilies([says.FAMILY])
    letters.setColor(sk.ColorBLACK)
    style.setTextStyle(letters)

    def one(text: str) -> tuple[Any, npt.NDArray[np.uint8]]:
        builder = textlayout.ParagraphBuilder.make(style, fonts, unicode)
        builder.pushStyle(letters)
        builder.addText(text)
        paragraph = builder.Build()
        paragraph.layout(1e6)
        picture = np.zeros((int(paragraph.Height) + 1, int(paragraph.LongestLine) + 2), np.uint8)
        info = sk.ImageInfo.MakeA8(picture.shape[1], picture.shape[0])
        paragraph.paint(sk.Surface.MakeRasterDirect(info, picture).getCanvas(), 0, 0)
        return paragraph, picture

    def draw(texts: Sequence[str]) -> None:
        for text in texts:
            one(text)

    def inks(texts: Sequence[str]) -> list[Ink]:
        drawn = (one(text) for text in texts)
        return [Ink(picture, 0, -round(paragraph.AlphabeticBaseline)) for paragraph, picture in drawn]

    return Peer(draw, inks)
