"""How does an event that was written years ago arrive as the type of today? Versions in tags, and steps between them.

Fields that are added at the end with defaults need nothing of this. Only when a field goes, changes its meaning or its
type does the event type get a new version: a new Struct with a tag of its own, and a step from the old Struct to the
new. The log's bytes never change; old entries decode as their old Struct and are lifted while they are read.

A tag tells type and version: `1` is version 1 of type 1 and `1001` its version 2; `"painted"` is version 1 of that type
and `"painted@2"` its version 2. See `versioned_tag`.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from ledger.errors import OutOfRangeError, UpcasterError

TYPES_MAX: Final = 1_000
"""Integer types are 0 to 999: the thousands of a tag count versions. MessagePack then needs three bytes for it."""

VERSIONS_MAX: Final = 1_000
"""Most versions of one type; a chain that long takes microseconds an event and means that the type is several."""

VERSION_MARK: Final = "@"


class EventVersion(NamedTuple):
    """Which event type an entry is of, and in which `version`, counted from 1."""

    type: int | str
    version: int


class Upcaster(NamedTuple):
    """One step: `step` takes an `old` event and returns the same event as `new`, whose version is one higher.

    It must be pure: what it returns may depend on nothing but the event.
    """

    old: type[msgspec.Struct]
    new: type[msgspec.Struct]
    step: Callable[[Any], msgspec.Struct]


def event_version(tag: int | str) -> EventVersion:
    """Return what `tag` says; inverse of `versioned_tag`. Every tag says something, by default version 1.

    >>> event_version(2001)
    EventVersion(type=1, version=3)
    >>> event_version("painted@2")
    EventVersion(type='painted', version=2)
    """
    if isinstance(tag, str):
        kind, mark, digits = tag.rpartition(VERSION_MARK)
        if mark and digits.isascii() and digits.isdigit() and digits[0] != "0" and int(digits) > 1:
            return EventVersion(kind, int(digits))
        return EventVersion(tag, 1)
    if tag < 0:
        return EventVersion(tag, 1)
    return EventVersion(tag % TYPES_MAX, tag // TYPES_MAX + 1)


def versioned_tag(kind: int | str, version: int) -> int | str:
    """Spell the tag of `version` of the event type `kind`. Raises OutOfRangeError.

    >>> [versioned_tag(1, 1), versioned_tag(1, 3), versioned_tag("painted", 2)]
    [1, 2001, 'painted@2']
    """
    if not 0 < version <= VERSIONS_MAX:
        raise OutOfRangeError("version", version, f"1 to {VERSIONS_MAX:,}")
    if isinstance(kind, str):
        if event_version(kind) != (kind, 1):
            raise OutOfRangeError("event type", kind, "a name that does not end like a version")
        return kind if version == 1 else f"{kind}{VERSION_MARK}{version}"
    if not 0 <= kind < TYPES_MAX:
        raise OutOfRangeError("event type", kind, f"0 to {TYPES_MAX - 1}")
    return kind + (version - 1) * TYPES_MAX


def version_of(event_type: type[msgspec.Struct]) -> EventVersion:
    """Return type and version of a tagged Struct."""
    tag = event_type.__struct_config__.tag
    assert tag is not None, "events are tagged, which the codec has checked"
    return event_version(tag)


class Upcasters:
    """Steps that lift every old version of every type to the newest. Immutable, checked when it is built."""

    def __init__(self, steps: Iterable[Upcaster | tuple[Any, Any, Any]] = ()) -> None:
        """Take the steps in any order. Raises UpcasterError for a gap, a cycle, a duplicate or a change of type."""
        self._steps: dict[type, Upcaster] = {}
        self._newest: dict[int | str, type[msgspec.Struct]] = {}
        by_version: dict[EventVersion, Upcaster] = {}
        for step in map(Upcaster._make, steps):
            before = _checked_step(step)
            if before in by_version:
                raise UpcasterError(str(before.type), f"{before.version}", "two steps begin at this version")
            by_version[before] = self._steps[step.old] = step
        for version in sorted(by_version, key=lambda one: (str(one.type), one.version)):
            _check_joint(by_version, version)
            self._newest[version.type] = by_version[version].new

    @property
    def old_types(self) -> frozenset[type]:
        """The Structs that are only read, never appended."""
        return frozenset(self._steps)

    def check_against(self, members: Iterable[type]) -> None:
        """Check that the union of appendable `members` holds the end of every chain, and of its types nothing else.

        Raises UpcasterError.
        """
        union: dict[int | str, type] = {}
        for member in members if self._steps else ():
            kind, version = version_of(member)
            if kind in union:
                versions = f"{version_of(union[kind]).version} and {version}"
                raise UpcasterError(str(kind), versions, "the union holds both, only the newest may be appended")
            union[kind] = member
        for kind, newest in self._newest.items():
            if union.get(kind) is not newest:
                version = version_of(newest).version
                raise UpcasterError(str(kind), f"{version}", f"the chain ends at {newest.__name__}, outside the union")

    def lift(self, event: Any) -> Any:
        """Return `event` as its newest version; an event that has no step is returned as it is.

        Raises UpcasterError when a step fails or returns something else than it promised.
        """
        while (step := self._steps.get(type(event))) is not None:
            kind, version = version_of(step.old)
            try:
                event = step.step(event)
            except Exception as error:
                raise UpcasterError(str(kind), _span(version), f"the step raised {error!r}") from error
            if type(event) is not step.new:
                reason = f"the step returned {type(event).__name__} instead of {step.new.__name__}"
                raise UpcasterError(str(kind), _span(version), reason)
        return event


def _checked_step(step: Upcaster) -> EventVersion:
    """Return where `step` begins, having checked that it goes to the next version of the same type."""
    for member in step[:2]:
        if not (isinstance(member, type) and issubclass(member, msgspec.Struct)):
            raise UpcasterError(repr(member), "?", "it is not a msgspec.Struct")
        if member.__struct_config__.tag is None:
            raise UpcasterError(member.__name__, "?", "it has no tag, so it has no version")
    before, after = version_of(step.old), version_of(step.new)
    versions = f"{before.version} to {after.version}"
    if before.type != after.type:
        raise UpcasterError(str(before.type), versions, f"the step leads to another type, {after.type}")
    if after.version <= before.version:
        raise UpcasterError(str(before.type), versions, "the step leads back, which would make a cycle")
    if after.version != before.version + 1:
        raise UpcasterError(str(before.type), versions, "the step leaves a gap")
    return before


def _check_joint(steps: dict[EventVersion, Upcaster], version: EventVersion) -> None:
    """Check that the step from `version` begins where the one before it ends, and that there is one, down to 1."""
    if version.version == 1:
        return
    before = steps.get(EventVersion(version.type, version.version - 1))
    if before is None:
        raise UpcasterError(str(version.type), _span(version.version - 1), "there is a gap, no step leads across")
    if before.new is not steps[version].old:
        names = f"{before.new.__name__} and {steps[version].old.__name__}"
        raise UpcasterError(str(version.type), f"{version.version}", f"two Structs stand for this version: {names}")


def _span(version: int) -> str:
    return f"{version} to {version + 1}"
