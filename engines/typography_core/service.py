"""The typography service: a text becomes a picture of its own, registered as a `text_render`, with a preset or without.

Main path: `TextService.render`. Texts inside compositions go through the same `typeset`; they need no artifact of their own.
"""

import math

import msgspec
import numpy as np

from engines.media_v2.exports import Export, Exporter, ExportPlan, RgbaPixels
from engines.media_v2.models import Artifact, TextRenderMeta
from engines.media_v2.presets import NO_OVERRIDES, Overrides
from engines.media_v2.registry import Registry
from engines.media_v2.renders import Draw, Rendered, RenderJob, render_once
from engines.media_v2.scope import Scope
from engines.typography_core import font_assets, fonts, painting, typeset
from engines.typography_core.font_assets import FontShelf
from engines.typography_core.fonts import FontBook
from engines.typography_core.layout import TextLayout
from engines.typography_core.look import Look
from engines.typography_core.svg_glyphs import DrawSvg
from engines.typography_core.typeset import TextRequest, Typesetter

__all__ = ["TextRequest", "TextService"]


class TextService:
    """Renders texts into one store. `exporter` brings presets and encoders (see `engines.media_v2.exports.Exporter`),
    `draw_svg` draws glyphs that fonts have in SVG."""

    def __init__(self, registry: Registry, exporter: Exporter, draw_svg: DrawSvg | None = None) -> None:
        self._draw_svg = draw_svg
        self._registry = registry
        self._exporter = exporter
        self._shelf = FontShelf(registry)

    def render(
        self,
        scope: Scope,
        request: TextRequest,
        preset_id: str | None = None,
        overrides: Overrides = NO_OVERRIDES,
    ) -> Rendered:
        """Draw `request` and register it; a transparent PNG at scale 1 without a preset.

        The picture holds the text's box and any ink that leaves it. Raises errors of fonts, colours, presets and scopes before drawing.
        """
        job, draw = self._job(scope, typeset.checked(request), self._shelf.book(scope), preset_id, overrides)
        return render_once(self._registry, scope, job, draw)

    def measure(self, scope: Scope, request: TextRequest) -> TextLayout:
        """Set the lines of `request` in the fonts of `scope`; nothing is drawn or recorded. Raises errors of fonts and values."""
        return Typesetter(self._shelf.book(scope), self._draw_svg).set(typeset.checked(request))

    def remake(self, artifact: Artifact) -> tuple[RenderJob, Draw]:
        """The job that made `artifact`, and how to do it again, in the very fonts; nothing is recorded."""
        assert isinstance(artifact.meta, TextRenderMeta)
        meta = artifact.meta
        request = msgspec.convert(meta.request, TextRequest)
        scope = Scope(artifact.tenant, artifact.env)
        book = self._shelf.book(scope, only=meta.fonts.values())
        return self._job(scope, request, book, meta.preset_id, meta.overrides, meta.preset_version)

    def _job(
        self,
        scope: Scope,
        request: TextRequest,
        book: FontBook,
        preset_id: str | None,
        overrides: Overrides,
        version: int | None = None,
    ) -> tuple[RenderJob, Draw]:
        look = typeset.look_of(request)
        text = Typesetter(book, self._draw_svg).set(request)
        picture = _picture_box(request, text, look, self._draw_svg)
        planned = self._exporter.plan(
            scope, preset_id, picture.width, picture.height, overrides=overrides, version=version
        )
        plan, used = planned.plan, typeset.used([text])
        drawing = typeset.producers([text], self._draw_svg, stroked=request.stroke is not None)
        producers = self._exporter.producers(plan) | drawing
        job = RenderJob(
            kind="text_render",
            content=request,
            inputs=fonts.hashes(used),
            planned=planned,
            producers=producers,
            name=typeset.plain_text(request)[:80],
            parents=font_assets.parents(used),
            extra_meta={
                "request": msgspec.to_builtins(request),
                "missing": text.missing,
                "text": typeset.plain_text(request),
            },
        )

        def draw(artifact_id: str) -> Export:
            return self._exporter.export(plan, _draw(text, look, picture, plan, self._draw_svg), producers, artifact_id)

        return job, draw


class _PictureBox(msgspec.Struct, frozen=True):
    """What the picture shows, in px from the corner of the text's box: the box and all ink."""

    left: float
    top: float
    width: float
    height: float


def _picture_box(request: TextRequest, text: TextLayout, look: Look, draw_svg: DrawSvg | None) -> _PictureBox:
    ink = painting.ink_box(text, look, draw_svg=draw_svg)
    box_height = max(text.height, request.height or 0.0)
    left, top = min(0.0, ink[0]), min(0.0, ink[1])
    right, bottom = max(text.width, ink[2]), max(box_height, ink[3])
    return _PictureBox(left, top, max(1.0, math.ceil(right) - left), max(1.0, math.ceil(bottom) - top))


def _draw(text: TextLayout, look: Look, picture: _PictureBox, plan: ExportPlan, draw_svg: DrawSvg | None) -> RgbaPixels:
    """What the file shows of the text on a transparent ground, (height, width, 4) uint8 straight."""
    window = plan.visible
    pixels = np.zeros((window.height, window.width, 4), np.uint8)
    across = down = plan.scale
    if plan.fit == "stretch":
        across, down = plan.content_width / picture.width, plan.content_height / picture.height
    dx, dy = -picture.left * across - window.left, -picture.top * down - window.top
    drawn = painting.paint(text, look, down, dx, dy, across / down, draw_svg=draw_svg)
    rows, columns, _ = drawn.pixels.shape
    # Outlines may leave the window where it is cropped, and touch one pixel more at other scales than they did at scale 1.
    y0, x0 = max(0, drawn.y), max(0, drawn.x)
    y1, x1 = min(window.height, drawn.y + rows), min(window.width, drawn.x + columns)
    if y0 >= y1 or x0 >= x1:
        return pixels
    cut = drawn.pixels[y0 - drawn.y : y1 - drawn.y, x0 - drawn.x : x1 - drawn.x]
    inked = cut[..., 3] > 0
    target = pixels[y0:y1, x0:x1]
    target[inked] = cut[inked]
    target[..., 3] = np.floor(cut[..., 3] * np.float32(drawn.opacity) + np.float32(0.5)).astype(np.uint8)
    return pixels
