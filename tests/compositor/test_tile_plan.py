"""Plans do no more than a picture needs; they are plain lists, so this is tested without pixels."""

import numpy as np
import numpy.typing as npt
import pytest

from compositor import Gradient, Group, KernelId, Layer, Mask, Node, Solid, composite, required_kernels
from compositor.modes import MIXING_MODES
from compositor.plan import BlendPixels, Clear, Cover, Stage, plan
from compositor.rect import STRIP_SQUARES, Rect, tiles
from compositor.scene import build
from compositor.stages import STACK_MAX
from tests.compositor.pictures import noise, opaque

SOFT = noise(1, 64, 64)
FULL = opaque(2, 64, 64)


def stages(*layers: Node, size: int = 64, tile: int = 64) -> list[list[Stage]]:
    return [list(part.stages) for part in plan(build(layers, size, size, None), tile)]


def pile_sizes(found: list[Stage]) -> list[int]:
    return [len(stage.stack) for stage in found if isinstance(stage, BlendPixels)]


def test_tiles_partition_the_canvas() -> None:
    """Every pixel in exactly one tile, for odd canvases and tiles."""
    for width, height, side in ((1, 1, 16), (7, 300, 16), (1920, 1080, 256), (5000, 33, 64), (32768, 3, 37)):
        seen = np.zeros((height, width), np.uint8)
        for part in tiles(width, height, side):
            assert part.width * part.height <= STRIP_SQUARES * side * side
            seen[part.y0 : part.y1, part.x0 : part.x1] += 1
        assert (seen == 1).all()


def test_nothing_below_an_opaque_cover_is_read() -> None:
    """The topmost normal, opaque, whole layer starts the tile; the one on top of it is blended by the short formula."""
    found = stages(Layer(SOFT), Layer(FULL), Layer(SOFT, blend="hue"), Layer(FULL), Layer(SOFT, blend="screen"))
    assert [type(stage) for stage in found[0]] == [Cover, BlendPixels]
    assert found[0][1].kernel == KernelId("blend-words", "screen", True)  # type: ignore[union-attr]


def test_only_what_hides_counts_as_a_cover() -> None:
    """Half opacity, another mode, one translucent pixel or half a pixel of shift hide nothing."""
    hole = FULL.copy()
    hole[63, 63, 3] = 254
    for layer in (Layer(FULL, opacity=0.5), Layer(FULL, blend="multiply"), Layer(hole), Layer(FULL, x=0.5)):
        assert stages(Layer(SOFT), layer)[0][0].kernel == KernelId("unpack")  # type: ignore[union-attr]


def test_cover_counts_tile_by_tile() -> None:
    """A picture over part of the canvas hides what is below it there and only there."""
    found = stages(Layer(SOFT), Layer(FULL[:32]), tile=32)
    assert isinstance(found[0][0], Cover)
    assert found[-1][0].kernel == KernelId("unpack")  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", MIXING_MODES)
def test_first_picture_on_nothing_is_taken_as_it_is(mode: str) -> None:
    """No mode has a say where there is no backdrop; what lies on the picture cannot tell the short way from the long."""
    layers = [Layer(SOFT, blend=mode), Layer(noise(3, 64, 64))]
    assert [type(stage) for stage in stages(*layers)[0]] == [Cover, BlendPixels]
    nothing = Layer(np.zeros((64, 64, 4), np.uint8))
    assert composite(layers, size=(64, 64)).tobytes() == composite([nothing, *layers], size=(64, 64)).tobytes()
    for ground in (
        Layer(SOFT, opacity=0.5),
        Layer(SOFT[:63]),
        Layer(SOFT, mask=Mask(SOFT[..., 0])),
        Layer(SOFT, x=0.5),
    ):
        assert isinstance(stages(ground)[0][0], Clear)
    assert isinstance(next(plan(build(layers, 64, 64, (1, 0, 0, 0.5)), 64)).stages[0], Clear)


def test_layers_outside_a_tile_are_not_in_its_plan() -> None:
    """Work grows with the pixels that layers cover, not with their number times the canvas."""
    small = [Layer(SOFT[:4, :4], x=60, y=60) for _ in range(50)]
    counts = [sum(pile_sizes(found)) for found in stages(*small, tile=16)]
    assert counts[-1] == 50
    assert set(counts[:-1]) == {0}


def test_pictures_alike_are_blended_in_one_stage() -> None:
    """One call takes up to `STACK_MAX` of them through the accumulator; any difference but the picture's starts anew."""
    ground, soft = Solid((1, 1, 1)), Layer(SOFT)
    assert pile_sizes(stages(ground, *[Layer(SOFT, opacity=0.1 * k) for k in range(1, 11)])[0]) == [STACK_MAX, 2]
    assert pile_sizes(stages(ground, soft, Layer(SOFT, blend="hue"), soft)[0]) == [1, 1, 1]
    assert pile_sizes(stages(ground, soft, Layer(SOFT[:63]), Layer(SOFT, x=1))[0]) == [1, 1, 1]
    assert pile_sizes(stages(ground, soft, Solid((1, 0, 0, 0.5)), soft)[0]) == [1, 1]
    assert pile_sizes(stages(ground, soft, Layer(SOFT, mask=Mask(SOFT[..., 0])), soft)[0]) == [1, 1]


@pytest.mark.parametrize("mode", ["normal", "multiply", "luminosity"])
@pytest.mark.parametrize("ground", [SOFT, FULL])
def test_a_stack_is_blended_as_its_layers_are_one_by_one(mode: str, ground: npt.NDArray[np.uint8]) -> None:
    """Pictures of another mode without any alpha change nothing but the plan: they part the stack."""
    soft = [Layer(noise(seed, 64, 64), blend=mode, opacity=0.9) for seed in range(3, 13)]
    nothing = Layer(np.zeros((64, 64, 4), np.uint8), blend="screen")
    apart = [node for layer in soft for node in (nothing, layer)]
    assert max(pile_sizes(stages(Layer(ground), *apart)[0])) == 1
    together = composite([Layer(ground), *soft], size=(64, 64))
    assert together.tobytes() == composite([Layer(ground), *apart], size=(64, 64)).tobytes()


def test_groups_of_normal_layers_dissolve() -> None:
    """Isolation changes nothing there, so no accumulator is spent on it."""
    group = Group([Layer(SOFT), Group([Layer(SOFT, opacity=0.5)])])
    assert [type(stage) for stage in stages(group)[0]] == [Cover, BlendPixels]
    assert len(stages(Group([Layer(SOFT, blend="screen")]))[0]) > len(stages(Layer(SOFT, blend="screen"))[0])


def test_required_kernels_are_those_of_the_plan() -> None:
    """No kernel is compiled for a layer that cannot be seen, and none is missing."""
    layers = [
        Layer(FULL),
        Layer(SOFT, blend="multiply"),
        Layer(SOFT, blend="hue", visible=False),
        Layer(SOFT, blend="screen", opacity=0),
    ]
    assert required_kernels(layers) == (
        KernelId("load"),
        KernelId("blend-words", "multiply", True),
        KernelId("store", "", True),
    )
    assert required_kernels([]) == (KernelId("store"),)
    assert required_kernels([Solid((1, 0, 0))], (0, 0, 0)) == (KernelId("store", "", True),)
    gradient = Gradient("radial", ((0, (1, 0, 0, 0)), (1, (0, 0, 1))))
    assert KernelId("radial") in required_kernels([gradient], size=(9, 9))
    assert str(KernelId("blend-words", "multiply", True)) == "blend-words multiply on opaque"


def test_rectangles_meet_and_join() -> None:
    """The empty rectangle is neutral for joining and absorbing for meeting."""
    one, two = Rect(0, 0, 4, 4), Rect(2, 3, 9, 5)
    assert one.meet(two) == Rect(2, 3, 4, 4)
    assert one.join(two) == Rect(0, 0, 9, 5)
    assert one.join(Rect(5, 5, 5, 9)) == one
    assert one.meet(Rect(4, 0, 9, 9)).empty
