"""Draws the type specimen: one composition whose texts use what typography can do, made by the program itself.

Run by `make docs`; writes docs/images/type-specimen.webp. The fonts of `docs/fonts` are added to a store of its own, as a tenant would.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.typography_core import font_packages
from engines.workspace import Workspace

FONTS = Path(__file__).parent / "fonts"
SPECIMEN = Path(__file__).parent / "images" / "type-specimen.webp"

PACKAGES = (*(name for name in font_packages.PACKAGES if name not in font_packages.ALWAYS), "pyphen")
"""Without these it looks otherwise."""

WIDTH, HEIGHT = 1600, 2360

_PAPER, _INK, _PALE, _ACCENT, _RULE = "#f8f4ec", "#1d1a16", "#8d8577", "#c2410c", "#ddd5c6"
_LEFT, _RIGHT, _COLUMN = 64, 840, 696

_LOSS_MAX = 2.0
"""Largest mean difference (of 255) of a strip of the picture that WebP makes at this quality."""
_STRIP = 118

Layer = dict[str, Any]

_SCRIPTS = (
    ("Latin", "en", "All human beings are born free"),
    ("Greek", "el", "Όλοι οι άνθρωποι γεννιούνται"),
    ("Cyrillic", "uk", "Всі люди народжуються вільними"),
    ("Arabic", "ar", "يولد جميع الناس أحرارًا متساوين"),
    ("Hebrew", "he", "כל בני האדם נולדו בני חורין"),
    ("Devanagari", "hi", "सभी मनुष्यों को गौरव और अधिकार"),
    ("Tamil", "ta", "மனிதப் பிறவியினர் சகலரும்"),
    ("Telugu", "te", "ప్రతిపత్తిస్వత్వముల విషయమున"),
    ("Thai", "th", "มนุษย์ทั้งหลายเกิดมามีอิสระ"),
    ("Khmer", "km", "មនុស្សទាំងអស់កើតមកមានសេរីភាព"),
    ("Japanese", "ja", "すべての人間は、自由である"),
)
"""The first article of the Universal Declaration of Human Rights, or its beginning."""

_FRENCH = (
    "Considérant que la reconnaissance de la dignité inhérente à tous les membres de la famille humaine et de leurs droits égaux et "
    "inaliénables constitue le fondement de la liberté, de la justice et de la paix dans le monde."
)


def document() -> dict[str, Any]:
    """The composition, as JSON-able values."""
    parts = (_header, _scripts, _directions, _features, _axes, _fits, _paragraphs, _paths, _strokes, _styles, _emoji)
    layers = [layer for part in parts for layer in part()]
    return {"version": 1, "width": WIDTH, "height": HEIGHT, "background": _PAPER, "layers": layers}


def draw_specimen() -> npt.NDArray[np.uint8]:
    """Return the specimen, (height, width, 4) uint8."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Workspace.open(Path(folder) / "store", tenant="docs", env="specimen", create=True) as work,
    ):
        for file in sorted(FONTS.glob("Noto*")):
            work.add_font(file)
        composition = work.compose(document(), "type specimen").artifact
        asked = {"width": WIDTH, "height": HEIGHT, "format": "png"}
        render = work.render(composition.artifact_id, "social_1080p", asked).artifact
        path = Path(folder) / "specimen.png"
        path.write_bytes(work.content(render))
        with Image.open(path) as image:
            return np.asarray(image.convert("RGBA"))


def write_specimen() -> None:
    """Write the specimen as WebP."""
    Image.fromarray(draw_specimen()).convert("RGB").save(SPECIMEN, quality=90, method=6)


def is_stale() -> bool:
    """Whether the picture is missing or shows something else than `draw_specimen` makes; WebP's own loss is allowed for."""
    if not SPECIMEN.exists():
        return True
    with Image.open(SPECIMEN) as image:
        shown = np.asarray(image.convert("RGBA"))
    drawn = draw_specimen()
    if shown.shape != drawn.shape:
        return True
    off = np.abs(shown.astype(int) - drawn)
    return (
        max(off[y : y + _STRIP, x : x + WIDTH // 2].mean() for y in range(0, HEIGHT, _STRIP) for x in (0, WIDTH // 2))
        > _LOSS_MAX
    )


def _text(text: str | None, x: float, y: float, size: float, **more: Any) -> Layer:
    said = {} if text is None else {"text": text}
    return {"type": "text", "font": "Inter", "x": x, "y": y, "size": size, "color": _INK} | said | more


def _solid(x: float, y: float, width: float, height: float, color: str) -> Layer:
    return {"type": "solid", "color": color, "x": x, "y": y, "width": width, "height": height}


def _label(text: str, x: float, y: float, width: float = _COLUMN) -> Iterator[Layer]:
    yield _solid(x, y, width, 1, _RULE)
    yield _text(text.upper(), x, y + 12, 13, weight=700, tracking=110, color=_ACCENT)


def _header() -> Iterator[Layer]:
    sunset = {"kind": "linear", "angle": 100, "stops": [[0, "#f59e0b"], [0.5, "#e11d48"], [1, "#6d28d9"]]}
    yield _text("Impasto", _LEFT - 10, 40, 216, weight=850, tracking=-22, line_height=1.1, gradient=sunset)
    yield _text(
        "A type specimen. Every line is set and drawn by the program, from font files and nothing else, and is the same on every machine.",
        _RIGHT + 156, 96, 25, width=540, line_height=1.42, wrap="balance",
    )  # fmt: skip


def _scripts() -> Iterator[Layer]:
    yield from _label("Scripts and fallback", _LEFT, 316)
    for row, (name, language, sample) in enumerate(_SCRIPTS):
        y = 360 + row * 47
        yield _text(name, _LEFT, y + 14, 14, color=_PALE)
        yield _text(sample, _LEFT + 130, y, 29, language=language, line_height=1.5)


def _directions() -> Iterator[Layer]:
    yield from _label("Both directions in one paragraph", _RIGHT, 316)
    mixed = "הקפה (un café crème) עולה 3,20 € עד 11:30.\nيفتح متجر Impasto من 8 إلى 20، طابق 3."
    yield _text(mixed, _RIGHT, 360, 31, width=_COLUMN, align="start", line_height=1.6)


def _features() -> Iterator[Layer]:
    yield from _label("Features", _RIGHT, 502)
    rows = (
        ("kern", "AVATAR To Ty", {"kern": 0}, {}),
        ("tnum", "1,117.10", {}, {"tnum": 1}),
        ("ss01, zero", "346 09", {}, {"ss01": 1, "zero": 1}),
        ("frac", "1/2 3/4 5/8", {}, {"frac": 1}),
        ("case", "(A)-[B]", {}, {"case": 1}),
    )
    for row, (name, sample, without, with_) in enumerate(rows):
        y = 546 + row * 50
        yield _text(name, _RIGHT, y + 15, 14, color=_PALE)
        yield _text(sample, _RIGHT + 130, y, 32, weight=560, features=without, color=_PALE)
        yield _text(sample, _RIGHT + 420, y, 32, weight=560, features=with_)


def _axes() -> Iterator[Layer]:
    yield from _label("Variable axes", _RIGHT, 812)
    for step in range(9):
        weight = 100 + step * 100
        yield _text("Rg", _RIGHT + step * 78, 842, 46, weight=weight, font="Roboto Flex")
    widths = [{"text": "Wide ", "axes": {"width": width}} for width in (25, 55, 85, 118, 151)]
    yield _text(None, _RIGHT, 896, 46, weight=600, font="Roboto Flex", runs=widths)


def _fits() -> Iterator[Layer]:
    top = 988
    yield from _label("Fit in a box", _LEFT, top, WIDTH - 2 * _LEFT)
    words = "Seaside sale ends on Sunday"
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        ("none, clamped to two lines", {"size": 44, "max_lines": 2}),
        ("shrink", {"size": 90, "fit": "shrink"}),
        ("grow", {"size": 12, "fit": "grow"}),
        ("shrink to one line", {"size": 60, "fit": "shrink-to-lines", "max_lines": 1}),
        ("balance, middle", {"size": 31, "wrap": "balance", "align": "center", "vertical_align": "middle"}),
    )
    step = (WIDTH - 2 * _LEFT + 20) / len(cases)
    for column, (name, how) in enumerate(cases):
        x = _LEFT + column * step
        yield _solid(x, top + 44, step - 20, 130, "#efe8da")
        yield _text(
            words, x + 12, top + 52, **({"width": step - 44, "height": 114, "weight": 650, "line_height": 1.15} | how)
        )
        yield _text(name, x, top + 182, 14, color=_PALE)


def _paragraphs() -> Iterator[Layer]:
    top = 1222
    yield from _label("Paragraphs", _LEFT, top, WIDTH - 2 * _LEFT)
    columns: tuple[tuple[str, dict[str, Any]], ...] = (
        ("left", {}),
        ("justified, hyphenated, first line indented", {"align": "justify", "hyphenate": True, "indent": 26}),
        ("strict line breaking", {"line_break": "strict"}),
    )
    for column, (name, how) in enumerate(columns):
        x = _LEFT + column * 500
        text, language = (_FRENCH, "fr") if column < 2 else (_JAPANESE, "ja")
        more = {
            "width": 452,
            "line_height": 1.45,
            "language": language,
            "font": "Noto Serif" if column < 2 else "Noto Sans CJK JP",
        }
        yield _text(text, x, top + 44, 22 if column < 2 else 24, **(more | how))
        yield _text(name, x, top + 268, 14, color=_PALE)


_JAPANESE = (
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、"
    "互いに同胞の精神をもって行動しなければならない。"
)


def _paths() -> Iterator[Layer]:
    top = 1540
    yield from _label("On a path", _LEFT, top)
    wave = "M 0 96 C 110 -14, 230 -14, 340 72 S 580 150, 696 30"
    yield _text("Text runs along a curve, letter by letter", _LEFT + 16, top + 52, 33, weight=620, path={"d": wave})
    ring = "M 0 72 A 72 72 0 1 1 144 72 A 72 72 0 1 1 0 72"
    circle = {"path": {"d": ring}, "tracking": 20, "weight": 700, "color": _ACCENT}
    yield _text("ROUND AND ROUND • AND ROUND AGAIN • ", _LEFT + 40, top + 186, 20.6, **circle)
    arch = {"d": "M 0 120 Q 190 -40 380 120", "align": "center"}
    yield _text("لوحة فنية أصيلة", _LEFT + 270, top + 206, 46, weight=600, path=arch)


def _strokes() -> Iterator[Layer]:
    top = 1540
    yield from _label("Stroke and gradient", _RIGHT, top)
    for row, position in enumerate(("outside", "center", "inside")):
        x = _RIGHT + row * 236
        stroke = {"width": 5, "color": _ACCENT, "position": position, "join": "round"}
        yield _text("Rag", x, top + 34, 104, weight=800, stroke=stroke, color="#ffedd5")
        yield _text(position, x + 4, top + 162, 14, color=_PALE)
    sea = {"kind": "linear", "angle": 180, "stops": [[0.2, "#22d3ee"], [0.8, "#1e3a8a"]]}
    yield _text("Soleil levant", _RIGHT, top + 190, 96, weight=800, gradient=sea, tracking=-12)


def _styles() -> Iterator[Layer]:
    top = 1898
    yield from _label("Decorations", _RIGHT, top)
    under = [{"line": "underline", "color": _ACCENT}]
    yield _text("Typography jumps quickly", _RIGHT, top + 40, 40, weight=560, decoration=under)
    yield _text(
        "Was 49 €", _RIGHT, top + 100, 40, decoration=[{"line": "line-through", "color": "#e11d48"}], color=_PALE
    )
    yield _text(
        "Now 29 €",
        _RIGHT + 220,
        top + 100,
        40,
        weight=700,
        decoration=[{"line": "underline", "thickness": 4, "skip_ink": False}],
    )
    for column, style in enumerate(("double", "dotted", "dashed")):
        lines = [{"line": "underline", "style": style, "color": _ACCENT, "thickness": 3, "offset": 3}]
        yield _text(style, _RIGHT + column * 190, top + 166, 34, decoration=lines)
    yield _text(
        None,
        _RIGHT,
        top + 226,
        34,
        runs=[{"text": "Small Capitals, ", "small_caps": True}, {"text": "W3C", "small_caps": True}],
    )
    yield from _label("Runs, markup, tabs", _LEFT, top)
    markup = (
        '<b>Bold</b>, <i>italic</i>, <span color="#c2410c">coloured</span>, H<sub>2</sub>O, E = mc<sup>2</sup>, '
        '<span size="40">large</span> and <small>small</small> in one line.'
    )
    yield _text(None, _LEFT, top + 36, 27, markup=markup, width=_COLUMN)
    menu = "Espresso\t2,40\nCafé crème\t3,80\nChocolat viennois\t12,50"
    yield _text(menu, _LEFT, top + 132, 25, tabs=[{"at": 470, "align": "decimal"}], line_height=1.45, language="fr")


def _emoji() -> Iterator[Layer]:
    top = 2196
    yield from _label("Colour emoji, in vectors", _LEFT, top, WIDTH - 2 * _LEFT)
    yield _text("☕🥐🎨🌈🏳️‍🌈🚀👩🏽‍🚀👨‍👩‍👧‍👦⛵🌊🥳🇫🇷🇯🇵🇮🇳", _LEFT, top + 36, 68)
    yield _text("Wow 😍", 1324, top + 42, 56, weight=700)
