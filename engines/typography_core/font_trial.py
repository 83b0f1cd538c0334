"""Can a font file that somebody sent be used, and what does it say of itself?

Everything that reads the file happens in `examine`: it is unpacked and checked (`font_files`), its names are read (`font_facts`), and
some of its letters are shaped and drawn, as texts will do. `examine_apart` does that in a worker process, so that a hole in any of
the libraries, or a loop that no check foresaw, costs a worker. The main path is `examine_apart`.
"""

import hashlib
import itertools
from collections.abc import Sequence

import msgspec

from engines.colours import Colour
from engines.isolation.pool import Pool
from engines.media_v2.models import FontFace
from engines.typography_core import colour_glyphs, faces, font_facts, font_files, shaping
from engines.typography_core.font_files import FontFormat
from engines.typography_core.font_types import Axis, Font, FontContent, instance_of
from engines.typography_core.shaping import PlacedRun

EXAMINE_S_MAX = 60.0
"""Seconds for one file: a WOFF2 file is put together again at about 1 s a megabyte, all others take a fraction of one."""

TASK = "examine_font"
TASKS = {TASK: "engines.typography_core.font_trial:examine_task"}
"""What a `Pool` must know for `examine_apart`."""

TRIAL_CHARS = 200
"""Characters of each font that are shaped and drawn, its first ones: a trial, not a proof."""

TRIAL_SIZE_PX = 32.0

_INK = Colour(0.0, 0.0, 0.0, 1.0)
_WORDS = ("Hamburgefonstiv 0123", "fi\u0301 A\u030a\u0301\u0302 \u0627\u0644\u0644\u0647 \u0915\u094d\u0937\u093f")
"""What most fonts have and what asks the most of shaping: ligatures, piled marks, joining, reordering."""


class Examined(msgspec.Struct, frozen=True):
    """What a checked file says of itself; `version` and `license` are its first face's."""

    format: FontFormat
    faces: tuple[FontFace, ...]
    version: str
    license: str


def examine(content: bytes) -> Examined:
    """Check a file, read its names and draw some of its letters. Raises FontRefusedError, TextLimitError."""
    file = font_files.open_file(content)
    facts = font_facts.facts_of(file)
    sha256 = hashlib.sha256(content).hexdigest()
    opened = FontContent(sha256, lambda: content)
    for index, face in enumerate(facts.faces):
        _try(_font(face, index, opened, facts.version))
    return Examined(file.format, facts.faces, facts.version, facts.license)


def examine_apart(pool: Pool, content: bytes) -> Examined:
    """Do `examine` in a worker of `pool`, which ends with it. Raises what it raises, and the errors of `engines.isolation`."""
    return msgspec.convert(pool.call(TASK, None, [content], seconds=EXAMINE_S_MAX, once=True).value, Examined)


def examine_task(_: object, buffers: Sequence[bytearray]) -> tuple[Examined, tuple[()]]:
    """The worker's side of `examine_apart`."""
    return examine(bytes(buffers[0])), ()


def _font(face: FontFace, index: int, content: FontContent, version: str) -> Font:
    return Font(
        family=face.family,
        italic=face.italic,
        sha256=content.sha256,
        version=version,
        license="",
        axes=tuple(Axis(axis.tag, axis.minimum, axis.maximum, axis.name) for axis in face.axes),
        index=index,
        content=content,
    )


def _try(font: Font) -> None:
    """Shape and draw as texts do, at the default and at the ends of all axes."""
    bounds = faces.charset(font).bounds
    every = itertools.chain.from_iterable(itertools.starmap(range, zip(bounds[::2], bounds[1::2], strict=True)))
    letters = "".join(chr(point) for point in itertools.islice(every, TRIAL_CHARS) if not 0xD800 <= point <= 0xDFFF)
    lowest, highest = ({axis.tag: getattr(axis, end) for axis in font.axes} for end in ("minimum", "maximum"))
    for coords in ({}, lowest, highest) if font.axes else ({},):
        instance = instance_of(font, 400.0, False, coords)
        runs = [shaping.shape(text, instance, TRIAL_SIZE_PX) for text in (*_WORDS, letters) if text]
        colour_glyphs.paint([PlacedRun(instance, TRIAL_SIZE_PX, 0.0, 0.0, run.glyphs) for run in runs], _INK)
