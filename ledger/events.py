"""Which events may a ledger hold, and how do they become entries? The only module that encodes and decodes them.

An entry is the msgpack of one event, a frozen tagged msgspec Struct. What is appended is decoded again before it is
written: a Struct does not check the types of its fields when it is built, and an event that no replay can read must
never become part of an append-only log.
"""

import types
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Union, get_args, get_origin

import msgspec

from ledger.errors import EntryTooLargeError, EventUnionError, InvalidEventError, UndecodableEntryError
from ledger.layout import ENTRY_BYTES_MAX

TAIL_REPAIRED_TAG: Final = 900
"""Far above the tags that applications count from 1."""

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


class EventCodec:
    """Encodes and decodes the events of one union. Holds no state; safe for use by many threads."""

    def __init__(self, events: Any) -> None:
        """Take a union of frozen tagged Structs, or a single one. Raises EventUnionError."""
        self.members: frozenset[type] = frozenset(_checked_members(events))
        self._encode = msgspec.msgpack.Encoder().encode
        try:
            self._decode = msgspec.msgpack.Decoder(events).decode
        except TypeError as error:
            raise EventUnionError(events, str(error)) from error

    def encode(self, events: Sequence[msgspec.Struct]) -> list[bytes]:
        """Return one entry per event. Raises InvalidEventError or EntryTooLargeError, naming the position."""
        if not self.members.issuperset(map(type, events)):
            self._refuse_stranger(events)
        entries = _encode_all(self._encode, events)
        if entries and max(map(len, entries)) > ENTRY_BYTES_MAX:
            position = next(at for at, entry in enumerate(entries) if len(entry) > ENTRY_BYTES_MAX)
            raise EntryTooLargeError(len(entries[position]), ENTRY_BYTES_MAX, position)
        try:
            deque(map(self._decode, entries), maxlen=0)
        except _DECODE_REFUSALS:
            position, reason = self._first_undecodable(entries)
            raise InvalidEventError(position, type(events[position]).__name__, reason) from None
        return entries

    def decode(self, entries: Sequence[bytes]) -> list[Any]:
        """Return one event per entry.

        Raises UndecodableEntryError for what is no event of the union: an unknown tag, a wrong type, bytes missing or
        left over.
        """
        try:
            return list(map(self._decode, entries))
        except _DECODE_REFUSALS:
            raise UndecodableEntryError(*self._first_undecodable(entries)) from None

    def _first_undecodable(self, entries: Sequence[bytes]) -> tuple[int, str]:
        for position, entry in enumerate(entries):
            try:
                self._decode(entry)
            except _DECODE_REFUSALS as error:
                return position, str(error)
        raise AssertionError("one of the entries was refused a moment ago")

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


def _checked_members(events: Any) -> tuple[type, ...]:
    """Return the Structs of a union, having refused what could change after the fact or could not be told apart."""
    members = get_args(events) if get_origin(events) in (Union, types.UnionType) else (events,)
    for member in members:
        if not (isinstance(member, type) and issubclass(member, msgspec.Struct)):
            raise EventUnionError(member, "it is not a msgspec.Struct")
        if not member.__struct_config__.frozen:
            raise EventUnionError(member, "it is not frozen, so an event could change after it was appended")
        if member.__struct_config__.tag is None:
            raise EventUnionError(member, "it has no tag, so the log could not tell it from the others")
    return members
