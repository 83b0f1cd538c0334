"""Renders in real video files: what comes out is decoded and looked at, and everything that would come out wrong is refused."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor import Layer, composite
from engines.errors import RequestError
from engines.media_v2.errors import UnsupportedMediaError
from engines.video import av_files
from engines.video.av_files import frame_at, look
from engines.video.errors import (
    EncoderMissingError,
    OutputError,
    OverlayPlaceError,
    OverlayTimeError,
    UnreadableClipError,
    UnsupportedClipError,
    VideoExtraMissingError,
)
from engines.video.overlay import Shown, alpha_clip, overlay
from engines.video.tests.clips import (
    FRAMES,
    HEIGHT,
    RATE,
    WIDTH,
    described,
    gradient,
    packets,
    picture,
    png,
    write_clip,
    write_sound,
)

BT709_LIMITED = (1, 1, 1, 1)
"""Matrix, primaries, transfer and range as ITU-T H.273 and FFmpeg number them."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "base.mp4", sound="aac")


def test_the_picture_is_in_the_decoded_frame(clip: Path, tmp_path: Path) -> None:
    """The heart of it: a frame of the written file against the compositor's own result. H.264 at crf 18 and chroma at half size
    cost one to two levels on average and 24 at the picture's edge; a wrong matrix or alpha would cost ten times that."""
    over = picture()
    made = overlay(clip, png(over), tmp_path / "out.mp4", x=41, y=50, start_s=0.2, end_s=0.6)
    assert (made.frames, made.clip.rate) == (FRAMES, RATE)
    base, shown = frame_at(clip, 0.4), frame_at(tmp_path / "out.mp4", 0.4)
    expected = composite([Layer(base), Layer(over, 41, 50)], size=(WIDTH, HEIGHT))
    difference = np.abs(shown.astype(int) - expected)
    assert difference[50:81, 41:102].mean() <= 2.0
    assert difference[:48].mean() <= 1.0
    assert difference.max() <= 24


def test_it_shows_only_in_its_time_and_fades_at_both_ends(clip: Path, tmp_path: Path) -> None:
    """Frames before and after must be the clip's own; half way through the fade half of it is seen."""
    white = np.full((20, 20, 4), 255, np.uint8)
    overlay(clip, png(white), tmp_path / "out.mp4", x=40, y=40, start_s=0.2, end_s=0.6, fade_s=0.16)
    for time_s, opacity in ((0.0, 0.0), (0.16, 0.0), (0.28, 0.5), (0.4, 1.0), (0.52, 0.5), (0.6, 0.0), (0.76, 0.0)):
        base, shown = (frame_at(file, time_s)[44:56, 44:56].astype(float) for file in (clip, tmp_path / "out.mp4"))
        expected = base + opacity * (255 - base)
        assert np.abs(shown - expected).mean() <= 2.5, time_s


def test_the_same_inputs_give_the_same_file(clip: Path, tmp_path: Path) -> None:
    """What can be made again can be audited. x264 with its macroblock tree fails this test."""
    for name in ("a", "b"):
        overlay(clip, png(picture()), tmp_path / f"{name}.mp4", x=2, y=3, fade_s=0.1, note="impasto art")
        alpha_clip(png(picture()), tmp_path / f"{name}.webm", duration_s=0.4, fade_s=0.1)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert (tmp_path / "a.webm").read_bytes() == (tmp_path / "b.webm").read_bytes()


def test_files_say_what_they_are(clip: Path, tmp_path: Path) -> None:
    """Players guess colours that a file does not declare; and the comment leads back to the ledger."""
    overlay(clip, png(picture()), tmp_path / "o.mp4", x=0, y=0, note="impasto 0123")
    alpha_clip(png(picture()), tmp_path / "o.webm", duration_s=0.2, note="impasto 0123")
    assert described(tmp_path / "o.mp4") == ("h264", "yuv420p", *BT709_LIMITED, "impasto 0123")
    assert described(tmp_path / "o.webm")[0] == "vp9"
    assert described(tmp_path / "o.webm")[-1] == "impasto 0123"


def test_sound_is_copied_bit_for_bit(clip: Path, tmp_path: Path) -> None:
    """A title must not cost a generation of audio, nor move it."""
    overlay(clip, png(picture()), tmp_path / "o.mp4", x=0, y=0)
    assert packets(tmp_path / "o.mp4", "audio") == packets(clip, "audio")
    assert look(tmp_path / "o.mp4") == look(clip)


def test_a_clip_with_alpha_decodes_to_the_picture(tmp_path: Path) -> None:
    """Editors compose it themselves: alpha within 12 levels, colours within a few where they show."""
    over = picture()
    assert alpha_clip(png(over), tmp_path / "o.webm", duration_s=0.4, fade_s=0.16, rate=25) == 10
    full = frame_at(tmp_path / "o.webm", 0.2)
    assert full.shape == (32, 62, 4)
    difference = np.abs(full[:31, :61].astype(int) - over)
    assert difference[..., 3].max() <= 12
    assert difference[over[..., 3] > 100][:, :3].mean() <= 2
    assert full[31, :, 3].max() <= 8
    assert not frame_at(tmp_path / "o.webm", 0.0)[..., 3].any()
    assert abs(int(frame_at(tmp_path / "o.webm", 0.08)[15, 30, 3]) - 115) <= 4


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("bt601.mp4", {"matrix": 5}),
        ("444.mp4", {"pixels": "yuv444p"}),
        ("vp9.webm", {"codec": "libvpx-vp9"}),
        ("x.mkv", {"sound": "flac"}),
        ("deep.mp4", {"pixels": "yuv420p10le"}),
        ("rgb.mp4", {"codec": "libx264rgb", "pixels": "rgb24", "matrix": 0}),
    ],
)
def test_clips_of_many_kinds_come_out_in_one(name: str, options: dict[str, object], tmp_path: Path) -> None:
    """Whatever a clip was encoded as, its colours must stay: converted once, declared, and the picture on top."""
    clip = write_clip(tmp_path / name, **options)  # type: ignore[arg-type]
    overlay(clip, png(picture()), tmp_path / "o.mp4", x=100, y=60)
    assert described(tmp_path / "o.mp4")[:6] == ("h264", "yuv420p", *BT709_LIMITED)
    difference = np.abs(frame_at(tmp_path / "o.mp4", 0.4).astype(int) - frame_at(clip, 0.4))
    assert difference[:, :90].mean() <= 2.5


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"width": 191, "pixels": "yuv444p"}, "size"),
        ({"height": 107, "pixels": "yuv444p"}, "size"),
        ({"color_trc": 16}, "transfer"),
        ({"color_trc": 18}, "transfer"),
        ({"matrix": 9}, "matrix"),
        ({"matrix": 7}, "matrix"),
        ({"sample_aspect_ratio": Fraction(4, 3)}, "pixel aspect"),
    ],
)
def test_what_would_come_out_wrong_is_refused(options: dict[str, object], field: str, tmp_path: Path) -> None:
    """Better no file than one whose colours or shape changed everywhere."""
    clip = write_clip(tmp_path / "clip.mp4", **options)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedClipError) as caught:
        overlay(clip, png(picture()), tmp_path / "o.mp4", x=0, y=0)
    assert caught.value.fields["field"] == field
    assert not (tmp_path / "o.mp4").exists()


def test_sound_that_mp4_cannot_hold_is_told(tmp_path: Path) -> None:
    """Dropping it silently would be found on air."""
    clip = write_clip(tmp_path / "clip.mkv", sound="pcm_s16le")
    with pytest.raises(UnsupportedClipError, match="audio is pcm_s16le"):
        overlay(clip, png(picture()), tmp_path / "o.mp4", x=0, y=0)


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -1), (WIDTH - 60, 0), (0, HEIGHT - 30)])
def test_a_picture_outside_the_frame_is_refused(clip: Path, tmp_path: Path, x: int, y: int) -> None:
    """With picture, place and frame in the message, so that the caller sees which preset would fit."""
    with pytest.raises(OverlayPlaceError, match=r"61 x 31 px at x=.* leaves the frame of 192 x 108 px"):
        overlay(clip, png(picture()), tmp_path / "o.mp4", x=x, y=y)


@pytest.mark.parametrize(
    ("field", "times"),
    [
        ("start_s", {"start_s": -0.1}),
        ("start_s", {"start_s": 0.8}),
        ("end_s", {"end_s": 0.9}),
        ("end_s", {"start_s": 0.4, "end_s": 0.4}),
        ("fade_s", {"fade_s": -0.1}),
        ("fade_s", {"fade_s": 0.41}),
        ("start_s", {"start_s": float("nan")}),
        ("end_s", {"end_s": float("inf")}),
    ],
)
def test_times_outside_the_clip_are_refused(clip: Path, tmp_path: Path, field: str, times: dict[str, float]) -> None:
    """A title that never shows is a mistake, not a wish."""
    with pytest.raises(OverlayTimeError) as caught:
        overlay(clip, png(picture()), tmp_path / "o.mp4", x=0, y=0, **times)  # type: ignore[arg-type]
    assert caught.value.fields["field"] == field


def test_bad_files_are_refused_and_leave_nothing(clip: Path, tmp_path: Path) -> None:
    """Neither half a video nor a misleading one."""
    (tmp_path / "text.mp4").write_text("no video")
    write_sound(tmp_path / "sound.m4a")
    good = png(picture())
    for name in ("text.mp4", "absent.mp4", "sound.m4a", "http://127.0.0.1/x.mp4"):
        with pytest.raises(UnreadableClipError):
            overlay(tmp_path / name, good, tmp_path / "o.mp4", x=0, y=0)
    with pytest.raises(UnsupportedMediaError):
        overlay(clip, b"no picture", tmp_path / "o.mp4", x=0, y=0)
    for out in ("o.mov", "absent/o.mp4"):
        with pytest.raises(OutputError):
            overlay(clip, good, tmp_path / out, x=0, y=0)
    with pytest.raises(OutputError, match="the clip itself"):
        overlay(clip, good, clip, x=0, y=0)
    assert {path.name for path in tmp_path.iterdir()} == {"text.mp4", "sound.m4a"}


def test_a_list_of_other_files_is_no_clip(clip: Path, tmp_path: Path) -> None:
    """FFmpeg follows such lists, whatever they are called; a clip from a stranger must not make us open other files."""
    (tmp_path / "other.mp4").write_bytes(clip.read_bytes())
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    with pytest.raises(UnreadableClipError):
        look(tmp_path / "list.mp4")


@pytest.mark.parametrize(
    ("width", "height", "matrix"), [(192, 108, 2), (1280, 720, 2), (192, 108, 1), (192, 108, 5), (1280, 720, 6)]
)
def test_colours_that_a_clip_does_not_declare_are_taken_as_players_take_them(
    tmp_path: Path, width: int, height: int, matrix: int
) -> None:
    """BT.601 below 720 lines, BT.709 from there on; a wrong guess turns skin green. Lossy 4:2:0 costs this picture two levels."""
    clip = write_clip(tmp_path / "clip.mp4", matrix=matrix, width=width, height=height, frames=2)
    shown = frame_at(clip, 0.0)[..., :3].astype(int)
    assert np.abs(shown - gradient(0, width, height)).mean() <= 2


def test_the_number_of_threads_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """x264's bytes follow from it, so it must not be the machine's; another number here must show in the file."""
    clip = write_clip(tmp_path / "clip.mp4", width=960, height=540, frames=8)
    overlay(clip, png(picture()), tmp_path / "a.mp4", x=0, y=0)
    monkeypatch.setattr(av_files, "ENCODER_THREADS", 1)
    overlay(clip, png(picture()), tmp_path / "b.mp4", x=0, y=0)
    assert (tmp_path / "a.mp4").read_bytes() != (tmp_path / "b.mp4").read_bytes()


def test_a_clip_that_breaks_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    """Damage in the middle is found after the output was begun."""
    content = bytearray(write_clip(tmp_path / "x.mkv", frames=60).read_bytes())
    middle = len(content) * 2 // 5
    content[middle : middle + 3000] = b"\x55" * 3000
    (tmp_path / "x.mkv").write_bytes(content)
    with pytest.raises(UnreadableClipError, match="damaged"):
        overlay(tmp_path / "x.mkv", png(picture()), tmp_path / "o.mp4", x=0, y=0)
    assert [path.name for path in tmp_path.iterdir()] == ["x.mkv"]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm", "a.ts"])
def test_damage_anywhere_is_told_or_harmless(name: str, tmp_path: Path) -> None:
    """Clips come from strangers: whatever byte is wrong, there is a clip or a typed error, never a traceback and never half a file."""
    random = np.random.default_rng(7)
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    good = write_clip(tmp_path / name, sound="" if codec == "libvpx-vp9" else "aac", codec=codec, frames=6).read_bytes()
    told = 0
    for attempt in range(16):
        content = bytearray(good)
        at = int(random.integers(len(content) if attempt % 2 else 1200))
        content[at : at + 1 + attempt * 4] = random.bytes(1 + attempt * 4)
        (tmp_path / name).write_bytes(content[: len(content) if attempt % 4 else at])
        try:
            overlay(tmp_path / name, png(picture()), tmp_path / "o.mp4", x=0, y=0)
        except RequestError:
            told += 1
    assert told > 0
    assert {path.name for path in tmp_path.iterdir()} <= {name, "o.mp4"}


@pytest.mark.parametrize(("duration_s", "rate"), [(0, 25), (-1, 25), (601, 25), (float("nan"), 25), (1, 0), (1, 241)])
def test_a_clip_of_its_own_has_limits(tmp_path: Path, duration_s: float, rate: int) -> None:
    """A title of an hour is a slip of the keyboard."""
    with pytest.raises(OverlayTimeError):
        alpha_clip(png(picture()), tmp_path / "o.webm", duration_s=duration_s, rate=rate)


def test_a_missing_part_is_told_with_its_remedy(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The video extra is optional; whoever lacks it gets a sentence, not a traceback."""
    with monkeypatch.context() as missing:
        missing.delitem(sys.modules, "engines.video.av_files")
        missing.delattr("engines.video.av_files")
        missing.setitem(sys.modules, "av", None)
        with pytest.raises(VideoExtraMissingError, match=r"impasto\[video\]"):
            overlay(clip, png(picture()), tmp_path / "o.mp4", x=0, y=0)
    monkeypatch.setattr(av_files.av.codec, "codecs_available", set())
    with pytest.raises(EncoderMissingError, match="libx264"):
        overlay(clip, png(picture()), tmp_path / "o.mp4", x=0, y=0)


@given(st.integers(0, 50), st.integers(1, 50), st.sampled_from([24, 25, 30, 50, Fraction(30_000, 1001)]))
def test_frames_and_opacity_agree(start: int, length: int, rate: Fraction | int) -> None:
    """The timeline counts frames, the blending asks times; a frame must not be in one and missing in the other."""
    rate = Fraction(rate)
    shown = Shown(start / 25, (start + length) / 25, 0.0)
    frames = shown.frames(rate)
    inside = [number for number in range(frames.stop + 5) if shown.opacity(float(number / rate)) > 0]
    assert inside == list(frames)
