"""Documents of scenes in a store: registered once, named by what they are, made again bit for bit, traced to their scene."""

import importlib.util
import json
from pathlib import Path

import pytest

from engines.cli.app import run
from engines.errors import EnvironmentFault
from engines.http.tests.served import served
from engines.image_core.service import remake
from engines.media_v2.errors import RetractedArtifactError, UnknownArtifactError, WrongKindError
from engines.media_v2.lineage_view import LineageView
from engines.media_v2.models import VectorDocumentMeta
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope, scope_of
from engines.media_v2.stores import init_store
from engines.vector_core import document_exports, documents, pdf_files
from engines.vector_core.pages import DocumentFormat, DocumentRequest, DocumentValueError
from engines.vector_core.pdf_files import DocumentToolMissingError
from engines.vector_core.service import VectorService
from engines.workspace import Workspace
from tests.fixtures import SVG

PLAIN = b'<svg xmlns="http://www.w3.org/2000/svg" width="96" height="48"><path d="M8 8h80v32H8z" fill="#06c"/></svg>'

needs_print = pytest.mark.skipif(
    importlib.util.find_spec("svg2pdf_py") is None or importlib.util.find_spec("pikepdf") is None,
    reason="the extra print is not installed: no PDF is tested",
)
every_format = pytest.mark.parametrize("kind", [pytest.param("pdf", marks=needs_print), "ps", "eps", "svg"])


@every_format
def test_a_document_is_registered_with_what_was_asked_and_made_again(
    vectors: VectorService, registry: Registry, scope: Scope, kind: DocumentFormat
) -> None:
    """The meta must be enough to make the same bytes again from the ledger alone."""
    scene = vectors.register_scene(scope, PLAIN, "Sign (blue).svg").artifact
    asked = DocumentRequest(format=kind, dpi=192)
    made = vectors.export_document(scope, scene.artifact_id, asked)
    artifact, meta = made.artifact, made.artifact.meta
    assert (made.cache, artifact.kind, artifact.parents) == ("miss", "vector_document", (scene.artifact_id,))
    assert isinstance(meta, VectorDocumentMeta)
    size = (72, 36) if kind == "svg" else (36, 18)
    assert (meta.format, meta.dpi, meta.width, meta.height, meta.name) == (kind, 192, *size, "Sign (blue).svg")
    key = artifact.render_key
    assert key is not None
    name = f"sign-blue--{size[0]}x{size[1]}pt--{key[:16]}.{kind}"
    assert artifact.uri == f"{scope.prefix}vector_document/{key[:2]}/{name}"
    assert registry.content(artifact) == documents.write_document(PLAIN, asked).content
    assert remake(registry, artifact) is None


def test_the_same_document_is_made_once(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    first = vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="svg"))
    blobs = sorted(registry.blobs.files())
    again = vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="svg"))
    assert (again.cache, again.artifact) == ("hit", first.artifact)
    assert sorted(registry.blobs.files()) == blobs


@needs_print
def test_whatever_may_change_the_bytes_changes_the_key(
    vectors: VectorService, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that forgets an input answers with another document."""
    scene = vectors.register_scene(scope, PLAIN, "a.svg").artifact
    asked = [
        DocumentRequest(format="pdf"),
        DocumentRequest(format="pdf", dpi=300),
        DocumentRequest(format="pdf", bleed_mm=3),
        DocumentRequest(format="pdf", text="outline"),
        DocumentRequest(format="svg"),
    ]
    keys = {vectors.export_document(scope, scene.artifact_id, one).artifact.render_key for one in asked}
    assert len(keys) == len(asked)
    monkeypatch.setattr(documents, "DOCUMENT_VERSION", "next")
    assert vectors.export_document(scope, scene.artifact_id, asked[0]).cache == "miss"


@needs_print
def test_the_key_is_the_same_for_every_tenant_and_the_artifact_is_not(vectors: VectorService, scope: Scope) -> None:
    other = scope_of("zeta", "prod")
    made = [
        vectors.export_document(
            one, vectors.register_scene(one, SVG, "a.svg").artifact.artifact_id, DocumentRequest(format="pdf")
        )
        for one in (scope, other)
    ]
    assert made[0].artifact.render_key == made[1].artifact.render_key
    assert made[0].artifact.artifact_id != made[1].artifact.artifact_id
    assert made[1].cache == "miss"


@needs_print
def test_lineage_leads_from_a_document_to_its_scene_and_fonts(
    vectors: VectorService, registry: Registry, scope: Scope
) -> None:
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    made = vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="pdf")).artifact
    told = LineageView(registry.catalog(), made.artifact_id, scope).json()
    assert scene.artifact_id in told["ancestors"]  # type: ignore[operator]
    assert {one["name"] for one in told["inputs"]} == {"Inter", "Inter italic"}  # type: ignore[attr-defined]


def _longer(made: documents.Document) -> documents.Document:
    return made._replace(content=made.content + b" ")


def test_a_changed_byte_is_found_by_making_it_again(
    vectors: VectorService, registry: Registry, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    made = vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="svg")).artifact
    write = documents.write_document
    monkeypatch.setattr(documents, "write_document", lambda *given, **more: _longer(write(*given, **more)))
    found = remake(registry, made)
    assert found is not None
    assert found.startswith("other bytes: ")


def test_what_is_no_scene_of_the_scope_is_refused(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    made = vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="svg")).artifact
    with pytest.raises(WrongKindError):
        vectors.export_document(scope, made.artifact_id, DocumentRequest(format="svg"))
    with pytest.raises(UnknownArtifactError):
        vectors.export_document(scope_of("other", "test"), scene.artifact_id, DocumentRequest(format="svg"))
    registry.retract(scope, scene.artifact_id, "no rights")
    with pytest.raises(RetractedArtifactError):
        vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="eps"))


def test_a_faulty_request_leaves_nothing(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    before = registry.head().size
    with pytest.raises(DocumentValueError):
        vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="svg", bleed_mm=3))
    assert registry.head().size == before


def test_a_missing_extra_is_told_with_how_to_get_it(
    vectors: VectorService, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PDF is an extra: who lacks it must read what to install, and the other formats must work."""

    def nothing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    monkeypatch.setattr(pdf_files.importlib.metadata, "version", nothing)
    with pytest.raises(DocumentToolMissingError, match=r"impasto\[print\]") as missing:
        vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="pdf"))
    assert isinstance(missing.value, EnvironmentFault)
    assert vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="svg")).cache == "miss"


def test_the_command_writes_the_file_under_its_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    init_store(tmp_path / "store")
    (tmp_path / "sign.svg").write_bytes(PLAIN)
    where = ["--store", str(tmp_path / "store"), "--tenant", "acme", "--env", "test"]
    asked = ["vector", "export", str(tmp_path / "sign.svg"), "--format", "eps", "--dpi", "72", "--json", *where]
    assert run([*asked, "--out-dir", str(tmp_path / "out")]) == 0
    (told,) = json.loads(capfd.readouterr().out)
    assert (told["kind"], told["meta"]["format"], told["meta"]["width"]) == ("vector_document", "eps", 96)
    (written,) = (tmp_path / "out").iterdir()
    assert written.name == told["uri"].rsplit("/", 1)[-1]
    assert written.read_bytes().startswith(b"%!PS-Adobe")
    assert run(asked) == 0
    assert json.loads(capfd.readouterr().out)[0]["cache"] == "hit"
    assert run([*asked, "--bleed-mm", "3"]) == 1
    assert json.loads(capfd.readouterr().out)["error"]["type"] == "document-value"


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("svg", "image/svg+xml"),
        ("eps", "application/postscript"),
        pytest.param("pdf", "application/pdf", marks=needs_print),
    ],
)
def test_http_serves_documents_as_what_they_are(tmp_path: Path, kind: DocumentFormat, media_type: str) -> None:
    """A browser must show a PDF, and run nothing of an SVG."""
    init_store(tmp_path / "store")
    with Workspace.open(tmp_path / "store", tenant="acme", env="test") as work:
        scene = work.add_vector(PLAIN, "sign.svg").artifact.artifact_id
        made = work.export_document(scene, {"format": kind}).artifact
    with served(tmp_path / "store") as client:
        answer = client.get(f"artifacts/{made.artifact_id}/content")
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert ("content-security-policy" in answer.headers) == (kind == "svg")


def test_a_document_of_documents_is_no_kind_that_is_drawn() -> None:
    """Compositions draw pictures and scenes; a PDF among their sources would be a silent hole."""
    from engines.image_core.sources import RASTER_KINDS, VECTOR_KINDS

    assert document_exports.KIND not in (*RASTER_KINDS, *VECTOR_KINDS)
