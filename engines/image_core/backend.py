"""Draw a composition and make a file of it: the exporter (presets + encoders) and the compositor, behind a few calls.

`ImageExporter` is what vector_core and typography_core are handed, too; the presets themselves are in presets.py.
"""

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

import compositor
from engines.image_core import composition as documents
from engines.image_core import encode, layer_sources, layers
from engines.image_core.preset_book import PresetBook
from engines.image_core.presets import PRESETS, plan_export, plan_plain
from engines.image_core.sources import SourceSet
from engines.media_v2.exports import Export, ExportPixels, ExportPlan, Planned
from engines.media_v2.presets import NO_OVERRIDES, Format, OverrideError, Overrides
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.typography_core import font_assets, fonts, typeset
from engines.typography_core.typeset import Typesetter
from engines.vector_core.rasterize import Engine
from engines.vector_core.service import drawing_inputs, drawing_producers

__all__ = ["PIXEL_VERSION", "PRESETS", "ImageExporter", "decoders", "draw", "fonts_of"]

PIXEL_VERSION = "3"
"""Raised whenever any output of ours may change in one bit: it is part of every render_key."""

OnKernel = Callable[[int, int], None]
"""Told (done, of how many) while kernels are compiled for the first time on a machine."""


class ImageExporter:
    """Implements `engines.media_v2.exports.Exporter` with the presets of a store's scopes and the encoders of `encode.py`."""

    def __init__(self, registry: Registry) -> None:
        self._book = PresetBook(registry)

    def plan(
        self,
        scope: Scope,
        preset_id: str | None,
        width: float,
        height: float,
        *,
        overrides: Overrides = NO_OVERRIDES,
        version: int | None = None,
    ) -> Planned:
        """Plan an export; see `presets.plan_export` and `presets.plan_plain`."""
        if preset_id is not None:
            return plan_export(self._book.find(scope, preset_id, version), width, height, overrides)
        if overrides != NO_OVERRIDES:
            raise OverrideError(
                next(name for name in Overrides.__struct_fields__ if getattr(overrides, name) is not None), NO_PRESET
            )
        return Planned(plan_plain(width, height), NO_OVERRIDES)

    def producers(self, plan: ExportPlan) -> dict[str, str]:
        """Our pixel version and the codecs of the plan's format."""
        return {"impasto-pixels": PIXEL_VERSION} | encode.codec_versions(plan.format)

    def export(self, plan: ExportPlan, pixels: ExportPixels, producers: dict[str, str], artifact_id: str) -> Export:
        """Encode; see `encode.encode`."""
        return encode.encode(plan, pixels, producers, artifact_id)


NO_PRESET = "there is no preset whose limits it could be clamped to; name one"


class FontUse(NamedTuple):
    """What a composition's drawing depends on beside its sources: engines, fonts, and the artifacts among these."""

    producers: dict[str, str]
    inputs: dict[str, str]
    """sha256 of every font that may be used, as `font:<name>`."""
    parents: tuple[str, ...]


def fonts_of(composition: documents.Composition, typesetter: Typesetter) -> FontUse:
    """Set all texts of `composition` and tell which engines and fonts its texts and drawings use. Raises `UnknownFontError` and what
    else setting a text raises."""
    every = [layer for _, _, layer in documents.walk(composition.layers)]
    lettered = [layer for layer in every if isinstance(layer, documents.TextLayer)]
    texts = [typesetter.set(layers.text_request(layer)) for layer in lettered]
    engines: set[Engine] = {layer.engine for layer in every if isinstance(layer, documents.VectorLayer)}
    if any(source.drawing and source.path.endswith(".mask") for source in layer_sources.named(composition)):
        engines.add("resvg")
    used = typeset.used(texts)
    vector = (drawing_producers(engines), drawing_inputs()) if engines else ({}, {})
    stroked = any(layer.stroke is not None for layer in lettered)
    text = typeset.producers(texts, typesetter.draw_svg, stroked=stroked) if texts else {}
    return FontUse(vector[0] | text, vector[1] | fonts.hashes(used), font_assets.parents(used))


def decoders(formats: Iterable[Format]) -> dict[str, str]:
    """Names and versions of the codecs that read pictures of these formats: they decide about pixels, too."""
    return {name: version for format in sorted(formats) for name, version in encode.codec_versions(format).items()}


class Drawing(NamedTuple):
    """What `plan.visible` shows of a composition, (height, width, 4) uint8 (uint16 for 16 bits) straight sRGB, and characters that no font
    could draw."""

    pixels: ExportPixels
    missing: tuple[str, ...]


def draw(
    composition: documents.Composition,
    sources: SourceSet,
    plan: ExportPlan,
    *,
    typesetter: Typesetter | None = None,
    threads: int | None = None,
    on_kernel: OnKernel | None = None,
) -> Drawing:
    """Draw what the file shows of the composition, at the size of `plan`. The bytes do not depend on `threads`.

    Texts are set by `typesetter`; without one, in the packaged fonts.
    """
    window = plan.visible
    size = (window.width, window.height)
    tree = layers.build(composition, sources, layers.canvas_of(composition, plan), typesetter or Typesetter())
    if on_kernel is not None:
        _compile_ahead(tree, size, plan, on_kernel)
    pixels = compositor.composite(
        tree.nodes, size=size, background=tree.background, threads=threads, dtype=_dtype(plan)
    )
    return Drawing(pixels, tree.missing)


def _compile_ahead(tree: layers.Tree, size: tuple[int, int], plan: ExportPlan, on_kernel: OnKernel) -> None:
    """Get the kernels that drawing `tree` and encoding it need from numba's cache or its compiler, telling how far it is."""
    dtype = _dtype(plan)
    drawing = compositor.required_kernels(tree.nodes, tree.background, size=size, dtype=dtype)
    encoding = encode.kernel_loaders(plan)
    total, ready = len(drawing) + len(encoding), itertools.count(1)

    def done(_: compositor.KernelId) -> None:
        on_kernel(next(ready), total)

    compositor.compile_kernels(drawing, done)
    for load in encoding:
        load()
        on_kernel(next(ready), total)


def _dtype(plan: ExportPlan) -> type[np.uint8] | type[np.uint16]:
    return np.uint16 if plan.bit_depth == 16 else np.uint8
