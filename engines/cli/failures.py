"""Which error gives which exit code, and how it is told. One table for the whole command line.

0   fine
1   findings of an audit, or a request that was refused (the message names field, value and limit)
2   wrong usage of the command line
3   this machine lacks something, or its disk or store failed
70  a fault of ours
"""

import sys
import traceback
from collections.abc import Mapping

import msgspec

from engines.errors import EngineError, EnvironmentFault, RequestError
from engines.media_v2.errors import BlobStoreError, MissingOptionError

FINE, REFUSED, USAGE, ENVIRONMENT, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 70, 130


def exit_code(error: BaseException) -> int:
    """Return the exit code for `error`; the first row that fits counts."""
    return next((code for kind, code in _table() if isinstance(error, kind)), INTERNAL)


def _table() -> tuple[tuple[type[BaseException], int], ...]:
    """From special to general. Ledger and compositor are imported here, because most commands never need both."""
    from compositor.errors import CompositorError
    from ledger.errors import BusyError, CorruptLedgerError, LedgerError, MissingExtraError, StorageError, ToolError

    return (
        (MissingOptionError, USAGE),
        (EnvironmentFault, ENVIRONMENT),
        (BlobStoreError, ENVIRONMENT),
        (RequestError, REFUSED),
        (EngineError, ENVIRONMENT),
        (BusyError, ENVIRONMENT),
        (StorageError, ENVIRONMENT),
        (ToolError, ENVIRONMENT),
        (MissingExtraError, ENVIRONMENT),
        (CorruptLedgerError, REFUSED),
        (LedgerError, REFUSED),
        (CompositorError, REFUSED),
        (OSError, ENVIRONMENT),
    )


def tell(error: Exception, *, as_json: bool) -> int:
    """Print `error` to stderr, and to stdout as `{"error": {...}}` for programs; return its exit code."""
    code = exit_code(error)
    kind = str(getattr(error, "type", None) or _slug(type(error).__name__))
    if as_json:
        _print_json(kind, str(error), getattr(error, "fields", None) or vars(error))
    if code == INTERNAL:
        traceback.print_exception(error)
        print("impasto: this is a fault of ours; please report it with the lines above", file=sys.stderr)  # noqa: T201
    else:
        print(f"impasto: {kind}: {error}", file=sys.stderr)  # noqa: T201
    return code


def tell_usage(error: Exception, *, as_json: bool) -> int:
    """The same for a command line that could not be parsed; the parser has explained it on stderr already."""
    if as_json:
        _print_json("usage", str(error), {})
    return USAGE


def _print_json(kind: str, message: str, fields: Mapping[str, object]) -> None:
    said = {name: value for name, value in fields.items() if name not in ("type", "message") and name[0] != "_"}
    document = {"error": {"type": kind, "message": message} | said}
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document, enc_hook=str)) + b"\n")
    sys.stdout.flush()


def _slug(class_name: str) -> str:
    """`CorruptLedgerError` becomes `corrupt-ledger`."""
    words = "".join(f"-{char.lower()}" if char.isupper() else char for char in class_name.removesuffix("Error"))
    return words.strip("-")
