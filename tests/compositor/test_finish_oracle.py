"""Masks, fill, clipping, knockouts, channels and blend-if agree with the float64 oracle to one step of 8 bit."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

import compositor
from compositor import Advanced, BlendIf, Group, Layer, Mask, Node, Ranges
from compositor.finish import NEUTRAL
from compositor.modes import MIXING_MODES
from tests.compositor import tree_oracle
from tests.compositor.pictures import EDGES, noise, opaque, worst_step

STEP = 1.0
"""One step of 8 bit: half for the result's own rounding, half for alpha's where a colour is divided by it."""
STEADY = tuple(m for m in MIXING_MODES if m in {"normal", "multiply", "screen", "difference", "luminosity", "overlay"})
"""Modes without jumps; the others are compared on fresh backdrops in `test_composite`."""


def coverage(seed: int, height: int = 24, width: int = 31) -> np.ndarray:
    return np.ascontiguousarray(noise(seed, height, width)[..., 3])


def check(nodes: Sequence[Node], background: tuple[float, ...] | None = None, size: tuple[int, int] = (31, 24)) -> None:
    result = compositor.composite(nodes, size=size, background=background)
    below = (0.0, 0.0, 0.0, 0.0) if background is None else (*background, 1.0)[:4]
    assert worst_step(result, tree_oracle.picture(nodes, *size, below)) <= STEP


@pytest.mark.parametrize("isolated", [True, False])
@pytest.mark.parametrize("mode", ["normal", "multiply"])
@pytest.mark.parametrize("background", [None, (0.3, 0.6, 0.1)])
def test_masked_group_is_the_oracles(isolated: bool, mode: str, background: tuple[float, ...] | None) -> None:
    """Four ways through the plan: an isolated group, one mixed back, one that loses its backdrop, and their inside."""
    mask = (Mask(coverage(3), x=2, y=-3, density=0.75), Mask(coverage(4), outside=1.0))
    inner = Layer(noise(5), blend="screen", mask=Mask(coverage(6, 9, 9), x=4, y=5))
    group = Group([inner, Layer(noise(7), opacity=0.5)], blend=mode, opacity=0.9, isolated=isolated, mask=mask)
    check([Layer(noise(8)), group, Layer(noise(9), mask=Mask(coverage(10)), blend="multiply")], background)


@pytest.mark.parametrize("mode", [mode for mode in MIXING_MODES if mode in NEUTRAL and mode != "hard-mix"])
@pytest.mark.parametrize("below", [opaque, noise])
def test_fill_of_a_special_mode_is_the_oracles(mode: str, below: object) -> None:
    """Where there is backdrop the source moves to neutral; where there is none, fill is one more opacity."""
    top = Layer(noise(12), blend=mode, fill=0.4, opacity=0.8)
    check([Layer(below(11)), top])  # type: ignore[operator]
    check([Layer(below(11)), Group([top, Layer(noise(13))], blend="screen", isolated=False)])  # type: ignore[operator]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("mode", ["normal", "multiply"])
def test_clipping_group_is_the_oracles(together: bool, mode: str) -> None:
    """Members of every kind on a soft, masked base of some opacity, blended as one or each by itself."""
    advanced = Advanced(clipped_as_group=together)
    base = Layer(noise(14), blend=mode, opacity=0.7, fill=0.6, mask=Mask(coverage(15)), advanced=advanced)
    members = [
        Layer(noise(16), blend="screen", clip=True),
        Group([Layer(noise(17)), Layer(noise(18), blend="multiply")], clip=True, isolated=False, opacity=0.5),
        Layer(noise(19), x=3, y=2, clip=True, mask=Mask(coverage(20))),
    ]
    check([Layer(noise(21)), base, *members, Layer(noise(22), opacity=0.3)])
    check([base, *members], (0.2, 0.4, 0.9))


@pytest.mark.parametrize("together", [True, False])
def test_group_as_the_base_of_clipping_is_the_oracles(together: bool) -> None:
    """A pass-through group that others are clipped to still blends its layers with what lies below it."""
    layers = [Layer(noise(23)), Layer(noise(24), blend="multiply")]
    base = Group(layers, isolated=False, opacity=0.8, advanced=Advanced(clipped_as_group=together))
    check([Layer(noise(25)), base, Layer(noise(26), clip=True, blend="luminosity")], (0.9, 0.1, 0.3))
    hole = structs.replace(base, knockout="shallow")
    check([Layer(noise(25)), hole, Layer(noise(26), clip=True, blend="luminosity")], (0.9, 0.1, 0.3))


@pytest.mark.parametrize("isolated", [True, False])
@pytest.mark.parametrize("mode", ["normal", "multiply", "difference"])
@pytest.mark.parametrize("background", [None, (0.3, 0.6, 0.1)])
def test_shallow_knockout_is_the_oracles(isolated: bool, mode: str, background: tuple[float, ...] | None) -> None:
    """It falls on what its group started from, in each of the ways that a group may be drawn."""
    hole = Layer(noise(27), blend=mode, fill=0.3, opacity=0.8, knockout="shallow", mask=Mask(coverage(28)))
    layers = [Layer(noise(29), blend="screen"), hole, Layer(noise(30), opacity=0.4, blend="multiply")]
    for group_mode in ("normal", "screen"):
        check([Layer(noise(31)), Group(layers, blend=group_mode, isolated=isolated, opacity=0.9)], background)
    check([Layer(noise(31)), *layers], background)


def test_knockout_in_a_clipping_group_falls_on_its_base() -> None:
    """The base is the first thing that a shallow knockout comes to there."""
    hole = Layer(noise(32), fill=0.2, knockout="shallow", clip=True)
    check([Layer(noise(33)), Layer(noise(34)), Layer(noise(35), clip=True, blend="multiply"), hole])


def test_channels_keep_what_they_may_not_change() -> None:
    """On opaque ground the others stay as they are; on translucent ground their straight value does."""
    for channels in ("r", "gb", "rgb"):
        top = Layer(noise(36), blend="screen", advanced=Advanced(channels=channels))
        check([Layer(noise(37)), top])
        check([Layer(opaque(37)), Group([top, Layer(noise(38))], isolated=False, opacity=0.5)])
        check([Layer(opaque(37)), Group([top], isolated=False, opacity=0.5, advanced=Advanced(channels=channels))])


@pytest.mark.parametrize("seen", ["this", "under"])
@pytest.mark.parametrize("name", ["gray", "red", "green", "blue"])
def test_blend_if_is_the_oracles(seen: str, name: str) -> None:
    """Split handles on either side, on the layer's own tones and on those under it."""
    ranges = Ranges(**{name: (0.1, 0.4, 0.5, 0.9)})
    advanced = Advanced(blend_if=BlendIf(**{seen: ranges}))
    below = Layer(opaque(39))
    check([below, Layer(noise(40), blend="multiply", advanced=advanced)])
    check([below, Group([Layer(noise(41)), Layer(noise(42), blend="screen")], isolated=False, advanced=advanced)])
    check([below, Group([Layer(noise(41), advanced=advanced), Layer(noise(42))], isolated=False, opacity=0.5)])


def array(shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    count, value = int(np.prod(shape)), st.one_of(st.sampled_from(EDGES), st.integers(0, 255))
    return st.lists(value, min_size=count, max_size=count).map(lambda found: np.array(found, np.uint8).reshape(shape))


shares = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0.01, 1)
few = st.integers(-1, 2)
masks = st.none() | st.builds(
    Mask,
    array((2, 3)) | st.just(np.full((2, 2), 255, np.uint8)),
    x=few,
    y=few,
    outside=st.sampled_from([0.0, 1.0, 0.5]),
    density=shares,
)
advanced = st.none() | st.builds(
    Advanced,
    channels=st.sampled_from(["rgb", "rgb", "r", "gb", ""]),
    blend_if=st.builds(
        BlendIf,
        this=st.builds(
            Ranges,
            gray=st.sampled_from([(0, 0, 1, 1), (0.2, 0.6, 0.7, 1)]),
            blue=st.sampled_from([(0, 0, 1, 1), (0, 0.5, 0.5, 0.8)]),
        ),
    ),
    clipped_as_group=st.booleans(),
)
common = {
    "blend": st.sampled_from(STEADY),
    "opacity": shares,
    "fill": shares,
    "mask": masks,
    "clip": st.booleans(),
    "visible": st.sampled_from([True, True, True, False]),
    "knockout": st.sampled_from(["none", "none", "none", "shallow", "deep"]),
    "advanced": advanced,
}
layers = st.builds(Layer, array((2, 3, 4)), x=few, y=few, **common)  # type: ignore[arg-type]
trees = st.recursive(
    layers,
    lambda children: st.builds(
        Group,
        st.lists(children, max_size=4),
        isolated=st.booleans(),
        **common,  # type: ignore[arg-type]
    ),
    max_leaves=7,
)


@settings(max_examples=150, deadline=None)
@given(nodes=st.lists(trees, max_size=5), background=st.sampled_from([None, (0.25, 0.5, 0.75), (1, 0, 0.5, 0.5)]))
def test_any_small_tree_is_the_oracles(nodes: list[Node], background: tuple[float, ...] | None) -> None:
    """All of it together, which is where a plan can go wrong."""
    check(nodes, background, (4, 3))
