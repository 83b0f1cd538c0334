"""How much work is a creation, before it is done? Its megapixels, from the same plan that it will be drawn by.

They stand for memory as for time: a picture is decoded whole, and a file is drawn whole before it is encoded.
"""

from typing import Any

from engines.http.documents import overrides_of
from engines.http.endpoints import Call, Upload
from engines.http.errors import RenderTooLargeError
from engines.http.service import Service
from engines.image_core import decode
from engines.image_core.backend import ImageExporter
from engines.image_core.service import looks_like_svg
from engines.image_core.sources import RASTER_KINDS
from engines.media_v2.models import Artifact, FontAssetMeta
from engines.media_v2.presets import check_overrides
from engines.typography_core import typeset

MEGA = 1e6
DRAWING_MEGAPIXELS = 1.0
"""What checking an SVG or a font counts: seconds at the worst, and little memory."""


def weigh_file(service: Service, call: Call) -> float:
    """Megapixels of the picture that was sent: it is decoded to see whether it can be. Raises `UnsupportedMediaError`."""
    del service
    upload: Upload = call.body
    if looks_like_svg(upload.content):
        return DRAWING_MEGAPIXELS
    width, height = decode.picture_size(upload.content, upload.name or "upload")
    return width * height / MEGA


def weigh_font(service: Service, call: Call) -> float:
    """What checking a font counts: it is read whole, and a packed one unpacked."""
    del service, call
    return DRAWING_MEGAPIXELS


def weigh_composition(service: Service, call: Call) -> float:
    """Nothing is drawn when a composition is stored."""
    del service, call
    return 0.0


def weigh_render(service: Service, call: Call) -> float:
    """Megapixels of a composition's export and of the pictures in it. Raises what planning it raises, and `RenderTooLargeError`."""
    composition = service.registry.artifact(call.scope, call.path["composition_id"], "image_composition")
    parents = (service.registry.artifact(call.scope, parent) for parent in composition.parents)
    pictures = sum(
        parent.meta.width * parent.meta.height
        for parent in parents
        if parent.kind in RASTER_KINDS and not isinstance(parent.meta, FontAssetMeta)
    )
    return _weigh_drawn(service, call, composition) + pictures / MEGA


def weigh_vector_render(service: Service, call: Call) -> float:
    """Megapixels of a drawing's export."""
    scene = service.registry.artifact(call.scope, call.path["scene_id"], "vector_scene")
    return _weigh_drawn(service, call, scene)


def weigh_vector_document(service: Service, call: Call) -> float:
    """What making a document counts: pages hold no pixels, and PostScript is drawn twice at a fixed size to compare."""
    service.registry.artifact(call.scope, call.path["scene_id"], "vector_scene")
    return DRAWING_MEGAPIXELS


def weigh_text_render(service: Service, call: Call) -> float:
    """Megapixels of a text's export, by the box of its lines: setting them is quick."""
    body = call.body
    request = typeset.checked(text_request(body))
    layout = service.workspace(call.scope).measure_text(request)
    return _planned(service, call, layout.width, max(layout.height, request.height or 0.0))


def text_request(body: Any) -> typeset.TextRequest:
    """The text of a request, without what concerns its export."""
    return typeset.TextRequest(**{name: getattr(body, name) for name in typeset.TextRequest.__struct_fields__})


def _weigh_drawn(service: Service, call: Call, drawn: Artifact) -> float:
    assert not isinstance(drawn.meta, FontAssetMeta)
    return _planned(service, call, drawn.meta.width, drawn.meta.height)


def _planned(service: Service, call: Call, width: float, height: float) -> float:
    overrides = check_overrides(overrides_of(call.body))
    exporter = ImageExporter(service.registry)
    sides = (max(1.0, width), max(1.0, height))
    plan = exporter.plan(call.scope, call.body.preset_id, *sides, overrides=overrides).plan
    megapixels = plan.width * plan.height / MEGA
    limit = service.settings.render_megapixels
    if megapixels > limit:
        raise RenderTooLargeError(megapixels, limit)
    return megapixels
