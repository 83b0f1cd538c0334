"""How does a render get into a video: burnt into a clip, or as a clip of its own that keeps its transparency?

Main path: `overlay(clip, picture, out, x=..., y=...)` writes H.264 in MP4; `alpha_clip(picture, out, ...)` writes VP9 with alpha in WebM,
for players and editors that compose themselves. Everything that can be refused is refused before a frame is decoded for good; `out`
appears whole or not at all. The same clip, picture and numbers give the same bytes with the same build of PyAV.
"""

import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engines.image_core.decode import decode_picture
from engines.video import planes
from engines.video.errors import OutputError, OverlayPlaceError, OverlayTimeError

if TYPE_CHECKING:
    from engines.video.av_files import ClipFacts

MP4, WEBM = ".mp4", ".webm"
"""Endings of what is written."""
ALPHA_CLIP_S_MAX = 600.0
"""Of a clip with alpha: a title, not a film."""
_RATE_DEFAULT = Fraction(25)
_TIMES_A_SECOND = 1_000_000
"""Makes 0.2 the fifth of a second that was meant, not the float just above it."""


class Shown(NamedTuple):
    """When a picture shows, in seconds of the clip: in from `start_s`, gone at `end_s`, fading over `fade_s` at both ends."""

    start_s: float
    end_s: float
    fade_s: float

    def opacity(self, time_s: float) -> float:
        """0 to 1, linear in time: 0 outside, 1 where nothing fades."""
        if not self.start_s <= time_s < self.end_s:
            return 0.0
        if self.fade_s == 0:
            return 1.0
        return min(1.0, (time_s - self.start_s) / self.fade_s, (self.end_s - time_s) / self.fade_s)

    def frames(self, rate: Fraction) -> range:
        """The frames in which it shows, at a constant `rate`: those with start_s <= number / rate < end_s."""
        first, end = (Fraction(time_s).limit_denominator(_TIMES_A_SECOND) for time_s in (self.start_s, self.end_s))
        return range(math.ceil(first * rate), math.ceil(end * rate))


class Overlaid(NamedTuple):
    """What was written."""

    clip: "ClipFacts"
    shown: Shown
    frames: int
    """All frames of the clip, those without the picture included."""


def overlay(
    clip_in: Path,
    picture: bytes,
    out: Path,
    *,
    x: int,
    y: int,
    start_s: float = 0.0,
    end_s: float | None = None,
    fade_s: float = 0.0,
    note: str = "",
) -> Overlaid:
    """Burn `picture` (PNG, WebP or JPEG, straight alpha, sRGB) into a clip with its corner at (x, y) px, and write H.264 to `out` (.mp4).

    Without `end_s` it shows to the end. Audio is copied, the clip's own pixels elsewhere are only encoded again. `note` becomes the file's
    comment: say which artifact was used. Raises `UnsupportedMediaError` for the picture, `UnreadableClipError`, `UnsupportedClipError`,
    `OverlayPlaceError`, `OverlayTimeError`, `OutputError`, `VideoExtraMissingError`.
    """
    from engines.video import av_files  # not before: it needs the video extra

    check_output(out, MP4, clip_in)
    pixels = decode_picture(picture, "overlay")
    facts = av_files.look(clip_in)
    height, width = pixels.shape[:2]
    if x < 0 or y < 0 or x + width > facts.width or y + height > facts.height:
        raise OverlayPlaceError((width, height), (x, y), (facts.width, facts.height))
    shown = _checked(Shown(start_s, facts.duration_s if end_s is None else end_s, fade_s), facts.duration_s)
    prepared = planes.prepare(pixels, x, y, facts.width)

    def change(frame: planes.Planes, time_s: float) -> None:
        if (opacity := shown.opacity(time_s)) > 0:
            planes.lay(frame, prepared, opacity)

    return Overlaid(facts, shown, av_files.rewrite(clip_in, out, change, note=note))


def alpha_clip(
    picture: bytes,
    out: Path,
    *,
    duration_s: float,
    fade_s: float = 0.0,
    rate: Fraction | int = _RATE_DEFAULT,
    note: str = "",
) -> int:
    """Write `picture` alone as VP9 with straight alpha to `out` (.webm), fading at both ends; return the number of frames.

    `rate` is frames a second. An odd side gains a transparent pixel. Raises as `overlay` does.
    """
    from engines.video import av_files

    check_output(out, WEBM)
    if not 0 < duration_s <= ALPHA_CLIP_S_MAX:
        raise OverlayTimeError("duration_s", duration_s, f"must be above 0 and at most {ALPHA_CLIP_S_MAX:g}")
    if not 1 <= rate <= 240:
        raise OverlayTimeError("rate", float(rate), "must be 1 to 240 frames a second")
    shown = _checked(Shown(0.0, duration_s, fade_s), duration_s)
    pixels = decode_picture(picture, "overlay")
    if max(pixels.shape[:2]) > av_files.SIDE_PX_MAX:
        limit = (av_files.SIDE_PX_MAX, av_files.SIDE_PX_MAX)
        raise OverlayPlaceError((pixels.shape[1], pixels.shape[0]), (0, 0), limit)
    rate = Fraction(rate)
    opacities = (shown.opacity(float(number / rate)) for number in shown.frames(rate))
    return av_files.write_alpha(out, planes.with_alpha(pixels), opacities, rate, note=note)


def check_output(out: Path, ending: str, clip_in: Path | None = None) -> None:
    """Check that `out` can be written: its ending, its folder, and that it is not `clip_in`. Raises `OutputError`."""
    if out.suffix.lower() != ending:
        raise OutputError(str(out), f"its name must end with {ending}, which is what is written")
    if not out.parent.is_dir():
        raise OutputError(str(out), f"the folder {out.parent} is not there")
    if clip_in is not None and out.exists() and clip_in.exists() and out.samefile(clip_in):
        raise OutputError(str(out), "is the clip itself")


def _checked(shown: Shown, duration_s: float) -> Shown:
    start, end, fade = shown
    if not 0 <= start < duration_s:
        raise OverlayTimeError("start_s", start, f"must be 0 or more and before the clip's end at {duration_s:g} s")
    if not start < end <= duration_s:
        raise OverlayTimeError("end_s", end, f"must be after start_s ({start:g} s) and at most {duration_s:g} s")
    if not 0 <= fade <= (end - start) / 2:
        raise OverlayTimeError("fade_s", fade, f"must be 0 to {(end - start) / 2:g}, half of the time it shows")
    return shown
