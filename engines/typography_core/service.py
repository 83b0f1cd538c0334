"""The typography service: a text becomes a picture of its own, registered as a `text_render`, with a preset or without.

Main path: `TextService.render`. Texts inside compositions go through the same `typeset`; they need no artifact of their own.
"""

import math

import msgspec
import numpy as np

from engines.colours import Colour, parse_colour
from engines.media_v2.exports import Export, Exporter, ExportPlan, RgbaPixels
from engines.media_v2.models import Artifact, TextRenderMeta
from engines.media_v2.presets import NO_OVERRIDES, Overrides
from engines.media_v2.registry import Registry
from engines.media_v2.renders import Draw, Rendered, RenderJob, render_once
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
        overrides: Overrides = NO_OVERRIDES,
    ) -> Rendered:
        """Draw `request` and register it; a transparent PNG at scale 1 without a preset.

        The picture holds the text's box and any ink that leaves it. Raises errors of fonts, colours, presets and scopes before drawing.
        """
        job, draw = self._job(scope, typeset.checked(request), preset_id, overrides)
        return render_once(self._registry, scope, job, draw)

    def remake(self, artifact: Artifact) -> tuple[RenderJob, Draw]:
        """The job that made `artifact`, and how to do it again; nothing is recorded."""
        assert isinstance(artifact.meta, TextRenderMeta)
        meta = artifact.meta
        request = msgspec.convert(meta.request, TextRequest)
        scope = Scope(artifact.tenant, artifact.env)
        return self._job(scope, request, meta.preset_id, meta.overrides, meta.preset_version)

    def _job(
        self,
        scope: Scope,
        request: TextRequest,
        preset_id: str | None,
        overrides: Overrides,
        version: int | None = None,
    ) -> tuple[RenderJob, Draw]:
        color = parse_colour(request.color)
        text = typeset.set_text(request)
        picture = _picture_box(request, text)
        planned = self._exporter.plan(
            scope, preset_id, picture.width, picture.height, overrides=overrides, version=version
        )
        plan = planned.plan
        producers = self._exporter.producers(plan) | typeset.producers()
        job = RenderJob(
            kind="text_render",
            content=request,
            inputs=typeset.font_hashes(request),
            planned=planned,
            producers=producers,
            name=request.text[:80],
            extra_meta={"request": msgspec.to_builtins(request), "missing": text.missing},
        )

        def draw(artifact_id: str) -> Export:
            return self._exporter.export(plan, _draw(text, color, picture, plan), producers, artifact_id)

        return job, draw


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
    """What the file shows of the text on a transparent ground, (height, width, 4) uint8 straight."""
    window = plan.visible
    pixels = np.zeros((window.height, window.width, 4), np.uint8)
    across = down = plan.scale
    if plan.fit == "stretch":
        across, down = plan.content_width / picture.width, plan.content_height / picture.height
    dx, dy = -picture.left * across - window.left, -picture.top * down - window.top
    ink = typeset.draw_set(text, down, dx, dy, across / down)
    rows, columns = ink.coverage.shape
    # Outlines may leave the window where it is cropped, and touch one pixel more at other scales than they did at scale 1.
    y0, x0 = max(0, ink.y), max(0, ink.x)
    y1, x1 = min(window.height, ink.y + rows), min(window.width, ink.x + columns)
    if y0 >= y1 or x0 >= x1:
        return pixels
    cut = ink.coverage[y0 - ink.y : y1 - ink.y, x0 - ink.x : x1 - ink.x]
    inked = cut > 0
    target = pixels[y0:y1, x0:x1]
    target[inked, :3] = [int(part * 255 + 0.5) for part in color[:3]]
    target[..., 3] = np.floor(cut * np.float32(color.alpha) + np.float32(0.5)).astype(np.uint8)
    return pixels
