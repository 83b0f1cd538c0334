"""What a tile's work is made of: the stages that a plan lists and a worker runs.

Planes are named by number: accumulators from 0, the canvas, upwards, and `SCRATCH`.
"""

from typing import NamedTuple, TypeAlias

import numpy as np

from compositor.finish import Tones
from compositor.mask import Matte
from compositor.rect import Rect
from compositor.sources import Pixels, Source

SCRATCH = -1
"""Names the scratch planes where accumulators are named by their number."""
NOTHING = -2
BACKGROUND = -3
"""What a group may start from beside an accumulator: nothing, and the canvas's colour."""
STACK_MAX = 8
"""Most pictures blended by one stage. Each costs a call of the kernel 0.2 us, used or not, and stacks are rarely higher."""


class KernelId(NamedTuple):
    """Names a kernel: what it does, its blend mode, dtype or "", and whether it relies on an opaque backdrop."""

    stage: str
    mode: str = ""
    opaque: bool = False

    def __str__(self) -> str:
        """Spell the name for people: `blend-words multiply on opaque`."""
        return " ".join(part for part in (self.stage, self.mode, "on opaque" if self.opaque else "") if part)


class Clear(NamedTuple):
    """Make accumulator `depth` transparent in `region`, or fill it with the background's colour when `depth` is 0."""

    depth: int
    region: Rect


class Copy(NamedTuple):
    """Start the accumulator `depth` as a copy of `below`, or of `NOTHING` or `BACKGROUND`; `tracked` clears the group's
    own alpha.
    """

    depth: int
    region: Rect
    tracked: bool
    below: int


class Cover(NamedTuple):
    """Replace `region` of accumulator `depth` by a source that is opaque there or the first on nothing."""

    depth: int
    region: Rect
    source: Source
    kernel: KernelId | None


class BlendPixels(NamedTuple):
    """Blend a stack of RGBA8 pictures, 1 to `STACK_MAX`, onto accumulator `depth`, each at its opacity, the first one
    first; `unite` adds their alpha to the group's own.
    """

    depth: int
    region: Rect
    kernel: KernelId
    unite: KernelId | None
    stack: tuple[Pixels, ...]
    opacities: tuple[np.float32, ...]


class Paint(NamedTuple):
    """Paint a source into the scratch planes; translucent pixels only where they are finished before blending."""

    region: Rect
    source: Source
    kernel: KernelId | None


class Linearise(NamedTuple):
    """Bring planes from encoded values to linear light."""

    planes: int
    region: Rect
    kernel: KernelId


class BlendPlanes(NamedTuple):
    """Blend `source`, the scratch planes or an accumulator, onto accumulator `depth`; at a fill of its own if given."""

    depth: int
    region: Rect
    source: int
    opacity: np.float32
    kernel: KernelId
    unite: KernelId | None
    fill: np.float32 | None = None


class Extract(NamedTuple):
    """Take the backdrop, the accumulator `below`, out of accumulator `depth`."""

    depth: int
    region: Rect
    kernel: KernelId
    below: int


class Attenuate(NamedTuple):
    """Multiply planes by masks."""

    planes: int
    region: Rect
    mattes: tuple[Matte, ...]


class Confine(NamedTuple):
    """Multiply planes by the alpha kept of accumulator `kept`, times `opacity`."""

    planes: int
    region: Rect
    kept: int
    opacity: np.float32


class Sift(NamedTuple):
    """Multiply planes by what blend-if leaves of them on accumulator `under`."""

    planes: int
    region: Rect
    tones: tuple[Tones, ...]
    under: int


class Dissolve(NamedTuple):
    """Make each pixel of planes opaque or nothing."""

    planes: int
    region: Rect
    opacity: np.float32
    seed: int


class Keep(NamedTuple):
    """Keep the alpha of planes for later; when `detached` they go on with straight colours and alpha 1."""

    planes: int
    region: Rect
    detached: bool


class Mix(NamedTuple):
    """Let accumulator `depth` go part of the way to `source`: `opacity`, times masks or the alpha kept of `kept`."""

    depth: int
    region: Rect
    source: int
    opacity: np.float32
    mattes: tuple[Matte, ...]
    kept: int | None


class UniteKnockout(NamedTuple):
    """Bring into the own alpha of the group at `depth` what knocks out: alpha kept of `kept`, at its fill."""

    depth: int
    region: Rect
    kept: int
    opacity: np.float32
    fill: np.float32


class Hold(NamedTuple):
    """Set a copy of accumulator `depth` aside."""

    depth: int
    region: Rect


class Restore(NamedTuple):
    """Give planes `held` of accumulator `depth` the straight colour that was set aside."""

    depth: int
    region: Rect
    held: tuple[int, ...]


Finishing: TypeAlias = Attenuate | Confine | Sift | Dissolve | Keep | Mix | UniteKnockout | Hold | Restore
Stage: TypeAlias = Clear | Copy | Cover | BlendPixels | Paint | Linearise | BlendPlanes | Extract | Finishing


class Tile(NamedTuple):
    """All that makes the pixels of `region`: stages in order, then the kernel that stores the canvas's accumulator."""

    region: Rect
    stages: tuple[Stage, ...]
    store: KernelId
