"""The sixteen modes against pixels that Chromium's canvas made (corpora/canvas, which is not part of the project)."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import compositor
from compositor import BLEND_MODES, KernelId, Layer

CORPORA = os.environ.get("IMPASTO_CORPORA") or str(Path(__file__).resolve().parents[3] / "shared" / "corpora")
TRUTH = Path(CORPORA) / "canvas" / "blend_truth.npz"
pytestmark = pytest.mark.skipif(not TRUTH.exists(), reason=f"no {TRUTH.name} in the corpora; set IMPASTO_CORPORA")

STEPS_MAX = {"difference": 2.0, "exclusion": 2.0}
"""Skia doubles the rounded term of these two; it computes at 8 bit throughout. All other modes: one step."""

ROUNDING = 0.51
"""The truth is rounded to 8 bit and the kernel's planes are not."""


@cache
def truth() -> dict[str, np.ndarray]:
    with np.load(TRUTH) as file:
        return {name: file[name] for name in file.files if file[name].shape == (64, 64, 4)}


def held(pixels: np.ndarray) -> np.ndarray:
    """Premultiplied steps as the canvas holds them: putImageData rounds `c * a / 255`."""
    alpha = pixels[..., 3:].astype(np.float64)
    return np.concatenate([np.floor(pixels[..., :3] * alpha / 255 + 0.5), alpha], axis=2)


def planes(steps: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray((steps / 255).astype(np.float32).transpose(2, 0, 1))


@pytest.mark.parametrize("mode", BLEND_MODES)
def test_opaque_pixels_are_the_canvas(mode: str) -> None:
    """Through the public function, from 8 bit to 8 bit."""
    name = "source-over" if mode == "normal" else mode
    layers = [Layer(truth()["op_backdrop"]), Layer(truth()["op_source"], blend=mode)]
    result = compositor.composite(layers, size=(64, 64)).astype(int)
    assert np.abs(result - truth()[f"op_{name}"]).max() <= STEPS_MAX.get(mode, 1)


@pytest.mark.parametrize("mode", BLEND_MODES)
def test_translucent_pixels_are_the_canvas(mode: str) -> None:
    """From the premultiplied 8-bit values that the canvas starts from, which no straight 8-bit layer can state
    exactly.
    """
    from compositor import kernels

    name = "source-over" if mode == "normal" else mode
    acc, source = planes(held(truth()["u8_backdrop"])), planes(held(truth()["u8_source"]))
    kernels.find(KernelId("blend-planes", mode))(acc, 0, 0, 64, 64, np.float32(1), source)
    result = acc.transpose(1, 2, 0) * 255.0
    apart = np.abs(result - held(truth()[f"u8_{name}"])).max(axis=2)
    assert apart.max() <= STEPS_MAX.get(mode, 1) + ROUNDING
