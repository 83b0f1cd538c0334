"""What is drawn in the race of SVG engines: an icon, a logo, a drawing of 500 paths, and long documents for the guard.

Nothing in them that one of the engines does not know, and no text, whose fonts would differ. Seeded: the same bytes every time.
"""

import math
import random
from typing import NamedTuple

_HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
GUARDED_BYTES = 100_000
"""Bytes of a document that only the guard reads; targets are stated for as many."""


class Case(NamedTuple):
    """A document, the size to draw it at in px, and how many times in a turn, so that a turn is long beside the clock."""

    name: str
    says: str
    svg: bytes
    width: int
    height: int
    count: int


def cases() -> list[Case]:
    """Return the drawings of the race, from small to large."""
    return [
        Case("icon", "three paths, 24 x 24 px", _icon(), 24, 24, 50),
        Case("logo", "sixteen petals with gradients, 512 x 512 px", _logo(), 512, 512, 10),
        Case("drawing", "500 paths with strokes, 1920 x 1080 px", _drawing(500), 1920, 1080, 2),
    ]


def guarded() -> dict[str, bytes]:
    """Return documents of at least `GUARDED_BYTES`: one of long outlines, one of many small elements."""
    outline = " ".join(f"C{x % 997} {x % 89} {x % 643} {x % 301} {x % 733} {x % 577}" for x in range(250))
    long = f'<path d="M0 0 {outline}" fill="#123456"/>'
    small = '<rect x="10" y="20" width="30" height="40" fill="#c0ffee" stroke="none"/>'
    return {"outlines": _repeated(long), "elements": _repeated(small)}


def _repeated(element: str) -> bytes:
    body = element * (GUARDED_BYTES // len(element) + 1)
    return f"{_HEAD.format(width=1000, height=1000)}{body}</svg>".encode()


def _icon() -> bytes:
    paths = (
        '<path d="M3 10.5 12 3l9 7.5V20a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z" fill="#2b6cb0"/>'
        '<path d="M9 21v-7h6v7z" fill="#ebf8ff"/><path d="M3 10.5 12 3l9 7.5" fill="none" stroke="#1a365d" stroke-width="2"/>'
    )
    return f"{_HEAD.format(width=24, height=24)}{paths}</svg>".encode()


def _logo() -> bytes:
    stops = '<stop stop-color="#ff8a00"/><stop offset="1" stop-color="#e52e71" stop-opacity=".8"/>'
    paint = f'<defs><linearGradient id="a" x2="0" y2="1">{stops}</linearGradient></defs>'
    petals = "".join(
        f'<path transform="rotate({22.5 * turn} 256 256)" d="M256 256C200 160 210 70 256 30C302 70 312 160 256 256Z" fill="url(#a)"/>'
        for turn in range(16)
    )
    ring = '<circle cx="256" cy="256" r="236" fill="none" stroke="#222" stroke-width="12"/>'
    return f"{_HEAD.format(width=512, height=512)}{paint}{petals}{ring}</svg>".encode()


def _drawing(count: int) -> bytes:
    seeded = random.Random(7)
    paths = []
    for _ in range(count):
        x, y, radius = seeded.uniform(0, 1920), seeded.uniform(0, 1080), seeded.uniform(20, 120)
        turns = [2 * math.pi * corner / 7 for corner in range(7)]
        points = [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]
        curves = "".join(f"Q{x:.1f} {y:.1f} {px:.1f} {py:.1f}" for px, py in points)
        fill = f"#{seeded.randrange(1 << 24):06x}"
        start = f"M{points[-1][0]:.1f} {points[-1][1]:.1f}"
        paths.append(f'<path d="{start}{curves}Z" fill="{fill}" fill-opacity=".7" stroke="#222" stroke-width="2"/>')
    return f"{_HEAD.format(width=1920, height=1080)}{''.join(paths)}</svg>".encode()
