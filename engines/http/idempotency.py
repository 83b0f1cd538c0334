"""How is a repeated request answered as it was the first time? By its Idempotency-Key, which the ledger remembers.

What creates artifacts is idempotent already, for names follow from content; the key adds that a client which never saw the answer gets
the very same one, status included, and that a key which is used for something else by mistake is told.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from engines.http.errors import ParameterError
from engines.media_v2 import keys
from engines.media_v2.catalog import Answer, usable
from engines.media_v2.errors import IdempotencyConflictError
from engines.media_v2.models import Artifact
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEY_CHARS_MAX = 255


class Made(NamedTuple):
    """What a creation gave; `created` is False when it was there already."""

    artifact: Artifact
    created: bool
    replayed: bool = False


def key_of(headers: Mapping[str, str]) -> str | None:
    """Return the request's idempotency key, None where it has none. Raises `ParameterError` for one that is empty or too long."""
    key = headers.get(HEADER.lower())
    if key is not None and not (0 < len(key) <= KEY_CHARS_MAX and key.isascii() and key.isprintable()):
        raise ParameterError(HEADER, key, f"1 to {KEY_CHARS_MAX} printable characters of ASCII")
    return key


def made_once(registry: Registry, scope: Scope, key: str | None, fingerprint: str, make: Callable[[], Made]) -> Made:
    """Return what `make` gives, or what the request with this key was answered with before. Racing equal keys wait for the first.

    A request that fails leaves the key free. Raises `IdempotencyConflictError` when the key belongs to another request,
    `RetractedArtifactError` when what it made was retracted since.
    """
    if key is None:
        return make()
    key_sha256 = keys.sha256_hex(key.encode())
    with registry.turn(keys.sha256_hex(keys.canonical(["idempotency", scope.tenant, scope.env, key]))):
        known = registry.answered(scope, key_sha256)
        if known is None:
            made = make()
            answer = Answer(fingerprint, made.artifact.artifact_id, made.created)
            registry.record_answer(scope, key_sha256, answer)
            return made
    if known.request_sha256 != fingerprint:
        raise IdempotencyConflictError(known.artifact_id)
    return Made(usable(registry.artifact(scope, known.artifact_id)), known.created, replayed=True)
