"""What a service that draws needs from an exporter: a plan (how large to draw, how to encode) and the encoding itself.

image_core implements this with its presets and encoders; vector_core and typography_core are handed an exporter and
never import image_core.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from engines.media_v2.presets import EXTENSIONS, BitDepth, ColorProfile, ExportFit, Format, Overrides
from engines.media_v2.scope import Scope

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    RgbaPixels = npt.NDArray[np.uint8]
    ExportPixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
else:
    RgbaPixels = ExportPixels = Any


class Window(NamedTuple):
    """A part of a drawing in its own pixels: `left` and `top` from its corner, at least 1 x 1."""

    left: int
    top: int
    width: int
    height: int


class ExportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How something of a given size becomes a file. Every field that can change a byte is here, so the plan is part of the render_key."""

    preset_id: str | None
    preset_version: int | None
    format: Format
    width: int
    """Pixels of the file."""
    height: int
    content_width: int
    """Pixels of the whole drawing; what leaves the file is cropped, what it leaves free is padding."""
    content_height: int
    left: int
    """Where the drawing's corner lies in the file; negative where it is cropped."""
    top: int
    scale: float
    """Drawing pixels per unit of what is drawn: the smaller one where it is stretched."""
    fit: ExportFit
    background: tuple[int, int, int] | None
    """Opaque sRGB colour behind the drawing and in the padding; None keeps transparency."""
    quality: int | None
    dpi: int | None
    color_profile: ColorProfile
    bit_depth: BitDepth

    @property
    def ext(self) -> str:
        """File name extension, without the dot."""
        return EXTENSIONS[self.format]

    @property
    def visible(self) -> Window:
        """The part of the drawing that the file shows: what has to be drawn."""
        left, top = max(0, -self.left), max(0, -self.top)
        right = min(self.content_width, self.width - self.left)
        bottom = min(self.content_height, self.height - self.top)
        return Window(left, top, right - left, bottom - top)


class Planned(NamedTuple):
    """A plan, and the overrides as they were clamped, which would give the same plan again."""

    plan: ExportPlan
    overrides: Overrides


class Export(NamedTuple):
    """An encoded picture and what its meta says of it: the fields that every export's meta shares."""

    content: bytes
    meta: dict[str, object]


class Exporter(Protocol):
    """Plans and encodes exports. The same plan, pixels and artifact id give the same bytes."""

    def plan(
        self,
        scope: Scope,
        preset_id: str | None,
        width: float,
        height: float,
        *,
        overrides: Overrides,
        version: int | None = None,
    ) -> Planned:
        """Plan the export of something `width` x `height` units large; without a preset, a PNG at `width` x `height` px.

        `version` asks for an earlier definition of the preset. Raises a `RequestError` for an unknown preset, a format that the preset does
        not offer, and overrides without a preset.
        """
        ...

    def producers(self, plan: ExportPlan) -> dict[str, str]:
        """Names and versions of the code that can change bytes of this export."""
        ...

    def export(self, plan: ExportPlan, pixels: ExportPixels, producers: dict[str, str], artifact_id: str) -> Export:
        """Encode `pixels`, `plan.visible` of the drawing as (height, width, 4) uint8 (uint16 for 16 bits) straight sRGB, by `plan`.

        `producers` goes into the meta, `artifact_id` into the file's XMP where the format holds it.
        """
        ...
