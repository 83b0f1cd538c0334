"""What can go wrong with artifacts, stores and scopes; every message names field, value and rule.

RequestError
  ScopeError               tenant or env missing or malformed
  KeyOutsideScopeError     a storage key that leaves its tenant's prefix
  UnknownKindError, MetaError
  WrongKindError           an artifact that cannot be used here
  MissingOptionError       something without a default was not given: a store, a tenant
  UnknownArtifactError     also the answer for another tenant's artifact: it is not told apart from a missing one
  RetractedArtifactError   an artifact that must not be used any more, or was made from one
  RetractionError          a retraction without a reason
  IdempotencyConflictError one idempotency key for two different requests
  StoreNotFoundError, NotAStoreError, UnsupportedMediaError
  StoreFileError           a file that should say where a store is says something else
  KeyExistsError           a store that signs already is not given another key
  NoKeyError               a store that signs nothing has no key to show
  ProofError               a proof is right, but not about this
  ObjectSettingsError      how object storage is to be reached cannot be meant
EnvironmentFault
  CredentialsFault         credentials that this installation cannot read
  ObjectStorageMissingError  the library for object storage is not installed
EngineError
  BlobMissingError, BlobDamagedError   the world changed bytes behind our back
  BlobStoreError           a store elsewhere did not do it; nothing is wrong, and the same may be tried again
"""

from engines.errors import EngineError, EnvironmentFault, RequestError


class ScopeError(RequestError):
    """A tenant or env is missing or does not match the rule for names."""

    type = "invalid-scope"

    def __init__(self, field: str, value: object, rule: str) -> None:
        what = "is required" if value is None or value == "" else f"{value!r} is not allowed"
        super().__init__(f"{field} {what}: it must match {rule}", field=field, value=value, rule=rule)


class KeyOutsideScopeError(RequestError):
    """A key does not lie under the prefix of the scope that uses it, or is not in its plain spelling."""

    type = "key-outside-scope"

    def __init__(self, key: str, prefix: str) -> None:
        super().__init__(f"key {key!r} must be a plain path that starts with {prefix!r}", key=key, prefix=prefix)


class UnknownKindError(RequestError):
    """No artifact kind has this name."""

    type = "unknown-kind"

    def __init__(self, kind: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown artifact kind {kind!r}; known: {', '.join(known)}", kind=kind, known=known)


class MetaError(RequestError):
    """The meta of an artifact does not fit its kind."""

    type = "invalid-meta"

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"meta of {kind}: {reason}", kind=kind, reason=reason)


class UnknownArtifactError(RequestError):
    """This scope has no artifact with that id (it may exist elsewhere, which is nobody's business here)."""

    type = "unknown-artifact"

    def __init__(self, artifact_id: str, where: str) -> None:
        super().__init__(f"no artifact {artifact_id!r} in {where}", artifact_id=artifact_id, scope=where)


class WrongKindError(RequestError):
    """An artifact exists but is of a kind that cannot be used here."""

    type = "wrong-kind"

    def __init__(self, artifact_id: str, kind: str, wanted: tuple[str, ...]) -> None:
        super().__init__(
            f"artifact {artifact_id} is a {kind}; needed: {' or '.join(wanted)}",
            artifact_id=artifact_id,
            kind=kind,
            wanted=wanted,
        )


class RetractedArtifactError(RequestError):
    """An artifact was retracted, or one that it was made from (`cause`); `reason` is what was said then."""

    type = "retracted-artifact"

    def __init__(self, artifact_id: str, cause: str, reason: str) -> None:
        what = "was retracted" if artifact_id == cause else f"was made from {cause}, which was retracted"
        super().__init__(
            f"artifact {artifact_id} {what}: {reason}", artifact_id=artifact_id, cause=cause, reason=reason
        )


class RetractionError(RequestError):
    """A retraction needs a reason, of a length that people read."""

    type = "invalid-reason"

    def __init__(self, chars: int, limit: int) -> None:
        super().__init__(
            f"reason: {chars} characters; 1 to {limit} are needed", field="reason", value=chars, limit=limit
        )


class IdempotencyConflictError(RequestError):
    """An idempotency key was used for another request before."""

    type = "idempotency-conflict"

    def __init__(self, artifact_id: str) -> None:
        super().__init__(
            f"this idempotency key was used for another request, which was answered with artifact {artifact_id}",
            artifact_id=artifact_id,
        )


class StoreNotFoundError(RequestError):
    """There is no store at this place, and none is made unasked."""

    type = "store-not-found"

    def __init__(self, path: str) -> None:
        super().__init__(f"no store at {path}; `impasto init {path}` makes one", store=path)


class StoreFileError(RequestError):
    """A file that should say where a store is does not."""

    type = "invalid-store-file"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"store file {file}: {reason}", file=file, reason=reason)


class NotAStoreError(RequestError):
    """The place holds something else, which is left alone."""

    type = "not-a-store"

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} exists and is neither a store nor an empty folder", store=path)


class KeyExistsError(RequestError):
    """The store has a signing key already; another one would make its checkpoints those of another log."""

    type = "key-exists"

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is there already, and a ledger keeps its key", path=path)


class NoKeyError(RequestError):
    """The store has no key; it works, and signs nothing."""

    type = "no-key"

    def __init__(self, store: str) -> None:
        super().__init__(f"{store} has no key, so its ledger is not signed", store=store)


class ProofError(RequestError):
    """A proof is right, but what it proves is not what was to be shown."""

    type = "proof-mismatch"

    def __init__(self, subject: str, value: object, reason: str) -> None:
        super().__init__(f"{subject} is {value}: {reason}", subject=subject, value=value, reason=reason)


class UnsupportedMediaError(RequestError):
    """The bytes are none of the formats that this reader accepts, or too large, or broken."""

    type = "unsupported-media"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}", name=name, reason=reason)


class BlobMissingError(EngineError):
    """A blob that the ledger names is gone."""

    type = "blob-missing"

    def __init__(self, key: str) -> None:
        super().__init__(f"blob {key} is missing", key=key)


class BlobDamagedError(EngineError):
    """A blob's bytes no longer have the hash under which they were stored."""

    type = "blob-damaged"

    def __init__(self, key: str, actual_sha256: str) -> None:
        super().__init__(f"blob {key} now has sha256 {actual_sha256}", key=key, actual_sha256=actual_sha256)


class BlobStoreError(EngineError):
    """A store of blobs elsewhere did not do what it was asked, or did not say so in time; the same call may be made again.

    `where` names bucket and prefix, `reason` is in words of ours with the server's status and code: what the server or the library
    said at length may repeat credentials, and is dropped.
    """

    type = "blob-store"

    def __init__(self, where: str, operation: str, reason: str, attempts: int = 1) -> None:
        tries = "" if attempts == 1 else f" ({attempts} attempts)"
        super().__init__(
            f"{operation} at {where}: {reason}{tries}",
            where=where,
            operation=operation,
            reason=reason,
            attempts=attempts,
        )


class ObjectSettingsError(RequestError):
    """Object storage cannot be reached like this. The value is not repeated: people paste credentials into addresses."""

    type = "invalid-object-settings"

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}", field=field, rule=rule)


class ObjectStorageMissingError(EnvironmentFault):
    """The library for object storage is not installed."""

    type = "object-storage-missing"

    def __init__(self, missing: str) -> None:
        super().__init__(f"blobs in object storage need {missing}: pip install 'impasto[scale]'", missing=missing)


class CredentialsFault(EnvironmentFault):
    """The credentials for object storage are in a form that this installation cannot read."""

    type = "credentials"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)


class MissingOptionError(RequestError):
    """Something that has no default was not given: a store, a tenant, an env."""

    type = "missing-option"

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message, option=option)
