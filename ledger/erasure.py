"""How is somebody forgotten by a log that forgets nothing? Their key is destroyed, and the log says that it was.

    erase(ledger, keys, "customer-17")
    opener = Opener.of(ledger, keys)
    replay(ledger, opener.reading(Customers()))     # customer: Erased(subject="customer-17", at_index=4711)

The event comes first and the key is destroyed after it, so that no key ever goes without a record. A crash in between
leaves a key that should be gone: `Opener.of` and the next `erase` destroy it, and until then no opener uses it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, Union

import msgspec

from ledger.errors import OutOfRangeError
from ledger.events import SubjectErased
from ledger.keys import Key, Keys
from ledger.log import Ledger
from ledger.prefixes import Prefixes
from ledger.replay import Projection, replay
from ledger.sealed import Sealed, sealed_fields, unseal
from ledger.snapshots import Snapshots

S = TypeVar("S")

KEYS_HELD_MAX: Final = 4_096
"""Keys that an opener holds in memory: reading a key file takes as long as opening ten values."""


class Erased(msgspec.Struct, frozen=True):
    """What stands in place of a value whose subject was erased by the event at `at_index`."""

    subject: str
    at_index: int


class Locked(msgspec.Struct, frozen=True):
    """What stands in place of a value whose key is not here, though no event says that it was erased."""

    subject: str
    key_id: bytes


class Erasures:
    """Folds a log into the keys that were erased: key id to the erasure, each key's first one."""

    name = "ledger.erasures"
    version = 1
    state_type = dict[bytes, Erased]

    def __init__(self, ledger: Ledger) -> None:
        """Read nothing of other events but their type."""
        members = ledger.codec.members
        self.prefixes = Prefixes.only(Union[tuple(members)], *(members & {SubjectErased}))  # noqa: UP007 - a tuple

    def initial(self) -> dict[bytes, Erased]:
        """No key."""
        return {}

    def apply(self, state: dict[bytes, Erased], index: int, event: Any) -> dict[bytes, Erased]:
        """Note the key of a SubjectErased."""
        if type(event) is SubjectErased:
            state.setdefault(event.key_id, Erased(event.subject, index))
        return state


def erase(ledger: Ledger, keys: Keys, subject: str) -> int:
    """Record that `subject` is erased, destroy the key, and return the index of the event.

    Doing it again returns the same index and destroys what a crash left; a subject that came back under a new key is
    erased anew. Scans the log for earlier erasures. Raises
    UnknownSubjectError when there is no key and never was one, InvalidEventError when the union lacks SubjectErased,
    OutOfRangeError, DamagedKeyError, and as `append`.
    """
    _check_apart(ledger, keys)
    erased = finish_erasures(ledger, keys)
    before = [one.at_index for one in erased.values() if one.subject == subject]
    key = keys.find(subject) if before else keys.get(subject)
    if key is None:
        return before[-1]
    index = ledger.append([SubjectErased(subject, key.key_id)])
    keys.destroy(subject, key.key_id)
    return index


def finish_erasures(ledger: Ledger, keys: Keys, *, snapshots: Snapshots | None = None) -> Mapping[bytes, Erased]:
    """Destroy every key that the log says is erased but a crash left, and return all erasures by key id."""
    erased = replay(ledger, Erasures(ledger), snapshots=snapshots)
    for key_id, one in erased.items():
        keys.destroy(one.subject, key_id)
    return erased


class Opener:
    """Opens the sealed fields of events, with keys and erasures as they were when it was made. Safe for threads."""

    def __init__(self, keys: Keys, erased: Mapping[bytes, Erased]) -> None:
        """Take keys, and what is erased by key id; most callers want `Opener.of`."""
        self._keys = keys
        self._erased = erased
        self._held: dict[str, Key | None] = {}

    @classmethod
    def of(cls, ledger: Ledger, keys: Keys, *, snapshots: Snapshots | None = None) -> "Opener":
        """Return an opener for the events of `ledger`, having finished every erasure that a crash interrupted.

        Scans the log, or what is new since the newest of `snapshots`. Raises as `replay`, and OutOfRangeError when the
        keys lie in the ledger's folder.
        """
        _check_apart(ledger, keys)
        return cls(keys, finish_erasures(ledger, keys, snapshots=snapshots))

    def read(self, event: msgspec.Struct, field: str) -> Any:
        """Return the value of a sealed `field`, or Erased, or Locked; None where the field holds None.

        Raises OutOfRangeError for a field that is not sealed, BrokenSealError, DamagedKeyError, StorageError.
        """
        sealed = getattr(event, field, None)
        if sealed is not None and not isinstance(sealed, Sealed):
            raise OutOfRangeError("field", field, f"a sealed field of {type(event).__name__}")
        if sealed is None:
            return None
        erased = self._erased.get(sealed.key_id)
        if erased is not None:
            return erased
        key = self._key(sealed.subject)
        if key is None:
            return Locked(sealed.subject, sealed.key_id)
        return unseal(sealed, key, event=type(event), field=field)

    def opened(self, event: Any) -> Any:
        """Return `event` with every sealed field replaced by what `read` gives; itself where it has none."""
        fields = sealed_fields(event.__class__)
        if not fields:
            return event
        return msgspec.structs.replace(event, **{field: self.read(event, field) for field in fields})

    def _key(self, subject: str) -> Key | None:
        held = self._held
        if subject in held:
            return held[subject]
        if len(held) >= KEYS_HELD_MAX:
            held = self._held = {}
        key = held[subject] = self._keys.find(subject)
        return key

    def reading(self, projection: Projection[S]) -> "Opened[S]":
        """Return `projection` as one that gets its events opened."""
        return Opened(self, projection)


class Opened(Generic[S]):
    """A projection whose events come opened. It names no state_type: its states would keep what is to be forgotten."""

    def __init__(self, opener: Opener, projection: Projection[S]) -> None:
        self._opener = opener
        self._projection = projection
        self.prefixes: Prefixes | None = getattr(projection, "prefixes", None)

    @property
    def name(self) -> str:
        """The projection's."""
        return self._projection.name

    @property
    def version(self) -> int:
        """The projection's."""
        return self._projection.version

    def initial(self) -> S:
        """The projection's."""
        return self._projection.initial()

    def apply(self, state: S, index: int, event: Any) -> S:
        """Apply the opened event."""
        return self._projection.apply(state, index, self._opener.opened(event))


def _check_apart(ledger: Ledger, keys: Keys) -> None:
    """Whoever copies the ledger's folder must not copy the keys with it."""
    if Path(ledger.path).resolve() in (keys.path.resolve(), *keys.path.resolve().parents):
        raise OutOfRangeError("keys", str(keys.path), f"a folder outside of {ledger.path}")
