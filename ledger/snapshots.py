"""How can a replay begin near its end? States of projections, kept apart from the log and bound to it.

A snapshot is a cache and never evidence. It is used only when everything about it fits: ledger, tree (size and root),
projection and version, the union's shape, and its checksum. One that does not fit is thrown away, and the state is
folded from the log, which is always possible. docs/specs/ledger-side-files.md §2.
"""

import os
import re
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from ledger._bound import bound_to
from ledger.envelope import (
    HEAD_BYTES_MAX,
    KIND_SNAPSHOT,
    PREAMBLE_BYTES,
    decode_envelope,
    decode_head,
    encode_envelope,
)
from ledger.errors import DamagedBytesError, OutOfRangeError, ProjectionError
from ledger.log import Ledger
from ledger.side_files import SideFolder

SNAPSHOT_SUFFIX: Final = ".snapshot"

EVENTS_BETWEEN: Final = 20_000
"""Events after which a replay leaves a new snapshot: folding fewer takes less time than writing the state."""

SNAPSHOTS_KEPT: Final = 2
"""Snapshots of one projection version that stay: the newest, and one for questions about the recent past."""

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_INDEX_DIGITS: Final = 20


class Named(Protocol):
    """The part of a projection that names its states."""

    @property
    def name(self) -> str:
        """Say which projection this is."""
        ...

    @property
    def version(self) -> int:
        """Say which meaning of it."""
        ...


class SnapshotHead(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a snapshot is of: the state of a projection after `size` events of one ledger."""

    ledger_id: bytes
    size: int
    root: bytes
    """32 bytes, RFC 6962 root over the first `size` events."""
    projection: str
    version: int
    union: bytes
    """32 bytes, `EventCodec.fingerprint` of the union that the events were read as."""


class Snapshots:
    """A folder of snapshots; several ledgers and projections may share it. Give it to `replay`."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        events_between: int = EVENTS_BETWEEN,
        kept: int = SNAPSHOTS_KEPT,
        read_only: bool = False,
    ) -> None:
        """Keep snapshots in `folder`, which is made when the first is kept and must lie outside the ledger's.

        A replay leaves a new one after `events_between` events and removes all but the `kept` newest; read-only
        snapshots are used, but never written or removed. Raises OutOfRangeError.
        """
        for field, value in (("events_between", events_between), ("kept", kept)):
            if value < 1:
                raise OutOfRangeError(field, value, "at least 1")
        self.folder = SideFolder(Path(folder))
        self.read_only = read_only
        self._events_between = events_between
        self._kept = kept

    def load(self, ledger: Ledger, projection: Named, stop: int) -> tuple[int, Any] | None:
        """Return (size, state) of the newest snapshot of at most `stop` events that fits, None when there is none.

        Those that do not fit are removed on the way. Raises ProjectionError, StorageError.
        """
        state_type = _state_type(projection)
        stem = _stem(ledger, projection)
        for size, name in reversed(self._sizes(stem)):
            if size <= stop:
                state = self._state(name, _wanted_head(ledger, projection, size), ledger, state_type)
                if state is not None:
                    return size, state[0]
                if not self.read_only:
                    self.folder.remove(name)
        return None

    def keep(self, ledger: Ledger, projection: Named, size: int, state: Any, since: int) -> bool:
        """Write the `state` after `size` events if it is `since` many events from the last one; tell whether it was.

        Raises ProjectionError for a state that its type cannot encode, BusyError, StorageError.
        """
        _state_type(projection)
        if self.read_only or since < self._events_between:
            return False
        self.write(ledger, projection, size, state)
        return True

    def write(self, ledger: Ledger, projection: Named, size: int, state: Any) -> None:
        """Write the `state` after `size` events, whatever there is already. Raises as `keep`."""
        head = _wanted_head(ledger, projection, size)
        head = msgspec.structs.replace(head, root=bound_to(ledger, size).root)
        try:
            body = msgspec.msgpack.encode(state)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ProjectionError(projection.name, f"its state cannot be encoded: {error}") from error
        stem = _stem(ledger, projection)
        with self.folder.lock():
            data = encode_envelope(KIND_SNAPSHOT, msgspec.msgpack.encode(head), body)
            self.folder.put(f"{stem}{size:0{_INDEX_DIGITS}d}{SNAPSHOT_SUFFIX}", data)
            for _, name in self._sizes(stem)[: -self._kept]:
                self.folder.remove(name)

    def discard(self, ledger: Ledger, projection: Named) -> None:
        """Remove all snapshots of one version of a projection, for instance when it is no longer served."""
        for _, name in self._sizes(_stem(ledger, projection)):
            self.folder.remove(name)

    def _sizes(self, stem: str) -> list[tuple[int, str]]:
        """List (size, name) of the snapshots that begin with `stem`, oldest first."""
        found: list[tuple[int, str]] = []
        for name in self.folder.names():
            digits = name.removeprefix(stem).removesuffix(SNAPSHOT_SUFFIX)
            if name == f"{stem}{digits}{SNAPSHOT_SUFFIX}" and len(digits) == _INDEX_DIGITS and digits.isdigit():
                found.append((int(digits), name))
        return sorted(found)

    def _state(self, name: str, wanted: SnapshotHead, ledger: Ledger, state_type: Any) -> tuple[Any] | None:
        """Return the state in the file `name` when it is a snapshot as `wanted`, else None. The head is read first."""
        try:
            first = self.folder.read(name, PREAMBLE_BYTES + HEAD_BYTES_MAX) or b""
            head = msgspec.msgpack.decode(decode_head(KIND_SNAPSHOT, first), type=SnapshotHead)
            if msgspec.structs.replace(head, root=b"") != wanted or head.root != bound_to(ledger, head.size).root:
                return None
            envelope = decode_envelope(KIND_SNAPSHOT, self.folder.read(name) or b"")
            return (msgspec.msgpack.decode(envelope.body, type=state_type),)
        except (DamagedBytesError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None


def _wanted_head(ledger: Ledger, projection: Named, size: int) -> SnapshotHead:
    """Say what a snapshot must be of, all but the root."""
    ledger_id = ledger.head().ledger_id
    return SnapshotHead(ledger_id, size, b"", projection.name, projection.version, ledger.codec.fingerprint())


def _state_type(projection: Named) -> Any:
    found = getattr(projection, "state_type", None)
    if found is None:
        raise ProjectionError(projection.name, "it names no state_type, so its states cannot be kept")
    return found


def _stem(ledger: Ledger, projection: Named) -> str:
    if not _NAME.fullmatch(projection.name):
        raise ProjectionError(projection.name, f"only a name like {_NAME.pattern} can become the name of a file")
    return f"{ledger.head().ledger_id.hex()}.{projection.name}.{projection.version}."
