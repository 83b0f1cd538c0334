"""Which events may a ledger hold, and how do they become entries? The only module that encodes and decodes them.

An entry is the msgpack of one event, a frozen tagged msgspec Struct. What is appended is decoded again before it is
written: a Struct does not check the types of its fields when it is built, and an event that no replay can read must
never become part of an append-only log.

Old versions of an event are read and never written: see `upcasters`. A replay that needs few fields reads `prefixes`.
"""

import hashlib
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Union

import msgspec

from ledger.errors import (
    EntryTooLargeError,
    EventUnionError,
    InvalidEventError,
    PrefixError,
    UndecodableEntryError,
    UpcasterError,
)
from ledger.layout import ENTRY_BYTES_MAX
from ledger.prefixes import Prefixes, union_members
from ledger.upcasters import Upcasters

TAIL_REPAIRED_TAG: Final = 900
"""Far above the tags that applications count from 1; 900 to 999 are the ledger's own."""

SUBJECT_ERASED_TAG: Final = 901

READERS_MAX: Final = 16
"""Decoders that a codec keeps for prefixes: making one costs as much as decoding some hundred events."""

_DECODE_REFUSALS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ENCODE_REFUSALS: Final = (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError)


class TailRepaired(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=TAIL_REPAIRED_TAG):
    """A torn commit of `cut_bytes` (SHA-256 `sha256`) was cut at `offset` of segment number `segment`.

    It was never acknowledged. A ledger appends this event by itself when its union includes the type.
    """

    offset: int
    segment: int
    cut_bytes: int
    sha256: bytes


class SubjectErased(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=SUBJECT_ERASED_TAG):
    """From now on what was sealed for `subject` under the key `key_id` (16 bytes) is unreadable for ever.

    Appended by `ledger.erasure.erase`, never by hand: the key is destroyed because this event stands in the log.
    """

    subject: str
    key_id: bytes


class EventReader:
    """Decodes entries as the types that one reader wants. Safe for use by many threads."""

    def __init__(self, members: Sequence[type], upcasters: Upcasters, prefixes: Prefixes) -> None:
        """Read `members` and what `upcasters` lift to them, each cut to its prefix. Raises EventUnionError."""
        self._upcasters = upcasters
        self._prefixes = prefixes
        self._old = upcasters.old_types
        read = (*map(prefixes.type_for, members), *sorted(self._old, key=lambda one: one.__name__))
        try:
            self._decode = msgspec.msgpack.Decoder(Union[read]).decode  # noqa: UP007 - built from a tuple
        except TypeError as error:
            raise EventUnionError(Union[read], str(error)) from error  # noqa: UP007

    def decode(self, entries: Sequence[bytes]) -> list[Any]:
        """Return one event per entry, old versions lifted to the newest.

        Raises UndecodableEntryError for what is no event of the union: an unknown tag, a wrong type, bytes missing or
        left over, or an old version that its upcaster refuses.
        """
        try:
            events = list(map(self._decode, entries))
        except _DECODE_REFUSALS:
            raise UndecodableEntryError(*self._first_undecodable(entries)) from None
        if self._old and not self._old.isdisjoint(map(type, events)):
            return self._lifted(events)
        return events

    def check(self, entries: Sequence[bytes]) -> tuple[int, str] | None:
        """Return position and reason of the first entry that does not decode; keeps nothing."""
        try:
            deque(map(self._decode, entries), maxlen=0)
        except _DECODE_REFUSALS:
            return self._first_undecodable(entries)
        return None

    def _lifted(self, events: list[Any]) -> list[Any]:
        for position, event in enumerate(events):
            if type(event) in self._old:
                try:
                    events[position] = self._prefixes.cut(self._upcasters.lift(event))
                except UpcasterError as error:
                    raise UndecodableEntryError(position, str(error)) from error
        return events

    def _first_undecodable(self, entries: Sequence[bytes]) -> tuple[int, str]:
        for position, entry in enumerate(entries):
            try:
                self._decode(entry)
            except _DECODE_REFUSALS as error:
                return position, str(error)
        raise AssertionError("one of the entries was refused a moment ago")


class EventCodec:
    """Encodes and decodes the events of one union. Safe for use by many threads."""

    def __init__(self, events: Any, upcasters: Upcasters | None = None) -> None:
        """Take a union of frozen tagged Structs, or a single one, and the steps from their older versions.

        Raises EventUnionError, UpcasterError.
        """
        members = _checked_members(events)
        self.members: frozenset[type] = frozenset(members)
        self._ordered = members
        self._upcasters = Upcasters() if upcasters is None else upcasters
        for old in self._upcasters.old_types:
            _checked_members(old)
        self._upcasters.check_against(members)
        self._encode = msgspec.msgpack.Encoder().encode
        self._whole = EventReader(members, self._upcasters, Prefixes({}))
        self._readers: dict[Prefixes, EventReader] = {}

    def reader(self, prefixes: Prefixes | None = None) -> EventReader:
        """Return what decodes this union, or only `prefixes` of it. Raises PrefixError for a type that is not in it."""
        if prefixes is None:
            return self._whole
        reader = self._readers.get(prefixes)
        if reader is None:
            for whole in prefixes.whole_types - self.members:
                raise PrefixError(whole.__name__, prefixes.type_for(whole).__name__, "the ledger's union lacks it")
            reader = EventReader(self._ordered, self._upcasters, prefixes)
            if len(self._readers) >= READERS_MAX:
                self._readers.clear()
            self._readers[prefixes] = reader
        return reader

    def fingerprint(self) -> bytes:
        """Return 32 bytes that change when a type, a version or a field of the union does."""
        shapes = sorted(
            f"{one.__struct_config__.tag!r} {one.__name__} {' '.join(one.__struct_encode_fields__)}"
            for one in self._ordered
        )
        return hashlib.sha256("\n".join(shapes).encode()).digest()

    def encode(self, events: Sequence[msgspec.Struct]) -> list[bytes]:
        """Return one entry per event. Raises InvalidEventError or EntryTooLargeError, naming the position."""
        if not self.members.issuperset(map(type, events)):
            self._refuse_stranger(events)
        entries = _encode_all(self._encode, events)
        if entries and max(map(len, entries)) > ENTRY_BYTES_MAX:
            position = next(at for at, entry in enumerate(entries) if len(entry) > ENTRY_BYTES_MAX)
            raise EntryTooLargeError(len(entries[position]), ENTRY_BYTES_MAX, position)
        refused = self._whole.check(entries)
        if refused is not None:
            position, reason = refused
            raise InvalidEventError(position, type(events[position]).__name__, reason)
        return entries

    def decode(self, entries: Sequence[bytes]) -> list[Any]:
        """Return one whole event per entry, of the newest version. Raises UndecodableEntryError, see EventReader."""
        return self._whole.decode(entries)

    def _refuse_stranger(self, events: Sequence[msgspec.Struct]) -> None:
        for position, event in enumerate(events):
            if type(event) not in self.members:
                known = ", ".join(sorted(member.__name__ for member in self.members))
                raise InvalidEventError(position, type(event).__name__, f"the union holds {known}")


def _encode_all(encode: Any, events: Sequence[msgspec.Struct]) -> list[bytes]:
    try:
        return [encode(event) for event in events]
    except _ENCODE_REFUSALS:
        for position, event in enumerate(events):
            try:
                encode(event)
            except _ENCODE_REFUSALS as error:
                raise InvalidEventError(position, type(event).__name__, str(error)) from error
        raise


def _checked_members(events: Any) -> tuple[type[msgspec.Struct], ...]:
    """Return the Structs of a union, having refused what could change after the fact or could not be told apart."""
    members = union_members(events)
    for member in members:
        if not (isinstance(member, type) and issubclass(member, msgspec.Struct)):
            raise EventUnionError(member, "it is not a msgspec.Struct")
        if not member.__struct_config__.frozen:
            raise EventUnionError(member, "it is not frozen, so an event could change after it was appended")
        if member.__struct_config__.tag is None:
            raise EventUnionError(member, "it has no tag, so the log could not tell it from the others")
    return members
