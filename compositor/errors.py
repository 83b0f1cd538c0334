"""What can go wrong when pictures are composited, as one tree of typed errors.

    CompositorError
      BlendModeError     a blend mode that does not exist; carries the ones that do
      PixelsError        an array of the wrong shape or dtype
      NumberError        a number that is not one, is not finite, or is out of its range
      ColorError         a colour that is not three or four numbers from 0 to 1
      StopsError         a gradient whose stops cannot make a gradient
      CanvasSizeError    a canvas without area, or beyond the limits
      TreeError          something in the tree that is no layer, or groups nested too deep

All are the caller's mistake and are raised before any work. Each carries the fields its message is made of.
"""


class CompositorError(Exception):
    """Base of every error that this package raises on purpose."""


class BlendModeError(CompositorError):
    """`mode` is not one of `known`."""

    def __init__(self, mode: object, known: tuple[str, ...]) -> None:
        super().__init__(f"blend: {mode!r} is not a blend mode; known: {', '.join(known)}")
        self.mode = mode
        self.known = known


class PixelsError(CompositorError):
    """`field` must be a (height, width, 4) array of uint8, straight alpha; `found` says what it is."""

    def __init__(self, field: str, found: str) -> None:
        super().__init__(f"{field}: needs a NumPy array of shape (height, width, 4) and dtype uint8, found {found}")
        self.field = field
        self.found = found


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


class TreeError(CompositorError):
    """The tree of layers is malformed; `reason` says how."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
