"""What hostile tests do in worker processes, so that what hangs or crashes fails one test and not the run."""

from collections.abc import Sequence
from typing import Any

from engines.colours import Colour
from engines.typography_core import colour_glyphs, font_trial, painting, shaping, typeset
from engines.typography_core.look import Look
from engines.typography_core.shaping import PlacedRun
from engines.typography_core.tests import forged_fonts as forged

TASKS = font_trial.TASKS | {
    name: f"engines.typography_core.tests.hostile_tasks:{name}" for name in ("use_font", "set_text")
}
_INK = Colour(0.0, 0.0, 0.0, 1.0)

Found = tuple[object, tuple[()]]


def use_font(value: Any, buffers: Sequence[bytearray]) -> Found:
    """Shape and paint a text in a font that no trial has seen: what a picture of it would take."""
    text, size = value
    font = forged.instance_of(bytes(buffers[0]))
    run = shaping.shape_run(text, 0, len(text), font, size, script="Latn")
    picture = colour_glyphs.paint([PlacedRun(font, size, 0.0, 0.0, run.glyphs)], _INK)
    return {"glyphs": len(run.glyphs), "missing": run.missing, "shape": picture.pixels.shape}, ()


def set_text(value: Any, _: Sequence[bytearray]) -> Found:
    """Set a text in packaged fonts and paint it."""
    text = typeset.set_text(typeset.checked(value))
    drawn = painting.paint(text, Look())
    return {"lines": len(text.lines), "missing": text.missing, "shape": drawn.pixels.shape}, ()
