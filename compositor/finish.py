"""What is done to a source between painting and blending: masks, fill, blend-if, dissolve, channels, knockout.

`look` reads it off a layer of the tree, leaving out all that changes nothing; a layer with nothing left has no finish
and takes the plan's short way. Pure.
"""

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from compositor.advanced import CHANNELS, EVERYTHING, Advanced, Handles
from compositor.mask import Matte, masks, mattes
from compositor.modes import DISSOLVE
from compositor.rect import Rect

if TYPE_CHECKING:
    from compositor.tree import Node

Knockout = Literal["none", "shallow", "deep"]

NEUTRAL: dict[str, np.float32] = {
    "color-burn": np.float32(1),
    "linear-burn": np.float32(1),
    "color-dodge": np.float32(0),
    "linear-dodge": np.float32(0),
    "vivid-light": np.float32(0.5),
    "linear-light": np.float32(0.5),
    "hard-mix": np.float32(0.5),
    "difference": np.float32(0),
}
"""The eight modes in which Photoshop's fill is not one more opacity, and the source colour that changes nothing in
each: there fill moves the source towards it.
"""


class Tones(NamedTuple):
    """One slider of blend-if: which of gray, red, green and blue (0 to 3), whether of what lies under, its handles."""

    component: int
    under: bool
    handles: tuple[np.float32, np.float32, np.float32, np.float32]


class Finish(NamedTuple):
    """What happens to planes before they are blended, in this order; `held` are the planes that keep the backdrop's
    colour (0 red to 2 blue). `fill` is 1 where it is already part of the opacity.
    """

    mattes: tuple[Matte, ...] = ()
    tones: tuple[Tones, ...] = ()
    seed: int | None = None
    fill: np.float32 = np.float32(1)
    knockout: Knockout = "none"
    held: tuple[int, ...] = ()


NOTHING_DONE = Finish()
_USUAL = Advanced()


class Look(NamedTuple):
    """How a source is blended, and the bounds within which it can be seen."""

    mode: str
    opacity: np.float32
    finish: Finish | None
    bounds: Rect


def look(node: "Node", bounds: Rect, *, apart: bool = False) -> Look | None:
    """Return how `node` is blended, which would show in `bounds` without masks; None when nothing of it can show.

    Fill is made part of the opacity where that is the same, unless it is wanted `apart`.
    """
    advanced = node.advanced or _USUAL
    kept, bounds = mattes(masks("mask", node.mask), bounds)
    if bounds.empty or not node.visible or np.float32(node.opacity) == 0 or not advanced.channels:
        return None
    dissolved = node.blend == DISSOLVE
    mode = "normal" if dissolved else node.blend
    apart = apart or node.knockout != "none" or mode in NEUTRAL
    finish = Finish(
        kept,
        () if advanced is _USUAL else _tones(advanced),
        int(advanced.seed) if dissolved else None,
        np.float32(node.fill) if apart else np.float32(1),
        node.knockout,
        tuple(index for index, name in enumerate(CHANNELS) if name not in advanced.channels),
    )
    opacity = np.float32(node.opacity if apart else node.opacity * node.fill)
    return Look(mode, opacity, None if finish == NOTHING_DONE else finish, bounds)


def hidden(node: "Node") -> bool:
    """Whether nothing of `node` shows whatever its pixels are. At a fill of 0 a knockout still does."""
    seen = node.visible and np.float32(node.opacity) > 0 and (node.advanced is None or node.advanced.channels)
    return not seen or (np.float32(node.fill) == 0 and node.knockout == "none")


def _tones(advanced: Advanced) -> tuple[Tones, ...]:
    found = []
    for under, ranges in ((False, advanced.blend_if.this), (True, advanced.blend_if.under)):
        sliders: tuple[Handles, ...] = (ranges.gray, ranges.red, ranges.green, ranges.blue)
        for component, handles in enumerate(sliders):
            if tuple(handles) != EVERYTHING:
                a, b, c, d = map(np.float32, handles)
                found.append(Tones(component, under, (a, b, c, d)))
    return tuple(found)
