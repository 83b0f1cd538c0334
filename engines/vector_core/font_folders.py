"""Which font files are in these folders? Reads them; what stands for what is `svg_generic_fonts`' concern."""

from collections.abc import Callable, Sequence
from pathlib import Path

from engines.vector_core import svg_generic_fonts
from engines.vector_core.errors import FontFolderError
from engines.vector_core.svg_fonts import FontSet

ENDINGS = frozenset({".ttf", ".otf", ".ttc"})
PACKED_ENDINGS = frozenset({".woff", ".woff2"})
"""Of files that must be unpacked first."""
FONT_FILES_MAX = 1_000
FONT_BYTES_MAX = 512 * 1024 * 1024
"""All files of all folders together, which are held in memory: every family of a large library in one weight."""


def load(folders: Sequence[Path], unpack: Callable[[bytes], bytes] | None = None) -> FontSet:
    """Return the fonts in `folders` and below, in the order of folders and paths, whatever the file system's.

    WOFF and WOFF2 files count where there is somebody to `unpack` them, under limits of its own, whose errors come
    through. Raises FontFolderError for a folder without fonts, past a limit, or that cannot be read; RasterValueError for files
    that are no fonts.
    """
    files: list[bytes] = []
    endings = ENDINGS if unpack is None else ENDINGS | PACKED_ENDINGS
    for folder in folders:
        try:
            paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings and path.is_file())
            size = sum(path.stat().st_size for path in paths) + sum(map(len, files))
            if not paths:
                raise FontFolderError(str(folder), f"no {', '.join(sorted(endings))} files")
            if len(files) + len(paths) > FONT_FILES_MAX or size > FONT_BYTES_MAX:
                raise FontFolderError(str(folder), f"more than {FONT_FILES_MAX} files or {FONT_BYTES_MAX} bytes in all")
            files += [_read(path, unpack) for path in paths]
            if sum(map(len, files)) > FONT_BYTES_MAX:
                raise FontFolderError(str(folder), f"more than {FONT_BYTES_MAX} bytes in all, unpacked")
        except OSError as error:
            raise FontFolderError(str(folder), error.strerror or "cannot be read") from error
    return svg_generic_fonts.choose(files)


def _read(path: Path, unpack: Callable[[bytes], bytes] | None) -> bytes:
    data = path.read_bytes()
    return unpack(data) if unpack is not None and path.suffix.lower() in PACKED_ENDINGS else data
