"""Two small trees that between them use every stage, kernel and mode there is: what F6's tests draw in every way.

Run as a module it prints the digest of their pictures, for tests that draw them in other processes.
"""

import hashlib
import sys

import numpy as np

import compositor
from compositor import Advanced, BlendIf, Gradient, Group, Layer, Mask, Node, Pattern, Ranges, Solid
from compositor.modes import MIXING_MODES
from compositor.tree import GRADIENT_KINDS
from tests.compositor.pictures import noise, opaque

SIZE = (100, 70)
BACKGROUND = (0.1, 0.2, 0.3, 0.5)
STOPS = ((0.1, (1, 0.2, 0, 1), 0.3), (0.4, (0, 1, 0, 0.4)), (1.0, (0, 0.5, 1, 0.7)))


def soft(seed: int, height: int, width: int) -> np.ndarray:
    return np.ascontiguousarray(noise(seed, height, width)[..., 3])


def modes() -> list[Node]:
    """Every mode once, by turns from pixels and from planes, in boxes that overlap."""
    nodes: list[Node] = []
    for k, mode in enumerate(MIXING_MODES):
        x, y = 8 * (k % 9), 17 * (k // 9)
        layer = Layer(noise(k, 19, 26), x=x, y=y, blend=mode if k % 2 else "normal", opacity=0.9)
        nodes.append(layer if k % 2 else Group([layer], blend=mode, opacity=0.8))
    return nodes


def sources() -> list[Node]:
    """Every kind of gradient, plain and dithered, a flat colour and a picture, both between pixels."""
    nodes: list[Node] = [Solid((0.2, 0.9, 0.4, 0.5), x=30.5, y=40.25, width=20.5, height=19)]
    for k, kind in enumerate(GRADIENT_KINDS):
        nodes.append(
            Gradient(kind, STOPS, 33.0 + k, x=19.0 * k, y=4.5 * k, width=24.5, height=31, dither=k % 2 == 1)  # type: ignore[arg-type]  # one of the kinds
        )
    return [*nodes, Layer(noise(40, 19, 26), x=20.3, y=30.7, blend="soft-light")]


def finishes() -> list[Node]:
    """Masks with narrow and wide feathers, fill, blend-if, channels, dissolve, clipping, knockouts, open groups."""
    mask = Mask(soft(1, 30, 40), x=13, y=-7, outside=0.2, density=0.8, feather=1.5)
    wide = Mask(soft(2, 30, 40), x=40, y=20, outside=1.0, feather=9.5)
    sift = Advanced(blend_if=BlendIf(Ranges(gray=(0.1, 0.3, 0.9, 1)), Ranges(red=(0, 0.5, 1, 1))), channels="rb")
    knocking = [
        Layer(noise(49, 30, 30), x=20, blend="screen"),
        Layer(noise(50, 20, 20), x=29, knockout="deep", fill=0.1),
    ]
    open_group = [Layer(noise(51, 30, 30), x=60, blend="multiply"), Layer(noise(52, 20, 20), x=66, knockout="shallow")]
    inner = Group([Layer(noise(53, 20, 20), x=62, y=9)], blend="screen", isolated=True, opacity=0.7)
    return [
        Layer(noise(43, 30, 40), x=20, y=11, mask=(mask, wide), blend="overlay"),
        Layer(noise(45, 30, 30), x=20.3, y=30.7, blend="difference", fill=0.4, advanced=sift),
        Layer(noise(46, 30, 30), x=40, y=35, blend="dissolve", opacity=0.7, advanced=Advanced(seed=5)),
        Layer(noise(47, 40, 50), x=33, y=21),
        Layer(noise(48, 40, 50), x=40, y=20, clip=True, blend="multiply"),
        Group(knocking, isolated=False, opacity=0.9, mask=mask, advanced=Advanced(channels="rg")),
        Group(
            [*open_group, inner], blend="screen", isolated=False, mask=wide, advanced=Advanced(clipped_as_group=False)
        ),
        Layer(noise(54, 30, 30), x=65, y=5, clip=True, blend="luminosity"),
        Group([Layer(noise(55, 30, 30), x=9, y=40, blend="hue")], opacity=0.5, isolated=False),
    ]


def translucent() -> list[Node]:
    """Every mode, source and finish, on ground that is never opaque."""
    return [*modes(), *sources(), *finishes()]


def covered() -> list[Node]:
    """A few of each on an opaque picture, where the short formulas are used."""
    return [Layer(noise(59)), Layer(opaque(60, 70, 100)), *modes()[3:9], *finishes()[4:]]


def stored() -> list[Node]:
    """Pictures of every format, placed in every way, for linear light."""
    turn = ((0.8, -0.4, 30), (0.4, 0.8, -5))
    floats = (noise(61, 30, 40) / 255).astype(np.float32)
    return [
        *sources(),
        Layer(noise(62, 30, 40).astype(np.uint16) * 257, x=3.5, y=7),
        Layer(floats.astype(np.float16), matrix=turn, filter="bicubic", blend="overlay"),
        Layer(floats[..., :3], matrix=((0.5, 0, 9.5), (0, 0.7, 20)), filter="lanczos3", opacity=0.8),
        Pattern(floats[:5, :7, 1:3], 10.5, 8, 40, 30, phase_x=0.25, blend="multiply"),
    ]


def pictures(threads: int = 2, tile: int = 256) -> list[np.ndarray]:
    """The trees, drawn; the last one in linear light and to floats."""
    with np.errstate(over="ignore"):  # NumPy's scalars, when interpreted, tell what compiled code keeps to itself
        return [
            compositor.composite(nodes, size=SIZE, background=BACKGROUND, threads=threads, tile=tile)
            for nodes in (translucent(), covered())
        ] + [
            compositor.composite(
                stored(), size=SIZE, background=BACKGROUND, dtype="float32", space="linear", threads=threads, tile=tile
            )
        ]


def digest(drawn: list[np.ndarray]) -> str:
    """The sha256 of pictures."""
    return hashlib.sha256(b"".join(picture.tobytes() for picture in drawn)).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest(pictures()))
