"""What a service that draws needs from an exporter: a plan (how large to draw, how to encode) and the encoding itself.

image_core implements this with its presets and encoders; vector_core and typography_core are handed an exporter and
never import image_core.
"""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    RgbaPixels = npt.NDArray[np.uint8]
else:
    RgbaPixels = Any

Format = Literal["png", "webp", "jpeg"]
EXTENSIONS: dict[Format, str] = {"png": "png", "webp": "webp", "jpeg": "jpg"}


class ExportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How something of a given size becomes a file. Every field that can change a byte is here, so the plan is part of the render_key."""

    preset_id: str | None
    format: Format
    width: int
    """Pixels of the file."""
    height: int
    content_width: int
    """Pixels of the drawing inside the file; the rest is padding."""
    content_height: int
    left: int
    """Where the drawing starts inside the file."""
    top: int
    scale: float
    """Drawing pixels per unit of what is drawn."""
    background: tuple[int, int, int] | None
    """Opaque sRGB colour behind the drawing and in the padding; None keeps transparency."""
    quality: int | None
    dpi: int | None
    color_profile: str

    @property
    def ext(self) -> str:
        """File name extension, without the dot."""
        return EXTENSIONS[self.format]


class Export(NamedTuple):
    """An encoded picture and what its meta says of it: the fields that every export's meta shares."""

    content: bytes
    meta: dict[str, object]


class Exporter(Protocol):
    """Plans and encodes exports. Stateless: the same plan and pixels give the same bytes."""

    def plan(self, preset_id: str | None, width: float, height: float, *, format: str | None = None) -> ExportPlan:
        """Plan the export of something `width` x `height` units large; without a preset, a PNG at `width` x `height` px.

        Raises a `RequestError` for an unknown preset or a format that the preset does not offer.
        """
        ...

    def producers(self, plan: ExportPlan) -> dict[str, str]:
        """Names and versions of the code that can change bytes of this export."""
        ...

    def export(self, plan: ExportPlan, pixels: RgbaPixels, producers: dict[str, str]) -> Export:
        """Encode `pixels` (content_height, content_width, 4) uint8 straight sRGB by `plan`. `producers` goes into the meta."""
        ...
