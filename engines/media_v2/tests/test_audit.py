"""The audit finds what changed behind the ledger's back, and says where."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from engines.image_core import composition
from engines.image_core.service import ImageService, remake
from engines.image_core.sources import FolderReader
from engines.media_v2 import keys
from engines.media_v2.audit import audit
from engines.media_v2.errors import StoreNotFoundError
from engines.media_v2.events import ArtifactRegistered, MediaEvent
from engines.media_v2.presets import Overrides
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.media_v2.stores import init_store
from ledger import Ledger
from tests.fixtures import COMPOSITION


@pytest.fixture
def rendered(store: Path, clock: Callable[[], int], scope: Scope, folder: Path) -> Path:
    """A closed store with one render and everything that it was made from."""
    with Registry.open(store, clock_us=clock) as registry:
        images = ImageService(registry, threads=1)
        document = composition.from_builtins(COMPOSITION)
        made = images.create_composition(scope, document, "card", FolderReader(folder)).artifact
        images.render(scope, made.artifact_id, "web_small", Overrides(format="png"))
    return store


def test_a_sound_store_has_no_findings_and_remakes(rendered: Path) -> None:
    report = audit(rendered, remake)
    assert report.ok
    assert report.findings == ()
    assert (report.artifacts, report.blobs_checked, report.remade) == (4, 4, 1)


def test_an_empty_store_is_sound(store: Path) -> None:
    assert audit(store).ok


def test_there_must_be_a_store(tmp_path: Path) -> None:
    """An audit of nothing is not a good audit."""
    with pytest.raises(StoreNotFoundError):
        audit(tmp_path / "nowhere")


def test_every_changed_byte_of_every_file_is_found_and_named(rendered: Path) -> None:
    """One bit anywhere in a blob or a ledger file, and the audit is not ok and names the file."""
    for file in sorted(path for path in rendered.rglob("*") if path.is_file()):
        sound = file.read_bytes()
        step = max(1, len(sound) // 40)
        for offset in [*range(0, len(sound), step), len(sound) - 1] if sound else []:
            damaged = bytearray(sound)
            damaged[offset] ^= 0x10
            file.write_bytes(damaged)
            report = audit(rendered)
            assert not report.ok, f"{file} at {offset}"
            assert any(file.name in finding.subject for finding in report.findings), (
                f"{file} at {offset}: {report.findings}"
            )
        file.write_bytes(sound)
    assert audit(rendered).ok


def test_a_deleted_blob_is_found(rendered: Path) -> None:
    for file in sorted((rendered / "blobs").rglob("*")):
        if file.is_file():
            sound = file.read_bytes()
            file.unlink()
            findings = audit(rendered).findings
            assert [finding.check for finding in findings] == ["blob-missing"]
            assert file.name in findings[0].subject
            file.write_bytes(sound)


def test_a_truncated_blob_and_a_stranger_are_found(rendered: Path) -> None:
    file = next(path for path in (rendered / "blobs").rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1])
    (rendered / "blobs" / "note.txt").write_text("hello")
    assert {finding.check for finding in audit(rendered).findings} >= {"blob-changed", "blob-size", "blob-name"}


def test_a_lost_or_cut_ledger_file_is_found(rendered: Path) -> None:
    """Removing the end of the log is damage, too, not a shorter history."""
    for file in sorted(path for path in (rendered / "ledger").rglob("*") if path.is_file() and path.stat().st_size):
        sound = file.read_bytes()
        file.write_bytes(sound[: len(sound) // 2])
        assert not audit(rendered).ok, f"{file} cut"
        file.unlink()
        assert not audit(rendered).ok, f"{file} gone"
        file.write_bytes(sound)
    assert audit(rendered).ok


def test_an_audit_writes_nothing(rendered: Path) -> None:
    """Even of a damaged store."""
    segment = next((rendered / "ledger" / "segments").iterdir())
    segment.write_bytes(segment.read_bytes() + b"torn")
    before = {path: path.read_bytes() for path in rendered.rglob("*") if path.is_file()}
    assert not audit(rendered, remake).ok
    assert {path: path.read_bytes() for path in rendered.rglob("*") if path.is_file()} == before


def _rewritten(store: Path, change: Callable[[ArtifactRegistered], ArtifactRegistered], path: Path) -> Path:
    """A store whose ledger is whole, but says something else: what a writer with the wrong code would leave."""
    init_store(path)
    shutil.copytree(store / "blobs", path / "blobs", dirs_exist_ok=True)
    with (
        Ledger.open(store / "ledger", events=MediaEvent, read_only=True) as old,
        Ledger.open(path / "ledger", events=MediaEvent) as new,
    ):
        for _, event in old.read():
            new.append([change(event) if isinstance(event, ArtifactRegistered) else event])
    return path


def test_lies_in_a_whole_ledger_are_found(rendered: Path, tmp_path: Path) -> None:
    """Checks beyond hashes: ids follow from content, keys lie in their scope, parents exist in the same scope."""
    lies = {
        "identity": lambda event: structs.replace(event, artifact_id=b"\1" * 15 + event.artifact_id[:1]),
        "key": lambda event: structs.replace(event, uri=event.uri.replace("acme", "globex")),
        "lineage-missing": lambda event: structs.replace(event, parents=(b"\7" * 16,)),
        "blob-size": lambda event: structs.replace(event, size=event.size + 1),
        "lineage-scope": lambda event: structs.replace(event, env="prod") if event.kind == "image_render" else event,
    }
    for number, (check, lie) in enumerate(lies.items()):
        findings = audit(_rewritten(rendered, lie, tmp_path / str(number))).findings
        assert check in {finding.check for finding in findings}, check


def test_a_render_that_comes_out_differently_is_told_apart(rendered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit says whether the pixels, the encoder or the code changed."""
    from engines.image_core import backend, encode

    sound = encode.encode
    with monkeypatch.context() as patch:
        patch.setattr(encode, "encode", lambda *given: _other_bytes(sound(*given)))
        (finding,) = audit(rendered, remake).findings
        assert "same pixels, other bytes" in finding.detail
    with monkeypatch.context() as patch:
        patch.setattr(backend, "PIXEL_VERSION", "next")
        assert audit(rendered, remake).ok, "the same bits by newer code are still the same bits"
    with monkeypatch.context() as patch:
        patch.setattr(backend, "PIXEL_VERSION", "next")
        patch.setattr(backend, "draw", lambda *_args, **_more: backend.Drawing(_white(), ()))
        (finding,) = audit(rendered, remake).findings
        assert "pixels differ" in finding.detail
        assert "impasto-pixels 3 -> next" in finding.detail


def _other_bytes(export):  # type: ignore[no-untyped-def]
    meta = export.meta | {"sha256": keys.sha256_hex(b"other")}
    return export._replace(content=b"other", meta=meta)


def _white():  # type: ignore[no-untyped-def]
    return np.full((64, 96, 4), 255, np.uint8)


def test_remaking_does_not_write(rendered: Path) -> None:
    size = sum(1 for _ in rendered.rglob("*"))
    with Registry.open(rendered) as registry:
        before = registry.head()
        artifacts = [a for a in registry.catalog().artifacts.values() if a.kind == "image_render"]
        assert [remake(registry, artifact) for artifact in artifacts] == [None]
        assert registry.head() == before
    assert sum(1 for _ in rendered.rglob("*")) == size
