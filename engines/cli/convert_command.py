"""`impasto convert`: files in, pictures out, no store."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from engines.cli import output
from engines.cli.failures import FINE, REFUSED
from engines.cli.options import AsJson
from engines.media_v2.errors import MissingOptionError

if TYPE_CHECKING:
    from engines.image_core.convert import Conversion
    from engines.vector_core.svg_fonts import FontSet

_REFERENCE_SHOWN_CHARS = 80
"""Characters of a reference that a line on stderr repeats."""


class _Job(NamedTuple):
    source: Path
    target: Path


def convert(
    *files: Path,
    out_dir: Path | None = None,
    format: str = "png",
    width: int | None = None,
    height: int | None = None,
    background: str | None = None,
    engine: Literal["resvg", "cairosvg"] = "resvg",
    fonts: tuple[Path, ...] = (),
    generic: tuple[str, ...] = (),
    resources: Path | None = None,
    external: Literal["refuse", "ignore"] = "refuse",
    json: AsJson = False,
) -> int:
    """Turn PNG, JPEG, WebP, AVIF, TIFF, SVG or composition JSON into a picture: IN OUT, or many IN with --out-dir.

    With --out-dir, a file that fails is told on stderr and the others go on; the exit code is then 1.

    Examples:
        impasto convert logo.svg logo.png --width 600
        impasto convert *.svg --out-dir png --format png
        impasto convert poster.svg poster.png --fonts ./fonts --resources ./pictures

    Parameters
    ----------
    files: Path
        IN OUT; with --out-dir any number of IN.
    out_dir: Path
        Folder for the results, each named like its input.
    format: str
        With --out-dir: png, webp or jpg.
    width: int
        Pixels; alone it keeps the aspect ratio.
    height: int
        Pixels; alone it keeps the aspect ratio, with --width the size is met exactly.
    background: str
        Colour behind the picture, such as #fff; transparent places stay so without it, except in JPEG.
    engine: str
        What draws SVGs; cairosvg needs libcairo from the system, and says so when it is missing.
    fonts: tuple[Path, ...]
        Folder of fonts for texts in SVGs, may be repeated; only these are used then, never the system's.
    generic: tuple[str, ...]
        What stands for a generic family, such as cursive=Yellowtail, may be repeated; with --fonts, where it is guessed without.
    resources: Path
        Folder that pictures may be read from which an SVG refers to, by paths relative to the SVG.
    external: str
        What to do with an SVG that refers to anything else: refuse it, or ignore the references and tell which.
    """
    from engines.image_core.convert import Conversion, format_of

    jobs = _jobs(files, out_dir, format)
    wanted = Conversion("", format_of(jobs[0].target.name), width, height, background, engine, external=external)
    wanted = wanted._replace(fonts=_font_set(fonts, generic))
    told: list[dict[str, object]] = []
    code = FINE
    if out_dir is None:
        _convert_one(jobs[0], wanted, resources, told)
    else:
        out_dir.mkdir(parents=True, exist_ok=True)
        code = _convert_all(jobs, wanted, resources, told)
    if json:
        output.print_json(told)
    return code


def _jobs(files: Sequence[Path], out_dir: Path | None, format: str) -> list[_Job]:
    """What to make from what. Raises `MissingOptionError`, `ConvertError`."""
    from engines.image_core.convert import format_of

    if out_dir is None:
        if len(files) != 2:
            raise MissingOptionError("files", "name one input and one output, or several inputs with --out-dir DIR")
        return [_Job(files[0], files[1])]
    if not files:
        raise MissingOptionError("files", "name at least one input")
    ending = format.removeprefix(".")
    format_of(f"any.{ending}")
    return [_Job(file, out_dir / f"{file.stem}.{ending}") for file in files]


def _font_set(folders: tuple[Path, ...], generic: tuple[str, ...]) -> "FontSet | None":
    """The fonts of the command line's folders. Raises what loading them raises, `MissingOptionError` for a generic family without fonts."""
    if not folders:
        if generic:
            raise MissingOptionError("fonts", "--generic names families of the fonts in --fonts DIR")
        return None
    from engines.typography_core.font_files import open_file
    from engines.vector_core import font_folders, svg_fonts

    loaded = font_folders.load(folders, lambda packed: open_file(packed).data)
    return svg_fonts.with_generic(loaded, dict(text.partition("=")[::2] for text in generic))


def _convert_all(
    jobs: Sequence[_Job], wanted: "Conversion", resources: Path | None, told: list[dict[str, object]]
) -> int:
    """Every job, one line on stderr for each that fails."""
    from engines.image_core.convert import ConvertError

    failed = 0
    written: dict[Path, Path] = {}
    with output.progress() as tell:
        for done, job in enumerate(jobs, start=1):
            try:
                if (other := written.get(job.target)) is not None:
                    raise ConvertError("output", str(job.target), f"already made from {other}")
                with _engines_silenced():
                    _convert_one(job, wanted, resources, told)
                written[job.target] = job.source
            except Exception as error:  # noqa: BLE001 - one bad file must not stop the others; the line says what happened
                failed += 1
                output.say(
                    f"{job.source}: {getattr(error, 'type', type(error).__name__)}: {' '.join(str(error).split())}"
                )
            tell("converting", done, len(jobs))
    return REFUSED if failed else FINE


def _convert_one(job: _Job, wanted: "Conversion", resources: Path | None, told: list[dict[str, object]]) -> None:
    from engines.image_core.convert import convert_told
    from engines.image_core.decode import read_file
    from engines.image_core.sources import FolderReader
    from engines.vector_core.resources import FolderResources

    request = wanted._replace(name=str(job.source))
    if resources is not None:
        request = request._replace(resources=FolderResources(resources, job.source.parent))
    made = convert_told(read_file(job.source), request, FolderReader(job.source.parent))
    _write_whole(job.target, made.content)
    if made.ignored:
        shown = ", ".join(" ".join(reference.split())[:_REFERENCE_SHOWN_CHARS] for reference in made.ignored[:3])
        output.say(f"{job.source}: ignored {made.ignored_count} references elsewhere: {shown}")
    told.append(
        {"source": str(job.source), "target": str(job.target), "format": request.format, "bytes": len(made.content)}
        | {name: value for name, value in made._asdict().items() if name != "content"}
    )


@contextmanager
def _engines_silenced() -> Iterator[None]:
    """Keep what native code prints away from stderr, where each failure gets one line: resvg tells its panics there, with a backtrace.

    For this command only, which has stderr to itself: the descriptor belongs to the whole process.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _write_whole(target: Path, content: bytes) -> None:
    """Write under another name, then rename: a reader never sees half a picture."""
    partial = target.with_name(f".{target.name}.part")
    partial.write_bytes(content)
    partial.replace(target)
