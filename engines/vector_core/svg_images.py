"""Which picture does an `<image>` of an SVG show, and in which rectangle (SVG 2 §12.3)?

Only pictures that the document holds itself: whatever else it may name was put in, or refused, before it is read.
"""

from typing import NamedTuple, cast, get_args

from engines.vector_core import embedded, guard, svg_values
from engines.vector_core.scene import Rendering
from engines.vector_core.svg_document import Context
from engines.vector_core.svg_tree import Element


class Picture(NamedTuple):
    """The fields of a scene's `Image` that its element says."""

    href: str
    x: float
    y: float
    width: float
    height: float
    aspect: str
    rendering: Rendering


def picture(element: Element, inner: Context) -> Picture | None:
    """Return what an `<image>` shows; None for what no engine draws: no size, nothing embedded, no picture in it."""
    href = element.attributes.get("href", "")
    data = embedded.decode(href) if href.strip()[:5].lower() == "data:" else b""
    kind = embedded.mime(data)
    if kind is None:
        return None
    said, viewport = element.attributes, inner.viewport
    width = svg_values.length(said.get("width"), viewport.width, viewport.font_size)
    height = svg_values.length(said.get("height"), viewport.height, viewport.font_size)
    if width is None or height is None:
        natural = _natural_size(data, kind)
        if natural is None or min(natural) <= 0:
            return None
        width, height = _filled_in(width, height, natural)
    if width <= 0 or height <= 0:
        return None
    aspect = " ".join(said.get("preserveAspectRatio", "").split()).removeprefix("defer ").removesuffix(" meet")
    rendering = inner.inherited.get("image-rendering", "auto")
    return Picture(
        href=embedded.encode(data, kind),
        x=svg_values.length(said.get("x"), viewport.width, viewport.font_size) or 0.0,
        y=svg_values.length(said.get("y"), viewport.height, viewport.font_size) or 0.0,
        width=width,
        height=height,
        aspect=aspect if svg_values.is_aspect(aspect) else "xMidYMid",
        rendering=cast("Rendering", rendering) if rendering in get_args(Rendering) else "auto",
    )


def _natural_size(data: bytes, kind: str) -> tuple[float, float] | None:
    if kind == embedded.SVG_MIME:
        facts = guard.check(data)
        return facts.width_px, facts.height_px
    return embedded.size(data)


def _filled_in(width: float | None, height: float | None, natural: tuple[float, float]) -> tuple[float, float]:
    """Return both sides, a missing one from the other by the picture's own proportions."""
    if width is None and height is None:
        return natural
    if width is None:
        assert height is not None
        return height * natural[0] / natural[1], height
    return width, width * natural[1] / natural[0]
