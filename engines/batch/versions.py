"""Which versions decide about a render's bits here? Coordinator and workers compare them before any work.

They are the producers and packaged fonts that a render_key may name. A worker with others would register another artifact for the same
row, and the row would not be found again.
"""

import functools
import hashlib
import importlib.metadata
from typing import get_args

from engines.batch.tasks import Place, Terms
from engines.image_core import encode
from engines.image_core.backend import PIXEL_VERSION
from engines.media_v2.presets import Format
from engines.typography_core import fonts
from engines.vector_core.errors import CairoMissingError
from engines.vector_core.service import drawing_producers

_PACKAGES = ("impasto", "uharfbuzz", "icu4py", "fonttools", "skia-pathops")
"""Those that set texts, and our own."""

ABSENT = "absent"


@functools.cache
def versions() -> dict[str, str]:
    """Name -> version of all that may change a bit of a render in this process; never written to."""
    known = {name: _version(name) for name in _PACKAGES} | {"impasto-pixels": PIXEL_VERSION}
    for format in get_args(Format):
        known |= encode.codec_versions(format)
    known |= drawing_producers(["resvg"])
    try:
        known |= drawing_producers(["cairosvg"])
    except CairoMissingError:
        known["cairosvg"] = ABSENT
    files = "".join(sorted(f"{font.sha256}\n" for font in fonts.manifest()))
    return known | {"packaged-fonts": hashlib.sha256(files.encode()).hexdigest()[:16]}


def terms_for(place: Place) -> Terms:
    """What this process, as a coordinator, tells its workers."""
    return Terms(place=place, versions=versions())


def differences(here: dict[str, str], there: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Name -> (here, there) of what is not the same in both."""
    return {
        name: (here.get(name, ABSENT), there.get(name, ABSENT))
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ABSENT
