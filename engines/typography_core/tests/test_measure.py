"""Tests of boxes: they add up, whatever the direction, and say which characters they hold."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.typography_core import typeset
from engines.typography_core.measure import LineBox, RunBox, TextBoxes, measured
from engines.typography_core.typeset import TextRequest


def boxes(text: str, **fields: object) -> TextBoxes:
    """Set `text` at 40 px and measure all."""
    return measured(
        typeset.set_text(typeset.checked({"text": text, "font": "Inter", "size": 40} | fields)), clusters=True
    )


def _checked(line: LineBox, run: RunBox) -> None:
    assert run.clusters is not None
    assert run.clusters[0].x == pytest.approx(run.x)
    for one, after in zip(run.clusters, run.clusters[1:], strict=False):
        assert one.x + one.width == pytest.approx(after.x)
    assert sum(one.width for one in run.clusters) == pytest.approx(run.width)
    assert run.y < run.baseline < run.y + run.height
    for one in run.clusters:
        assert one.text == line.text[one.start - line.start : one.end - line.start] != ""


@given(
    st.lists(st.sampled_from(["AVATAR", "fi", "שלום", "مرحبا", "क्षत्रिय", "e\u0301", "12", "\n", "ภาษา"]), max_size=8)
)
@settings(max_examples=40, deadline=None)
def test_boxes_touch_and_add_up(words: list[str]) -> None:
    """Clusters fill their run, runs their line, and together the clusters hold each character once."""
    found = boxes(" ".join(words), width=300)
    for line in found.lines:
        for run in line.runs:
            _checked(line, run)
        for one, after in zip(line.runs, line.runs[1:], strict=False):
            assert one.x + one.width == pytest.approx(after.x)
        held = sorted((one.start, one.end) for run in line.runs for one in run.clusters or ())
        assert [start for start, _ in held[1:]] == [end for _, end in held[:-1]]
        assert "".join(line.text[start - line.start : end - line.start] for start, end in held) == line.text


def test_a_cluster_is_a_letter_with_its_marks() -> None:
    """A cursor never goes between them."""
    (line,) = boxes("xe\u0301y").lines
    assert [one.text for one in line.runs[0].clusters or ()] == ["x", "e\u0301", "y"]


def test_right_to_left_boxes_stand_from_left_to_right() -> None:
    """They are where the glyphs are; `start` says what comes first."""
    (line,) = boxes("אבג").lines
    assert [one.start for one in line.runs[0].clusters or ()] == [2, 1, 0]
    assert [one.text for one in line.runs[0].clusters or ()] == ["ג", "ב", "א"]


def test_alignment_and_fit_are_told() -> None:
    """The box is the asked one, and the size what was used."""
    found = boxes("fitted", width=60, align="right", fit="shrink")
    assert (found.width, found.truncated) == (60, False)
    assert found.size < 40
    (line,) = found.lines
    assert line.x + line.width == pytest.approx(60)
    assert line.runs[0].x == pytest.approx(line.x)
    assert line.runs[0].size == found.size


def test_lines_know_their_characters() -> None:
    """The second line begins after the break; an ellipsis comes after the characters that are shown."""
    found = boxes("first line\nsecond line that is long", width=220, max_lines=2)
    assert found.truncated
    assert [line.start for line in found.lines] == [0, 11]
    assert found.lines[1].text.endswith("\u2026")
    assert found.lines[1].baseline - found.lines[0].baseline == pytest.approx(48)


def test_missing_characters_and_fonts_are_told() -> None:
    """By their own names and hashes, as a render records them."""
    found = boxes("a\U000e0fff שלום")
    assert set(found.fonts) == {"Inter", "Heebo"}
    assert all(len(sha256) == 64 for sha256 in found.fonts.values())
    assert boxes("\U00012000").missing == ("\U00012000",)


def test_clusters_are_told_only_when_asked() -> None:
    """They are most of the answer."""
    request = TextRequest(text="short", font="Inter", size=40.0)
    said = msgspec.json.encode(measured(typeset.set_text(request)))
    assert b"clusters" not in said
    assert msgspec.json.decode(said, type=TextBoxes).lines[0].text == "short"
    assert measured(typeset.set_text(msgspec.structs.replace(request, text=""))).lines[0].runs == ()
