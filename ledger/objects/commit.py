"""What does the object of one commit hold? Its entries, and where it stands in the log. Pure; docs/specs/ledger-objects.md.

An object says which tree it continues and which it makes, so that a reader who has any one of them knows a size, a root
and all that it takes to grow the tree, and whoever reads two neighbours sees whether they belong together. A seal is an
object without entries, and the last of its log: it takes the name that the next commit would need.
"""

import struct
from typing import Final, NamedTuple

from ledger.errors import DamagedBytesError
from ledger.layout import COMMIT_BYTES_MAX, INDEX_DIGITS, LEDGER_ID_BYTES, checksum
from ledger.merkle import HASH_BYTES, root_over

LOG_FOLDER: Final = "log"
MAGIC: Final = b"LEDGOBJ\n"
FORMAT_VERSION: Final = 1
TOKEN_BYTES: Final = 16
KIND_COMMIT: Final = 1
KIND_SEAL: Final = 2
SEAL_BYTES_MAX: Final = 4_096
"""Longest text of a seal, in bytes: an address or a path."""

SIZE_MAX: Final = (1 << 63) - 1
"""Most events in a log: what a checkpoint may say."""

_HEADER: Final = struct.Struct("<8sHBBI16s16sQQ32s32sII")
_CRC: Final = struct.Struct("<I")
HEADER_BYTES: Final = _HEADER.size + _CRC.size


class CommitObject(NamedTuple):
    """One commit: `event_count` events from `first_index` on as the entry run `body`; a seal has none, and its text as `body`.

    `run_bytes` counts the bytes of all entry runs before this one. The tree over the events before has the root `before`;
    `peaks` are the hashes of the perfect subtrees of the tree after, as in `edge.Edge`.
    """

    ledger_id: bytes
    token: bytes
    first_index: int
    event_count: int
    run_bytes: int
    before: bytes
    peaks: tuple[bytes, ...]
    body: bytes
    kind: int = KIND_COMMIT

    @property
    def end(self) -> int:
        """The index that comes after it."""
        return self.first_index + self.event_count

    @property
    def body_offset(self) -> int:
        """At which byte of the object the body begins."""
        return HEADER_BYTES + HASH_BYTES * sum(map(bool, self.peaks))


def log_name(first_index: int) -> str:
    """Name the object of the commit whose first event is `first_index`.

    >>> log_name(1234)
    'log/00000000000000001234'
    """
    return f"{LOG_FOLDER}/{first_index:0{INDEX_DIGITS}d}"


def parse_log_name(name: str) -> int | None:
    """Return the index that `name` spells, None for any other spelling than that of `log_name`."""
    digits = name.removeprefix(f"{LOG_FOLDER}/")
    if not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if log_name(int(digits)) == name else None


def encode_commit(commit: CommitObject) -> bytes:
    """Return the bytes of an object. Inverse of `decode_commit`."""
    assert len(commit.token) == TOKEN_BYTES, "a token has 16 bytes"
    peaks = b"".join(commit.peaks)
    header = _HEADER.pack(
        MAGIC,
        FORMAT_VERSION,
        commit.kind,
        0,
        commit.event_count,
        commit.ledger_id,
        commit.token,
        commit.first_index,
        commit.run_bytes,
        commit.before,
        root_over(commit.peaks),
        len(peaks),
        len(commit.body),
    )
    crc = checksum(commit.body, checksum(peaks, checksum(header, _salt(commit.ledger_id, commit.first_index))))
    return b"".join((header, _CRC.pack(crc), peaks, commit.body))


def decode_commit(data: bytes, ledger_id: bytes, first_index: int) -> CommitObject:
    """Return what the object of event `first_index` in the ledger `ledger_id` says. Raises DamagedBytesError."""
    if len(data) < HEADER_BYTES:
        raise DamagedBytesError(len(data), f"the object of a commit takes at least {HEADER_BYTES} bytes")
    magic, version, kind, flags, count, *fields = _HEADER.unpack_from(data)
    found_id, token, first, run_bytes, before, after, peak_bytes, body_bytes = fields
    if magic != MAGIC:
        raise DamagedBytesError(0, "the object does not begin with the magic of a commit")
    (crc,) = _CRC.unpack_from(data, _HEADER.size)
    rest = data[HEADER_BYTES:]
    if checksum(rest, checksum(data[: _HEADER.size], _salt(ledger_id, first_index))) != crc:
        raise DamagedBytesError(0, f"the object of event {first_index} does not match its checksum")
    if version != FORMAT_VERSION or flags or kind not in (KIND_COMMIT, KIND_SEAL):
        raise DamagedBytesError(8, f"format version {version}, kind {kind} with flags {flags} is not known")
    if (found_id, first) != (ledger_id, first_index) or peak_bytes + body_bytes != len(rest):
        raise DamagedBytesError(16, "the object does not say what its name and size do")
    body = rest[peak_bytes:]
    bytes_max = COMMIT_BYTES_MAX if kind == KIND_COMMIT else SEAL_BYTES_MAX
    if bool(count) != (kind == KIND_COMMIT) or not 0 < body_bytes <= bytes_max or first + count > SIZE_MAX:
        raise DamagedBytesError(12, f"{count} events in {body_bytes} bytes cannot be")
    peaks = _peaks(rest[:peak_bytes], first + count)
    if root_over(peaks) != after:
        raise DamagedBytesError(HEADER_BYTES, "the peaks do not give the root that the object says")
    if kind == KIND_SEAL and before != after:
        raise DamagedBytesError(HEADER_BYTES, "a seal that changes the root")
    return CommitObject(ledger_id, token, first, count, run_bytes, before, peaks, body, kind)


def _peaks(joined: bytes, size: int) -> tuple[bytes, ...]:
    """Return the peaks of a tree of `size`, lowest level first, which are stored one for each bit of it."""
    if len(joined) != HASH_BYTES * size.bit_count():
        raise DamagedBytesError(HEADER_BYTES, f"a tree of {size} has {size.bit_count()} peaks")
    hashes = (joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES))
    return tuple(next(hashes) if size >> level & 1 else b"" for level in range(size.bit_length()))


def _salt(ledger_id: bytes, first_index: int) -> int:
    """Return the checksum state from which an object starts, so that one of another ledger or place never passes."""
    assert len(ledger_id) == LEDGER_ID_BYTES, "a ledger id has 16 bytes"
    return checksum(ledger_id + first_index.to_bytes(8, "little"))
