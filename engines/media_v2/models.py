"""Which kinds of artifacts there are, and what the meta of each must say.

One Struct per kind. Sizes are pixels unless a name says otherwise, hashes are 64 lower-case hex digits, `format` is the short
lower-case name of the encoding. A kind or field that is added is a CONTRACT CHANGE: note it in
docs/engines/media_program/PHASE_I05_integration_and_presets.md. Fields are only added, with defaults.
"""

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from engines.media_v2.errors import MetaError, UnknownKindError
from engines.media_v2.presets import BitDepth, ColorProfile, Dpi, ExportFit, Format, Overrides, PresetId, Quality

Kind = Literal[
    "source_asset",
    "image_composition",
    "image_render",
    "vector_scene",
    "vector_render",
    "text_render",
    "font_asset",
    "vector_document",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
ArtifactId = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
Pixels = Annotated[int, Meta(ge=1, le=32_768)]
Length = Annotated[float, Meta(gt=0, le=1e7)]
ByteCount = Annotated[int, Meta(ge=0)]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    bytes: ByteCount
    """Size of the content."""
    sha256: Sha256
    """Hash of the content."""


class SourceAssetMeta(_Strict, frozen=True, kw_only=True):
    """An uploaded picture, as it came. `color_profile` names the embedded profile (`sRGB` when there is none)."""

    name: str
    width: Pixels
    height: Pixels
    format: Format
    color_profile: str
    alpha: bool


class FontAxis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One axis of a variable font, in the font's own units; `name` is the font's own English word for it."""

    tag: Annotated[str, Meta(min_length=4, max_length=4)]
    name: str
    minimum: float
    default: float
    maximum: float


class FontFace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One font in a file; a collection has several. `weight` (1 to 1000) and `width` (percent) are those without variation."""

    family: Annotated[str, Meta(min_length=1, max_length=100)]
    subfamily: str
    italic: bool
    weight: Annotated[float, Meta(ge=1, le=1000)]
    width: Annotated[float, Meta(gt=0, le=1000)]
    axes: tuple[FontAxis, ...] = ()
    coverage: Annotated[int, Meta(ge=0)]
    """How many characters it maps to glyphs."""
    color: tuple[Literal["COLR", "CBDT", "sbix", "SVG"], ...] = ()
    """The tables that it has colour glyphs in."""


class FontAssetMeta(_Strict, frozen=True, kw_only=True):
    """A font file that passed the checks, as it came. Texts of its scope may ask for the families of its `faces`; the fields
    above them are those of the first."""

    name: str
    family: str
    subfamily: str
    format: Literal["ttf", "otf", "ttc", "woff", "woff2"]
    version: str
    license: str
    """SPDX id where the file's own words tell one, else those words, shortened; `unknown` where it has none."""
    coverage: Annotated[int, Meta(ge=0)]
    faces: Annotated[tuple[FontFace, ...], Meta(min_length=1)]


class VectorSceneMeta(_Strict, frozen=True, kw_only=True):
    """An SVG document that passed the guard; width and height are its own size in CSS px."""

    name: str
    width: Length
    height: Length
    format: Literal["svg"] = "svg"
    elements: int = 0
    resources: dict[str, str] = {}
    """sha256 of the pictures that were put into it, by the names that it had for them."""
    ignored: tuple[str, ...] = ()
    """References elsewhere that were left out."""
    fonts: dict[str, str] = {}
    """sha256 of the fonts that its texts were outlined in, by their names."""
    left_out: tuple[str, ...] = ()
    """What the document had that a scene does not hold, where it was read as one."""


class ImageCompositionMeta(_Strict, frozen=True, kw_only=True):
    """A composition in canonical JSON whose sources are all named by artifact."""

    name: str
    width: Pixels
    height: Pixels
    layers: int
    """All layers, those inside groups included."""
    version: int = 1
    format: Literal["json"] = "json"


class _ExportMeta(_Strict, frozen=True, kw_only=True):
    width: Pixels
    height: Pixels
    format: Format
    color_profile: ColorProfile
    """Name of the embedded ICC profile."""
    quality: Quality | None
    """The encoder's setting; None for lossless formats."""
    dpi: Dpi | None
    """Resolution written into the file; None where the preset names none or the format has no field for it."""
    alpha: bool
    """Whether the file has an alpha channel."""
    pixel_sha256: Sha256
    """Hash of the canonical pixels before encoding: tells "the encoder drifted" from "the pixels drifted"."""
    producers: dict[str, str]
    """Name and version of everything that could have changed pixels or bytes."""
    bit_depth: BitDepth = 8
    """Bits per channel."""
    fit: ExportFit = "contain"
    preset_version: Annotated[int, Meta(ge=1)] | None = None
    """Which definition of the preset was used; None without a preset."""
    overrides: Overrides = Overrides()
    """What the request changed about the preset, as it was clamped."""
    fonts: dict[str, Sha256] = {}
    """Every font file that it may have been drawn with, by name."""


class ImageRenderMeta(_ExportMeta, frozen=True, kw_only=True):
    """A composition, exported with a preset."""

    preset_id: PresetId
    missing: tuple[str, ...] = ()
    """Characters of its texts for which the font has no glyph."""
    text: str = ""
    """What its visible text layers say, bottom to top, one after the other on lines of their own."""


class VectorRenderMeta(_ExportMeta, frozen=True, kw_only=True):
    """A scene drawn by itself; without a preset it is a PNG at the scene's own size."""

    preset_id: PresetId | None = None
    engine: Literal["resvg", "cairosvg"] = "resvg"


class VectorDocumentMeta(_Strict, frozen=True, kw_only=True):
    """A scene as a document for print or for other programs. Width and height are those of the trimmed page in pt (1/72 inch)."""

    name: str
    width: Length
    height: Length
    format: Literal["pdf", "ps", "eps", "svg"]
    dpi: Annotated[float, Meta(gt=0)]
    """Pixels of the scene per inch of paper."""
    bleed_mm: Annotated[float, Meta(ge=0)] = 0.0
    """Around the trim, in PDF."""
    text: Literal["embed", "outline"] = "embed"
    """What becomes of texts in PDF: texts with their fonts, or outlines. An SVG keeps them as they are."""
    has_text: bool
    """Whether there are any."""
    producers: dict[str, str]
    """Name and version of everything that could have changed its bytes."""
    fonts: dict[str, Sha256] = {}
    """Every font file that it may have been drawn with, by name."""


class TextRenderMeta(_ExportMeta, frozen=True, kw_only=True):
    """A text drawn by itself, with the request in full, so that it can be drawn again."""

    request: dict[str, Any]
    preset_id: PresetId | None = None
    missing: tuple[str, ...] = ()
    """Characters for which the font has no glyph."""
    text: str = ""
    """What it says, for readers who do not see it."""


ArtifactMeta = (
    SourceAssetMeta
    | FontAssetMeta
    | VectorSceneMeta
    | ImageCompositionMeta
    | ImageRenderMeta
    | VectorRenderMeta
    | TextRenderMeta
    | VectorDocumentMeta
)
ExportMeta = ImageRenderMeta | VectorRenderMeta | TextRenderMeta

META_OF_KIND: dict[Kind, type[ArtifactMeta]] = {
    "source_asset": SourceAssetMeta,
    "font_asset": FontAssetMeta,
    "image_composition": ImageCompositionMeta,
    "image_render": ImageRenderMeta,
    "vector_scene": VectorSceneMeta,
    "vector_render": VectorRenderMeta,
    "text_render": TextRenderMeta,
    "vector_document": VectorDocumentMeta,
}
RENDER_KINDS: tuple[Kind, ...] = ("image_render", "vector_render", "text_render", "vector_document")
"""Kinds that are made from other artifacts by code, and can be made again."""


class Retraction(msgspec.Struct, frozen=True, kw_only=True):
    """Why an artifact must not be used any more."""

    reason: str
    at_us: int
    cause: ArtifactId
    """What was retracted: the artifact itself, or one that it was made from."""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """One registered artifact, as the replayed ledger knows it."""

    artifact_id: ArtifactId
    kind: Kind
    tenant: str
    env: str
    uri: str
    """Its deterministic name, under the scope's prefix."""
    sha256: Sha256
    """Hash of its content, which lies at `keys.blob_key`."""
    bytes: ByteCount
    parents: tuple[ArtifactId, ...]
    render_key: str | None
    created_at_us: int
    """Microseconds since the epoch, by the clock of the process that registered it. Never part of an identity."""
    meta: ArtifactMeta
    retracted: Retraction | None = None


def check_kind(kind: str) -> Kind:
    """Return `kind` when it is one of `KINDS`. Raises `UnknownKindError`, which lists them."""
    for known in KINDS:
        if kind == known:
            return known
    raise UnknownKindError(kind, KINDS)


def parse_meta(kind: str, meta: object) -> ArtifactMeta:
    """Return `meta` (a mapping, or the Struct itself) as the Struct of its kind. Raises `UnknownKindError`,
    `MetaError` with the path of the fault."""
    wanted = META_OF_KIND[check_kind(kind)]
    try:
        return msgspec.convert(msgspec.to_builtins(meta), wanted)
    except msgspec.ValidationError as error:
        raise MetaError(kind, str(error)) from error
