"""Where a picture of one size goes in a box of another: CSS object-fit, and the part of it that can be seen. Pure."""

from typing import NamedTuple

from engines.image_core.composition import Fit


class Rect(NamedTuple):
    """Left, top, width and height; any unit, floats."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The bottom edge."""
        return self.top + self.height

    def intersect(self, other: "Rect") -> "Rect | None":
        """What both cover, or None when that is nothing."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        width, height = min(self.right, other.right) - left, min(self.bottom, other.bottom) - top
        return Rect(left, top, width, height) if width > 0 and height > 0 else None

    def scaled(self, sx: float, sy: float) -> "Rect":
        """The same rectangle in other units."""
        return Rect(self.left * sx, self.top * sy, self.width * sx, self.height * sy)


def box_size(natural: tuple[float, float], width: float | None, height: float | None) -> tuple[float, float]:
    """The size of a layer's box: as asked; one missing side keeps the aspect ratio of `natural`, both missing mean `natural`."""
    if width is not None and height is not None:
        return width, height
    if width is not None:
        return width, width * natural[1] / natural[0]
    if height is not None:
        return height * natural[0] / natural[1], height
    return natural


def place_in_box(natural: tuple[float, float], box: Rect, fit: Fit) -> Rect:
    """Where the whole picture goes so that `box` shows it by `fit` (CSS Images Level 3, 5.5); what leaves the box is cut by the caller.

    `fill` stretches, `contain` fits inside, `cover` fills and overlaps, `none` keeps the natural size; all but `fill` are centred.
    """
    if fit == "fill":
        return box
    across, down = box.width / natural[0], box.height / natural[1]
    scale = {"contain": min(across, down), "cover": max(across, down), "none": 1.0}[fit]
    width, height = natural[0] * scale, natural[1] * scale
    return Rect(box.left + (box.width - width) / 2, box.top + (box.height - height) / 2, width, height)
