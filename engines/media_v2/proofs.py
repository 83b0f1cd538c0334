"""How is one artifact proven to somebody who has no store? The proof of its registration, and what such a proof tells.

Main path: `prove_artifact(store, id)` on the side of the store; `ledger.check_proof`, `told_event` and `check_content` on the
other, which needs nothing but files and the verifier key.
"""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engines.media_v2.blobs import file_sha256
from engines.media_v2.errors import ProofError, UnknownArtifactError, UnsupportedMediaError
from engines.media_v2.events import ArtifactRegistered, MediaEvent
from engines.media_v2.places import places_of
from engines.media_v2.registry import Registry
from engines.media_v2.signing import load_signer
from ledger import Checkpoint, Ledger, prove

PROOF_FILE_BYTES_MAX = 4 << 20
"""Larger files are not read: a proof with its entry takes some 100 kB at most."""


class ArtifactProof(NamedTuple):
    """The text of a proof, which event it is about, and the checkpoint that it ends in."""

    text: bytes
    event_index: int
    checkpoint: Checkpoint


def prove_artifact(store: Path | str, artifact_id: str) -> ArtifactProof:
    """Prove the registration of an artifact under the ledger's last checkpoint; signs first where that is too old and the
    store has a key. Raises `UnknownArtifactError`, `NoCheckpointError`, and the ledger's errors."""
    with Registry.open(store, read_only=True) as registry:
        index = _registration_index(registry.ledger, artifact_id)
        if index is None:
            raise UnknownArtifactError(artifact_id, registry.name)
        last = registry.ledger.last_checkpoint()
        if (last is not None and last.size > index) or load_signer(places_of(store).keys) is None:
            return _proof(registry.ledger, index)
    with Registry.open(store) as registry:
        registry.ledger.checkpoint()
        return _proof(registry.ledger, index)


def prove_registered(registry: Registry, artifact_id: str) -> ArtifactProof:
    """The same in a store that is open for writing, whose catalog knows where the artifact was registered."""
    index = registry.catalog().indexes.get(artifact_id)
    if index is None:
        raise UnknownArtifactError(artifact_id, registry.name)
    last = registry.ledger.last_checkpoint()
    if (last is None or last.size <= index) and registry.ledger.signs:
        registry.ledger.checkpoint()
    return _proof(registry.ledger, index)


def _proof(ledger: Ledger, index: int) -> ArtifactProof:
    text = prove(ledger, index)
    last = ledger.last_checkpoint()
    assert last is not None, "a proof has just been made under it"
    return ArtifactProof(text, index, last)


def _registration_index(ledger: Ledger, artifact_id: str) -> int | None:
    """Return which event registered the artifact: the first, where two processes raced."""
    for first, events in ledger.batches():
        for index, event in enumerate(events, first):
            if isinstance(event, ArtifactRegistered) and event.artifact_id.hex() == artifact_id:
                return index
    return None


def told_event(entry: bytes) -> dict[str, Any] | None:
    """Spell out a proven entry: its type and fields, hashes and ids as hex. None for an event of some other program."""
    try:
        event = msgspec.msgpack.decode(entry, type=MediaEvent)
    except msgspec.MsgspecError:
        return None
    fields = {name: _told(getattr(event, name)) for name in event.__struct_fields__}
    return {"type": type(event).__name__} | fields


def _told(value: object) -> object:
    match value:
        case msgspec.Raw():
            return _told(msgspec.msgpack.decode(value))
        case bytes():
            return value.hex()
        case tuple() | list():
            return [_told(one) for one in value]
        case dict():
            return {name: _told(one) for name, one in value.items()}
        case _:
            return value


def check_content(event: dict[str, Any] | None, file: Path) -> None:
    """Check that `file` is what a proven event registers, byte for byte. Raises `ProofError`, `UnsupportedMediaError` for a file
    that cannot be read."""
    if event is None or event["type"] != ArtifactRegistered.__name__:
        raise ProofError("event", None if event is None else event["type"], "it registers no artifact")
    try:
        actual = file_sha256(file)
    except OSError as error:
        raise UnsupportedMediaError(str(file), error.strerror or str(error)) from error
    if actual != event["sha256"]:
        raise ProofError(str(file), actual, f"the proven artifact has sha256 {event['sha256']}")


def read_proof_file(file: Path) -> bytes:
    """Return a file's bytes. Raises `UnsupportedMediaError` when it cannot be read or is too large to be a proof."""
    try:
        with file.open("rb") as stream:
            content = stream.read(PROOF_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise UnsupportedMediaError(str(file), error.strerror or str(error)) from error
    if len(content) > PROOF_FILE_BYTES_MAX:
        raise UnsupportedMediaError(str(file), f"more than {PROOF_FILE_BYTES_MAX:,} bytes")
    return content
