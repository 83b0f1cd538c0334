"""What a picture is made of: frozen values for layers and groups, checked when they are made.

Layers are listed from the bottom up. All positions are in pixels of the canvas, x to the right and y down, and may be
fractional. Colours and pixels are straight (not premultiplied) and encoded as sRGB; blending happens on the encoded
values, unless a picture is made in linear light. Nothing here computes a pixel; `execute.composite` is where the main path starts.

What every layer and group has: `opacity` counts for all of it. `fill`, 0 to 1, is one more opacity, but in the eight
modes of `finish.NEUTRAL` it takes the force out of the blending instead. `mask` is a `Mask` or several, which are
multiplied; a plain array of coverage is a mask whose first pixel lies on that of its layer, or of the canvas. `clip`
confines it to the alpha of the first layer below that is not clipped, in the same group; at the bottom of its group it
counts for nothing. `knockout` lets it fall not on what lies right below it but on what its group started from
("shallow"), or on what the innermost group around it that is isolated, or of another mode than normal, started from
("deep"; without such a group, the background). What lies between is hidden as far as opacity, alpha and masks say,
whatever the fill. The blend mode "dissolve" makes each pixel opaque or nothing.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, Union

import msgspec
import numpy.typing as npt

from compositor import readers
from compositor.advanced import KNOCKOUTS, Advanced
from compositor.affine import check_matrix
from compositor.errors import (
    BlendModeError,
    ColorError,
    StopsError,
    TreeError,
)
from compositor.filters import filter_named
from compositor.limits import (
    ANGLE_DEG_MAX,
    GRADIENT_STOPS_MAX,
    GROUP_DEPTH_MAX,
    NODES_MAX,
    OFFSET_PX_MAX,
)
from compositor.mask import Masks, masks
from compositor.modes import BLEND_MODES
from compositor.ranges import check_number, is_number
from compositor.region_source import RegionSource

Color: TypeAlias = Sequence[float]
Stop: TypeAlias = tuple[float | None, Color] | tuple[float | None, Color, float]
Rgba: TypeAlias = tuple[float, float, float, float]

Matrix: TypeAlias = Sequence[Sequence[float]]

PASS_THROUGH = "pass-through"  # noqa: S105 - no password, a blend mode
"""What Photoshop calls the mode of a group that is not isolated."""
GRADIENT_KINDS = ("linear", "radial", "angle", "reflected", "diamond")
_STOPS_MIN = 2
_STOP_LENGTHS = (2, 3)
_STOP = "pairs (offset, colour), or (offset, colour, midpoint)"
_CHANNELS = 4


class Layer(msgspec.Struct, frozen=True, eq=False):
    """A picture placed on the canvas.

    `pixels` is (height, width, 4) uint8, straight alpha, or any other picture: (height, width) or (height, width, 1 to
    4) of uint8, uint16, float16 or float32, an even count of channels with alpha last, floats finite and cut to 0 to 1.
    It is never written; any strides are accepted (a view of RGBA8 that is not C-contiguous is copied once per
    composite). Or it is a `RegionSource`, whose pixels are read as they are needed.

    `matrix`, ((a, b, c), (d, e, f)), places it: its point (x, y) falls on (a x + b y + c, d x + e y + f), to which the
    layer's `x` and `y` are added. `filter`, one of `FILTER_NAMES`, says how pixels are weighed where they fall between
    others, on premultiplied values and as `transform` does it, so that edges get exactly the coverage that they have;
    at whole pixels it changes nothing. In a picture that is made in linear light it weighs that. `opacity` is 0 to 1.
    Raises `FormatError`, `NotFiniteError`, `SourceError`, `MatrixError`, `ChoiceError`, `NumberError`,
    `BlendModeError`.
    """

    pixels: npt.NDArray[Any] | RegionSource
    x: float = 0.0
    y: float = 0.0
    blend: str = "normal"
    opacity: float = 1.0
    fill: float = 1.0
    mask: Masks = None
    clip: bool = False
    visible: bool = True
    knockout: Literal["none", "shallow", "deep"] = "none"
    advanced: Advanced | None = None
    matrix: Matrix | None = None
    filter: str = "bilinear"

    def __post_init__(self) -> None:
        readers.check("Layer.pixels", self.pixels)
        _check_place("Layer", self.x, self.y, None, None)
        if self.matrix is not None:
            a, b, c, d, e, f = check_matrix("Layer.matrix", self.matrix)
            msgspec.structs.force_setattr(self, "matrix", ((a, b, c), (d, e, f)))
        filter_named("Layer.filter", self.filter)
        _check_painting("Layer", self)


class Solid(msgspec.Struct, frozen=True):
    """A rectangle of one colour: (r, g, b) or (r, g, b, a), straight, 0 to 1.

    `width` and `height` of None reach to the far edge of the canvas. Fractional edges get exactly the coverage that
    they have. Raises `ColorError`, `NumberError`, `BlendModeError`.
    """

    color: Color
    x: float = 0.0
    y: float = 0.0
    width: float | None = None
    height: float | None = None
    blend: str = "normal"
    opacity: float = 1.0
    fill: float = 1.0
    mask: Masks = None
    clip: bool = False
    visible: bool = True
    knockout: Literal["none", "shallow", "deep"] = "none"
    advanced: Advanced | None = None

    def __post_init__(self) -> None:
        rgba("Solid.color", self.color)
        _check_place("Solid", self.x, self.y, self.width, self.height)
        _check_painting("Solid", self)


class Gradient(msgspec.Struct, frozen=True):
    """A rectangle filled with a gradient whose line is that of CSS: through the centre of the box at `angle`.

    "linear" is `linear-gradient(<angle>deg, ...)` of CSS Images Level 3, "radial" is `radial-gradient(ellipse
    farthest-corner at center, ...)`, which ignores `angle`, and "angle" is `conic-gradient(from <angle>deg, ...)` of
    Level 4: once around, clockwise. "reflected" and "diamond" are Photoshop's, from the centre to both ends of the
    line; `gradient` has the formulas. `angle` is in degrees, 0 to the top and 90 to the right, for all kinds 180 by
    default.

    `stops` are (offset, colour) or (offset, colour, midpoint); an offset of 1 is the end of the gradient line, None is
    placed by the fix-up of section 3.4.3. `midpoint`, above 0 and below 1, says how far on the way to the next stop
    the mean of both colours lies; the last stop's counts for nothing. Colours change evenly in between, premultiplied.
    `dither` moves every pixel by less than half a step of 8 bit, by a pattern of its place on the canvas, so that long
    ramps show no bands; colours that 8 bit hold stay. The box is as in `Solid`. Raises `StopsError`, `ColorError`,
    `NumberError`, `BlendModeError`, `TreeError`.
    """

    kind: Literal["linear", "radial", "angle", "reflected", "diamond"]
    stops: Sequence[Stop]
    angle: float = 180.0
    x: float = 0.0
    y: float = 0.0
    width: float | None = None
    height: float | None = None
    blend: str = "normal"
    opacity: float = 1.0
    fill: float = 1.0
    mask: Masks = None
    clip: bool = False
    visible: bool = True
    knockout: Literal["none", "shallow", "deep"] = "none"
    advanced: Advanced | None = None
    dither: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in GRADIENT_KINDS:
            raise StopsError("Gradient.kind", f"{self.kind!r} is none of {', '.join(GRADIENT_KINDS)}")
        msgspec.structs.force_setattr(self, "stops", _stops(self.stops))
        check_number("Gradient.angle", self.angle, -ANGLE_DEG_MAX, ANGLE_DEG_MAX)
        _check_place("Gradient", self.x, self.y, self.width, self.height)
        _check_painting("Gradient", self)
        if not isinstance(self.dither, bool):
            raise TreeError("Gradient.dither", f"{self.dither!r} is neither True nor False")


class Pattern(msgspec.Struct, frozen=True, eq=False):
    """A rectangle filled with a picture that repeats, edge on edge, without end.

    `pixels` is as in `Layer`. A corner of the picture lies on the corner of the box, moved on by `phase_x` and
    `phase_y` pixels; at fractions of a pixel it is shifted bilinearly, across its repetitions. The box is as in `Solid`.
    A region source as large as a canvas may repeat, too. Raises `FormatError`, `NotFiniteError`, `SourceError`,
    `NumberError`, `BlendModeError`.
    """

    pixels: npt.NDArray[Any] | RegionSource
    x: float = 0.0
    y: float = 0.0
    width: float | None = None
    height: float | None = None
    phase_x: float = 0.0
    phase_y: float = 0.0
    blend: str = "normal"
    opacity: float = 1.0
    fill: float = 1.0
    mask: Masks = None
    clip: bool = False
    visible: bool = True
    knockout: Literal["none", "shallow", "deep"] = "none"
    advanced: Advanced | None = None

    def __post_init__(self) -> None:
        readers.check("Pattern.pixels", self.pixels)
        _check_place("Pattern", self.x, self.y, self.width, self.height)
        for name, phase in (("phase_x", self.phase_x), ("phase_y", self.phase_y)):
            check_number(f"Pattern.{name}", phase, -OFFSET_PX_MAX, OFFSET_PX_MAX)
        _check_painting("Pattern", self)


class Group(msgspec.Struct, frozen=True):
    """Layers that are composited with each other first, and then as one (W3C Compositing Level 1, section 5).

    In an isolated group they start from nothing; in one that is not, they blend with what lies below the group, whose
    own contribution is removed again before the group is blended as a whole. The blend mode "pass-through", Photoshop's
    word, makes a normal one that is not isolated. Raises `TreeError`, `NumberError`, `BlendModeError`.
    """

    layers: Sequence["Node"]
    blend: str = "normal"
    opacity: float = 1.0
    isolated: bool = True
    fill: float = 1.0
    mask: Masks = None
    clip: bool = False
    visible: bool = True
    knockout: Literal["none", "shallow", "deep"] = "none"
    advanced: Advanced | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "layers", check_nodes("Group.layers", self.layers))
        if self.blend == PASS_THROUGH:
            msgspec.structs.force_setattr(self, "blend", "normal")
            msgspec.structs.force_setattr(self, "isolated", False)
        _check_painting("Group", self)
        if not isinstance(self.isolated, bool):
            raise TreeError("Group.isolated", f"{self.isolated!r} is neither True nor False")


Node: TypeAlias = Union[Layer, Solid, Gradient, Pattern, Group]  # noqa: UP007 - a forward reference cannot be joined with `|`


def check_nodes(field: str, nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Return `nodes` as a tuple; raise `TreeError` when one is no layer or nothing can be listed."""
    if not isinstance(nodes, Iterable):
        raise TreeError(field, f"{type(nodes).__name__} is not a sequence of layers")
    listed = tuple(nodes)
    for index, node in enumerate(listed):
        if not isinstance(node, Layer | Solid | Gradient | Pattern | Group):
            raise TreeError(
                f"{field}[{index}]", f"{type(node).__name__} is no Layer, Solid, Gradient, Pattern or Group"
            )
    return listed


def check_depth(nodes: Sequence[Node]) -> None:
    """Raise `TreeError` past `GROUP_DEPTH_MAX` or `NODES_MAX`.

    Walks level by level, never recursively, and counts a group as often as it is listed: sharing one group makes a
    small tree that is huge to draw.
    """
    level: list[Node] = list(nodes)
    count = len(level)
    for _ in range(GROUP_DEPTH_MAX + 1):
        children = (child for node in level if isinstance(node, Group) for child in node.layers)
        level = list(itertools.islice(children, NODES_MAX + 1))
        count += len(level)
        if count > NODES_MAX:
            raise TreeError("layers", f"there are more than {NODES_MAX} layers and groups in all")
        if not level:
            return
    raise TreeError("layers", f"groups are nested deeper than {GROUP_DEPTH_MAX}")


def rgba(field: str, color: Color) -> Rgba:
    """Return `color` as (r, g, b, a), straight, with alpha 1 where there is none; raise `ColorError`."""
    try:
        parts = tuple(color)
    except TypeError:
        raise ColorError(field, color) from None
    if len(parts) not in (_CHANNELS - 1, _CHANNELS) or not all(is_number(part) and 0 <= part <= 1 for part in parts):
        raise ColorError(field, color)
    r, g, b, a = (*map(float, parts), 1.0)[:_CHANNELS]
    return r, g, b, a


def _check_place(owner: str, x: float, y: float, width: float | None, height: float | None) -> None:
    for name, offset in (("x", x), ("y", y)):
        check_number(f"{owner}.{name}", offset, -OFFSET_PX_MAX, OFFSET_PX_MAX)
    for name, side in (("width", width), ("height", height)):
        if side is not None:
            check_number(f"{owner}.{name}", side, 0, OFFSET_PX_MAX)


def _check_painting(owner: str, node: "Node") -> None:
    """Check what all nodes have, and make their masks a tuple."""
    if not isinstance(node.blend, str) or node.blend not in BLEND_MODES:
        raise BlendModeError(node.blend, BLEND_MODES)
    check_number(f"{owner}.opacity", node.opacity, 0, 1)
    check_number(f"{owner}.fill", node.fill, 0, 1)
    for name, value in (("visible", node.visible), ("clip", node.clip)):
        if not isinstance(value, bool):
            raise TreeError(f"{owner}.{name}", f"{value!r} is neither True nor False")
    if not isinstance(node.knockout, str) or node.knockout not in KNOCKOUTS:
        raise TreeError(f"{owner}.knockout", f"{node.knockout!r} is none of {', '.join(KNOCKOUTS)}")
    if node.advanced is not None and not isinstance(node.advanced, Advanced):
        raise TreeError(f"{owner}.advanced", f"{type(node.advanced).__name__} is no Advanced")
    x, y = (math.floor(node.x), math.floor(node.y)) if isinstance(node, Layer) else (0, 0)
    msgspec.structs.force_setattr(node, "mask", masks(f"{owner}.mask", node.mask, x, y))


def _stops(stops: Sequence[Stop]) -> tuple[Stop, ...]:
    """Return checked stops as tuples, so that nobody changes them afterwards."""
    field = "Gradient.stops"
    try:
        listed: list[Any] = [tuple(stop) for stop in stops]
    except (TypeError, ValueError):
        raise StopsError(field, f"needs {_STOP}") from None
    if not _STOPS_MIN <= len(listed) <= GRADIENT_STOPS_MAX:
        raise StopsError(field, f"needs {_STOPS_MIN} to {GRADIENT_STOPS_MAX} stops, found {len(listed)}")
    for index, stop in enumerate(listed):
        _check_stop(f"{field}[{index}]", stop)
    return tuple(listed)


def _check_stop(field: str, stop: tuple[Any, ...]) -> None:
    if len(stop) not in _STOP_LENGTHS:
        raise StopsError(field, f"needs {_STOP}, found {len(stop)} values")
    rgba(field, stop[1])
    if stop[0] is not None:
        check_number(f"{field} offset", stop[0], -OFFSET_PX_MAX, OFFSET_PX_MAX)
    if not all(is_number(midpoint) and 0 < midpoint < 1 for midpoint in stop[2:]):
        raise StopsError(f"{field} midpoint", f"{stop[2]!r} is not a number above 0 and below 1")
