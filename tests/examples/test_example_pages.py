"""Do the pages of docs/examples do what they say? Their commands are run as they stand, and what comes out is looked at.

Commands are run in a folder of their own, with `docs` in it as in a checkout: `impasto ...` as in all documents (tests/docs/runnable.py),
`python FILE ...` in this process. Each page is run once; the tests share what it made.
"""

import json
import os
import re
import runpy
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from PIL import Image

from compositor import Layer, composite
from engines.cli import app
from engines.image_core.decode import decode_picture
from engines.image_core.rows import read_rows
from engines.image_core.template import RowValueError, fill
from engines.media_v2.lineage_view import LineageView
from engines.video.av_files import frame_at, look
from engines.video.timeline import read_timeline
from engines.workspace import Workspace
from tests.docs import runnable

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs/examples"
PAGES = sorted(EXAMPLES.rglob("*.md"))
_EXCERPT = re.compile(r"^```python from (?P<file>\S+)\n(?P<code>.*?)^```", re.DOTALL | re.MULTILINE)


class Ran:
    """A page that was run: its folder, and what each command printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: list[str] = []


@pytest.fixture(scope="module")
def run_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Runs a page when the first test asks for it."""
    known: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in known:
            known[name] = _run(EXAMPLES / name / "README.md", tmp_path_factory.mktemp(name))
        return known[name]

    return run


def _run(page: Path, folder: Path) -> Ran:
    (folder / "docs").symlink_to(ROOT / "docs")
    ran, variables, before = Ran(folder), dict[str, str](), Path.cwd()
    os.chdir(folder)
    try:
        for command in runnable.commands(page.read_text(encoding="utf-8")):
            if command.startswith("python "):
                _python(shlex.split(command)[1:])
            else:
                runnable.execute(command, lambda words: _impasto(ran, words), variables)
    finally:
        os.chdir(before)
    return ran


def _python(words: list[str]) -> None:
    before = sys.argv
    sys.argv = words
    try:
        runpy.run_path(words[0], run_name="__main__")
    finally:
        sys.argv = before


def _impasto(ran: Ran, words: list[str]) -> tuple[int, str]:
    """Runs the program with its output in a file, because the commands of a page print bytes too."""
    with (ran.folder / "printed").open("w+", encoding="utf-8") as file:
        before, sys.stdout = sys.stdout, file
        try:
            code = app.run(words)
        finally:
            sys.stdout = before
        file.seek(0)
        ran.printed.append(file.read())
    return code, ran.printed[-1]


def _pixels(picture: Path | bytes) -> np.ndarray:
    content = picture if isinstance(picture, bytes) else picture.read_bytes()
    return decode_picture(content, "picture").astype(int)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_excerpts_are_what_the_programs_say(page: Path) -> None:
    """Code that is shown must be code that runs."""
    for excerpt in _EXCERPT.finditer(page.read_text(encoding="utf-8")):
        assert excerpt["code"] in (page.parent / excerpt["file"]).read_text(encoding="utf-8")


def test_pages_have_commands_and_excerpts() -> None:
    """Guards the tests here: a changed mark in the fences would let them run nothing and pass."""
    texts = {page.parent.name: page.read_text(encoding="utf-8") for page in PAGES}
    assert {name for name, text in texts.items() if runnable.commands(text)} >= {
        "batch",
        "combined_flow",
        "video_overlay",
    }
    assert sum(len(_EXCERPT.findall(text)) for text in texts.values()) >= 2


# S9: text, vector and raster in one composition, with lineage from every output to every input.


def test_s9_combined_flow_makes_two_pictures_and_their_lineage(run_page: Callable[[str], Ran]) -> None:
    """Every input of the poster is found again from the render: photograph, drawing, text, fonts, preset."""
    folder = run_page("combined_flow").folder / "combined-flow"
    with Workspace.open(folder / "store", tenant="atelier", env="demo") as work:
        small, large = work.artifacts(kind="image_render")
        view: LineageView = work.lineage(large.artifact_id)
        kinds = {work.artifact(one).kind for one in view.json()["ancestors"]}  # type: ignore[attr-defined]
    assert [(one.meta.width, one.meta.height) for one in (small, large)] == [(640, 360), (1920, 1080)]
    assert kinds == {"image_composition", "source_asset", "vector_scene", "text_render"}
    for word in ("source asset", "vector scene", "text render", "image composition", "image render", "preset", "font"):
        assert word in (folder / "lineage.svg").read_text(encoding="utf-8")
    assert (folder / "lineage.mmd").read_text(encoding="utf-8").startswith("flowchart")
    files = {path.name for path in folder.iterdir()}
    assert {one.uri.rsplit("/", 1)[-1] for one in (small, large)} <= files


def test_the_picture_of_the_combined_flow_is_the_one_in_the_documents(run_page: Callable[[str], Ran]) -> None:
    """A picture in a document that no longer comes out is a promise broken; WebP at two sizes costs two levels on average."""
    folder = run_page("combined_flow").folder / "combined-flow"
    (made,) = folder.glob("*.png")
    shown = Image.open(ROOT / "docs/images/combined-flow.webp").convert("RGB")
    again = Image.open(made).convert("RGB").resize(shown.size, Image.Resampling.LANCZOS)
    assert np.abs(np.asarray(shown).astype(int) - np.asarray(again)).mean() < 2


# The batch.


@pytest.mark.slow
def test_batch_makes_twenty_cards_and_then_none(run_page: Callable[[str], Ran]) -> None:
    """Twenty artifacts from twenty rows; the second run answers from the store."""
    ran = run_page("batch")
    assert len(list((ran.folder / "cards").iterdir())) == 20
    with Workspace.open(ran.folder / "store", tenant="musee", env="demo") as work:
        assert len(work.artifacts(kind="image_render")) == 20
        assert len(work.artifacts(kind="source_asset")) == 6
    assert ran.printed[-2].count("miss") == 20
    assert ran.printed[-1].count("hit") == 20


@pytest.mark.slow
def test_cards_carry_their_rows_whatever_is_in_them(run_page: Callable[[str], Ran]) -> None:
    """Accents, quotes and braces arrive in the stored composition as they were written."""
    ran = run_page("batch")
    with Workspace.open(ran.folder / "store", tenant="musee", env="demo") as work:
        stored = [json.loads(work.content(one)) for one in work.artifacts(kind="image_composition")]
    texts = {layer["text"] for document in stored for layer in document["layers"] if layer["type"] == "text"}
    assert {
        'Clôture\u00a0: "Et pourtant, elle tourne"',
        "Voir avec ses moustaches {et autres sens}",
        "Łukasz Wójcik",
    } <= texts
    assert not [text for text in texts if "{{" in text]


@pytest.mark.slow
def test_the_cards_in_the_documents_are_those_that_come_out(run_page: Callable[[str], Ran]) -> None:
    """Six of them on a sheet, each 620 px wide with a gutter of 16; WebP twice over costs two levels on average."""
    cards = run_page("batch").folder / "cards"
    sheet = Image.open(ROOT / "docs/images/batch-cards.webp").convert("RGB")
    for place, name in enumerate(("04-sortie", "05-espresso", "09-lumiere", "07-chat", "12-retine", "20-cloture")):
        (card,) = cards.glob(f"{name}--*")
        left, top = 16 + place % 2 * 636, 16 + place // 2 * 342
        shown = np.asarray(sheet.crop((left, top, left + 620, top + 326))).astype(int)
        again = Image.open(card).convert("RGB").resize((620, 326), Image.Resampling.LANCZOS)
        assert np.abs(shown - np.asarray(again)).mean() < 2.5, name


def test_the_message_in_the_documents_is_the_one_that_is_told() -> None:
    """People search for messages; the page must have the words of the program."""
    folder = EXAMPLES / "batch"
    row = read_rows(folder / "rows.csv").rows[6]
    with pytest.raises(RowValueError) as caught:
        fill((folder / "template.json").read_bytes(), row.values | {"size": "6O"}, row.number)
    assert f"```text\n{caught.value}\n```" in (folder / "README.md").read_text(encoding="utf-8")


# S10: a render used as an overlay in a real video file, and as a clip in an editorial timeline.


@pytest.mark.slow
def test_s10_the_lower_third_is_in_a_decoded_frame(run_page: Callable[[str], Ran]) -> None:
    """The frame at 2 s of the written H.264 against the compositor's own result on the clip's frame: lossy 4:2:0 costs a level on
    average under the picture, less elsewhere. Wrong alpha, matrix or place would cost ten."""
    folder = run_page("video_overlay").folder / "video-overlay"
    with Workspace.open(folder / "store", tenant="newsroom", env="demo") as work:
        (title,) = work.artifacts(kind="image_render")
        over = decode_picture(work.content(title), "title")
    base, shown = frame_at(folder / "launch.mp4", 2.0), frame_at(folder / "titled.mp4", 2.0)
    expected = composite([Layer(base), Layer(over, 0, 350)], size=(960, 540)).astype(int)
    difference = np.abs(shown.astype(int) - expected)
    assert difference[350:].mean() <= 1.2
    assert difference[:350].mean() <= 1.2
    assert np.abs(shown[350:].astype(int) - base[350:]).mean() > 10, "the lower third is not there"
    assert np.abs(frame_at(folder / "titled.mp4", 3.8).astype(int) - frame_at(folder / "launch.mp4", 3.8)).mean() <= 1.2


@pytest.mark.slow
def test_s10_the_clip_with_alpha_is_the_picture(run_page: Callable[[str], Ran]) -> None:
    """Decoded with its alpha, half way: within a few levels of the artifact, and fading at its ends."""
    folder = run_page("video_overlay").folder / "video-overlay"
    with Workspace.open(folder / "store", tenant="newsroom", env="demo") as work:
        (title,) = work.artifacts(kind="image_render")
        over = decode_picture(work.content(title), "title").astype(int)
    shown = frame_at(folder / "title.webm", 1.5).astype(int)
    assert shown.shape == over.shape == (190, 960, 4)
    assert np.abs(shown[..., 3] - over[..., 3]).mean() <= 1.5
    visible = over[..., 3] > 128
    assert np.abs(shown[visible][:, :3] - over[visible][:, :3]).mean() <= 2
    assert not frame_at(folder / "title.webm", 0.0)[..., 3].any()
    assert look(folder / "launch.mp4").duration_s == 4.0


@pytest.mark.slow
def test_s10_the_timeline_names_the_artifact(run_page: Callable[[str], Ran]) -> None:
    """From a finished edit back to the ledger: id, uri and hash, at the right frames of V2."""
    folder = run_page("video_overlay").folder / "video-overlay"
    with Workspace.open(folder / "store", tenant="newsroom", env="demo") as work:
        (title,) = work.artifacts(kind="image_render")
    (found,) = read_timeline(folder / "cut.otio")
    assert (found.artifact_id, found.uri, found.sha256) == (title.artifact_id, title.uri, title.sha256)
    assert (found.tenant, found.env, found.x, found.y) == ("newsroom", "demo", 0, 350)
    assert (found.start_s, found.end_s, found.fade_s) == (0.6, 3.6, 0.4)
    timeline = otio.adapters.read_from_file(str(folder / "cut.otio"))
    clip = timeline.tracks[1][1]
    assert (clip.range_in_parent().start_time.value, clip.range_in_parent().duration.value) == (15, 75)


@pytest.mark.slow
def test_the_frame_in_the_documents_is_the_one_that_comes_out(run_page: Callable[[str], Ran]) -> None:
    """Two encodings by WebP of nearly the same frame."""
    made = _pixels(run_page("video_overlay").folder / "video-overlay/frame.webp")
    assert np.abs(made - _pixels(ROOT / "docs/images/video-overlay.webp")).mean() < 1.5


@pytest.mark.slow
def test_the_command_gives_the_same_bytes_as_the_program(run_page: Callable[[str], Ran]) -> None:
    """One hand-over, two doors. Only the note in the file differs, so what is encoded is compared."""
    folder = run_page("video_overlay").folder / "video-overlay"
    assert (folder / "again.otio").read_bytes() == (folder / "cut.otio").read_bytes()
    for time_s in (0.0, 0.8, 2.0):
        assert (frame_at(folder / "again.mp4", time_s) == frame_at(folder / "titled.mp4", time_s)).all()
    assert (frame_at(folder / "again.webm", 1.5) == frame_at(folder / "title.webm", 1.5)).all()
