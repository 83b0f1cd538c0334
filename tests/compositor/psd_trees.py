"""Photoshop's files as trees of the compositor: psd-tools reads the structure, the pixels are those stored in layers.

Nothing is drawn: a text, shape or fill layer is what Photoshop rendered into the file. What this compositor has no
word for is told as a reason, and the file is left out.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compositor import Advanced, Group, Layer, Mask, Node, Solid
from compositor.modes import DISSOLVE, MIXING_MODES

KNOCKOUTS = ("none", "shallow", "deep")
FILLED_BY_A_PATH = ("shape", "solidcolorfill", "gradientfill", "patternfill")
"""Kinds whose stored alpha holds their vector mask already."""
DRAWN = ("pixel", "type", "smartobject", *FILLED_BY_A_PATH)


ARTBOARD_GROUNDS = {1: (1, 1, 1), 2: (0, 0, 0), 3: (0, 0, 0, 0)}
"""Colours of the types of background, as the values 1 white, 2 black and 3 transparent say."""


class LeftOut(Exception):  # noqa: N818 - not an error: it says why a file proves nothing here
    """A file uses something that is not compared."""


class Document(NamedTuple):
    """Layers from the bottom up, the canvas, and Photoshop's merged image over white, (height, width, 3), 0 to 255."""

    layers: tuple[Node, ...]
    size: tuple[int, int]
    merged: npt.NDArray[np.float64]


def read(path: Path, *, hide: bool = False) -> Document:
    """Read a file, or raise `LeftOut`; with `hide`, layers that are not compared are hidden instead."""
    from psd_tools import PSDImage

    psd = PSDImage.open(path)
    mode = psd.color_mode.name
    if psd.depth != 8 or mode not in {"RGB", "GRAYSCALE"}:
        raise LeftOut(f"{psd.depth} bit {mode.lower()}")
    return Document(tuple(nodes(psd, hide=hide)), psd.size, merged(psd))


def merged(psd: Any) -> npt.NDArray[np.float64]:
    """The merged image as stored: Photoshop has matted it on white already."""
    header = psd._record.header
    data = psd._record.image_data.get_data(header, False)
    planes = np.frombuffer(data, np.uint8).reshape(header.channels, header.height, header.width)
    colors = planes[:3] if psd.color_mode.name == "RGB" else planes[[0, 0, 0]]
    return np.moveaxis(colors, 0, 2).astype(np.float64)


def nodes(parent: Any, *, hide: bool) -> list[Node]:
    return [one(layer, hide=hide) for layer in parent]


def one(layer: Any, *, hide: bool) -> Node:
    """Return a layer as a node. What is clipped to a hidden layer must still find it, so it leaves a hidden group."""
    if not layer.visible:
        return Group([], visible=False, clip=bool(layer.clipping))
    try:
        check(layer)
    except LeftOut:
        if hide:
            return Group([], visible=False, clip=bool(layer.clipping))
        raise
    options = common(layer)
    if layer.kind == "artboard":
        return artboard(layer, options, hide=hide)
    if layer.is_group():
        return Group(nodes(layer, hide=hide), isolated=layer.blend_mode.name != "PASS_THROUGH", **options)
    color, alpha = layer.numpy("color"), layer.numpy("shape")
    if color is None:
        if layer.kind not in {"pixel", "type"} and layer.bbox != (0, 0, 0, 0):
            raise LeftOut(f"{layer.kind} without stored pixels")
        return Layer(np.zeros((0, 0, 4), np.uint8), clip=options["clip"])
    pixels = np.full((*color.shape[:2], 4), 255, np.uint8)
    pixels[..., :3] = np.rint(color * 255)
    if alpha is not None:
        pixels[..., 3] = np.rint(alpha[..., 0] * 255)
    return Layer(pixels, x=layer.left, y=layer.top, **options)


def artboard(layer: Any, options: dict[str, Any], *, hide: bool) -> Group:
    """An artboard is a group cut to its rectangle, on a background of its own."""
    from psd_tools.constants import Tag

    data = layer.tagged_blocks.get_data(Tag.ARTBOARD_DATA1)
    rect = data[b"artboardRect"]
    left, top, right, bottom = (int(rect[key].value) for key in (b"Left", b"Top ", b"Rght", b"Btom"))
    kind = int(data[b"artboardBackgroundType"].value) if b"artboardBackgroundType" in data else 1
    if kind not in ARTBOARD_GROUNDS:
        raise LeftOut(f"artboard background of type {kind}")
    color = ARTBOARD_GROUNDS[kind]
    box = Mask(np.full((bottom - top, right - left), 255, np.uint8), x=left, y=top)
    return Group([Solid(color), *nodes(layer, hide=hide)], **{**options, "mask": box})


class SheetTile(NamedTuple):
    mode: str
    left: int
    top: int
    right: int
    bottom: int


def tiles(path: Path) -> dict[str, SheetTile]:
    """The tiles of a sheet of blend modes by artboard and name, without their edges.

    Each tile is a group whose upper layer is in the mode, on 64 by 64 pixels; its layers reach one or two pixels into
    its neighbours, which may be hidden here.
    """
    from psd_tools import PSDImage

    return {
        f"{board.name}: {tile.name}": SheetTile(
            mode_of(tile[-1]), tile.left + 3, tile.top + 3, tile.left + 63, tile.top + 63
        )
        for board in PSDImage.open(path)
        for tile in board
    }


def check(layer: Any) -> None:
    from psd_tools.constants import Tag

    name = mode_of(layer)
    if name == DISSOLVE:
        raise LeftOut("dissolve: its noise is Photoshop's own")
    if name not in MIXING_MODES:
        raise LeftOut(f"blend mode {name}")
    if not (layer.is_group() or layer.kind in DRAWN):
        raise LeftOut(f"layer kind {layer.kind}")
    if Tag.BRIGHTNESS_AND_CONTRAST in layer.tagged_blocks:
        raise LeftOut("layer kind brightnesscontrast, which psd-tools takes for pixels where it is a legacy one")
    if layer.has_effects() and layer.effects.enabled and any(effect.enabled for effect in layer.effects):
        raise LeftOut("effects")
    if layer.tagged_blocks.get_data(Tag.CHANNEL_BLENDING_RESTRICTIONS_SETTING):
        raise LeftOut("channel restriction")


def mode_of(layer: Any) -> str:
    name = layer.blend_mode.name.lower().replace("_", "-")
    return "normal" if name == "pass-through" else str(name)


def common(layer: Any) -> dict[str, Any]:
    from psd_tools.constants import Tag

    blocks = layer.tagged_blocks
    together = bool(blocks.get_data(Tag.BLEND_CLIPPING_ELEMENTS, 1))
    return {
        "blend": mode_of(layer),
        "opacity": layer.opacity / 255,
        "fill": blocks.get_data(Tag.BLEND_FILL_OPACITY, 255) / 255,
        "mask": masks(layer),
        "clip": bool(layer.clipping),
        "visible": bool(layer.visible),
        "knockout": KNOCKOUTS[int(blocks.get_data(Tag.KNOCKOUT_SETTING, 0))],
        "advanced": Advanced(clipped_as_group=together),
    }


def masks(layer: Any) -> tuple[Mask, ...]:
    """The stored masks: the user's own, and the vector mask as Photoshop rendered it, each with its density.

    Where a layer has both, the "real" channel is the user's and the plain one the product of the two.
    """
    found = layer.mask
    if found is None:
        return ()
    data, settings = found.data, found.parameters
    user = (None, None) if settings is None else (settings.user_mask_density, settings.user_mask_feather)
    path = (None, None) if settings is None else (settings.vector_mask_density, settings.vector_mask_feather)
    plain = stored(layer, "USER_LAYER_MASK", (data.left, data.top, data.right, data.bottom, data.background_color))
    from_path, filled = data.flags.user_mask_from_render, layer.kind in FILLED_BY_A_PATH
    if not from_path:
        return () if data.flags.mask_disabled else (weighed(plain, user),)
    if data.real_flags is None or data.real_flags.mask_disabled:
        return () if filled else (weighed(plain, path),)
    box = (data.real_left, data.real_top, data.real_right, data.real_bottom, data.real_background_color)
    own = stored(layer, "REAL_USER_LAYER_MASK", box)
    return (weighed(own, user),) if filled else (weighed(own, user), weighed(quotient(plain, own), path))


def stored(layer: Any, channel: str, box: tuple[int, ...]) -> Mask:
    left, top, right, bottom, outside = box
    width, height = right - left, bottom - top
    coverage = np.zeros((0, 0), np.uint8)
    for info, data in zip(layer._record.channel_info, layer._channels, strict=False):
        if getattr(info.id, "name", "") == channel and width > 0 and height > 0 and data.data:
            found = np.frombuffer(data.get_data(width, height, 8, layer._psd.version), np.uint8)
            coverage = found.reshape(height, width)
    return Mask(coverage, x=left, y=top, outside=outside / 255)


def weighed(mask: Mask, settings: tuple[int | None, float | None]) -> Mask:
    density, feather = settings
    return Mask(mask.coverage, mask.x, mask.y, mask.outside, 1.0 if density is None else density / 255, feather or 0.0)


def quotient(product: Mask, factor: Mask) -> Mask:
    """The other factor of a product of coverages, as well as 8 bit tell it."""
    rows, columns = product.coverage.shape
    wide = np.full((rows, columns), factor.outside * 255)
    for row in range(rows):
        for column in range(columns):
            y, x = product.y + row - factor.y, product.x + column - factor.x
            if 0 <= y < factor.coverage.shape[0] and 0 <= x < factor.coverage.shape[1]:
                wide[row, column] = factor.coverage[y, x]
    other = np.where(wide > 0, np.minimum(1, product.coverage / np.maximum(wide, 1)), 1)
    return Mask(np.rint(other * 255).astype(np.uint8), product.x, product.y, product.outside)
