"""Renders on an editor's timeline: written, read back, and found again after somebody moved them."""

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from engines.image_core.service import ImageService
from engines.media_v2.scope import Scope
from engines.video.av_files import ClipFacts
from engines.video.errors import OutputError, TimelineError
from engines.video.overlay import Shown
from engines.video.timeline import METADATA_KEY, placed, read_timeline, write_timeline
from tests.fixtures import png

FACTS = ClipFacts(1280, 720, Fraction(25), 6.0, ())


@pytest.fixture
def timeline(images: ImageService, scope: Scope, tmp_path: Path) -> Path:
    artifact = images.add_asset(scope, png(), "lower third.png").artifact
    first = placed(artifact, 40, 480, Shown(1.2, 4.2, 0.4))
    second = placed(artifact, 0, 0, Shown(0.0, 6.0, 0.0))
    write_timeline(tmp_path / "cut.otio", Path("talk.mp4"), FACTS, [first, second])
    return tmp_path / "cut.otio"


def test_what_was_placed_is_read_back(images: ImageService, scope: Scope, timeline: Path) -> None:
    """Artifact, hash, place and time: the chain from a finished edit to the ledger."""
    artifact = images.add_asset(scope, png(), "lower third.png").artifact
    assert read_timeline(timeline) == (
        placed(artifact, 40, 480, Shown(1.2, 4.2, 0.4)),
        placed(artifact, 0, 0, Shown(0.0, 6.0, 0.0)),
    )


def test_editors_find_a_base_track_and_the_picture_where_it_belongs(timeline: Path, scope: Scope) -> None:
    """Read with OpenTimelineIO itself, as an editor would: V1, then gap and clip, 30 frames in, 75 long."""
    read = otio.adapters.read_from_file(str(timeline))
    base, first, second = read.tracks
    assert [track.name for track in read.tracks] == ["V1", "V2", "V3"]
    assert base[0].media_reference.target_url == "talk.mp4"
    assert base.duration() == otio.opentime.RationalTime(150, 25)
    gap, picture = first
    assert isinstance(gap, otio.schema.Gap)
    start, length = otio.opentime.RationalTime(30, 25), otio.opentime.RationalTime(75, 25)
    assert picture.range_in_parent() == otio.opentime.TimeRange(start, length)
    assert picture.media_reference.target_url.startswith(scope.prefix)
    assert set(picture.metadata[METADATA_KEY]) == {"artifact_id", "uri", "sha256", "tenant", "env", "x", "y", "fade_s"}
    assert isinstance(second[0], otio.schema.Clip)


def test_a_clip_that_was_moved_is_found_where_it_is(timeline: Path) -> None:
    """Editors edit; the times in force are the timeline's."""
    read = otio.adapters.read_from_file(str(timeline))
    read.tracks[1][0].source_range = otio.opentime.TimeRange(duration=otio.opentime.RationalTime(50, 25))
    del read.tracks[2]
    otio.adapters.write_to_file(read, str(timeline))
    (found,) = read_timeline(timeline)
    assert (found.start_s, found.end_s, found.x) == (2.0, 5.0, 40)


def test_a_duration_that_was_rounded_adds_no_frame(images: ImageService, scope: Scope, tmp_path: Path) -> None:
    """Matroska tells milliseconds: 100 frames at 29.97 take 3.337 s by its word, which would be 100.01 frames."""
    artifact = images.add_asset(scope, png(), "a.png").artifact
    facts = FACTS._replace(rate=Fraction(30_000, 1001), duration_s=3.337)
    write_timeline(tmp_path / "t.otio", Path("c.mkv"), facts, [placed(artifact, 0, 0, Shown(0, 3.337, 0))])
    timeline = otio.adapters.read_from_file(str(tmp_path / "t.otio"))
    assert [track[0].duration().value for track in timeline.tracks] == [100, 100]


def test_places_to_load_from_may_be_named(images: ImageService, scope: Scope, tmp_path: Path) -> None:
    """A uri is a name; an editor on another desk needs a file or an address."""
    artifact = images.add_asset(scope, png(), "a.png").artifact
    media = {artifact.artifact_id: "https://cdn.example/a.png"}
    write_timeline(tmp_path / "t.otio", Path("c.mp4"), FACTS, [placed(artifact, 0, 0, Shown(0, 1, 0))], media)
    clip = otio.adapters.read_from_file(str(tmp_path / "t.otio")).tracks[1][0]
    assert clip.media_reference.target_url == "https://cdn.example/a.png"
    assert read_timeline(tmp_path / "t.otio")[0].uri == artifact.uri


def test_the_same_timeline_is_the_same_file(images: ImageService, scope: Scope, tmp_path: Path) -> None:
    """No dates and no ids of a run."""
    artifact = images.add_asset(scope, png(), "a.png").artifact
    for name in ("a.otio", "b.otio"):
        write_timeline(tmp_path / name, Path("c.mp4"), FACTS, [placed(artifact, 1, 2, Shown(0.5, 1, 0))])
    assert (tmp_path / "a.otio").read_bytes() == (tmp_path / "b.otio").read_bytes()


def test_clips_of_others_are_passed_over(tmp_path: Path) -> None:
    """A timeline is mostly other people's work."""
    write_timeline(tmp_path / "t.otio", Path("c.mp4"), FACTS, [])
    assert read_timeline(tmp_path / "t.otio") == ()


@pytest.mark.parametrize("content", ["", "{", "[]", "no timeline"])
def test_what_is_no_timeline_is_refused(content: str, tmp_path: Path) -> None:
    """One typed error, whatever OpenTimelineIO makes of it."""
    (tmp_path / "t.otio").write_text(content)
    with pytest.raises(TimelineError):
        read_timeline(tmp_path / "t.otio")


def test_other_objects_and_damaged_metadata_are_refused(timeline: Path, tmp_path: Path) -> None:
    """Metadata that lost a field would name a picture that cannot be checked."""
    otio.adapters.write_to_file(otio.schema.Clip("alone"), str(tmp_path / "clip.otio"))
    with pytest.raises(TimelineError, match="holds a Clip"):
        read_timeline(tmp_path / "clip.otio")
    timeline.write_text(timeline.read_text().replace('"sha256"', '"sha1"'))
    with pytest.raises(TimelineError, match="sha"):
        read_timeline(timeline)


def test_other_endings_are_refused(tmp_path: Path) -> None:
    """The ending decides who reads a file; plugins of a machine must not."""
    with pytest.raises(OutputError):
        write_timeline(tmp_path / "t.xml", Path("c.mp4"), FACTS, [])
    with pytest.raises(TimelineError, match="absent"):
        read_timeline(tmp_path / "absent.otio")
    with pytest.raises(TimelineError, match="end with"):
        read_timeline(tmp_path / "t.edl")
