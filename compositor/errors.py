"""What can go wrong when pictures are composited, as one tree of typed errors.

    CompositorError
      BlendModeError     a blend mode that does not exist; carries the ones that do
      OperatorError      a compositing operator that does not exist; carries the ones that do
      ArrayError         a mask or result of `blend` of the wrong shape or dtype, or that cannot be written
      SourceError        a source of regions that is none, or that handed over something else than was asked for
      SizeMismatchError  an array of another size than the one that it goes with
      NotFiniteError     an array with NaN or infinity in it
      NumberError        a number that is not one, is not finite, or is out of its range
      ColorError         a colour that is not three or four numbers from 0 to 1
      StopsError         a gradient whose stops cannot make a gradient
      CanvasSizeError    a canvas without area, or beyond the limits
      MaskError          a mask that is none: array, place, density or feather
      TreeError          something in the tree that is no layer, or groups nested too deep
      FormatError        something that is no picture in any known format
      ChoiceError        a word that is none of the known ones, such as a filter's name
      RegionError        a box that is no part of its picture
      MatrixError        an affine map that is none, or that flattens or magnifies beyond the limits

All are the caller's mistake and are raised before any work, but for what a source hands over. Each
carries the fields its message is made of.
"""


class CompositorError(Exception):
    """Base of every error that this package raises on purpose."""


class BlendModeError(CompositorError):
    """`mode` is not one of `known`."""

    def __init__(self, mode: object, known: tuple[str, ...]) -> None:
        super().__init__(f"blend: {mode!r} is not a blend mode; known: {', '.join(known)}")
        self.mode = mode
        self.known = known


class OperatorError(CompositorError):
    """`operator` is not one of `known`."""

    def __init__(self, operator: object, known: tuple[str, ...]) -> None:
        super().__init__(f"operator: {operator!r} is not a compositing operator; known: {', '.join(known)}")
        self.operator = operator
        self.known = known


class ArrayError(CompositorError):
    """`field` must be what `needed` says; `found` says what it is."""

    def __init__(self, field: str, found: str, needed: str) -> None:
        super().__init__(f"{field}: needs {needed}, found {found}")
        self.field = field
        self.found = found
        self.needed = needed


class SourceError(CompositorError):
    """`field` is a source of regions that cannot be drawn: `reason` says why.

    `region` is what was asked of it, (x, y, width, height), or None where nothing was asked yet.
    """

    def __init__(self, field: str, reason: str, region: tuple[int, int, int, int] | None = None) -> None:
        asked = "" if region is None else f"read{region} "
        super().__init__(f"{field}: {asked}{reason}")
        self.field = field
        self.reason = reason
        self.region = region


class SizeMismatchError(CompositorError):
    """`field` is of `size`, (height, width), and must be of the backdrop's `expected`."""

    def __init__(self, field: str, size: tuple[int, int], expected: tuple[int, ...]) -> None:
        super().__init__(f"{field}: is {size[1]} x {size[0]} pixels, and the backdrop is {expected[1]} x {expected[0]}")
        self.field = field
        self.size = size
        self.expected = expected


class NotFiniteError(CompositorError):
    """`field` holds `value`, or something (None), that is NaN or infinite."""

    def __init__(self, field: str, value: float | None = None) -> None:
        shown = "a value that is not finite" if value is None else repr(value)
        super().__init__(f"{field}: holds {shown}, and every value must be a finite number")
        self.field = field
        self.value = value


class NumberError(CompositorError):
    """`field` must be a finite number from `low` to `high`, both included."""

    def __init__(self, field: str, value: object, low: float, high: float) -> None:
        super().__init__(f"{field}: {value!r} is not a finite number from {low:g} to {high:g}")
        self.field = field
        self.value = value
        self.low = low
        self.high = high


class ColorError(CompositorError):
    """`field` must be (r, g, b) or (r, g, b, a), straight, each from 0 to 1."""

    def __init__(self, field: str, value: object) -> None:
        super().__init__(f"{field}: {value!r} is not a colour: (r, g, b) or (r, g, b, a), straight, each from 0 to 1")
        self.field = field
        self.value = value


class StopsError(CompositorError):
    """The stops or the kind of a gradient are unusable; `reason` says which and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class CanvasSizeError(CompositorError):
    """`width` x `height` is no canvas: sides are whole numbers from 1 to `side_max`, with at most `pixels_max`
    pixels.
    """

    def __init__(self, width: object, height: object, side_max: int, pixels_max: int) -> None:
        limits = f"sides are whole numbers from 1 to {side_max}, and at most {pixels_max} pixels in all"
        super().__init__(f"size: {width!r} x {height!r} is no canvas: {limits}")
        self.width = width
        self.height = height
        self.side_max = side_max
        self.pixels_max = pixels_max


class MaskError(CompositorError):
    """A mask, or one of its fields, cannot be used; `reason` says which and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class TreeError(CompositorError):
    """The tree of layers is malformed; `reason` says how."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class FormatError(CompositorError):
    """`field` must be pixels in one of the formats that `formats` knows; `found` says what it is."""

    def __init__(self, field: str, found: str) -> None:
        shapes, dtypes = "(height, width) or (height, width, 1 to 4)", "uint8, uint16, float16 or float32"
        super().__init__(f"{field}: needs a NumPy array of shape {shapes} and dtype {dtypes}, found {found}")
        self.field = field
        self.found = found


class ChoiceError(CompositorError):
    """`value` of `field` is none of `known`."""

    def __init__(self, field: str, value: object, known: tuple[object, ...]) -> None:
        super().__init__(f"{field}: {value!r} is unknown; known: {', '.join(map(str, known))}")
        self.field = field
        self.value = value
        self.known = known


class RegionError(CompositorError):
    """`field` is no part of a picture: (left, top, right, bottom) with area, within `width` x `height` pixels."""

    def __init__(self, field: str, value: object, width: int, height: int) -> None:
        needed = f"(left, top, right, bottom) with area, within {width} x {height} pixels"
        super().__init__(f"{field}: {value!r} is not {needed}")
        self.field = field
        self.value = value
        self.width = width
        self.height = height


class MatrixError(CompositorError):
    """`field` is no affine map that can be drawn; `reason` says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
