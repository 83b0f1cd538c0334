"""Where is a ledger, when it is not in a folder? By the scheme of its address, the module that keeps such logs.

A folder's path has no scheme. Each module has `open_log(address, *, create, read_only, wait_s)`, which returns a `backend.Log`,
and those that can be copied to have `open_copy`, see `backend.MovableLog`. A module is imported when it is first asked for,
since what it rests on comes with the extra `scale`.
"""

import os
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Final, cast

from ledger.backend import Log, MovableLog
from ledger.errors import MissingExtraError, OutOfRangeError

OPENERS: Final = {
    "postgresql": "ledger.postgres.log",
    "s3": "ledger.objects.log",
    "memory": "ledger.objects.log",
}
"""Scheme -> module."""

EXTRA: Final = "scale"


def scheme_of(address: str | os.PathLike[str]) -> str | None:
    """Return the scheme of `address`, None for the path of a folder. Raises OutOfRangeError for one that is not known.

    >>> scheme_of("postgresql://db.internal/media#cards"), scheme_of("store/ledger")
    ('postgresql', None)
    """
    scheme, separator, _ = os.fspath(address).partition("://")
    if not separator:
        return None
    if scheme not in OPENERS:
        raise OutOfRangeError("scheme of the address", scheme, "a folder, or one of " + ", ".join(OPENERS))
    return scheme


def open_log(address: str, *, create: bool = False, read_only: bool = False, wait_s: float = 10.0) -> Log:
    """Open the log at `address`; `create` makes it where there is none. Raises OutOfRangeError, MissingExtraError, and what
    the module for it raises: LedgerNotFoundError, CorruptLedgerError, StorageError."""
    opener = cast("Callable[..., Log]", _module(address).open_log)
    return opener(address, create=create, read_only=read_only, wait_s=wait_s)


def open_copy(address: str, *, ledger_id: bytes, original: str, wait_s: float = 10.0) -> MovableLog:
    """Open the copy at `address`, making it where there is nothing; see `backend.MovableLog`. Raises as `open_log`, and
    CopyTargetError when something else is there."""
    opener: Callable[..., MovableLog] | None = getattr(_module(address), "open_copy", None)
    if opener is None:
        raise OutOfRangeError("scheme of the address", scheme_of(address), "one that can be copied to")
    return opener(address, ledger_id=ledger_id, original=original, wait_s=wait_s)


def _module(address: str) -> ModuleType:
    """Import what keeps the logs at `address`. Raises OutOfRangeError, MissingExtraError."""
    scheme = scheme_of(address)
    assert scheme is not None, "folders are opened by `Ledger.open` and `folders`"
    try:
        return import_module(OPENERS[scheme])
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"a ledger at {scheme}://", EXTRA, error.name or "") from error
