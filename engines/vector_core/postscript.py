"""How does a drawing become PostScript, and when does it not?

CairoSVG draws on cairo's PostScript surface; what PostScript cannot say (translucency) cairo puts in as a picture. As
CairoSVG knows less of SVG than resvg, `check_faithful` draws both in small first, and refuses what would come out
wrong. Texts are refused: cairo would set them in fonts of the host. The bytes carry no date. The main path is
`write_postscript`.
"""

import importlib.metadata
import math
import re

import numpy as np
from numpy.typing import NDArray

from engines.errors import RequestError
from engines.isolation.pool import Pool
from engines.vector_core import cairo_library, rasterize
from engines.vector_core.errors import VectorError
from engines.vector_core.guard import SvgFacts
from engines.vector_core.pages import Page
from engines.vector_core.tasks import WRITE_POSTSCRIPT

SECONDS_MAX = 30.0
"""Seconds for one page: what PostScript cannot say becomes pictures, at cairo's resolution."""

PROOF_SIDE_PX = 256
"""px: the longer side of the pictures that are compared; details of a thousandth of the page still show."""
PROOF_STEP = 64
"""Of 255: premultiplied values that differ by less are two ways to smooth an edge."""
PROOF_SHARE_MAX = 0.01
"""Part of the pixels that may differ by more."""

_CREATION_DATE = re.compile(rb"^%%CreationDate:[^\r\n]*\r?\n", re.MULTILINE)
"""When it was made: a comment that DSC does not ask for."""
_BOUNDING_BOX = re.compile(rb"^%%BoundingBox:[^\r\n]*\r?\n", re.MULTILINE)
_HEADER_BYTES = 2048


class UnfaithfulDocumentError(VectorError, RequestError):
    """`engine` would draw the document otherwise than resvg does: `share` of the pixels differ."""

    type = "unfaithful-document"

    def __init__(self, engine: str, share: float) -> None:
        super().__init__(
            f"{engine} would draw this document otherwise than resvg does: {share:.1%} of the pixels differ, at most "
            f"{PROOF_SHARE_MAX:.0%} may; ask for pdf",
            engine=engine,
            share=share,
            limit=PROOF_SHARE_MAX,
        )


def check_faithful(svg: bytes, facts: SvgFacts, isolation: Pool | None = None) -> None:
    """Draw `svg` with both engines and compare. Raises UnfaithfulDocumentError, SvgEngineError, CairoMissingError."""
    scale = PROOF_SIDE_PX / max(facts.width_px, facts.height_px)
    size = (max(1, round(facts.width_px * scale)), max(1, round(facts.height_px * scale)))
    ours = _premultiplied(rasterize.rasterize(svg, *size, engine="cairosvg", isolation=isolation))
    true = _premultiplied(rasterize.rasterize(svg, *size, isolation=isolation))
    share = float((np.abs(ours - true).max(axis=-1) > PROOF_STEP).mean())
    if share > PROOF_SHARE_MAX:
        raise UnfaithfulDocumentError("cairosvg", share)


def write_postscript(svg: bytes, page: Page, *, encapsulated: bool, isolation: Pool | None = None) -> bytes:
    """Return `svg`, whose canvas is `page` with one unit to the pt, as PostScript, or as EPS.

    `svg` must have passed the guard and hold no text. The bounding box of EPS is the page: cairo's is that of what is
    drawn, which would take its margin from a logo. Raises SvgEngineError, CairoMissingError, with `isolation` also what
    ends a worker.
    """
    cairo_library.load()
    content = _drawn(svg, page, encapsulated, isolation)
    head = _CREATION_DATE.sub(b"", content[:_HEADER_BYTES], count=1)
    if encapsulated:
        head = _BOUNDING_BOX.sub(_bounding_box(page), head, count=1)
    return head + content[_HEADER_BYTES:]


def tool_versions() -> dict[str, str]:
    """Names and versions of the code that decides about a file's bytes, resvg's included, which it is checked by."""
    return {"cairosvg": rasterize.engine_version("cairosvg"), "resvg": importlib.metadata.version("resvg")}


def _drawn(svg: bytes, page: Page, encapsulated: bool, isolation: Pool | None) -> bytes:
    width, height = page.full_width, page.full_height
    if isolation is not None:
        order = {"width": width, "height": height, "encapsulated": encapsulated}
        return bytes(isolation.call(WRITE_POSTSCRIPT, order, [svg], seconds=SECONDS_MAX).buffers[0])
    from engines.vector_core import engine_cairosvg

    return engine_cairosvg.write_postscript(svg, engine_cairosvg.PostScriptOrder(width, height, encapsulated))


def _bounding_box(page: Page) -> bytes:
    """The comments that tell the size of an EPS, in whole pt and exactly."""
    width, height = page.full_width, page.full_height
    whole = f"%%BoundingBox: 0 0 {math.ceil(width)} {math.ceil(height)}\n"
    return f"{whole}%%HiResBoundingBox: 0 0 {width:.4f} {height:.4f}\n".encode("ascii")


def _premultiplied(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    wide = pixels.astype(np.int32)
    wide[..., :3] = wide[..., :3] * wide[..., 3:] // 255
    return wide
