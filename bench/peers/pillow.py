"""How Pillow does the job: one `alpha_composite` a layer. Straight in and out, one thread, mode normal only."""

import functools
import importlib

import numpy as np

from bench.cases import Case, Contender, Pixels


def make(case: Case, mode: str) -> Contender | None:
    """Return Pillow's contender, or None: its ImageChops know no alpha, so normal is its only mode."""
    if mode != "normal":
        return None
    image = importlib.import_module("PIL.Image")
    backdrop, layers = image.fromarray(case.backdrop), [image.fromarray(pixels) for pixels in case.layers]

    def job() -> Pixels:
        return np.asarray(functools.reduce(image.alpha_composite, layers, backdrop))

    return Contender("pillow", job, False)
