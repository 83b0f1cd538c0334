"""Which font files are in these folders? Reads them; what stands for what is `svg_generic_fonts`' concern."""

from collections.abc import Sequence
from pathlib import Path

from engines.vector_core import svg_generic_fonts
from engines.vector_core.errors import FontFolderError
from engines.vector_core.svg_fonts import FontSet

ENDINGS = frozenset({".ttf", ".otf", ".ttc"})
FONT_FILES_MAX = 1_000
FONT_BYTES_MAX = 512 * 1024 * 1024
"""All files of all folders together, which are held in memory: every family of a large library in one weight."""


def load(folders: Sequence[Path]) -> FontSet:
    """Return the fonts in `folders` and below, in the order of folders and paths, whatever the file system's.

    Raises FontFolderError for a folder without fonts, past a limit, or that cannot be read; RasterValueError for
    files that are no fonts.
    """
    files: list[bytes] = []
    for folder in folders:
        try:
            paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
            size = sum(path.stat().st_size for path in paths) + sum(map(len, files))
            if not paths:
                raise FontFolderError(str(folder), f"no {', '.join(sorted(ENDINGS))} files")
            if len(files) + len(paths) > FONT_FILES_MAX or size > FONT_BYTES_MAX:
                raise FontFolderError(str(folder), f"more than {FONT_FILES_MAX} files or {FONT_BYTES_MAX} bytes in all")
            files += [path.read_bytes() for path in paths]
        except OSError as error:
            raise FontFolderError(str(folder), error.strerror or "cannot be read") from error
    return svg_generic_fonts.choose(files)
