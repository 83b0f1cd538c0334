"""The rows of the phase note, one test each, from outside: what a reader of the phase document is promised.

Each row has deeper tests beside its code; these say in one place that none of them is thin. S10 (video) is in
tests/examples/test_example_pages.py, S11 (HTTP) in engines/media_v2/tests/test_media_v2_endpoints.py, which must not be lost.
"""

import ast
import hashlib
import re
from pathlib import Path

import pytest

from engines.image_core.presets import PRESETS, UnknownPresetError, UnsupportedFormatError
from engines.image_core.service import remake
from engines.media_v2 import models
from engines.media_v2.errors import (
    KeyOutsideScopeError,
    MetaError,
    ScopeError,
    StoreNotFoundError,
    UnknownArtifactError,
)
from engines.media_v2.models import KINDS, META_OF_KIND, Artifact, parse_meta
from engines.media_v2.registry import Registration, Registry
from engines.media_v2.scope import Scope, scope_of
from engines.typography_core import font_packages, fonts
from engines.workspace import Workspace
from tests.fixtures import SVG, decoded

ROOT = Path(__file__).resolve().parents[2]
KINDS_OF_THE_NOTE = {"image_composition", "image_render", "vector_scene", "vector_render", "text_render"}
TEXT = {"text": "Été", "font": "Inter", "size": 30}


@pytest.fixture
def work(registry: Registry, scope: Scope) -> Workspace:
    return Workspace(registry, scope, threads=1)


@pytest.fixture
def card(work: Workspace, folder: Path) -> Artifact:
    """A composition of raster, vector and text layers."""
    return work.compose(folder / "card.json").artifact


def test_s1_every_kind_has_a_validated_meta_of_its_own(work: Workspace, card: Artifact) -> None:
    """All kinds of the note and uploads besides; each appears in a store, and a wrong field is refused by name."""
    assert set(KINDS) == KINDS_OF_THE_NOTE | {"source_asset", "font_asset", "vector_document"}
    work.render(card.artifact_id, "web_small")
    logo = work.add_vector(SVG, "logo.svg").artifact.artifact_id
    work.render_vector(logo)
    work.export_document(logo, {"format": "svg"})
    work.render_text(TEXT)
    work.add_font(font_packages.load("fontpkg_inter", fonts.find("Inter").font.path), "inter.ttf")
    made = {one.kind: one.meta for one in work.artifacts()}
    assert made.keys() == set(KINDS)
    for kind, meta in made.items():
        assert type(meta) is META_OF_KIND[kind]
        field = "coverage" if kind == "font_asset" else "width"
        with pytest.raises(MetaError, match=field):
            parse_meta(kind, {**_fields(meta), field: "wide"})
        with pytest.raises(MetaError, match="surprise"):
            parse_meta(kind, {**_fields(meta), "surprise": 1})
    assert len(set(META_OF_KIND.values())) == len(KINDS)


def _fields(meta: models.ArtifactMeta) -> dict[str, object]:
    return {name: getattr(meta, name) for name in meta.__struct_fields__}


@pytest.mark.parametrize("preset_id", PRESETS)
def test_s2_meta_says_what_the_file_is(work: Workspace, card: Artifact, preset_id: str) -> None:
    """Every field that downstream flows rely on, compared with the file itself."""
    artifact = work.render(card.artifact_id, preset_id).artifact
    content, meta = work.content(artifact), artifact.meta
    image = decoded(content)
    assert isinstance(meta, models.ImageRenderMeta)
    assert (meta.preset_id, meta.preset_version) == (preset_id, 1)
    assert ((meta.width, meta.height), meta.format) == (image.size, str(image.format).lower())
    assert meta.color_profile == "sRGB"
    assert "icc_profile" in image.info
    assert meta.alpha == ("A" in image.getbands())
    assert (meta.bytes, meta.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert re.fullmatch("[0-9a-f]{64}", meta.pixel_sha256)
    assert {"impasto-pixels", "pillow", "resvg", "uharfbuzz"} <= meta.producers.keys()
    preset = PRESETS[preset_id]
    assert (meta.quality, meta.dpi) == (preset.quality, preset.dpi)
    assert meta.fonts.keys() == {"Inter", "Inter italic"}


def test_s3_presets_are_those_of_the_note_and_clamped(work: Workspace, card: Artifact) -> None:
    """Format, size and quality of the four; PNG for the web; clamped overrides; unknown ones listed; own ones kept apart."""
    facts = {one.preset_id: (one.format, one.width, one.height, one.quality, one.dpi) for one in PRESETS.values()}
    assert facts == {
        "web_small": ("webp", 640, None, 75, None),
        "web_medium": ("webp", 1280, None, 85, None),
        "social_1080p": ("png", 1920, 1080, None, None),
        "print_300dpi": ("jpeg", 3000, 3000, 95, 300),
    }
    for preset_id in ("web_small", "web_medium"):
        assert work.render(card.artifact_id, preset_id, {"format": "png"}).artifact.meta.format == "png"
    assert work.render(card.artifact_id, "web_small", {"quality": 1}).artifact.meta.quality == 30
    with pytest.raises(UnknownPresetError, match="web_small, web_medium, social_1080p, print_300dpi"):
        work.render(card.artifact_id, "web_huge")
    with pytest.raises(UnsupportedFormatError, match="webp or png"):
        work.render(card.artifact_id, "web_small", {"format": "gif"})
    work.define_preset({"preset_id": "own", "format": "png", "size": "scale_to_width", "width": 20})
    assert work.render(card.artifact_id, "own").artifact.meta.width == 20


def test_s4_the_same_content_and_preset_is_the_same_artifact(work: Workspace, card: Artifact, folder: Path) -> None:
    """Names follow from what is drawn; the second request draws nothing; another preset or content is another artifact."""
    first = work.render(card.artifact_id, "web_small")
    again = work.render(work.compose(folder / "card.json").artifact.artifact_id, "web_small")
    assert (first.cache, again.cache) == ("miss", "hit")
    assert first.artifact == again.artifact
    name = first.artifact.uri.rsplit("/", 1)[-1]
    assert name == f"card--web_small--96x64--{str(first.artifact.render_key)[:16]}.webp"
    other = work.render(card.artifact_id, "web_medium").artifact
    assert other.render_key != first.artifact.render_key
    assert work.registry.catalog().completed == 2


def test_s5_tenant_and_env_are_required_and_closed(
    work: Workspace, card: Artifact, tmp_path: Path, other_scope: Scope
) -> None:
    """No default scope, no default place, one prefix, and nothing crosses."""
    for pair in ((None, "prod"), ("acme", None), ("", "prod"), ("acme", "")):
        with pytest.raises(ScopeError):
            scope_of(*pair)
    with pytest.raises(StoreNotFoundError), Workspace.open(tmp_path / "nowhere", tenant="acme", env="prod"):
        pass
    work.render(card.artifact_id, "web_small")
    assert all(one.uri.startswith("tenants/acme/test/media_v2/") for one in work.artifacts())
    assert all(key.startswith("tenants/acme/test/media_v2/") for key, _ in work.registry.blobs.files())
    meta = card.meta
    with pytest.raises(KeyOutsideScopeError):
        work.registry.register(
            work.scope, Registration("image_composition", b"x", meta, "tenants/globex/test/media_v2/x.json")
        )
    for stranger in (Workspace(work.registry, other_scope), Workspace(work.registry, scope_of("acme", "prod"))):
        assert stranger.artifacts() == []
        with pytest.raises(UnknownArtifactError):
            stranger.render(card.artifact_id, "web_small")


def test_s6_image_core_composes_renders_and_registers(work: Workspace, card: Artifact) -> None:
    """Create a composition, render it with a preset, find the artifact with its meta, and make it again bit for bit."""
    artifact = work.render(card.artifact_id, "social_1080p").artifact
    assert artifact.parents == (card.artifact_id,)
    assert work.artifacts(kind="image_render") == [artifact]
    assert remake(work.registry, artifact) is None


def test_s7_vector_core_renders_with_and_without_a_preset(work: Workspace) -> None:
    scene = work.add_vector(SVG, "logo.svg").artifact
    plain, asked = work.render_vector(scene.artifact_id), work.render_vector(scene.artifact_id, "web_small")
    assert (plain.artifact.meta.preset_id, plain.artifact.meta.width) == (None, 40)
    assert asked.artifact.meta.preset_id == "web_small"
    assert plain.artifact.parents == asked.artifact.parents == (scene.artifact_id,)
    assert remake(work.registry, asked.artifact) is None


def test_s8_typography_core_renders_with_and_without_a_preset(work: Workspace) -> None:
    plain, asked = work.render_text(TEXT), work.render_text(TEXT, "web_medium", {"format": "png"})
    assert (plain.artifact.meta.preset_id, asked.artifact.meta.preset_id) == (None, "web_medium")
    assert asked.artifact.meta.format == "png"
    assert asked.artifact.meta.fonts == plain.artifact.meta.fonts
    assert remake(work.registry, asked.artifact) is None


def test_s9_every_output_leads_to_every_input(work: Workspace, card: Artifact) -> None:
    """Photograph, drawing, font, preset and composition; through a second composition that uses the first one's export."""
    poster = work.render(card.artifact_id, "social_1080p").artifact
    layer = {"type": "raster", "src": f"artifact:{poster.artifact_id}", "width": 100}
    sheet = work.compose({"version": 1, "width": 100, "height": 60, "layers": [layer]}, "sheet").artifact
    view = work.lineage(work.render(sheet.artifact_id, "web_small").artifact.artifact_id).json()
    kinds = [node["kind"] for node in view["nodes"]]  # type: ignore[attr-defined, index]
    assert sorted(set(kinds)) == ["image_composition", "image_render", "source_asset", "vector_scene"]
    assert {one["name"] for one in view["inputs"]} >= {"Inter", "web_small", "social_1080p"}  # type: ignore[attr-defined, index]


def test_s12_the_tests_that_the_note_names_are_there() -> None:
    """Each file exists, and holds tests rather than a name."""
    files = {
        "engines/media_v2/tests/test_media_v2_endpoints.py": 10,
        "engines/image_core/tests/test_presets.py": 8,
        "engines/vector_core/tests/test_i04_vector.py": 6,
        "engines/typography_core/tests/test_i03_typography.py": 6,
    }
    for name, least in files.items():
        tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
        tests = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")]
        assert len(tests) >= least, name


@pytest.mark.parametrize(
    ("row", "file"),
    [
        ("s10", "tests/examples/test_example_pages.py"),
        ("s11", "engines/media_v2/tests/test_media_v2_endpoints.py"),
    ],
)
def test_rows_that_live_elsewhere_have_their_tests(row: str, file: str) -> None:
    """Every row has a test named after it."""
    assert f"def test_{row}_" in (ROOT / file).read_text(encoding="utf-8")


def test_s13_documents_list_kinds_presets_and_growth() -> None:
    """The inventory names every kind, event and preset; the phase document marks what grew."""
    inventory = (ROOT / "docs/engines/ENGINE_INVENTORY.md").read_text(encoding="utf-8")
    phase = (ROOT / "docs/engines/media_program/PHASE_I05_integration_and_presets.md").read_text(encoding="utf-8")
    assert all(f"`{kind}`" in inventory for kind in KINDS)
    assert all(f"`{preset_id}`" in document for preset_id in PRESETS for document in (inventory, phase))
    assert "CONTRACT CHANGE" in phase
    assert phase.count("```mermaid") >= 2
    for row in (f"S{number}" for number in range(1, 14)):
        assert f"| {row} |" in phase, f"{row} is not in the phase document"
