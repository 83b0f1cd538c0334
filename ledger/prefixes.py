"""How can a reader skip the fields that it does not need? Structs that name only the first fields of an event type.

An entry is an array, hot fields first, and msgspec skips elements that a Struct does not name several times faster than
it builds them. What is skipped is still checked by the frame's checksum, but no longer for its types.
"""

import types
from collections.abc import Mapping
from typing import Any, Self, Union, get_args, get_origin

import msgspec

from ledger.errors import PrefixError


class Prefixes:
    """Which Struct stands for which event type in a replay. Immutable; every pair is checked when it is built.

    class PaintedHead(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1):
        colour: str

    prefixes = Prefixes({Painted: PaintedHead})
    """

    def __init__(self, pairs: Mapping[Any, Any]) -> None:
        """Take event types with the Struct that stands for each; the others are read whole. Raises PrefixError."""
        for whole, prefix in pairs.items():
            _check_pair(whole, prefix)
        self._pairs: dict[type, type] = dict(pairs)

    @classmethod
    def only(cls, events: Any, *wanted: type) -> Self:
        """Read only the events of the types `wanted` whole, and of the others in the union nothing but their type.

        Types that are not `array_like` cannot be skipped and are read whole. Raises PrefixError.
        """
        members = union_members(events)
        strangers = [one.__name__ for one in wanted if one not in members]
        if strangers:
            raise PrefixError(strangers[0], "nothing", "it is not in the union")
        skipped = (one for one in members if one not in wanted and one.__struct_config__.array_like)
        return cls({one: _nothing_of(one) for one in skipped})

    @property
    def whole_types(self) -> frozenset[type]:
        """The event types that a prefix stands for."""
        return frozenset(self._pairs)

    def type_for(self, whole: type) -> type:
        """Return the Struct to decode for `whole`: its prefix, or itself."""
        return self._pairs.get(whole, whole)

    def cut(self, event: Any) -> Any:
        """Return the prefix of a whole `event`; the event itself where there is none."""
        prefix = self._pairs.get(type(event))
        if prefix is None:
            return event
        return prefix(**{name: getattr(event, name) for name in prefix.__struct_fields__})  # type: ignore[attr-defined]


def union_members(events: Any) -> tuple[Any, ...]:
    """Return the types that a union holds, or the one that stands alone."""
    return get_args(events) if get_origin(events) in (Union, types.UnionType) else (events,)


def _nothing_of(whole: type[msgspec.Struct]) -> type[msgspec.Struct]:
    tag = whole.__struct_config__.tag
    return msgspec.defstruct(f"{whole.__name__}Skipped", (), frozen=True, array_like=True, gc=False, tag=tag)


def _check_pair(whole: Any, prefix: Any) -> None:
    names = [getattr(one, "__name__", repr(one)) for one in (whole, prefix)]
    for one, name in zip((whole, prefix), names, strict=True):
        if not (isinstance(one, type) and issubclass(one, msgspec.Struct)):
            raise PrefixError(names[0], names[1], f"{name} is not a msgspec.Struct")
        if not one.__struct_config__.array_like:
            raise PrefixError(names[0], names[1], f"{name} is not array_like, so its fields have no order")
    ours, theirs = prefix.__struct_config__, whole.__struct_config__
    if ours.tag != theirs.tag:
        raise PrefixError(names[0], names[1], f"their tags differ: {theirs.tag!r} and {ours.tag!r}")
    if not ours.frozen:
        raise PrefixError(names[0], names[1], f"{names[1]} is not frozen")
    if ours.forbid_unknown_fields:
        raise PrefixError(names[0], names[1], f"{names[1]} forbids the fields that it should skip")
    wanted, given = msgspec.structs.fields(whole), msgspec.structs.fields(prefix)
    for at, field in enumerate(given):
        if at >= len(wanted) or _meaning(field) != _meaning(wanted[at]):
            reason = f"field {at} ({field.name}) has another name, type or default than there, or is not there"
            raise PrefixError(names[0], names[1], reason)


def _meaning(field: msgspec.structs.FieldInfo) -> tuple[Any, ...]:
    """Return what two fields must share so that one can be read in place of the other."""
    return field.name, field.type, field.default, field.default_factory
