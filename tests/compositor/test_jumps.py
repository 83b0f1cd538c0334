"""Modes that jump do so where the specification says, on every translucent ground: rounding must not move the edge."""

import numpy as np
import pytest

from compositor import Layer, composite
from tests.compositor import oracle
from tests.compositor.pictures import worst_step


@pytest.mark.parametrize("mode", ["color-burn", "color-dodge"])
@pytest.mark.parametrize("below", [0, 1, 128, 254, 255])
@pytest.mark.parametrize("above", [0, 1, 127, 254, 255])
def test_every_pair_of_alphas_agrees_with_the_oracle(mode: str, below: int, above: int) -> None:
    """White burnt with black stays white and black dodged with white stays black, whatever their alphas are."""
    alphas = np.arange(0, 256, 3, dtype=np.uint8)
    backdrop = np.full((len(alphas), len(alphas), 4), below, np.uint8)
    source = np.full_like(backdrop, above)
    backdrop[..., 3], source[..., 3] = alphas[:, None], alphas[None, :]
    layers = [Layer(backdrop), Layer(source, blend=mode)]
    height, width, _ = backdrop.shape
    expected = oracle.picture(layers, width, height, (0.0, 0.0, 0.0, 0.0))
    assert worst_step(composite(layers, size=(width, height)), expected) <= 1.0
