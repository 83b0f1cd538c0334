"""`impasto video overlay`: a registered picture in, files out, everything refused before the first one is written."""

import json
from pathlib import Path

import numpy as np
import pytest

from engines.cli.video_command import video_overlay
from engines.errors import RequestError
from engines.media_v2.errors import MissingOptionError, RetractedArtifactError, UnknownArtifactError, WrongKindError
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.video.av_files import frame_at
from engines.video.tests.clips import picture, png, write_clip
from engines.video.timeline import read_timeline
from engines.workspace import Workspace

SCOPE = {"tenant": "acme", "env": "test"}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4")


@pytest.fixture
def work(registry: Registry, scope: Scope) -> Workspace:
    return Workspace(registry, scope, threads=1)


def test_a_registered_picture_goes_all_three_ways(
    work: Workspace, clip: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Burnt in, as a clip with alpha, and on a timeline that names it; programs are told what was written."""
    artifact = work.add_asset(png(picture()), "title.png").artifact
    files = {"out": tmp_path / "o.mp4", "alpha": tmp_path / "o.webm", "timeline": tmp_path / "o.otio"}
    times = {"start": 0.2, "end": 0.6, "fade": 0.08}
    assert video_overlay(clip, artifact.artifact_id, x=40, y=20, **times, **files, store=store, **SCOPE, json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said.keys() == {"artifact_id", "uri", "files", "width", "height", "frames", "start_s", "end_s"}
    assert (said["artifact_id"], said["frames"], said["start_s"]) == (artifact.artifact_id, 20, 0.2)
    assert said["files"] == [str(path) for path in files.values()]
    assert np.abs(frame_at(files["out"], 0.4)[30:40, 60:80].astype(int) - frame_at(clip, 0.4)[30:40, 60:80]).mean() > 20
    assert frame_at(files["alpha"], 0.2)[15, 30, 3] > 200
    (placed,) = read_timeline(files["timeline"])
    assert (placed.artifact_id, placed.x, placed.y, placed.start_s, placed.end_s) == (
        artifact.artifact_id,
        40,
        20,
        0.2,
        0.6,
    )


def test_what_cannot_be_is_refused_before_a_file_is_written(
    work: Workspace, clip: Path, store: Path, tmp_path: Path
) -> None:
    """A second output with a bad name must not leave the first one behind."""
    good = work.add_asset(png(picture()), "title.png").artifact.artifact_id
    scene = work.add_asset(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>', "a.svg"
    ).artifact.artifact_id
    gone = work.retract(
        work.add_asset(png(picture(20, 20)), "old.png").artifact.artifact_id, "licence ended"
    ).artifact_id
    out = tmp_path / "o.mp4"
    cases: list[tuple[type[Exception], str, dict[str, Path]]] = [
        (MissingOptionError, good, {}),
        (UnknownArtifactError, "0" * 32, {"out": out}),
        (WrongKindError, scene, {"out": out}),
        (RetractedArtifactError, gone, {"out": out}),
        (RequestError, good, {"out": out, "alpha": tmp_path / "o.gif"}),
        (RequestError, good, {"out": out, "timeline": tmp_path / "o.xml"}),
        (RequestError, good, {"out": tmp_path / "absent" / "o.mp4"}),
    ]
    before = sorted(tmp_path.iterdir())
    for error, artifact_id, files in cases:
        with pytest.raises(error):
            video_overlay(clip, artifact_id, **files, store=store, **SCOPE)
    assert sorted(tmp_path.iterdir()) == before


def test_another_tenants_picture_is_unknown(work: Workspace, clip: Path, store: Path, tmp_path: Path) -> None:
    """The hand-over keeps scopes apart like everything else."""
    artifact_id = work.add_asset(png(picture()), "title.png").artifact.artifact_id
    with pytest.raises(UnknownArtifactError):
        video_overlay(clip, artifact_id, out=tmp_path / "o.mp4", store=store, tenant="globex", env="test")
