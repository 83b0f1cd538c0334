"""The scalar formulas agree with the specification before any kernel is made of them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor.modes import MIXING_MODES, MODES, W3C_BLEND_MODES
from tests.compositor import oracle

F32_STEP = 2.0**-23
GRID = sorted(
    {0.0, 0.25, 0.5, 1.0, *(k / 255 for k in (0, 1, 2, 63, 64, 127, 128, 200, 254, 255))}
    | {float(np.nextafter(np.float32(v), np.float32(w))) for v in (0.25, 0.5) for w in (0, 1)}
)
unit = st.floats(0, 1, width=32)
color = st.tuples(unit, unit, unit)


def mixed(mode: str, cb: oracle.Rgb, cs: oracle.Rgb) -> list[float]:
    """What the package's formula says, run in the interpreter."""
    backdrop, source = [np.float32(v) for v in cb], [np.float32(v) for v in cs]
    if MODES[mode].separable:
        return [float(MODES[mode].mix(b, s)) for b, s in zip(backdrop, source, strict=True)]
    return [float(v) for v in MODES[mode].mix(*backdrop, *source)]


def test_names_are_those_of_the_specification_then_photoshops() -> None:
    """The names and their order are a contract: files, command lines and tables spell them."""
    w3c = (
        "normal multiply screen overlay darken lighten color-dodge color-burn hard-light soft-light difference "
        "exclusion hue saturation color luminosity"
    )
    photoshop = (
        "linear-burn linear-dodge vivid-light linear-light pin-light hard-mix subtract divide darker-color "
        "lighter-color"
    )
    assert tuple(w3c.split()) == W3C_BLEND_MODES
    assert (*W3C_BLEND_MODES, *photoshop.split()) == MIXING_MODES
    assert {*oracle.SEPARABLE, *oracle.JOINT} == set(MIXING_MODES)


@pytest.mark.parametrize("mode", list(oracle.SEPARABLE))
def test_separable_formula_is_the_specifications_on_the_edge_grid(mode: str) -> None:
    """Formulas change at 0, 1/4, 1/2 and 1; a wrong comparison shows only there. Tolerance: 8 float32 steps."""
    for cb, cs in itertools.product(GRID, GRID):
        cb32, cs32 = float(np.float32(cb)), float(np.float32(cs))
        expected = oracle.mix(mode, (cb32,) * 3, (cs32,) * 3)[0]
        assert mixed(mode, (cb32,) * 3, (cs32,) * 3)[0] == pytest.approx(expected, abs=8 * F32_STEP), (cb, cs)


@pytest.mark.parametrize("mode", list(oracle.JOINT))
@given(cb=st.tuples(*[st.integers(0, 255)] * 3), cs=st.tuples(*[st.integers(0, 255)] * 3))
def test_joint_formula_is_the_specifications(mode: str, cb: tuple[int, int, int], cs: tuple[int, int, int]) -> None:
    """On 8-bit colours, where saturations are 0 or at least 1/255, so that a float32 step grows at most 255-fold."""
    backdrop = tuple(float(np.float32(v / 255)) for v in cb)
    source = tuple(float(np.float32(v / 255)) for v in cs)
    expected = oracle.mix(mode, backdrop, source)  # type: ignore[arg-type]  # tuples of three
    assert mixed(mode, backdrop, source) == pytest.approx(expected, abs=1e-4)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", MIXING_MODES)
@given(cb=color, cs=color, over=st.booleans())
def test_no_formula_leaves_what_the_next_layer_can_take(mode: str, cb: oracle.Rgb, cs: oracle.Rgb, over: bool) -> None:
    """Never NaN, never below 0 (a later square root), at most a few steps above 1, even where rounding put cb above
    1.
    """
    if over:
        cb = tuple(1 + 4 * F32_STEP if v > 0.5 else v for v in cb)  # type: ignore[assignment]
    for value in mixed(mode, cb, cs):
        assert not math.isnan(value)
        assert 0 <= value <= 1 + 32 * F32_STEP


@pytest.mark.parametrize("mode", ["hue", "saturation"])
def test_saturation_too_small_to_divide_by_counts_as_none(mode: str) -> None:
    """Its reciprocal overflows, and infinity times zero is no colour; a float picture may hold any number."""
    faint, red = (1e-42, 0.0, 0.0), (1.0, 0.0, 0.0)
    cb, cs = (red, faint) if mode == "hue" else (faint, red)
    light = oracle.lum(cb)
    assert mixed(mode, cb, cs) == pytest.approx([light] * 3, abs=F32_STEP)
