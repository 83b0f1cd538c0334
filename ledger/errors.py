"""What can go wrong with a ledger, named for what the caller can do about it.

    LedgerError
    ├── the caller's mistake: nothing was touched, mend the call
    │   ├── OutOfRangeError        an argument is outside its limits
    │   ├── EventUnionError        the event types given to `Ledger.open` do not make a union
    │   ├── InvalidEventError      an event is not of the union, or would not decode again
    │   ├── EntryTooLargeError     one event is larger than an entry may be
    │   ├── BeyondHeadError        an index lies past the newest event
    │   ├── UnknownIdError         a lineage was asked for an id that it has never seen
    │   ├── UpcasterError          steps between versions of an event do not make a chain, or one of them failed
    │   ├── PrefixError            a Struct that should stand for the first fields of an event type does not
    │   ├── ProjectionError        a projection lacks what it was asked for, such as a type to keep its state in
    │   ├── NotCaughtUpError       a view was to be served before it had seen all events
    │   ├── UnknownSubjectError    a subject that has no key was to be erased
    │   ├── ReadOnlyLedgerError    an append to a ledger that was opened for reading
    │   ├── NoSignerError          a checkpoint was asked of a ledger that was opened without a signer
    │   ├── SignerMismatchError    the ledger's checkpoint was signed by another key
    │   ├── NoCheckpointError      a proof or an export needs a checkpoint that covers it
    │   ├── InvalidKeyError        the text of a verifier key or a signing key is not one
    │   ├── ExportTargetError      the folder to export to holds something else
    │   ├── CopyTargetError        the place to copy to holds something else
    │   ├── CopiedLedgerError      an append to a copy; append to the original, or promote the copy
    │   ├── MovedLedgerError       an append to a ledger that another has taken the place of; append there
    │   └── LedgerClosedError      any use after `close`
    ├── the world's answer: try again, or elsewhere
    │   ├── ConflictError          somebody appended first; read on and decide again
    │   ├── LostRaceError          raised by logs without a lock; a ledger plans its appends anew
    │   ├── BusyError              the writer lock did not come free in time
    │   ├── LedgerNotFoundError    no ledger at this path
    │   ├── SchemaVersionError     the tables in a database are of another version than this package knows
    │   ├── MissingExtraError      what was asked for needs packages that are not installed
    │   ├── ToolError              a program that was to help is missing, or did not answer in time
    │   └── LedgerExistsError      the path is taken by something that is no ledger
    ├── fatal: memory and disk may disagree, close the ledger and open it again
    │   └── StorageError           the operating system refused a read, a write or a sync
    ├── somebody else's evidence does not convince: do not believe it
    │   ├── InvalidNoteError       a signed note is malformed, or not signed by the key that it should be
    │   └── InvalidProofError      a proof does not prove what it should
    └── the evidence is damaged: keep the files, restore from a copy
        ├── CorruptLedgerError     bytes below the durable mark are not what was written
        ├── UndecodableEventError  the bytes are whole, but no event of the union
        ├── BrokenSealError        a sealed field was changed or moved, or its key is not the one that sealed it
        ├── DamagedKeyError        a key file is not what was written; restore it from a copy
        ├── TimeStampError         a time stamp does not prove that this checkpoint existed then
        ├── DamagedBytesError      raised by the pure decoders; a ledger reports it as CorruptLedgerError
        └── UndecodableEntryError  raised by the codec; a ledger reports it as UndecodableEventError

Every leaf carries its fields; the message is built here and nowhere else.
"""


class LedgerError(Exception):
    """Base of everything that this package raises on purpose."""


class OutOfRangeError(LedgerError):
    """An argument is outside its limits; `limit` says them in words."""

    def __init__(self, field: str, value: object, limit: str) -> None:
        self.field, self.value, self.limit = field, value, limit
        super().__init__(f"{field} is {value!r}, allowed is {limit}")


class EventUnionError(LedgerError):
    """`member` cannot take part in a union of events, for `reason`."""

    def __init__(self, member: object, reason: str) -> None:
        self.member, self.reason = member, reason
        super().__init__(f"{getattr(member, '__name__', member)!s} cannot be an event type: {reason}")


class InvalidEventError(LedgerError):
    """The event at 0-based `position` of the call is not of the union, or would not decode again."""

    def __init__(self, position: int, type_name: str, reason: str) -> None:
        self.position, self.type_name, self.reason = position, type_name, reason
        super().__init__(f"event {position} of this append ({type_name}) was refused: {reason}")


class EntryTooLargeError(LedgerError):
    """The event at 0-based `position` of the call takes `size` bytes; an entry holds `limit`."""

    def __init__(self, size: int, limit: int, position: int = 0) -> None:
        self.size, self.limit, self.position = size, limit, position
        super().__init__(
            f"event {position} of this append takes {size:,} bytes, an entry holds at most {limit:,}; "
            "store the payload as a blob and name it in the event by its hash"
        )


class BeyondHeadError(LedgerError):
    """`field` asks for `index`, the ledger holds `size` events."""

    def __init__(self, field: str, index: int, size: int) -> None:
        self.field, self.index, self.size = field, index, size
        super().__init__(f"{field} is {index}, beyond the head: the ledger holds {size} events")


class UnknownIdError(LedgerError):
    """The lineage has never seen `identifier`, neither as an item nor as a parent."""

    def __init__(self, identifier: str) -> None:
        self.identifier = identifier
        super().__init__(f"the lineage holds no {identifier!r}")


class UpcasterError(LedgerError):
    """The steps of event type `type_name` at `versions` ("1", "1 to 2") cannot be used, for `reason`."""

    def __init__(self, type_name: str, versions: str, reason: str) -> None:
        self.type_name, self.versions, self.reason = type_name, versions, reason
        super().__init__(f"upcasters of event type {type_name}, version {versions}: {reason}")


class PrefixError(LedgerError):
    """`prefix_name` cannot stand for the first fields of `type_name`, for `reason`."""

    def __init__(self, type_name: str, prefix_name: str, reason: str) -> None:
        self.type_name, self.prefix_name, self.reason = type_name, prefix_name, reason
        super().__init__(f"{prefix_name} cannot stand for the first fields of {type_name}: {reason}")


class ProjectionError(LedgerError):
    """The projection `name` cannot do what it was asked for, for `reason`."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"projection {name}: {reason}")


class NotCaughtUpError(LedgerError):
    """Version `version` of the view `name` has seen the events below `index`; the ledger holds `size`."""

    def __init__(self, name: str, version: int, index: int, size: int) -> None:
        self.name, self.version, self.index, self.size = name, version, index, size
        super().__init__(f"view {name} version {version} has seen {index} of {size} events and cannot be served yet")


class UnknownSubjectError(LedgerError):
    """There is no key for `subject`, and none was ever erased."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        super().__init__(f"there is no key for {subject!r}, and none was erased")


class ReadOnlyLedgerError(LedgerError):
    """The ledger at `path` was opened with read_only=True."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} was opened read-only")


class LedgerClosedError(LedgerError):
    """The ledger object for `path` is closed."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"the ledger {path} is closed")


class NoSignerError(LedgerError):
    """The ledger at `path` was opened without a signer."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} was opened without a signer, so it cannot sign a checkpoint")


class SignerMismatchError(LedgerError):
    """The checkpoint of the ledger at `path` is signed by other keys (`found`) than the signer's, `vkey`."""

    def __init__(self, path: str, vkey: str, found: str) -> None:
        self.path, self.vkey, self.found = path, vkey, found
        super().__init__(f"the checkpoint of {path} is not signed by {vkey}, but by {found}")


class NoCheckpointError(LedgerError):
    """The ledger at `path` has no checkpoint over at least `size` events."""

    def __init__(self, path: str, size: int) -> None:
        self.path, self.size = path, size
        super().__init__(f"{path} has no checkpoint over {size} events; open it with a signer and call checkpoint()")


class InvalidKeyError(LedgerError):
    """The text of a key, named by `source`, is not one, for `reason`. The text itself may be a secret and is not told."""

    def __init__(self, source: str, reason: str) -> None:
        self.source, self.reason = source, reason
        super().__init__(f"{source} holds no key: {reason}")


class ExportTargetError(LedgerError):
    """The folder `path` cannot take the export, for `reason`."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot export to {path}: {reason}")


class CopyTargetError(LedgerError):
    """The place `path` cannot take a copy, for `reason`."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot copy to {path}: {reason}")


class CopiedLedgerError(LedgerError):
    """The ledger at `path` is a copy of `original`, and takes no events of its own."""

    def __init__(self, path: str, original: str) -> None:
        self.path, self.original = path, original
        super().__init__(
            f"{path} is a copy of {original} and takes no events; append to the original, or promote the copy first"
        )


class MovedLedgerError(LedgerError):
    """The ledger at `path` was sealed when `successor` took its place."""

    def __init__(self, path: str, successor: str) -> None:
        self.path, self.successor = path, successor
        super().__init__(f"{path} takes no more events: it has moved to {successor}")


class InvalidNoteError(LedgerError):
    """A signed note was refused for `reason`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the signed note was refused: {reason}")


class InvalidProofError(LedgerError):
    """A proof was refused for `reason`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the proof was refused: {reason}")


class ConflictError(LedgerError):
    """The caller expected to write at `expected_index`, the next free index is `actual_index`."""

    def __init__(self, expected_index: int, actual_index: int) -> None:
        self.expected_index, self.actual_index = expected_index, actual_index
        super().__init__(f"expected to append at index {expected_index}, the next index is {actual_index}")


class LostRaceError(LedgerError):
    """Somebody else committed at `index` of the log at `path` first; nothing was written."""

    def __init__(self, path: str, index: int) -> None:
        self.path, self.index = path, index
        super().__init__(f"another writer was first at index {index} of {path}")


class BusyError(LedgerError):
    """Another writer held the lock of `path` for all of `wait_s` seconds."""

    def __init__(self, path: str, wait_s: float) -> None:
        self.path, self.wait_s = path, wait_s
        super().__init__(f"another writer held {path} for more than {wait_s:g} s")


class LedgerNotFoundError(LedgerError):
    """There is no ledger at `path`."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"there is no ledger at {path}; create=True makes one")


class LedgerExistsError(LedgerError):
    """`path` cannot become a ledger, because something else is there."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot create a ledger at {path}: {reason}")


class SchemaVersionError(LedgerError):
    """The tables in the database of `path` have version `found`, this package knows version `known`."""

    def __init__(self, path: str, found: int, known: int) -> None:
        self.path, self.found, self.known = path, found, known
        super().__init__(
            f"the tables of {path} have version {found}, this package knows version {known}: "
            "newer tables need a newer package, older ones are brought up to date by opening with create=True as their owner"
        )


class MissingExtraError(LedgerError):
    """`wanted` needs the optional packages of `extra`; `module` could not be imported."""

    def __init__(self, wanted: str, extra: str, module: str) -> None:
        self.wanted, self.extra, self.module = wanted, extra, module
        super().__init__(f"{wanted} needs the module {module}: pip install 'impasto[{extra}]'")


class ToolError(LedgerError):
    """The program `tool` could not help, for `reason`."""

    def __init__(self, tool: str, reason: str) -> None:
        self.tool, self.reason = tool, reason
        super().__init__(f"{tool}: {reason}")


class StorageError(LedgerError):
    """The operating system refused `operation` on `path`. Fatal to the ledger object that met it."""

    def __init__(self, path: str, operation: str, reason: str, errno: int | None = None) -> None:
        self.path, self.operation, self.reason, self.errno = path, operation, reason, errno
        super().__init__(f"{operation} failed on {path}: {reason}")


class CorruptLedgerError(LedgerError):
    """The file `path` is damaged at `offset` bytes from its start."""

    def __init__(self, path: str, offset: int, reason: str) -> None:
        self.path, self.offset, self.reason = path, offset, reason
        super().__init__(f"{path} is damaged at byte {offset}: {reason}")


class UndecodableEventError(LedgerError):
    """Event `index`, in `path` at `offset`, is intact but does not decode as the union."""

    def __init__(self, path: str, offset: int, index: int, reason: str) -> None:
        self.path, self.offset, self.index, self.reason = path, offset, index, reason
        super().__init__(f"event {index} ({path} at byte {offset}) does not decode: {reason}")


class BrokenSealError(LedgerError):
    """The value sealed for `subject` in `field` of `type_name` cannot be what was sealed there."""

    def __init__(self, type_name: str, field: str, subject: str, reason: str) -> None:
        self.type_name, self.field, self.subject, self.reason = type_name, field, subject, reason
        super().__init__(f"{type_name}.{field}, sealed for {subject!r}: {reason}")


class DamagedKeyError(LedgerError):
    """The key file `path` is damaged."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"the key file {path} is damaged: {reason}")


class TimeStampError(LedgerError):
    """A time stamp token does not prove what it should, for `reason`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the time stamp does not hold: {reason}")


class DamagedBytesError(LedgerError):
    """A pure decoder met bytes that were not written so; `offset` counts from the bytes that it was given."""

    def __init__(self, offset: int, reason: str) -> None:
        self.offset, self.reason = offset, reason
        super().__init__(f"damaged at byte {offset}: {reason}")


class UndecodableEntryError(LedgerError):
    """The entry at 0-based `position` of those given to the codec is no event of the union."""

    def __init__(self, position: int, reason: str) -> None:
        self.position, self.reason = position, reason
        super().__init__(f"entry {position} does not decode: {reason}")


def check_open(path: str, failure: StorageError | None, *, is_closed: bool) -> None:
    """Raise LedgerClosedError for a log at `path` that is closed, or tell the StorageError that ended all use of it."""
    if is_closed:
        raise LedgerClosedError(path)
    if failure is not None:
        reason = f"{failure.reason}; this ledger object takes no more calls, close it and open the ledger again"
        raise StorageError(failure.path, failure.operation, reason, failure.errno) from failure
