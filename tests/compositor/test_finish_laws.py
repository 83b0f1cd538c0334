"""Laws of masks, fill, clipping, knockouts, dissolve and blend-if; and plain trees keep their plans."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compositor
from compositor import Advanced, BlendIf, CompositorError, Gradient, Group, Layer, Mask, Node, Ranges, Solid
from compositor.finish import NEUTRAL
from compositor.modes import MIXING_MODES
from compositor.plan import plan
from compositor.scene import build
from compositor.stages import BlendPixels, BlendPlanes, Clear, Copy, Cover, Extract, Paint
from tests.compositor.pictures import noise, opaque, worst_step
from tests.compositor.test_composite_laws import everything

SIZE = (31, 24)
PLAIN = tuple(mode for mode in MIXING_MODES if mode not in NEUTRAL)
ONES = np.full((24, 31), 255, np.uint8)


def soft(seed: int, height: int = 24, width: int = 31) -> np.ndarray:
    return np.ascontiguousarray(noise(seed, height, width)[..., 3])


def draw(*nodes: Node, size: tuple[int, int] = SIZE, **options: object) -> np.ndarray:
    return compositor.composite(nodes, size=size, **options)  # type: ignore[arg-type]


def finished(height: int = 150, width: int = 170) -> list[Node]:
    """A tree with each kind of finish on each kind of source, larger than the smallest tiles."""
    mask = Mask(soft(1, 90, 100), x=13, y=-7, outside=0.2, density=0.8, feather=1.5)
    ramp = ((0.0, (1, 0, 0, 1)), (1.0, (0, 0, 1, 0.2)))
    sift = Advanced(blend_if=BlendIf(Ranges(gray=(0.1, 0.3, 0.9, 1)), Ranges(red=(0, 0.5, 1, 1))), channels="rb")
    return [
        Layer(opaque(2, height - 20, width - 40), x=7, y=5),
        Layer(noise(3, 80, 90), x=20, y=11, mask=mask, blend="overlay"),
        Gradient("linear", ramp, angle=37, mask=(mask, Mask(soft(4, 50, 60), outside=1.0)), fill=0.5),
        Layer(noise(5, 60, 80), x=20.3, y=30.7, blend="difference", fill=0.4, advanced=sift),
        Layer(noise(6, 70, 70), x=40, y=50, blend="dissolve", opacity=0.7, advanced=Advanced(seed=5)),
        Layer(noise(7, 99, 99), x=33, y=21),
        Layer(noise(8, 99, 99), x=20, y=30, clip=True, blend="multiply"),
        Solid((0.2, 0.9, 0.4, 0.5), x=30.5, y=40.25, width=50.5, height=90, clip=True, knockout="shallow"),
        Group([Layer(noise(9, 99, 99), blend="screen"), Layer(noise(10, 50, 50), x=9, knockout="deep", fill=0.1)],
              isolated=False, opacity=0.9, mask=mask),
        Group([Layer(noise(11, 60, 60), x=90, blend="hue"), Layer(noise(12, 40, 40), x=99, knockout="shallow")],
              blend="screen", isolated=False, advanced=Advanced(clipped_as_group=False), mask=mask),
        Group([Layer(noise(13, 80, 80), x=70), Layer(noise(14, 70, 70), x=90)], clip=True, blend="luminosity"),
        Group([Layer(noise(15, 80, 80), x=70, y=70)], blend="dissolve", isolated=False, opacity=0.5),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    return draw(*finished(), size=(170, 150), threads=1, background=(0.1, 0.2, 0.3, 0.5))


@pytest.mark.parametrize(("tile", "threads"), [(16, 2), (32, 7), (37, 1), (101, 2), (256, 2)])
def test_neither_tile_size_nor_threads_change_a_byte(reference: np.ndarray, tile: int, threads: int) -> None:
    """Masks, noise and what is set aside must not know where a tile begins."""
    result = draw(*finished(), size=(170, 150), tile=tile, threads=threads, background=(0.1, 0.2, 0.3, 0.5))
    assert (result == reference).all()


def test_plain_trees_keep_their_plans() -> None:
    """A tree that uses none of this runs none of its stages: it is as fast as before, and as exact."""
    short = (Clear, Copy, Cover, BlendPixels, Paint, BlendPlanes, Extract)
    for tile in plan(build(everything(), 170, 150, (0.1, 0.2, 0.3, 0.5)), 64):
        assert all(isinstance(stage, short) for stage in tile.stages)
        kernels = {stage.kernel.stage for stage in tile.stages if not isinstance(stage, Clear | Copy) and stage.kernel}  # type: ignore[union-attr]
        assert not kernels & {"unpack", "blend-filled"}


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(MIXING_MODES), st.floats(0.01, 1), st.integers(0, 99), st.booleans())
def test_masks_that_let_all_through_change_nothing(mode: str, opacity: float, seed: int, grouped: bool) -> None:
    """All ones, and any mask at density 0; to the bit."""
    through = (Mask(ONES), Mask(soft(seed), density=0), Mask(soft(seed), x=99, outside=1.0))

    def top(**options: object) -> Node:
        layer = Layer(noise(seed), blend=mode)
        if grouped:
            return Group([layer], opacity=opacity, isolated=False, **options)  # type: ignore[arg-type]
        return Layer(noise(seed), blend=mode, opacity=opacity, **options)  # type: ignore[arg-type]

    expected = draw(Layer(noise(1)), top())
    for mask in (*through, through):
        assert (draw(Layer(noise(1)), top(mask=mask)) == expected).all()
    assert (draw(Layer(noise(1)), top(mask=Mask(np.zeros((24, 31), np.uint8)))) == draw(Layer(noise(1)))).all()


def test_mask_of_ones_cuts_to_its_box() -> None:
    """A box costs no mask, and must still cut every kind of node; a group must not be dissolved for it."""
    box = Mask(ONES[:9, :7], x=5, y=3)
    layers = [Layer(noise(2), blend="screen"), Layer(noise(3))]
    below = draw(Layer(noise(1)))
    for node in (
        Layer(noise(4), mask=box),
        Layer(opaque(4), mask=box),
        Solid((1, 0, 0), mask=box),
        Group(layers, isolated=False, mask=box),
        Group(layers[1:], mask=box),
        Group(layers, mask=box),
    ):
        free = type(node)(**{**{name: getattr(node, name) for name in node.__struct_fields__}, "mask": None})
        expected = below.copy()
        expected[3:12, 5:12] = draw(Layer(noise(1)), free)[3:12, 5:12]
        assert (draw(Layer(noise(1)), node) == expected).all()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PLAIN), st.floats(0, 1), st.floats(0, 1), st.integers(0, 99))
def test_fill_of_a_plain_mode_is_one_more_opacity(mode: str, opacity: float, fill: float, seed: int) -> None:
    """Only the eight special modes tell them apart."""
    both = Layer(noise(seed), blend=mode, opacity=opacity, fill=fill)
    assert (
        draw(Layer(noise(1)), both) == draw(Layer(noise(1)), Layer(noise(seed), blend=mode, opacity=opacity * fill))
    ).all()


@pytest.mark.parametrize("mode", [mode for mode in MIXING_MODES if mode in NEUTRAL])
def test_fill_of_a_special_mode_starts_from_nothing_and_ends_at_all(mode: str) -> None:
    """At 0 the layer is gone; near 0 and near 1 it is close to that, on any backdrop."""
    for below in (Layer(noise(2)), Layer(opaque(2))):
        ground = draw(below)
        assert (draw(below, Layer(noise(3), blend=mode, fill=0)) == ground).all()
        assert worst_step(draw(below, Layer(noise(3), blend=mode, fill=1e-5)), ground) <= 1
        steady = mode in {"difference", "linear-burn", "linear-dodge", "linear-light"}
        if steady:
            whole = draw(below, Layer(noise(3), blend=mode))
            assert worst_step(draw(below, Layer(noise(3), blend=mode, fill=1 - 1e-6)), whole) <= 1


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(MIXING_MODES), st.floats(0.1, 1), st.integers(0, 99))
def test_clipping_to_an_opaque_base_is_no_clipping(mode: str, opacity: float, seed: int) -> None:
    """Within the base; to the bit, because alpha 1 divides and multiplies exactly."""
    for together in (True, False):
        base = Layer(opaque(seed), advanced=Advanced(clipped_as_group=together))
        for member in (
            Layer(noise(seed + 1), blend=mode, opacity=opacity, clip=True),
            Group([Layer(noise(seed + 1), blend=mode)], opacity=opacity, clip=True),
        ):
            free = type(member)(**{**{f: getattr(member, f) for f in member.__struct_fields__}, "clip": False})
            clipped, loose = draw(Layer(noise(1)), base, member), draw(Layer(noise(1)), base, free)
            assert (clipped == loose).all() if together else worst_step(clipped, loose) <= 1


def test_clipping_needs_a_base_that_shows() -> None:
    """The lowest layer is never clipped; what is clipped to a hidden layer is hidden; nothing shows beyond a base."""
    top = Layer(noise(4), clip=True)
    assert (draw(top) == draw(Layer(noise(4)))).all()
    assert (draw(Group([Layer(noise(5))], visible=False), top) == draw()).all()
    assert not draw(Layer(noise(5)[:4, :5]), top)[4:].any()
    single = Layer(noise(5), fill=0, advanced=Advanced(clipped_as_group=False))
    assert not draw(Layer(noise(5), fill=0), top).any()
    assert draw(single, top).any()
    assert (draw(Layer(noise(5)), Layer(noise(4), clip=True, opacity=0)) == draw(Layer(noise(5)))).all()


def test_knockouts_fall_where_they_should() -> None:
    """Shallow to the group's start, deep through pass-through groups to the background, never out of isolated ones."""
    red, hole = Solid((1, 0, 0)), Layer(opaque(6), fill=0, knockout="shallow")
    deep = Layer(opaque(6), fill=0, knockout="deep")
    blue = (0.0, 0.0, 1.0)
    green = Group([Solid((0, 1, 0)), hole], isolated=False)
    assert (draw(red, hole, background=blue)[..., :3] == (0, 0, 255)).all()
    assert not draw(red, hole).any()
    assert (draw(red, green, background=blue)[..., :3] == (255, 0, 0)).all()
    passed = Group([Solid((0, 1, 0)), Group([Solid((1, 1, 0)), deep], isolated=False)], isolated=False)
    assert (draw(red, passed, background=blue)[..., :3] == (0, 0, 255)).all()
    walled = Group([Solid((0, 1, 0)), Group([Solid((1, 1, 0)), deep], isolated=False)], opacity=0.5)
    assert (draw(red, walled, background=blue)[..., :3] == (255, 0, 0)).all()
    faint = Group(passed.layers, isolated=False, opacity=0.5)
    assert np.abs(draw(red, faint, background=blue)[..., :3].astype(int) - (127, 0, 128)).max() <= 1
    half = Layer(opaque(6), fill=0, opacity=0.5, knockout="deep")
    assert np.abs(draw(red, half, background=blue)[..., :3].astype(int) - (127, 0, 128)).max() <= 1


def test_knockout_group_shows_what_its_own_layers_make() -> None:
    """A whole group may knock out; at full fill and alpha it hides what is below it."""
    group = Group([Layer(opaque(7)), Layer(noise(8), blend="screen")], knockout="shallow", isolated=False)
    isolated = Group(group.layers, opacity=1)
    assert worst_step(draw(Solid((1, 0, 0)), group), draw(isolated)) <= 1


def test_dissolve_chooses_as_often_as_alpha_says() -> None:
    """Each pixel is the layer or the backdrop, by a pattern that only place and seed decide."""
    white = np.full((200, 200, 4), 255, np.uint8)
    white[..., 3] = 102

    def dots(x: int = 0, seed: int = 0, opacity: float = 0.5) -> np.ndarray:
        layer = Layer(white, x=x, blend="dissolve", opacity=opacity, advanced=Advanced(seed=seed))
        return draw(layer, size=(200, 200))[..., 3]

    first = dots()
    assert set(np.unique(first)) == {0, 255}
    # 40,000 draws at 0.2 spread by 0.002; five times that is 0.01.
    assert abs((first == 255).mean() - 0.2) < 0.01
    assert (dots(x=60)[:, 60:] == first[:, 60:]).all()
    assert 0.2 < (dots(seed=1) != first).mean() < 0.44
    for axis in (0, 1):
        assert abs((first & np.roll(first, 1, axis)).mean() / 255 - 0.04) < 0.006
    full = np.full((24, 31, 4), 255, np.uint8)
    assert (draw(Layer(full, blend="dissolve")) == 255).all()


def test_blend_if_handles_that_include_all_change_nothing() -> None:
    """White that comes out of a quotient an ulp above 1 still lies in a range that ends at 1."""
    top = Layer(opaque(9))
    white = Layer(np.full((24, 31, 4), (255, 255, 255, 77), np.uint8))
    at_the_end = Advanced(blend_if=BlendIf(under=Ranges(gray=(0.9, 0.9, 1, 1), green=(1 - 1e-6, 1 - 1e-6, 1, 1))))
    sifted = Layer(opaque(9), advanced=at_the_end)
    assert (draw(white, sifted) == draw(white, top)).all()
    assert (draw(Solid((1, 1, 1)), sifted) == draw(top)).all()
    assert (draw(Solid((0, 0, 0)), sifted) == draw(Solid((0, 0, 0)))).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_moving_everything_moves_the_picture(dx: int, dy: int) -> None:
    """Masks, clips and knockouts have no other place than their own."""

    def at(x: int, y: int) -> list[Node]:
        mask = Mask(soft(9, 15, 17), x=x + 3, y=y + 2, feather=0.8, density=0.9)
        return [
            Layer(noise(10), x=x, y=y, mask=mask),
            Layer(noise(11), x=x + 2, y=y + 1, blend="multiply"),
            Layer(noise(12), x=x, y=y, clip=True, blend="difference", fill=0.5),
            Group([Layer(noise(13), x=x, y=y, blend="screen"), Layer(noise(14), x=x + 5, y=y, knockout="deep")],
                  isolated=False, mask=mask),
        ]  # fmt: skip

    still = draw(*at(0, 0), size=(32, 25))
    moved = draw(*at(dx, dy), size=(32 + dx, 25 + dy), tile=32)
    assert (moved[dy:, dx:] == still).all()
    assert not moved[:dy].any()
    assert not moved[:, :dx].any()


PIXELS = np.zeros((2, 2, 4), np.uint8)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Layer(PIXELS, fill=1.5), "Layer.fill"),
        (lambda: Layer(PIXELS, mask=PIXELS), "Mask.coverage"),
        (lambda: Layer(PIXELS, mask=3), "Layer.mask"),  # type: ignore[arg-type]
        (lambda: Solid((1, 0, 0), clip=1), "Solid.clip"),  # type: ignore[arg-type]
        (lambda: Group([], knockout="half"), "Group.knockout"),  # type: ignore[arg-type]
        (lambda: Layer(PIXELS, advanced={}), "Layer.advanced"),  # type: ignore[arg-type]
        (lambda: Advanced(channels="rr"), "Advanced.channels"),
        (lambda: Advanced(channels="x"), "Advanced.channels"),
        (lambda: Advanced(seed=-1), "Advanced.seed"),
        (lambda: Advanced(seed=2**32), "Advanced.seed"),
        (lambda: Advanced(blend_if=None), "Advanced.blend_if"),  # type: ignore[arg-type]
        (lambda: Advanced(clipped_as_group=0), "Advanced.clipped_as_group"),  # type: ignore[arg-type]
        (lambda: BlendIf(this=3), "BlendIf.this"),  # type: ignore[arg-type]
        (lambda: Ranges(red=(0, 1)), "Ranges.red"),  # type: ignore[arg-type]
        (lambda: Ranges(red=(0, 0.5, 0.4, 1)), "Ranges.red"),
        (lambda: Ranges(gray=(0, 0, 1, 255)), "Ranges.gray"),
    ],
)
def test_malformed_setting_is_refused(make: Callable[[], object], field: str) -> None:
    """When it is made, with the field's name."""
    with pytest.raises(CompositorError) as caught:
        make()
    assert str(caught.value).startswith(field)
