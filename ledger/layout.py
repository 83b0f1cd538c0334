"""Where does each file of a ledger lie, and how large may anything be? Pure; docs/specs/ledger-format.md §1.

Every size limit of the package is here, so that a reader of the format finds them in one place.
"""

import errno
import functools
from collections.abc import Callable
from typing import Final

MARK_NAME: Final = "mark"
LOCK_NAME: Final = "lock"
CHECKPOINT_NAME: Final = "checkpoint"
RESTRICTION_NAME: Final = "restriction"
SEGMENT_FOLDER: Final = "segments"
TILE_FOLDER: Final = "tile"
SEGMENT_SUFFIX: Final = ".seg"
TEMPORARY_SUFFIX: Final = ".new"
"""A file under this suffix is being created; it counts for nothing until it is renamed."""

INDEX_DIGITS: Final = 20
"""Digits of a segment's name: 2**64 - 1 has 20, so names sort as numbers do."""

ENTRY_BYTES_MAX: Final = 65_535
"""Largest encoded event: what the unsigned 16-bit length of a C2SP entry can say."""

COMMIT_EVENTS_MAX: Final = 65_535
"""Most events in one append: what the unsigned 16-bit count of a commit frame can say."""

COMMIT_BYTES_MAX: Final = 64 << 20
"""Largest body of a commit frame, in bytes: a reader holds one whole frame in memory."""

SEGMENT_BYTES_MAX: Final = 64 << 20
"""A segment that has reached this size is sealed and the next begun, in bytes: small enough to read whole, to copy
and to check in a fraction of a second, large enough that a million events make only a handful of files."""

SEGMENT_HEADER_BYTES: Final = 96
"""What stands before the first frame of a segment."""

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Numbers by which the system says that a disk or a share of it is full."""

LEDGER_ID_BYTES: Final = 16
"""A random UUID, so that bytes of one ledger can never pass for bytes of another."""


def checksum(data: bytes | memoryview, state: int = 0) -> int:
    """Return the CRC-32C of what led to `state` followed by `data` (RFC 3720 appendix B.4), by hardware if it can.

    The one place where the crc32c package is named. It is imported on first use, because it imports
    importlib.metadata to learn its own version, which costs more than all of this package.
    """
    return _crc32c()(data, state)


@functools.cache
def _crc32c() -> Callable[[bytes | memoryview, int], int]:
    from crc32c import crc32c

    return crc32c


def segment_name(first_index: int) -> str:
    """Name the segment whose first event is `first_index`, relative to the ledger's folder.

    >>> segment_name(1234)
    'segments/00000000000000001234.seg'
    """
    return f"{SEGMENT_FOLDER}/{first_index:0{INDEX_DIGITS}d}{SEGMENT_SUFFIX}"


def parse_segment_name(name: str) -> int | None:
    """Return the first index that `name` spells, or None when it is not exactly a name that `segment_name` gives."""
    digits = name.removeprefix(f"{SEGMENT_FOLDER}/").removesuffix(SEGMENT_SUFFIX)
    if not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if segment_name(int(digits)) == name else None
