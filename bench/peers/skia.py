"""How Skia does the job: a raster surface, one drawImage a layer. Premultiplied in and out, one thread."""

import importlib

import numpy as np

from bench.cases import Case, Contender, Pixels

_NAMES = {"normal": "kSrcOver"}


def make(case: Case, mode: str) -> Contender:
    """Return Skia's contender; it has all sixteen modes."""
    skia = importlib.import_module("skia")
    name = _NAMES.get(mode) or "k" + "".join(part.capitalize() for part in mode.split("-"))
    info = skia.ImageInfo.Make(*case.size, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    # Not MakeRasterData: in skia-python 144 the image does not keep its data alive, and draws freed memory.
    images = [skia.Image.fromarray(pixels, info.colorType(), info.alphaType()) for pixels in case.premul_layers]
    target = np.empty_like(case.backdrop)
    surface = skia.Surface.MakeRasterDirect(info, target)
    canvas, paint = surface.getCanvas(), skia.Paint(BlendMode=getattr(skia.BlendMode, name))

    def job(_surface: object = surface) -> Pixels:
        target[...] = case.premul_backdrop
        for image in images:
            canvas.drawImage(image, 0, 0, skia.SamplingOptions(), paint)
        return target

    return Contender("skia", job, True)
