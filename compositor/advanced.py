"""What Photoshop's Advanced Blending says of a layer beside mode and opacity: values, checked when they are made.

`finish.look` turns them into what a tile must do.
"""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from compositor.errors import NumberError, TreeError
from compositor.ranges import check_number

Handles: TypeAlias = tuple[float, float, float, float]
"""Split handles of a slider, ascending, 0 to 1: hidden up to the first, rising to the second, shown to the third,
falling to the fourth.
"""

CHANNELS = "rgb"
KNOCKOUTS = ("none", "shallow", "deep")
SEED_MAX = 2**32 - 1
"""Largest seed: it is mixed into a hash of 32 bits."""
EVERYTHING: Handles = (0.0, 0.0, 1.0, 1.0)
_HANDLES = 4


class Ranges(msgspec.Struct, frozen=True):
    """Which tones take part: one slider on the gray value (luminosity of W3C section 10.2), one on each component.

    What a pixel gets is the product of the four. Raises `NumberError`, and `TreeError` for handles out of order.
    """

    gray: Handles = EVERYTHING
    red: Handles = EVERYTHING
    green: Handles = EVERYTHING
    blue: Handles = EVERYTHING

    def __post_init__(self) -> None:
        for name in ("gray", "red", "green", "blue"):
            _check_handles(f"Ranges.{name}", getattr(self, name))


class BlendIf(msgspec.Struct, frozen=True):
    """Where a layer shows, by its own straight colours (`this`) and by those that it falls on (`under`)."""

    this: Ranges = msgspec.field(default_factory=Ranges)
    under: Ranges = msgspec.field(default_factory=Ranges)

    def __post_init__(self) -> None:
        for name in ("this", "under"):
            if not isinstance(getattr(self, name), Ranges):
                raise TreeError(f"BlendIf.{name}", f"{type(getattr(self, name)).__name__} is no Ranges")


class Advanced(msgspec.Struct, frozen=True):
    """The rarer settings of a layer or group.

    `channels` are those that it may change, a subset of "rgb"; with none it is not drawn. Where it is drawn on
    translucent ground the others keep their straight value. `clipped_as_group` says whether layers that are clipped to
    this one are blended with it first and then as one, or each by itself. `seed` chooses the pattern of the blend mode
    dissolve. Raises `TreeError`, `NumberError`.
    """

    channels: str = CHANNELS
    blend_if: BlendIf = msgspec.field(default_factory=BlendIf)
    clipped_as_group: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        known = isinstance(self.channels, str) and set(self.channels) <= set(CHANNELS)
        if not known or len(set(self.channels)) != len(self.channels):
            raise TreeError("Advanced.channels", f"{self.channels!r} is no subset of {CHANNELS!r}")
        if not isinstance(self.blend_if, BlendIf):
            raise TreeError("Advanced.blend_if", f"{type(self.blend_if).__name__} is no BlendIf")
        if not isinstance(self.clipped_as_group, bool):
            raise TreeError("Advanced.clipped_as_group", f"{self.clipped_as_group!r} is neither True nor False")
        whole = isinstance(self.seed, int | np.integer) and not isinstance(self.seed, bool)
        if not whole or not 0 <= self.seed <= SEED_MAX:
            raise NumberError("Advanced.seed", self.seed, 0, SEED_MAX)


def _check_handles(field: str, handles: Sequence[float]) -> None:
    if not isinstance(handles, tuple | list) or len(handles) != _HANDLES:
        raise TreeError(field, f"{handles!r} is not four numbers")
    for value in handles:
        check_number(field, value, 0, 1)
    if list(handles) != sorted(handles):
        raise TreeError(field, f"{handles!r} does not ascend")
