"""The typography service: a text becomes a picture of its own, registered as a `text_render`, with a preset or without.

Main path: `TextService.render`. Texts inside compositions go through the same `typeset`; they need no artifact of their own.
"""

import math
from collections.abc import Callable

import msgspec
import numpy as np

from engines.colours import Colour, parse_colour
from engines.media_v2.exports import Export, Exporter, ExportPlan, RgbaPixels
from engines.media_v2.models import Artifact, TextRenderMeta
from engines.media_v2.registry import Registry
from engines.media_v2.renders import Rendered, RenderJob, render_once
from engines.media_v2.scope import Scope
from engines.typography_core import typeset
from engines.typography_core.layout import TextLayout
from engines.typography_core.typeset import TextRequest

__all__ = ["TextRequest", "TextService"]


class TextService:
    """Renders texts into one store. `exporter` brings presets and encoders (see `engines.media_v2.exports.Exporter`)."""

    def __init__(self, registry: Registry, exporter: Exporter) -> None:
        self._registry = registry
        self._exporter = exporter

    def render(
        self,
        scope: Scope,
        request: TextRequest,
        preset_id: str | None = None,
        *,
        format: str | None = None,
    ) -> Rendered:
        """Draw `request` and register it; a transparent PNG at scale 1 without a preset.

        The picture holds the text's box and any ink that leaves it. Raises errors of fonts, colours, presets and scopes before drawing.
        """
        job, draw = self._job(typeset.checked(request), preset_id, format)
        return render_once(self._registry, scope, job, draw)

    def remake(self, artifact: Artifact) -> tuple[RenderJob, Callable[[], Export]]:
        """The job that made `artifact`, and how to do it again; nothing is recorded."""
        assert isinstance(artifact.meta, TextRenderMeta)
        request = msgspec.convert(artifact.meta.request, TextRequest)
        return self._job(request, artifact.meta.preset_id, artifact.meta.format if artifact.meta.preset_id else None)

    def _job(
        self,
        request: TextRequest,
        preset_id: str | None,
        format: str | None,
    ) -> tuple[RenderJob, Callable[[], Export]]:
        color = parse_colour(request.color)
        text = typeset.set_text(request)
        picture = _picture_box(request, text)
        plan = self._exporter.plan(preset_id, picture.width, picture.height, format=format)
        producers = self._exporter.producers(plan) | typeset.producers()
        job = RenderJob(
            kind="text_render",
            content=request,
            inputs=typeset.font_hashes(request),
            plan=plan,
            producers=producers,
            name=request.text[:80],
            extra_meta={"request": msgspec.to_builtins(request), "missing": text.missing},
        )
        return job, lambda: self._exporter.export(plan, _draw(text, color, picture, plan), producers)


class _PictureBox(msgspec.Struct, frozen=True):
    """What the picture shows, in px from the corner of the text's box: the box and all ink."""

    left: float
    top: float
    width: float
    height: float


def _picture_box(request: TextRequest, text: TextLayout) -> _PictureBox:
    ink = typeset.draw_set(text)
    rows, columns = ink.coverage.shape
    box_height = max(text.height, request.height or 0.0)
    left, top = min(0.0, ink.x), min(0.0, ink.y)
    right, bottom = max(text.width, ink.x + columns), max(box_height, ink.y + rows)
    return _PictureBox(left, top, max(1.0, math.ceil(right) - left), max(1.0, math.ceil(bottom) - top))


def _draw(text: TextLayout, color: Colour, picture: _PictureBox, plan: ExportPlan) -> RgbaPixels:
    """The text on a transparent ground, (content_height, content_width, 4) uint8 straight."""
    pixels = np.zeros((plan.content_height, plan.content_width, 4), np.uint8)
    ink = typeset.draw_set(text, plan.scale, -picture.left * plan.scale, -picture.top * plan.scale)
    rows, columns = ink.coverage.shape
    if rows == 0:
        return pixels
    # At other scales the outlines may touch one pixel more than they did at scale 1.
    y0, x0 = max(0, ink.y), max(0, ink.x)
    y1, x1 = min(plan.content_height, ink.y + rows), min(plan.content_width, ink.x + columns)
    cut = ink.coverage[y0 - ink.y : y1 - ink.y, x0 - ink.x : x1 - ink.x]
    inked = cut > 0
    target = pixels[y0:y1, x0:x1]
    target[inked, :3] = [int(part * 255 + 0.5) for part in color[:3]]
    target[..., 3] = np.floor(cut * np.float32(color.alpha) + np.float32(0.5)).astype(np.uint8)
    return pixels
