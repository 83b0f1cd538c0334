"""What does a process do that turns one SVG into PDF within limits that end it rather than its caller?

A script of its own: it reads a job from stdin (MessagePack), writes the PDF to stdout and ends. It imports nothing of
this package, so that it starts in the time of svg2pdf alone. `pdf_files` starts it for drawings with filters, which
svg2pdf draws on layers as large as they ask for: memory that cannot be had ends a process there, with no error that
could be caught. Exit code 0: PDF on stdout; 1: the reason on stderr; anything else: it was ended.
"""

import contextlib
import os
import resource
import sys
from collections.abc import Iterator, Sequence

MEMORY_BYTES_MAX = 4 << 30
"""Address space: a filtered layer of a page of the largest size takes a tenth of that."""
CPU_SECONDS_MAX = 20
"""Seconds: three hundred blurs of a page take five."""

Job = tuple[str, float, bool, Sequence[bytes]]
"""The document; pixels for each of its units where it is filtered; whether texts stay texts; font files."""


def convert(job: Job) -> bytes:
    """Return the PDF of `job`, in this process. Raises what svg2pdf raises: RuntimeError, ValueError, or a panic."""
    import svg2pdf_py as svg2pdf  # type: ignore[import-untyped, import-not-found, unused-ignore]  # an extra

    svg, raster_scale, embed_text, fonts = job
    options = svg2pdf.ConversionOptions(compress=True, raster_scale=raster_scale, embed_text=embed_text)
    with _font_paths(fonts) as paths:
        known = svg2pdf.FontDatabase()
        for path in paths:
            known.load_font_file(path)
        return bytes(svg2pdf.svg_to_pdf(svg, known, options))


@contextlib.contextmanager
def _font_paths(fonts: Sequence[bytes]) -> Iterator[list[str]]:
    """Lend `fonts` to code that only opens files: as files in memory, which are gone afterwards."""
    with contextlib.ExitStack() as held:
        paths = []
        for data in fonts:
            file = held.enter_context(os.fdopen(os.memfd_create("font"), "wb"))
            file.write(data)
            file.flush()
            paths.append(f"/proc/self/fd/{file.fileno()}")
        yield paths


def main() -> int:
    """Do the one job on stdin."""
    import msgspec

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    try:
        sys.stdout.buffer.write(convert(job))
    except BaseException as error:  # noqa: BLE001 - panics of Rust code are no Exception
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
