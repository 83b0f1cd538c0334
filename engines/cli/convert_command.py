"""`impasto convert`: files in, pictures out, no store."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from engines.cli import output
from engines.cli.failures import FINE, REFUSED
from engines.media_v2.errors import MissingOptionError

if TYPE_CHECKING:
    from engines.image_core.convert import Conversion


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
) -> int:
    """Turn PNG, JPEG, WebP, AVIF, TIFF, SVG or composition JSON into a picture: IN OUT, or many IN with --out-dir.

    With --out-dir, a file that fails is told on stderr and the others go on; the exit code is then 1.

    Examples:
        impasto convert logo.svg logo.png --width 600
        impasto convert *.svg --out-dir png --format png

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
    """
    from engines.image_core.convert import Conversion, format_of

    if out_dir is None:
        if len(files) != 2:
            raise MissingOptionError("files", "name one input and one output, or several inputs with --out-dir DIR")
        jobs = [_Job(files[0], files[1])]
    else:
        if not files:
            raise MissingOptionError("files", "name at least one input")
        ending = format.removeprefix(".")
        format_of(f"any.{ending}")
        jobs = [_Job(file, out_dir / f"{file.stem}.{ending}") for file in files]
        out_dir.mkdir(parents=True, exist_ok=True)
    wanted = Conversion("", format_of(jobs[0].target.name), width, height, background, engine)
    if out_dir is None:
        _convert_one(jobs[0], wanted)
        return FINE
    return _convert_all(jobs, wanted)


def _convert_all(jobs: Sequence[_Job], wanted: "Conversion") -> int:
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
                    _convert_one(job, wanted)
                written[job.target] = job.source
            except Exception as error:  # noqa: BLE001 - one bad file must not stop the others; the line says what happened
                failed += 1
                output.say(
                    f"{job.source}: {getattr(error, 'type', type(error).__name__)}: {' '.join(str(error).split())}"
                )
            tell("converting", done, len(jobs))
    return REFUSED if failed else FINE


def _convert_one(job: _Job, wanted: "Conversion") -> None:
    from engines.image_core.convert import convert as convert_content
    from engines.image_core.decode import read_file
    from engines.image_core.sources import FolderReader

    request = wanted._replace(name=str(job.source))
    content = convert_content(read_file(job.source), request, FolderReader(job.source.parent))
    _write_whole(job.target, content)


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
