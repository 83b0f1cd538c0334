"""`impasto convert`: files in, pictures out, no store."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from engines.cli import output
from engines.cli.failures import FINE, REFUSED
from engines.cli.options import AsJson
from engines.media_v2.errors import MissingOptionError

if TYPE_CHECKING:
    from engines.image_core.convert import Conversion, Converted
    from engines.isolation.pool import Pool
    from engines.vector_core.svg_fonts import FontSet

_REFERENCE_SHOWN_CHARS = 80
"""Characters of a reference that a line on stderr repeats."""


AT_A_TIME_MAX = 8
"""Files that are converted at the same time, each with its pixels in memory: 0.4 GB for the largest."""


class _Job(NamedTuple):
    source: Path
    target: Path


class _Made(NamedTuple):
    """A file that was written: its size, and what there is to tell of it, without the bytes themselves."""

    bytes: int
    told: "Converted"


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
    with _workers(files, engine) as isolation:
        from engines.image_core.convert import Conversion, format_of

        jobs = _jobs(files, out_dir, format)
        wanted = Conversion("", format_of(jobs[0].target.name), width, height, background, engine, external=external)
        wanted = wanted._replace(fonts=_font_set(fonts, generic), isolation=isolation)
        told: list[dict[str, object]] = []
        code = FINE
        if out_dir is None:
            told.append(_told(jobs[0], wanted, _convert_one(jobs[0], wanted, resources)))
        else:
            out_dir.mkdir(parents=True, exist_ok=True)
            code = _convert_all(jobs, wanted, resources, told)
    if json:
        output.print_json(told)
    return code


def _workers(files: Sequence[Path], engine: Literal["resvg", "cairosvg"]) -> "Pool":
    """Workers for drawings. Where any is named, they start now: all that this process must import takes longer than they do."""
    from engines.isolation.pool import Pool
    from engines.vector_core.tasks import PAINT, TASKS

    pool = Pool(TASKS)
    drawings = sum(file.suffix.lower() in (".svg", ".svgz") for file in files)
    if drawings:
        pool.start(PAINT[engine], min(drawings, os.cpu_count() or 1))
    return pool


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
    """Every job, several at a time, told in their order: one line on stderr for each that fails."""
    failed = 0
    by_target: dict[Path, list[_Job]] = {}
    for job in jobs:
        by_target.setdefault(job.target, []).append(job)
    with output.progress() as tell, ThreadPoolExecutor(min(AT_A_TIME_MAX, os.cpu_count() or 1)) as threads:
        trying = {target: threads.submit(_try, group, wanted, resources) for target, group in by_target.items()}
        try:
            for done, job in enumerate(jobs, start=1):
                outcome = trying[job.target].result()[job]
                if isinstance(outcome, Exception):
                    failed += 1
                    name = getattr(outcome, "type", type(outcome).__name__)
                    output.say(f"{job.source}: {name}: {' '.join(str(outcome).split())}")
                else:
                    told.append(_told(job, wanted, outcome))
                tell("converting", done, len(jobs))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    return REFUSED if failed else FINE


def _try(jobs: Sequence[_Job], wanted: "Conversion", resources: Path | None) -> dict[_Job, _Made | Exception]:
    """Do the jobs of one target one after the other: the first that comes off has it."""
    from engines.image_core.convert import ConvertError

    outcomes: dict[_Job, _Made | Exception] = {}
    made_from: Path | None = None
    for job in jobs:
        try:
            if made_from is not None:
                raise ConvertError("output", str(job.target), f"already made from {made_from}")
            outcomes[job] = _convert_one(job, wanted, resources)
            made_from = job.source
        except Exception as error:  # noqa: BLE001 - one bad file must not stop the others; a line says what happened
            outcomes[job] = error
    return outcomes


def _convert_one(job: _Job, wanted: "Conversion", resources: Path | None) -> _Made:
    """Convert and write. What comes back tells of the picture, whose bytes are not kept: thousands may wait to be told."""
    from engines.image_core.convert import convert_told
    from engines.image_core.decode import read_file
    from engines.image_core.sources import FolderReader
    from engines.vector_core.resources import FolderResources

    request = wanted._replace(name=str(job.source))
    if resources is not None:
        request = request._replace(resources=FolderResources(resources, job.source.parent))
    made = convert_told(read_file(job.source), request, FolderReader(job.source.parent))
    _write_whole(job.target, made.content)
    return _Made(len(made.content), made._replace(content=b""))


def _told(job: _Job, wanted: "Conversion", done: _Made) -> dict[str, object]:
    """What became of a job, for programs; what was left out of a drawing is told on stderr, too."""
    made = done.told
    if made.ignored:
        shown = ", ".join(" ".join(reference.split())[:_REFERENCE_SHOWN_CHARS] for reference in made.ignored[:3])
        output.say(f"{job.source}: ignored {made.ignored_count} references elsewhere: {shown}")
    head = {"source": str(job.source), "target": str(job.target), "format": wanted.format, "bytes": done.bytes}
    return head | {name: value for name, value in made._asdict().items() if name != "content"}


def _write_whole(target: Path, content: bytes) -> None:
    """Write under another name, then rename: a reader never sees half a picture."""
    partial = target.with_name(f".{target.name}.part")
    partial.write_bytes(content)
    partial.replace(target)
