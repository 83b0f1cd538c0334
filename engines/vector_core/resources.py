"""Which files may a drawing refer to, and what is in them?

A reference is a relative path as URLs spell it, percent-encoded; `file_name` reads it and refuses whatever else a URL can
say. The bytes come from a map that the caller made, or from files below one folder and nowhere else. Stylesheets,
fonts and other documents are never read, only pictures; that is `guard`'s concern.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

RESOURCE_BYTES_MAX = 24 * 1024 * 1024
"""Bytes of one file: in base64 it just fits into a document of the guard's size."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


class Resources(Protocol):
    """Finds the file behind a relative reference."""

    def read(self, name: str) -> bytes | None:
        """Return the bytes of the file called `name`, or None where it is absent, too large, or not this caller's to read."""
        ...


def file_name(reference: str) -> str | None:
    """Return the relative path that `reference` spells (RFC 3986 §4.2), without fragment; None for anything else.

    >>> file_name("../a%20b.png#x"), file_name("%66ile:///a"), file_name("file:///a"), file_name("//host/a"), file_name("a?b")
    ('../a b.png', None, None, None, None)
    """
    path = reference.strip().partition("#")[0]
    if not path or "?" in path or _SCHEME.match(path):
        return None
    try:
        name = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return None
    if _CONTROL.search(name) or name.startswith("/") or _SCHEME.match(name):
        return None
    return name


class MappedResources:
    """Files by name, as `file_name` gives it: what a caller has in memory, or took out of a store."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, name: str) -> bytes | None:
        """Return the bytes under exactly this name."""
        data = self._files.get(name)
        return data if data is None or len(data) <= RESOURCE_BYTES_MAX else None


class FolderResources:
    """Files below `root`, named relative to `folder`: the folder of the drawing, which need not be below `root` itself.

    Links are followed before the check, so that none leads out; only regular files are read.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = Path(os.path.realpath(root))
        self._folder = Path(os.path.realpath(folder))

    def read(self, name: str) -> bytes | None:
        """Return the bytes of the file at `name`, which may go up by `..` as long as it ends below the root."""
        try:
            path = Path(os.path.realpath(self._folder / name, strict=True))
            return _read_regular(path) if path.is_relative_to(self._root) else None
        except (OSError, ValueError):
            return None


def _read_regular(path: Path) -> bytes | None:
    """Read a file that is neither a link put there meanwhile nor a device or pipe, which might never end."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = file.read(RESOURCE_BYTES_MAX + 1)
    return data if len(data) <= RESOURCE_BYTES_MAX else None
