"""How OpenCV does the job: its own 8-bit array functions, one after the other over whole pictures, one thread.

OpenCV has no compositing; this is what somebody writes with `cv2` alone. Premultiplied in and out, where six modes come
out without a division (cb, cs premultiplied, ab, as the alphas):

    normal      cs + cb (1 - as)
    screen      cs + cb (1 - cs)
    multiply    cs (1 - ab) + cb (1 - as + cs)
    darken      cs (1 - ab) + cb (1 - as) + min(cs ab, cb as)
    lighten     the same with max
    difference  the same with |cs ab - cb as|

Factors that depend on the layer alone are made beforehand, which favours it; over an opaque backdrop ab is 1, so what it
multiplies is left out. Memory for the terms is made once.
"""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bench.cases import Case, Contender, Pixels

_PICKS = {"darken": "min", "lighten": "max", "difference": "absdiff"}
_MODES = ("normal", "screen", "multiply", *_PICKS)


class _Layer(NamedTuple):
    """Premultiplied pixels, what of the backdrop stays, and what the backdrop is multiplied by before it is picked."""

    pixels: Pixels
    stays: Pixels
    weight: Pixels | None


def make(case: Case, mode: str) -> Contender | None:
    """Return OpenCV's contender, or None for a mode that its functions cannot say."""
    if mode not in _MODES:
        return None
    cv2 = importlib.import_module("cv2")
    cv2.setNumThreads(1)  # its default is one thread for each CPU; everybody else has one
    layers = [_prepared(pixels, mode) for pixels in case.premul_layers]
    target = np.empty_like(case.backdrop)
    blend = _blending(cv2, mode, case.name == "opaque", target)

    def job() -> Pixels:
        target[...] = case.premul_backdrop
        for layer in layers:
            blend(layer)
        return target

    return Contender("opencv", job, True)


def _prepared(pixels: Pixels, mode: str) -> _Layer:
    alpha = np.repeat(pixels[..., 3:], 4, axis=2)
    if mode == "screen":
        return _Layer(pixels, 255 - pixels, None)
    if mode == "multiply":
        return _Layer(pixels, 255 - alpha + pixels, None)
    weight = alpha.copy() if mode in _PICKS else None
    if weight is not None and mode == "difference":
        weight[..., 3] = 0  # else the alphas, which are equal there, would be picked as 0
    return _Layer(pixels, 255 - alpha, weight)


def _blending(cv2: Any, mode: str, opaque: bool, target: Pixels) -> Callable[[_Layer], None]:
    """What blends one layer onto `target`; the last step of each writes there."""
    first, second, third = (np.empty_like(target) for _ in range(3))
    pick = getattr(cv2, _PICKS.get(mode, "add"))

    def times(one: Pixels, other: Pixels, out: Pixels) -> Pixels:
        product: Pixels = cv2.multiply(one, other, dst=out, scale=1 / 255)
        return product

    def spread_alpha() -> Pixels:
        alpha: Pixels = cv2.merge([cv2.extractChannel(target, 3)] * 4, dst=third)
        return alpha

    def added(layer: _Layer) -> None:
        cv2.add(times(target, layer.stays, first), layer.pixels, dst=target)

    def multiplied(layer: _Layer) -> None:
        if opaque:
            times(target, layer.stays, target)
            return
        bare = times(layer.pixels, cv2.bitwise_not(spread_alpha(), dst=third), second)
        cv2.add(times(target, layer.stays, first), bare, dst=target)

    def picked(layer: _Layer) -> None:
        assert layer.weight is not None, "made for these modes"
        below, source, bare = times(target, layer.weight, first), layer.pixels, None
        if not opaque:
            alpha = spread_alpha()
            source = times(layer.pixels, alpha, second)
            bare = cv2.bitwise_not(alpha, dst=third)
        pick(source, below, dst=first)
        cv2.add(times(target, layer.stays, target), first, dst=target)
        if bare is not None:
            cv2.add(target, times(layer.pixels, bare, third), dst=target)

    if mode in _PICKS:
        return picked
    return multiplied if mode == "multiply" else added
