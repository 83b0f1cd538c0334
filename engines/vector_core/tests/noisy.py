"""Engines that misbehave, run in worker processes by the tests."""

import os
from collections.abc import Sequence

from engines.vector_core.errors import SvgEngineError


def panic(_value: object, _buffers: Sequence[bytearray]) -> tuple[None, Sequence[bytes]]:
    """Write to stderr as native code does, and raise."""
    os.write(2, b"thread panicked\nstack backtrace:\n")
    raise SvgEngineError("resvg", "panicked\nsomewhere")


def paint_too_little(_value: object, _buffers: Sequence[bytearray]) -> tuple[None, Sequence[bytes]]:
    """Answer with one pixel, whatever was asked."""
    return None, (bytes(4),)
