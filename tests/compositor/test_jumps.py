"""Modes that jump do so where the specification says, on every translucent ground: rounding must not move the edge."""

import numpy as np
import pytest

from compositor import Layer, blend, composite
from tests.compositor import oracle
from tests.compositor.pictures import worst_step


def worst_over_all_alphas(mode: str, below: int, above: int, every: int) -> float:
    """How far, in steps, one gray over another is from the oracle, for each pair of every so many alphas."""
    alphas = np.arange(0, 256, every, dtype=np.uint8)
    backdrop = np.full((len(alphas), len(alphas), 4), below, np.uint8)
    source = np.full_like(backdrop, above)
    backdrop[..., 3], source[..., 3] = alphas[:, None], alphas[None, :]
    layers = [Layer(backdrop), Layer(source, blend=mode)]
    height, width, _ = backdrop.shape
    expected = oracle.picture(layers, width, height, (0.0, 0.0, 0.0, 0.0))
    return worst_step(composite(layers, size=(width, height)), expected)


@pytest.mark.parametrize("mode", ["color-burn", "color-dodge"])
@pytest.mark.parametrize("below", [0, 1, 128, 254, 255])
@pytest.mark.parametrize("above", [0, 1, 127, 254, 255])
def test_every_pair_of_alphas_agrees_with_the_oracle(mode: str, below: int, above: int) -> None:
    """White burnt with black stays white and black dodged with white stays black, whatever their alphas are."""
    assert worst_over_all_alphas(mode, below, above, every=3) <= 1.0


@pytest.mark.parametrize("mode", ["vivid-light", "hard-mix", "divide"])
@pytest.mark.parametrize(
    ("below", "above"),
    [(0, 0), (0, 255), (255, 0), (255, 255), (127, 128), (128, 127), (64, 191), (254, 1), (1, 254), (1, 0), (254, 255)],
)
def test_photoshops_modes_do_not_flicker_where_they_jump(mode: str, below: int, above: int) -> None:
    """Complementary values lie exactly on the line where hard-mix jumps; alphas must not push them to either side."""
    assert worst_over_all_alphas(mode, below, above, every=9) <= 1.0


@pytest.mark.parametrize("mode", ["darker-color", "lighter-color"])
@pytest.mark.parametrize("premultiplied", [False, True])
def test_colours_of_equal_luminosity_leave_the_backdrop(mode: str, premultiplied: bool) -> None:
    """0.3 * 59 is 0.59 * 30: what rounding makes of the two must not choose, at any alpha of either.

    Within source-atop's alpha, which is the backdrop's, the result is (1 - sa) cb + sa ((1 - ab) cs + ab cb).
    """
    alphas = np.arange(1, 256) / 255
    ab, sa = np.broadcast_arrays(alphas[:, None, None], alphas[None, :, None])
    colors = np.array([59, 0, 0]) / 255, np.array([0, 30, 0]) / 255
    for cb, cs in (colors, colors[::-1]):
        expected = ab * ((1 - sa) * cb + sa * ((1 - ab) * cs + ab * cb))
        pair = [
            np.concatenate([color * (a if premultiplied else 1 + 0 * a), a], axis=2)
            for color, a in ((cb, ab), (cs, sa))
        ]
        backdrop, source = (pixels.astype(np.float32) for pixels in pair)
        result = blend(backdrop, source, mode, "source-atop", premultiplied=premultiplied)
        found = result[..., :3] * (1 if premultiplied else ab)
        assert np.abs(found - expected).max() <= 1e-6
