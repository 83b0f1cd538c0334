"""The sixteen modes and the operators against pixels that Chromium's canvas made (corpora/canvas, which is not part of the project)."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import compositor
from compositor import OPERATORS, W3C_BLEND_MODES, KernelId, Layer, blend

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


OPERATIONS = (
    *("source-over", "source-in", "source-out", "source-atop"),
    *("destination-over", "destination-in", "destination-out", "destination-atop"),
    *("lighter", "copy", "xor", *W3C_BLEND_MODES[1:]),
)
"""All 26 values of globalCompositeOperation."""

HALF_STEPS_MAX = 0.2
"""What 99 of 100 pixels of a float16 canvas are within, in steps of 8 bit: near 1 a step of float16 is 1/8 of one."""


def meaning(operation: str) -> tuple[str, str]:
    """The (mode, operator) of a globalCompositeOperation."""
    operator = "plus" if operation == "lighter" else operation
    return ("normal", operator) if operator in OPERATORS else (operation, "source-over")


def premul(pixels: np.ndarray) -> np.ndarray:
    exact = pixels.astype(np.float64)
    return np.concatenate([exact[..., :3] * exact[..., 3:], exact[..., 3:]], axis=2)


def planes(steps: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray((steps / 255).astype(np.float32).transpose(2, 0, 1))


@pytest.mark.parametrize("mode", W3C_BLEND_MODES)
def test_opaque_pixels_are_the_canvas(mode: str) -> None:
    """Through the public function, from 8 bit to 8 bit."""
    name = "source-over" if mode == "normal" else mode
    layers = [Layer(truth()["op_backdrop"]), Layer(truth()["op_source"], blend=mode)]
    result = compositor.composite(layers, size=(64, 64)).astype(int)
    assert np.abs(result - truth()[f"op_{name}"]).max() <= STEPS_MAX.get(mode, 1)


@pytest.mark.parametrize("mode", W3C_BLEND_MODES)
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


def test_every_operation_of_the_canvas_is_tested() -> None:
    """None of the truth's 26 may be left out by a slip of spelling."""
    with np.load(TRUTH) as file:
        assert set(file["ops"].tolist()) == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_blend_of_8_bit_pixels_is_the_canvas(operation: str) -> None:
    """Target F2, translucent and opaque, premultiplied as the canvas holds them."""
    for case in ("u8", "op"):
        backdrop, source = (held(truth()[f"{case}_{name}"]).astype(np.uint8) for name in ("backdrop", "source"))
        result = blend(backdrop, source, *meaning(operation), premultiplied=True).astype(int)
        assert np.abs(result - held(truth()[f"{case}_{operation}"])).max() <= STEPS_MAX.get(operation, 1)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_blend_of_float_pixels_is_the_float16_canvas(operation: str) -> None:
    """Ten times nearer than 8 bit can tell: a formula that is nearly right shows here."""
    backdrop, source = truth()["f16_backdrop_rb"], truth()["f16_source_rb"]
    result = premul(blend(backdrop, source, *meaning(operation)))
    apart = np.abs(result - premul(truth()[f"f16_{operation}"])).max(axis=2) * 255
    assert np.percentile(apart, 99) <= HALF_STEPS_MAX


@pytest.mark.parametrize("case", ["css", "csso"])
def test_plus_lighter_is_what_css_draws(case: str) -> None:
    """Level 2's name for the sum, as mix-blend-mode; translucent and opaque."""
    backdrop, source = (held(truth()[f"{case}_{name}"]).astype(np.uint8) for name in ("backdrop", "source"))
    result = blend(backdrop, source, operator="plus-lighter", premultiplied=True).astype(int)
    assert np.abs(result - held(truth()[f"{case}_plus-lighter"])).max() <= 1
