"""What is too large for an entry of the ledger goes to the blob store, and the event names it by its hash."""

from pathlib import Path

import msgspec
import pytest

from engines.image_core import composition
from engines.image_core.service import ImageService
from engines.media_v2 import keys
from engines.media_v2.audit import audit
from engines.media_v2.errors import BlobDamagedError
from engines.media_v2.events import ArtifactRegistered
from engines.media_v2.models import parse_meta
from engines.media_v2.registry import META_BYTES_MAX, Registration, Registry
from engines.media_v2.scope import Scope
from ledger import ENTRY_BYTES_MAX

CONTENT = b"a picture of a long text"
HUGE = "é" * 200_000


def _registration(scope: Scope, text: str) -> Registration:
    """A text render; its request, which is part of its meta, has `text`."""
    sha256 = keys.sha256_hex(CONTENT)
    meta = {
        "width": 2, "height": 2, "format": "png", "color_profile": "sRGB", "quality": None, "dpi": None, "alpha": True,
        "bytes": len(CONTENT), "sha256": sha256, "pixel_sha256": sha256, "producers": {}, "request": {"text": text},
    }  # fmt: skip
    return Registration("text_render", CONTENT, meta, f"{scope.prefix}text_render/t.png", (), sha256)


def _meta_bytes(scope: Scope, text: str) -> int:
    return len(msgspec.msgpack.encode(parse_meta("text_render", _registration(scope, text).meta)))


def test_a_huge_composition_is_a_blob_and_its_event_is_small(
    images: ImageService, registry: Registry, scope: Scope
) -> None:
    """1,000 layers in some 400 kB of JSON: more than six entries could hold."""
    layers = [{"type": "solid", "color": "#123456", "name": "n" * 255, "x": number} for number in range(1000)]
    document = composition.from_builtins({"version": 1, "width": 8, "height": 8, "layers": layers})
    made = images.create_composition(scope, document, "huge").artifact
    assert made.bytes > 4 * ENTRY_BYTES_MAX
    assert max(len(entry) for _, entry in registry.ledger.entries()) < 1000
    assert registry.content(made) == keys.canonical(msgspec.json.decode(registry.content(made)))


@pytest.mark.parametrize("beyond", [0, 1])
def test_meta_moves_to_a_blob_exactly_past_its_limit(registry: Registry, scope: Scope, beyond: int) -> None:
    """Small meta stays in the event, where a replay needs no second file."""
    text = "x" * (30_000 + META_BYTES_MAX + beyond - _meta_bytes(scope, "x" * 30_000))
    registration = _registration(scope, text)
    assert _meta_bytes(scope, text) == META_BYTES_MAX + beyond
    registry.register(scope, registration)
    (event,) = (event for _, event in registry.ledger.read())
    assert isinstance(event, ArtifactRegistered)
    assert isinstance(msgspec.msgpack.decode(event.meta), bytes if beyond else dict)
    assert len(list(registry.blobs.files())) == 1 + beyond


def test_huge_meta_is_read_back_by_every_reader(registry: Registry, scope: Scope, store: Path) -> None:
    """400 kB of request: the live catalog, another process and an audit all see it."""
    registration = _registration(scope, HUGE)
    made = registry.register(scope, registration)
    assert made.created
    assert made.artifact.meta == parse_meta("text_render", registration.meta)
    assert max(len(entry) for _, entry in registry.ledger.entries()) < 1000
    assert not registry.register(scope, registration).created
    with Registry.open(store, read_only=True) as second:
        assert second.artifact(scope, made.artifact.artifact_id) == made.artifact
    report = audit(store)
    assert report.ok
    assert report.blobs_checked == 2


def test_a_changed_or_missing_meta_blob_is_found(registry: Registry, scope: Scope, store: Path) -> None:
    """The hash in the event protects meta as well as if it lay in the event."""
    registry.register(scope, _registration(scope, HUGE))
    (large,) = (store / "blobs" / file.key for file in registry.blobs.files() if (file.size or 0) > META_BYTES_MAX)
    sound = large.read_bytes()
    large.write_bytes(sound.replace("é".encode(), b"e", 1))
    with Registry.open(store, read_only=True) as second, pytest.raises(BlobDamagedError):
        second.catalog()
    assert [finding.check for finding in audit(store).findings] == ["blob-changed"]
    large.unlink()
    (finding,) = audit(store).findings
    assert large.name in finding.detail
