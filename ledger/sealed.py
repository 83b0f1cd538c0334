"""How does a field of an event stay unreadable without a key? Values sealed under the key of the person they are about.

An event type declares such a field as `Sealed[str]`, or of any other type that msgspec knows:

    class Ordered(msgspec.Struct, frozen=True, array_like=True, tag=1):
        order_id: bytes
        customer: Sealed[str]

    email = seal("ada@example.org", event=Ordered, field="customer", subject="customer-17", keys=keys)

The value is MessagePack in its canonical form, encrypted with AES-256-GCM. What is authenticated with it is the event
type, the field and the subject, so that a sealed value opens only where it was sealed; the version of the type is not,
so that an upcaster may carry it along. The entry holds the ciphertext, and so does the leaf of the tree: destroying a
key changes no proof. `erasure` opens what was sealed, and destroys keys.
"""

import os
import types
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from ledger.errors import BrokenSealError, OutOfRangeError
from ledger.keys import Key, Keys, check_subject
from ledger.upcasters import version_of

T = TypeVar("T")

NONCE_BYTES: Final = 12
"""What GCM takes without hashing. Random nonces are safe for 2**32 values under one key, and a key is one person's."""

SEAL_CONTEXT: Final = "ledger sealed field 1"
"""Keeps these ciphertexts apart from any other use of the same key."""


class Sealed(msgspec.Struct, Generic[T], frozen=True, array_like=True, gc=False):
    """A value about `subject` that only the key `key_id` opens. `ciphertext` is 16 bytes longer than the value."""

    subject: str
    key_id: bytes
    nonce: bytes
    ciphertext: bytes


def seal(
    value: Any,
    *,
    event: type[msgspec.Struct],
    field: str,
    subject: str,
    keys: Keys,
    nonce: Callable[[int], bytes] = os.urandom,
) -> Sealed[Any]:
    """Return `value` sealed for the `field` of the type `event`, under the key of `subject`, made if there is none.

    `subject` stands in the log in the clear and for ever: use an identifier, not a name. The length of the value shows.
    Raises OutOfRangeError for a field that is not declared as Sealed or a value that is not of its type (which does not
    tell the value), DamagedKeyError, BusyError, StorageError.
    """
    check_subject(subject)
    inner = sealed_fields(event).get(field)
    if inner is None:
        raise OutOfRangeError("field", field, f"a field of {event.__name__} that is declared as Sealed")
    try:
        plain = _CANONICAL.encode(value)
        msgspec.msgpack.decode(plain, type=inner[0])
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        limit = f"a value of the type that {event.__name__} declares"
        raise OutOfRangeError(field, type(value).__name__, limit) from None  # The cause would tell the value.
    key, fresh = keys.make(subject), nonce(NONCE_BYTES)
    ciphertext = key.cipher.encrypt(fresh, plain, _context(event, field, subject))
    return Sealed(subject, key.key_id, fresh, ciphertext)


def unseal(sealed: Sealed[Any], key: Key, *, event: type[msgspec.Struct], field: str) -> Any:
    """Return the value of a `field` of the type `event`; inverse of `seal`. Raises BrokenSealError."""
    from cryptography.exceptions import InvalidTag

    inner = sealed_fields(event).get(field)
    if inner is None:
        raise OutOfRangeError("field", field, f"a field of {event.__name__} that is declared as Sealed")
    names = event.__name__, field, sealed.subject
    if key.key_id != sealed.key_id:
        raise BrokenSealError(*names, f"the key is {key.key_id.hex()}, it was sealed with {sealed.key_id.hex()}")
    try:
        plain = key.cipher.decrypt(sealed.nonce, sealed.ciphertext, _context(event, field, sealed.subject))
    except (InvalidTag, ValueError) as error:
        raise BrokenSealError(*names, "it was changed or moved, or the key is wrong") from error
    try:
        return msgspec.msgpack.decode(plain, type=inner[0])
    except msgspec.MsgspecError as error:
        raise BrokenSealError(*names, "the value is not of the type that is declared now") from error


@cache
def sealed_fields(event: type[Any]) -> dict[str, tuple[Any]]:
    """Return the fields of `event` that are declared as Sealed, each with the type of its value, which may be None."""
    hints = get_type_hints(event)
    found = ((name, _inner_type(hints[name])) for name in event.__struct_fields__)
    return {name: inner for name, inner in found if inner is not None}


def _inner_type(hint: Any) -> tuple[Any] | None:
    """Return the T of `Sealed[T]`, also where it may be missing (`Sealed[T] | None`); Any for a bare `Sealed`."""
    for one in get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,):
        if one is Sealed:
            return (Any,)
        if get_origin(one) is Sealed:
            return (get_args(one)[0],)
    return None


def _context(event: type[msgspec.Struct], field: str, subject: str) -> bytes:
    """Return the associated data: where a value is sealed, but for the version of the type."""
    return _CANONICAL.encode((SEAL_CONTEXT, version_of(event).type, field, subject))


_CANONICAL: Final = msgspec.msgpack.Encoder(order="deterministic")
"""Equal values give equal bytes, whatever order a mapping or a set was built in."""
