"""The judge of the race knows the right picture, and tells a wrong one from a rounded one."""

import numpy as np
import pytest

import compositor
from bench.cases import Case, Contender, Pixels, cases
from bench.oracle import oracle, steps_off
from compositor import W3C_BLEND_MODES, Layer

SIZE = (40, 24)
"""Every row is checked at this height."""


def _composited(case: Case, mode: str) -> Pixels:
    layers = [Layer(case.backdrop), *(Layer(pixels, blend=mode) for pixels in case.layers)]
    return compositor.composite(layers, size=case.size)


def _steps(picture: Pixels, case: Case, mode: str, percentile: float = 100.0) -> float:
    contender = Contender("someone", lambda: picture, False)
    return steps_off(contender, picture, oracle(case, mode), percentile)


@pytest.mark.parametrize("mode", W3C_BLEND_MODES)
def test_our_picture_is_right_in_every_mode(mode: str) -> None:
    """Without this the assertion inside the bench would first fail on somebody's machine."""
    assert max(_steps(_composited(case, mode), case, mode) for case in cases(*SIZE, layers=3)) <= 1


def test_another_mode_is_wrong() -> None:
    """A judge that lets everything pass would time anything."""
    case = cases(*SIZE)[0]
    assert _steps(_composited(case, "multiply"), case, "screen") > 24


def test_the_percentile_forgives_a_few_pixels_only() -> None:
    case = cases(*SIZE)[0]
    picture = _composited(case, "normal")
    picture[0, 0, 0] ^= 0x80
    assert _steps(picture, case, "normal") > 24
    assert _steps(picture, case, "normal", 95.0) <= 1
    picture[..., 0] ^= 0x80
    assert _steps(picture, case, "normal", 95.0) > 24


def test_the_order_of_channels_and_premultiplication_are_undone() -> None:
    """Cairo hands in premultiplied BGRA; both ways of reading a picture must come to the same."""
    case = cases(*SIZE)[1]
    exact = oracle(case, "normal")
    bgra = np.round(exact).astype(np.uint8)[..., (2, 1, 0, 3)]
    assert steps_off(Contender("cairo", lambda: bgra, True, (2, 1, 0, 3)), bgra, exact) <= 0.5
    assert steps_off(Contender("cairo", lambda: bgra, True), bgra, exact) > 24


def test_cases_are_the_same_bytes_each_time() -> None:
    """Two runs of the bench must be about the same pixels."""
    for one, other in zip(cases(*SIZE), cases(*SIZE), strict=True):
        assert (one.name, one.size) == (other.name, SIZE)
        assert np.array_equal(one.layers, other.layers)
        assert np.array_equal(one.backdrop, other.backdrop)
    assert (cases(*SIZE)[0].backdrop[..., 3] == 255).all()
    assert (cases(*SIZE)[1].backdrop[..., 3] < 255).any()
