"""How is the log in a folder opened by those who do not know its events? As it is, or as a copy that is written to.

`Ledger.open` opens it for those who do. Folders are what an address without a scheme names, see `addresses`.
"""

import os
from pathlib import Path
from typing import Final

from ledger.backend import Restriction
from ledger.errors import CopyTargetError
from ledger.file_log import FileLog
from ledger.layout import LOCK_NAME, MARK_NAME, RESTRICTION_NAME, SEGMENT_FOLDER, TEMPORARY_SUFFIX
from ledger.restriction import read_restriction, write_restriction
from ledger.segments import create_log
from ledger.storage_file import FileStorage

_BEGUN: Final = (
    *(LOCK_NAME, SEGMENT_FOLDER, RESTRICTION_NAME),
    *(MARK_NAME + TEMPORARY_SUFFIX, RESTRICTION_NAME + TEMPORARY_SUFFIX),
)
"""What a copy that was just begun may hold."""


def open_folder(path: str | os.PathLike[str], *, read_only: bool = False, wait_s: float = 10.0) -> FileLog:
    """Open the log in the folder `path`. Raises as `SegmentLog` does."""
    storage = FileStorage(Path(path).absolute(), read_only=read_only)
    try:
        return FileLog(storage, read_only=read_only, wait_s=wait_s)
    except BaseException:
        storage.close()
        raise


def open_folder_copy(path: str | os.PathLike[str], *, ledger_id: bytes, original: str, wait_s: float = 10.0) -> FileLog:
    """Open the copy in the folder `path`, making it where there is nothing; see `backend.MovableLog`.

    The restriction is there before the mark is, so that the folder is never a ledger that somebody could append to.
    """
    storage = FileStorage(Path(path).absolute())
    try:
        if storage.size(MARK_NAME) is None:
            strangers = [name for name in storage.names() if name not in _BEGUN]
            if strangers:
                raise CopyTargetError(storage.path, f"the folder already holds {strangers[0]!r}")
            storage.prepare()
            with storage.lock(wait_s):
                if storage.size(MARK_NAME) is None:
                    write_restriction(storage, Restriction("copy", original))
                    create_log(storage, ledger_id)
        if read_restriction(storage) is None:
            raise CopyTargetError(storage.path, "it holds a ledger of its own, not a copy")
        log = FileLog(storage, wait_s=wait_s, is_copying=True)
        if log.ledger_id != ledger_id:
            raise CopyTargetError(storage.path, f"it holds another ledger, {log.ledger_id.hex()}")
        return log
    except BaseException:
        storage.close()
        raise
