"""Pictures agree with the float64 oracle to one step of 8 bit: every mode, backdrop, group, and small trees of all of
them.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compositor
from compositor import Group, KernelId, Layer, Node
from compositor.modes import MIXING_MODES
from tests.compositor import oracle
from tests.compositor.pictures import EDGES, noise, opaque, worst_step

STEP = 1.0
"""One step of 8 bit: half for the result's own rounding, half for alpha's where a colour is divided by it."""

# Modes that jump (by a quotient of nearly nothing, or a hue out of nearly gray) turn a float32 step of an earlier
# layer into a visible one; the oracle itself would. They are tested on fresh 8-bit backdrops, and in trees the modes
# are the others.
JUMPING = {
    *("color-dodge", "color-burn", "hue", "saturation"),
    *("vivid-light", "hard-mix", "divide", "darker-color", "lighter-color"),
}
STEADY = tuple(m for m in MIXING_MODES if m not in JUMPING)


def check(layers: Sequence[Node], width: int, height: int, background: tuple[float, ...] | None = None) -> None:
    result = compositor.composite(layers, size=(width, height), background=background)
    below = (0.0, 0.0, 0.0, 0.0) if background is None else (*background, 1.0)[:4]
    assert worst_step(result, oracle.picture(layers, width, height, below)) <= STEP


@pytest.mark.parametrize("mode", MIXING_MODES)
def test_mode_on_translucent_backdrop_is_the_oracles(mode: str) -> None:
    """The general formula, with alpha 0 and 1 on either side among the pixels."""
    check([Layer(noise(1)), Layer(noise(2), blend=mode)], 31, 24)


@pytest.mark.parametrize("mode", MIXING_MODES)
def test_mode_on_opaque_backdrop_is_the_oracles(mode: str) -> None:
    """The short formula that the plan chooses when it knows that the backdrop is opaque."""
    check([Layer(opaque(3)), Layer(noise(4), blend=mode, opacity=0.7)], 31, 24)


@pytest.mark.parametrize("mode", MIXING_MODES)
@pytest.mark.parametrize("background", [None, (0.2, 0.5, 0.9)], ids=["transparent", "opaque"])
def test_group_as_a_source_is_the_oracles(mode: str, background: tuple[float, ...] | None) -> None:
    """A group is blended from premultiplied planes, which is another kernel than blending pixels."""
    group = Group([Layer(noise(5)), Layer(noise(6), opacity=0.5)], blend=mode, opacity=0.8)
    check([Layer(noise(7)), group] if background is None else [group], 31, 24, background)


@pytest.mark.parametrize("mode", MIXING_MODES)
def test_short_formula_gives_the_bytes_of_the_general_one(mode: str) -> None:
    """What the plan knows about a backdrop must not show.

    A group that holds a blended layer keeps its own accumulator, so that nothing is known about what it leaves behind.
    """
    top = [Layer(noise(9), blend=mode), Layer(noise(10), blend=mode, opacity=0.3)]
    unlike = Layer(np.zeros((1, 1, 4), np.uint8), blend="screen" if mode == "darken" else "darken")
    known: list[Node] = [Layer(opaque(8)), *top]
    hidden: list[Node] = [Group([Layer(opaque(8)), unlike]), *top]
    assert KernelId("blend-words", mode, True) in compositor.required_kernels(known)
    assert KernelId("blend-words", mode, True) not in compositor.required_kernels(hidden)
    assert (compositor.composite(known, size=(31, 24)) == compositor.composite(hidden, size=(31, 24))).all()


@pytest.mark.parametrize("mode", MIXING_MODES)
@pytest.mark.parametrize("background", [None, (0.3, 0.6, 0.1), (0.9, 0.2, 0.4, 0.5)])
def test_group_that_is_not_isolated_takes_its_backdrop_out_again(
    mode: str, background: tuple[float, ...] | None
) -> None:
    """ISO 32000-1, 11.4.8: else what lies below the group would be counted twice."""
    group = Group([Layer(noise(12), blend="screen"), Layer(noise(13), blend="multiply")], blend=mode, isolated=False)
    check([Layer(noise(14)), group], 31, 24, background)


def test_groups_in_groups_keep_track_of_their_own_alpha() -> None:
    """A group inside a group that must lose its backdrop has to hand its alpha up, isolated or not."""
    inner = Group([Layer(noise(15), blend="multiply")], opacity=0.6, isolated=False)
    walled = Group([Layer(noise(16), blend="screen")], blend="overlay", opacity=0.9)
    outer = Group([inner, Layer(noise(17)), walled], blend="screen", opacity=0.7, isolated=False)
    check([Layer(noise(18)), outer], 31, 24)
    check([Layer(noise(18)), outer], 31, 24, (0.1, 0.2, 0.3))


def test_opaque_layer_in_a_group_that_keeps_track_counts_in_its_alpha() -> None:
    """Inside such a group a cover must not make the plan skip what the group's alpha is made of."""
    group = Group([Layer(noise(20), blend="screen"), Layer(opaque(21))], blend="multiply", opacity=0.6, isolated=False)
    check([Layer(noise(22)), group, Layer(noise(23), blend="screen")], 31, 24)
    check([Layer(noise(22)), Group([group, Layer(noise(24))], blend="darken", isolated=False)], 31, 24, (0.9, 0.7, 0.5))


def pixels(height: int, width: int) -> st.SearchStrategy[np.ndarray]:
    value = st.one_of(st.sampled_from(EDGES), st.integers(0, 255))
    return st.lists(value, min_size=height * width * 4, max_size=height * width * 4).map(
        lambda values: np.array(values, np.uint8).reshape(height, width, 4)
    )


opacities = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0.01, 1)
layers = st.builds(
    Layer, pixels(2, 3), x=st.integers(-2, 3), y=st.integers(-1, 2), blend=st.sampled_from(STEADY), opacity=opacities
)
trees = st.recursive(
    layers,
    lambda children: st.builds(
        Group,
        st.lists(children, max_size=3),
        blend=st.sampled_from(STEADY),
        opacity=opacities,
        isolated=st.booleans(),
        visible=st.sampled_from([True, True, True, False]),
    ),
    max_leaves=6,
)


@settings(max_examples=120, deadline=None)
@given(nodes=st.lists(trees, max_size=4), background=st.sampled_from([None, (0.25, 0.5, 0.75), (1, 0, 0.5, 0.5)]))
def test_any_small_tree_is_the_oracles(nodes: list[Node], background: tuple[float, ...] | None) -> None:
    """Modes, opacity, placement and both kinds of groups together, which is where a plan can go wrong."""
    check(nodes, 4, 3, background)


def test_alpha_zero_has_no_colour() -> None:
    """Encoders and hashes must not see what nobody can."""
    clear = noise(19)
    clear[..., 3] = 0
    assert not compositor.composite([Layer(clear)], size=(31, 24)).any()
    faint = compositor.composite([Layer(noise(19), opacity=0.001)], size=(31, 24))
    assert not faint[faint[..., 3] == 0].any()


def test_opaque_layer_comes_back_as_it_is() -> None:
    """Loading and storing lose nothing, for every 8-bit value, on either path."""
    ramp = np.zeros((4, 256, 4), np.uint8)
    ramp[..., :3] = np.arange(256, dtype=np.uint8)[:, None]
    ramp[..., 3] = 255
    assert (compositor.composite([Layer(ramp)], size=(256, 4)) == ramp).all()
    ramp[0, :, 3] = 128
    result = compositor.composite([Layer(ramp)], size=(256, 4))
    assert np.abs(result.astype(int) - ramp).max() == 0


def test_nothing_is_rounded_between_layers() -> None:
    """Two hundred faint layers still add up: at 8 bit each of them would vanish."""
    white = np.full((1, 1, 4), 255, np.uint8)
    layers = [Layer(white, opacity=0.001)] * 200
    result = compositor.composite(layers, size=(1, 1), background=(0, 0, 0))
    assert abs(int(result[0, 0, 0]) - 255 * (1 - 0.999**200)) <= STEP
