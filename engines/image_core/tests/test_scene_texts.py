"""Texts in scenes: the outlines are those of texts that are painted, fonts are told, and what cannot be is refused."""

import math
from pathlib import Path

import numpy as np
import pytest

from engines.errors import EngineError
from engines.image_core.scene_texts import SceneTexts
from engines.media_v2.errors import RetractedArtifactError
from engines.media_v2.models import VectorSceneMeta
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.typography_core import font_packages, fonts, painting, typeset
from engines.typography_core.errors import TextValueError, UnknownFontError
from engines.typography_core.typeset import TextRequest
from engines.vector_core import affine, rasterize
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.scene import Group, Scene, Shape, Text
from engines.vector_core.scene_errors import SceneUnsupportedError
from engines.vector_core.scene_write import write_svg
from engines.vector_core.shapes import box
from engines.vector_core.svg_text import TextRun
from engines.workspace import Workspace

OFF_LEVELS, MEAN_LEVELS = 64, 1.5
"""Two rasterizers smooth edges by rules of their own: an edge may be off by a quarter, and little is on average."""

HEADLINE = b"""<svg xmlns="http://www.w3.org/2000/svg" width="300" height="120">
<text x="150" y="50" font-family="Inter" font-size="32" font-weight="700" text-anchor="middle" fill="#c03020">Soir
<tspan font-style="italic" fill="#204080">bleu</tspan><tspan x="150" dy="40" font-size="50%">12 juin, 21 h</tspan></text></svg>"""


@pytest.fixture
def texts() -> SceneTexts:
    return SceneTexts(fonts.packaged())


@pytest.fixture
def work(registry: Registry, scope: Scope) -> Workspace:
    return Workspace(registry, scope, threads=1)


def run(text: str, **changes: object) -> TextRun:
    return TextRun(text, "Inter", 20.0, 400.0, False)._replace(**changes)


@pytest.mark.parametrize(
    "request_fields",
    [
        {"text": "Été à Łódź", "weight": 700, "tracking": 60},
        {"text": "two\nlines, centred", "align": "center", "width": 180},
        {"text": "ffi AVATAR", "italic": True},
    ],
)
def test_an_outlined_text_is_the_painted_one(texts: SceneTexts, request_fields: dict[str, object]) -> None:
    """The same fonts, places and shapes: only who fills the outlines differs."""
    request = TextRequest(font="Inter", size=28.0, color="#000000", **request_fields)  # type: ignore[arg-type]
    outlined = texts.outline(request)
    width, height = math.ceil(outlined.width) + 8, math.ceil(outlined.height) + 8
    shape = Shape(geometry=outlined.geometry, transform=affine.translate(4, 4))
    ours = rasterize.rasterize(write_svg(Scene(width=width, height=height, children=(shape,))), width, height)[..., 3]
    drawn = painting.paint(typeset.set_text(request), typeset.look_of(request), 1.0, 4.0, 4.0)
    theirs = np.zeros((height, width), int)
    rows, columns = drawn.pixels.shape[:2]
    theirs[drawn.y : drawn.y + rows, drawn.x : drawn.x + columns] = drawn.pixels[..., 3]
    assert np.abs(theirs - ours).max() <= OFF_LEVELS
    assert np.abs(theirs - ours).mean() <= MEAN_LEVELS
    assert theirs.max() == 255


def test_a_run_tells_its_cells(texts: SceneTexts) -> None:
    """Advances count spaces at both ends and spacing after the last letter; all in thousandths of the size."""
    plain, spaced, tracked = texts(run("a")), texts(run(" a ")), texts(run("a", letter_spacing=2.0))
    assert spaced.advance > plain.advance + 300
    assert tracked.advance == pytest.approx(plain.advance + 100)
    assert 900 < plain.ascent < 1000
    assert 200 < plain.descent < 300
    assert 450 < plain.x_height < 600
    assert [name for name, _, _ in plain.lines] == ["underline", "overline", "line-through"]
    assert plain.faults == ()


def test_the_size_of_a_run_scales_its_outline_and_nothing_else(texts: SceneTexts) -> None:
    """Beyond Inter's optical sizes, which end at 32, all lengths in thousandths of the size stay the same."""
    small, large = texts(run("ag", size=40.0)), texts(run("ag", size=400.0))
    assert small.advance == pytest.approx(large.advance, rel=1e-3)
    assert (small.ascent, small.x_height) == pytest.approx((large.ascent, large.x_height), rel=1e-3)


def test_families_are_looked_for_in_order_and_told_when_there_is_none(texts: SceneTexts) -> None:
    """CSS's list: the first that is there; generic ones are Inter, as in all drawings; else Inter stands in, and that is said."""
    for family in ("Nowhere, 'Inter', serif", "nowhere, sans-serif", '"Inter"', "", "inherit", "INTER"):
        assert texts(run("a", family=family)).faults == ()
    (fault,) = texts(run("a", family="Helvetica Neue, Arial")).faults
    assert fault.startswith("the font Helvetica Neue, Arial, for which Inter stands; known: ")
    assert "Inter" in fault.partition("known: ")[2]


def test_letters_that_no_font_has_are_told(texts: SceneTexts) -> None:
    """A box instead of a letter is no outline of it."""
    (fault,) = texts(run("a\U0001340d")).faults
    assert fault == "characters that no font has: U+1340D"
    with pytest.raises(TextValueError, match="U\\+1340D"):
        texts.outline({"text": "a\U0001340d", "font": "Inter", "size": 20})


@pytest.mark.parametrize(
    "changed",
    [
        {"stroke": {"color": "#fff", "width": 2}},
        {"decoration": [{"line": "underline"}]},
        {"size": 0},
        {"font": "Arial"},
    ],
)
def test_what_is_no_outline_is_refused(texts: SceneTexts, changed: dict[str, object]) -> None:
    """Strokes and lines are said of the shape; they must not vanish."""
    with pytest.raises((TextValueError, UnknownFontError)):
        texts.outline({"text": "a", "font": "Inter", "size": 20} | changed)


def test_the_fonts_used_are_those_that_letters_came_from(texts: SceneTexts) -> None:
    """Hash by name, as in the meta of every render."""
    assert texts.used().hashes == {}
    texts(run("a"))
    texts(run("b", italic=True))
    used = texts.used()
    assert sorted(used.hashes) == ["Inter", "Inter italic"]
    assert used.hashes["Inter"] == fonts.find("Inter").font.sha256
    assert used.artifact_ids == ()


def test_a_document_with_text_becomes_a_scene_of_outlines(work: Workspace) -> None:
    """What is stored needs no fonts any more, says which it had, and is drawn in the same places."""
    artifact = work.add_outlined(HEADLINE, "headline.svg").artifact
    content = work.content(artifact)
    assert b"<text" not in content
    assert isinstance(artifact.meta, VectorSceneMeta)
    assert sorted(artifact.meta.fonts) == ["Inter", "Inter italic"]
    assert (artifact.meta.left_out, artifact.parents) == ((), ())
    assert "Inter italic" in work.lineage(artifact.artifact_id).mermaid()
    (group,) = work.open_scene(artifact.artifact_id).scene.children
    assert isinstance(group, Group)
    texts = [
        child.geometry.text for child in group.children if isinstance(child, Shape) and isinstance(child.geometry, Text)
    ]
    assert texts == ["Soir", "bleu", "12 juin, 21 h"]
    for child in group.children[-1:]:
        assert isinstance(child, Shape)
        where = box(child.geometry)
        assert where is not None
        assert (where.left + where.right) / 2 == pytest.approx(150, abs=1)
    drawn, asked = (rasterize.rasterize(svg, 300, 120).astype(int) for svg in (content, HEADLINE))
    assert np.abs(drawn.sum(axis=(0, 1)) / asked.sum(axis=(0, 1)) - 1).max() < 0.06


def test_fonts_of_the_scope_are_parents_of_the_scene(work: Workspace) -> None:
    """A retracted font takes the outlines with it."""
    data = font_packages.load("fontpkg_inter", fonts.find("Inter").font.path)
    own = work.add_font(data, "house.ttf").artifact
    artifact = work.add_outlined(HEADLINE, "headline.svg").artifact
    assert artifact.parents == (own.artifact_id,)
    work.retract(own.artifact_id, "licence ended")
    with pytest.raises(RetractedArtifactError):
        work.content(artifact)


def test_scenes_that_programs_build_tell_their_fonts_and_parents(work: Workspace) -> None:
    """The same for `scene_texts` and `add_vector`, and which scene another was made from."""
    texts = work.scene_texts()
    title = texts.outline({"text": "Nuit", "font": "Inter", "size": 30})
    scene = Scene(width=100, height=50, children=(Shape(geometry=title.geometry, fill="#ff0000"),))
    first = work.add_vector(scene, "a.svg", texts=texts).artifact
    blue = Scene(width=100, height=50, children=(Shape(geometry=title.geometry, fill="#0000ff"),))
    second = work.add_vector(blue, "b.svg", parents=[first.artifact_id], texts=texts).artifact
    assert isinstance(second.meta, VectorSceneMeta)
    assert second.meta.fonts == texts.used().hashes != {}
    assert second.parents == (first.artifact_id,)
    assert work.render_vector(second.artifact_id).artifact.parents == (second.artifact_id,)


def test_what_a_scene_cannot_hold_is_refused_or_told_in_the_meta(work: Workspace) -> None:
    """Nothing is stored of a refused document; leniently, the list of losses stays with the artifact."""
    document = HEADLINE.replace(b"Inter", b"Arial")
    with pytest.raises(SceneUnsupportedError, match="the font Arial"):
        work.add_outlined(document, "headline.svg")
    with pytest.raises(SvgRefusedError):
        work.add_outlined(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "x.svg", lenient=True)
    assert work.artifacts() == []
    artifact = work.add_outlined(document, "headline.svg", lenient=True).artifact
    assert isinstance(artifact.meta, VectorSceneMeta)
    assert len(artifact.meta.left_out) == 3
    assert artifact.meta.left_out[0].startswith("<text> at 2:0: the font Arial, for which Inter stands")


def test_stored_documents_open_with_their_texts(work: Workspace, tmp_path: Path) -> None:
    """An SVG that was stored as it came can be edited, too."""
    (tmp_path / "headline.svg").write_bytes(HEADLINE)
    artifact = work.add_asset(tmp_path / "headline.svg").artifact
    opened = work.open_scene(artifact.artifact_id)
    assert opened.left_out == ()
    assert len(opened.scene.children) == 1


def test_hostile_texts_end_with_typed_errors(texts: SceneTexts) -> None:
    """Sizes, lengths and spacings beyond what can be set: no hang and no trace of ours."""
    for one in (
        run("a", size=1e9),
        run("a" * 200_000),
        run("a", letter_spacing=1e9),
        run("\ud800"),
        run("a", weight=1e9),
    ):
        with pytest.raises(EngineError):
            texts(one)
