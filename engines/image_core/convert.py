"""Turn one picture, SVG or composition into a picture file, without a store: nothing is recorded and nothing can be proved later.

Main path: `convert(content, request, reader)`. Shares decoders, drawing and encoders with the renders that are recorded.
"""

import math
from collections.abc import Callable
from pathlib import PurePath
from typing import NamedTuple, cast

import compositor
from engines.colours import parse_colour
from engines.errors import RequestError
from engines.image_core import backend, composition, decode, encode, presets
from engines.image_core.picture_cache import PictureCache
from engines.image_core.service import looks_like_svg
from engines.image_core.sources import Reader, SourceSet
from engines.isolation.pool import Pool
from engines.media_v2.exports import ExportPlan, RgbaPixels
from engines.media_v2.presets import Format
from engines.vector_core import guard, rasterize
from engines.vector_core.resources import Resources
from engines.vector_core.svg_fonts import FontSet

FORMATS: dict[str, Format] = {
    ".png": "png",
    ".webp": "webp",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".avif": "avif",
    ".tif": "tiff",
    ".tiff": "tiff",
}
QUALITY = {"webp": 85, "jpeg": 95, "avif": 75}
"""What a converted picture is encoded with; presets say their own."""


class ConvertError(RequestError):
    """This conversion cannot be: an unknown output format, or a size out of limits."""

    type = "invalid-conversion"

    def __init__(self, field: str, value: object, reason: str) -> None:
        super().__init__(f"{field} {value!r}: {reason}", field=field, value=value, reason=reason)


class Conversion(NamedTuple):
    """What to make of a file. One of width and height keeps the aspect ratio; both are met exactly; neither keeps the size."""

    name: str
    """The input's name, for messages."""
    format: Format
    width: int | None = None
    height: int | None = None
    background: str | None = None
    """A colour behind the picture; without one transparency is kept, and JPEG gets white."""
    engine: rasterize.Engine = "resvg"
    """What draws an SVG; see `vector_core.rasterize`."""
    fonts: FontSet | None = None
    """What an SVG's texts are drawn in; the packaged fonts without."""
    resources: Resources | None = None
    """Finds pictures that an SVG refers to; see `vector_core.guard.admit`."""
    external: guard.External = "refuse"
    """What becomes of an SVG's other references elsewhere."""
    isolation: Pool | None = None
    """Workers that draw SVGs; in the caller's process without them."""


class Converted(NamedTuple):
    """A picture file, and what is to be told of it."""

    content: bytes
    width: int
    height: int
    engine: str | None = None
    """What drew an SVG, with its version."""
    used: dict[str, str] = {}  # noqa: RUF012 - never written
    """sha256 of the pictures that an SVG was given, by name."""
    ignored: tuple[str, ...] = ()
    """References of an SVG that were left out, the first `ignored_count` of them."""
    ignored_count: int = 0


def format_of(name: str) -> Format:
    """The format that a file name's ending asks for. Raises `ConvertError`."""
    ending = PurePath(name).suffix.lower()
    if ending not in FORMATS:
        raise ConvertError("output", name, f"its ending must be one of {', '.join(FORMATS)}")
    return FORMATS[ending]


def convert(content: bytes, request: Conversion, reader: Reader) -> bytes:
    """Return the encoded picture. `reader` finds the files that a composition names. Raises the errors of decoding,
    guarding and drawing."""
    return convert_told(content, request, reader).content


def convert_told(content: bytes, request: Conversion, reader: Reader) -> Converted:
    """As `convert`, with what a caller may want to tell of it."""
    for field, value in (("width", request.width), ("height", request.height)):
        if value is not None and not 1 <= value <= composition.SIDE_PX_MAX:
            raise ConvertError(field, value, f"must be 1 to {composition.SIDE_PX_MAX} px")
    background = parse_colour(request.background) if request.background is not None else None
    admitted = None
    if looks_like_svg(content):
        admitted = guard.admit(content, request.resources, request.external)
        pixels, plan = _draw_svg(admitted, request)
    elif content.lstrip()[:1] == b"{":
        pixels, plan = _draw_composition(content, request, reader)
    else:
        pixels, plan = _resize_picture(content, request)
    if background is not None:
        pixels = _over(pixels, background)
    made = Converted(encode.encode(plan, pixels, {}).content, pixels.shape[1], pixels.shape[0])
    if admitted is None:
        return made
    engine = f"{request.engine} {rasterize.engine_version(request.engine)}"
    return made._replace(
        engine=engine, used=admitted.used, ignored=admitted.ignored, ignored_count=admitted.ignored_count
    )


def _draw_svg(admitted: guard.Admitted, request: Conversion) -> tuple[RgbaPixels, ExportPlan]:
    facts = admitted.facts
    # Whole pixels first, then the ratio, rounded up: no line of the drawing is cut off.
    width, height = _size((math.ceil(facts.width_px), math.ceil(facts.height_px)), request, math.ceil)
    plan = _plan(request, width, height)
    size = (plan.content_width, plan.content_height)
    drawn = rasterize.draw(admitted, *size, engine=request.engine, fonts=request.fonts, isolation=request.isolation)
    return drawn, plan


def _draw_composition(content: bytes, request: Conversion, reader: Reader) -> tuple[RgbaPixels, ExportPlan]:
    document = composition.parse(content)
    plan = _plan(request, *_size((document.width, document.height), request, round))
    sources = SourceSet(reader, PictureCache(isolation=request.isolation))
    return cast("RgbaPixels", backend.draw(document, sources, plan).pixels), plan  # 8 bits without a preset


def _resize_picture(content: bytes, request: Conversion) -> tuple[RgbaPixels, ExportPlan]:
    pixels = decode.decode_picture(content, request.name)
    plan = _plan(request, *_size((pixels.shape[1], pixels.shape[0]), request, round))
    size = (plan.content_width, plan.content_height)
    if size != (pixels.shape[1], pixels.shape[0]):
        pixels = compositor.resize(pixels, *size)
    return pixels, plan


def _size(natural: tuple[int, int], request: Conversion, rounded: Callable[[float], int]) -> tuple[int, int]:
    """The size of the output, with `rounded` making whole pixels of the side that was not asked for."""
    if request.width is not None and request.height is not None:
        return request.width, request.height
    if request.width is not None:
        return request.width, max(1, rounded(request.width * natural[1] / natural[0]))
    if request.height is not None:
        return max(1, rounded(request.height * natural[0] / natural[1])), request.height
    return natural


def _plan(request: Conversion, width: int, height: int) -> ExportPlan:
    if width * height > composition.PIXELS_MAX or max(width, height) > composition.SIDE_PX_MAX:
        limit = f"at most {composition.SIDE_PX_MAX} px a side and {composition.PIXELS_MAX} pixels"
        raise ConvertError("size", f"{width}x{height}", limit)
    return presets.plan_plain(width, height, request.format, QUALITY.get(request.format))


def _over(pixels: RgbaPixels, background: tuple[float, float, float, float]) -> RgbaPixels:
    """The picture over a colour, which may be translucent: one more layer for the compositor."""
    height, width, _ = pixels.shape
    return compositor.composite([compositor.Layer(pixels)], size=(width, height), background=background)
