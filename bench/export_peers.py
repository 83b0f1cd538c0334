"""How would a straight script export the scene of the race? One with Pillow and CairoSVG, and one with skia-python.

Both decode the photograph once, draw everything anew at the size of each export, and write the same formats with the same qualities,
profile and resolution. Skia's JPEG has no 4:4:4 and its WebP no effort, so that the skia script hands its pixels to Pillow for these two;
its PNG is Skia's own.
"""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps

from bench import export_scene as says
from bench.export_scene import Files, Scene
from engines.image_core.icc import profile
from engines.media_v2.exports import ExportPlan

Rgba = npt.NDArray[np.uint8]


def pillow_cairosvg(scene: Scene, plans: Mapping[str, ExportPlan]) -> Files:
    """Export with Pillow, CairoSVG for the drawing."""
    photograph = Image.open(io.BytesIO(scene.photograph)).convert("RGB")
    return {preset_id: _saved(_drawn_by_pillow(photograph, scene, plan), plan) for preset_id, plan in plans.items()}


def _drawn_by_pillow(photograph: Image.Image, scene: Scene, plan: ExportPlan) -> Image.Image:
    import cairosvg

    scale = plan.scale
    size = (plan.content_width, plan.content_height)
    canvas = ImageOps.fit(photograph, size, Image.Resampling.LANCZOS)
    canvas = ImageChops.multiply(canvas, Image.new("RGB", size, says.SHADE)).convert("RGBA")
    side = round(says.DRAWING_SIDE * scale)
    svg = cairosvg.svg2png(bytestring=scene.drawing, output_width=side, output_height=side)
    place = (round(says.DRAWING_X * scale), round(says.DRAWING_Y * scale))
    above = Image.new("RGBA", size)
    above.paste(Image.open(io.BytesIO(svg)), place)
    canvas.alpha_composite(above)
    left, top, width, height = (round(value * scale) for value in says.BAND_BOX)
    *colour, alpha = says.BAND
    canvas.alpha_composite(Image.new("RGBA", (width, height), (*colour, round(alpha * 255))), (left, top))
    font = ImageFont.truetype(str(scene.font), says.HEADLINE_PX * scale)
    font.set_variation_by_axes([says.OPTICAL_SIZE, says.HEADLINE_WEIGHT])
    words = (says.HEADLINE_X * scale, says.BASELINE * scale)
    ImageDraw.Draw(canvas).text(words, says.HEADLINE, (255, 255, 255), font, anchor="ls")
    return canvas.convert("RGB")


def skia(scene: Scene, plans: Mapping[str, ExportPlan]) -> Files:
    """Export with skia-python."""
    import skia as sk

    photograph = sk.Image.MakeFromEncoded(sk.Data.MakeWithoutCopy(scene.photograph)).makeRasterImage()
    face = sk.Typeface.MakeFromFile(str(scene.font))
    axes = sk.FontArguments.VariationPosition.Coordinates(
        [_axis(sk, "opsz", says.OPTICAL_SIZE), _axis(sk, "wght", says.HEADLINE_WEIGHT)]
    )
    face = face.makeClone(sk.FontArguments().setVariationDesignPosition(sk.FontArguments.VariationPosition(axes)))
    made = {}
    for preset_id, plan in plans.items():
        image = _drawn_by_skia(sk, photograph, face, scene, plan)
        if plan.format == "png":
            made[preset_id] = bytes(image.encodeToData(sk.kPNG, 100))
        else:
            pixels = image.toarray(colorType=sk.kRGBA_8888_ColorType)
            made[preset_id] = _saved(Image.fromarray(np.ascontiguousarray(pixels[..., :3])), plan)
    return made


def _axis(sk: Any, tag: str, value: float) -> Any:
    return sk.FontArguments.VariationPosition.Coordinate(int.from_bytes(tag.encode()), value)


def _drawn_by_skia(sk: Any, photograph: Any, face: Any, scene: Scene, plan: ExportPlan) -> Any:
    scale = plan.scale
    width, height = plan.content_width, plan.content_height
    info = sk.ImageInfo.Make(width, height, sk.kRGBA_8888_ColorType, sk.kOpaque_AlphaType, sk.ColorSpace.MakeSRGB())
    surface = sk.Surface.MakeRaster(info)
    canvas = surface.getCanvas()
    across, down = photograph.width(), photograph.height()
    shown = across * height / width  # what `cover` shows of it, from the middle
    source = sk.Rect.MakeXYWH(0, (down - shown) / 2, across, shown)
    sampling = sk.SamplingOptions(sk.CubicResampler.CatmullRom())
    if width < across:
        sampling = sk.SamplingOptions(sk.FilterMode.kLinear, sk.MipmapMode.kLinear)
    canvas.drawImageRect(photograph, source, sk.Rect.MakeWH(width, height), sampling)
    canvas.drawColor(sk.Color(*says.SHADE), sk.BlendMode.kMultiply)
    drawing = sk.SVGDOM.MakeFromStream(sk.MemoryStream.MakeDirect(scene.drawing))
    canvas.save()
    canvas.translate(says.DRAWING_X * scale, says.DRAWING_Y * scale)
    side = drawing.containerSize().width()
    canvas.scale(says.DRAWING_SIDE * scale / side, says.DRAWING_SIDE * scale / side)
    drawing.render(canvas)
    canvas.restore()
    canvas.scale(scale, scale)
    *colour, alpha = says.BAND
    paint = sk.Paint(AntiAlias=True, Color=sk.Color(*colour, round(alpha * 255)))
    canvas.drawRect(sk.Rect.MakeXYWH(*says.BAND_BOX), paint)
    font = sk.Font(face, says.HEADLINE_PX)
    font.setSubpixel(True)
    white = sk.Paint(AntiAlias=True, Color=sk.ColorWHITE)
    canvas.drawString(says.HEADLINE, says.HEADLINE_X, says.BASELINE, font, white)
    return surface.makeImageSnapshot()


def _saved(drawn: Image.Image, plan: ExportPlan) -> bytes:
    """Pad and save, with the settings that our own encoders have where Pillow has such settings."""
    if plan.background is not None:
        canvas = Image.new("RGB", (plan.width, plan.height), plan.background)
        canvas.paste(drawn, (plan.left, plan.top))
        drawn = canvas
    buffer = io.BytesIO()
    settings: dict[str, dict[str, Any]] = {
        "webp": {"quality": plan.quality, "method": 4},
        "jpeg": {"quality": plan.quality, "subsampling": 0, "dpi": (plan.dpi, plan.dpi)},
        "png": {},
    }
    drawn.save(buffer, plan.format.upper(), icc_profile=profile("sRGB"), **settings[plan.format])
    return buffer.getvalue()
