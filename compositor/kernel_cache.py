"""Where compiled kernels are kept between processes. Knows paths only; `_jit` decides how they are used."""

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

_HASH_DIGITS = 16


def kernel_cache_dir() -> Path:
    """Return the folder of this version's compiled kernels; it need not exist.

    It is `$IMPASTO_KERNEL_CACHE/<hash>` or, without that variable, `$XDG_CACHE_HOME/impasto/kernels/<hash>`
    (`~/.cache` by default). The hash is over the package's sources, because numba looks only at the file of the
    function that it compiles.
    """
    override = os.environ.get("IMPASTO_KERNEL_CACHE")
    if override:
        return Path(override).absolute() / _sources_hash()
    user = os.environ.get("XDG_CACHE_HOME")
    # os.path leaves the tilde where a user has no home, as in many containers; pathlib would raise.
    home = Path(user if user and Path(user).is_absolute() else os.path.expanduser("~/.cache"))  # noqa: PTH111
    return home / "impasto" / "kernels" / _sources_hash()


def writable_cache_dir() -> Path | None:
    """Return the folder after making sure that a file can be written there; None when it cannot."""
    place = kernel_cache_dir()
    if not place.is_absolute():
        return None
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except OSError:
        return None


@cache
def _sources_hash() -> str:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:_HASH_DIGITS]
