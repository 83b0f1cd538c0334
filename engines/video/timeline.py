"""How does a render get onto an editor's timeline, and how is it found again? The only file that knows OpenTimelineIO.

Main path: `write_timeline(path, clip, facts, overlays)`; `read_timeline(path)` is its inverse: it returns what was placed. The clip lies on
track V1; each picture lies on a track of its own above it, as a gap and a clip, so pictures may overlap in time.

A picture's metadata under the key `impasto` says which artifact it is: `artifact_id`, `uri`, `sha256`, `tenant`, `env`, and where it lies:
`x`, `y` in px of the frame, `fade_s` in seconds. Editors keep metadata that they do not know, so a finished edit leads back to the ledger.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engines.media_v2.models import Artifact
from engines.video.errors import TimelineError, VideoExtraMissingError
from engines.video.overlay import Shown, check_output

if TYPE_CHECKING:
    from engines.video.av_files import ClipFacts

try:
    import opentimelineio as otio
except ImportError as error:  # nobody imports this file who does not need a timeline
    raise VideoExtraMissingError("OpenTimelineIO") from error

METADATA_KEY = "impasto"
ENDING = ".otio"
_BASE_TRACK = "V1"


class Placed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registered picture on a timeline: which one, where in the frame (px) and when (s)."""

    artifact_id: str
    uri: str
    sha256: str
    tenant: str
    env: str
    x: int
    y: int
    start_s: float
    end_s: float
    fade_s: float = 0.0

    @property
    def shown(self) -> Shown:
        """When it shows, as `overlay` counts it."""
        return Shown(self.start_s, self.end_s, self.fade_s)


class _Metadata(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written beside a clip; times are the track's own."""

    artifact_id: str
    uri: str
    sha256: str
    tenant: str
    env: str
    x: int
    y: int
    fade_s: float


def placed(artifact: Artifact, x: int, y: int, shown: Shown) -> Placed:
    """Return `artifact` at (x, y) px for the time that it is shown."""
    return Placed(
        artifact_id=artifact.artifact_id,
        uri=artifact.uri,
        sha256=artifact.sha256,
        tenant=artifact.tenant,
        env=artifact.env,
        x=x,
        y=y,
        start_s=shown.start_s,
        end_s=shown.end_s,
        fade_s=shown.fade_s,
    )


def write_timeline(
    path: Path, clip: Path, facts: "ClipFacts", overlays: Sequence[Placed], media: dict[str, str] | None = None
) -> None:
    """Write the timeline of `clip` with `overlays` above it to `path` (.otio), times rounded up to whole frames of the clip's rate.

    `media` maps an artifact id to the place from which an editor can load its bytes; without one the clip refers to the artifact's uri.
    Raises `OutputError`.
    """
    check_output(path, ENDING)
    frames = range(round(facts.duration_s * facts.rate))  # some containers round the duration to milliseconds
    timeline = otio.schema.Timeline(clip.stem)
    timeline.tracks.append(_track(_BASE_TRACK, [_clip(clip.stem, clip.name, frames, facts.rate)]))
    for number, one in enumerate(overlays, start=2):
        target = (media or {}).get(one.artifact_id, one.uri)
        wanted = one.shown.frames(facts.rate)
        shown = range(wanted.start, min(wanted.stop, frames.stop))
        item = _clip(one.uri.rsplit("/", 1)[-1], target, range(len(shown)), facts.rate)
        known = {name: getattr(one, name) for name in _Metadata.__struct_fields__}
        item.metadata[METADATA_KEY] = msgspec.to_builtins(msgspec.convert(known, _Metadata))
        gap = otio.schema.Gap(source_range=_time_range(range(shown.start), facts.rate))
        timeline.tracks.append(_track(f"V{number}", [gap, item] if shown.start else [item]))
    partial = path.with_name(f".{path.stem}.part{ENDING}")
    otio.adapters.write_to_file(timeline, str(partial))
    partial.replace(path)


def read_timeline(path: Path) -> tuple[Placed, ...]:
    """Return what was placed on the tracks of a timeline, lowest first; clips without our metadata are passed over.

    Times come from where the clips lie now, so what an editor moved is found where it was moved to. Raises `TimelineError`.
    """
    if path.suffix != ENDING:  # the ending decides which reader OpenTimelineIO takes, plugins of this machine included
        raise TimelineError(path.name, f"its name must end with {ENDING}")
    try:
        timeline = otio.adapters.read_from_file(str(path))
    except (otio.exceptions.OTIOError, OSError, ValueError) as error:
        raise TimelineError(path.name, str(error).partition("\n")[0] or type(error).__name__) from error
    if not isinstance(timeline, otio.schema.Timeline):
        raise TimelineError(path.name, f"holds a {type(timeline).__name__}")
    return tuple(_read(path, item) for item in timeline.find_clips() if METADATA_KEY in item.metadata)


def _read(path: Path, item: "otio.schema.Clip") -> Placed:
    try:
        known = msgspec.convert(_plain(item.metadata[METADATA_KEY]), _Metadata)
    except msgspec.ValidationError as error:
        raise TimelineError(path.name, f"clip {item.name!r}: {error}") from error
    where = item.transformed_time_range(item.trimmed_range(), item.parent().parent())
    start, end = where.start_time.to_seconds(), where.end_time_exclusive().to_seconds()
    return Placed(start_s=start, end_s=end, **msgspec.structs.asdict(known))


def _plain(value: object) -> object:
    """OpenTimelineIO's own mapping as a dict."""
    return dict(value.items()) if hasattr(value, "items") else value


def _track(name: str, items: Sequence["otio.core.Item"]) -> "otio.schema.Track":
    track = otio.schema.Track(name, kind=otio.schema.TrackKind.Video)
    track.extend(items)
    return track


def _clip(name: str, target: str, frames: range, rate: Fraction) -> "otio.schema.Clip":
    """A clip of `frames` of what lies at `target`."""
    span = _time_range(frames, rate)
    return otio.schema.Clip(name, otio.schema.ExternalReference(target, available_range=span), span)


def _time_range(frames: range, rate: Fraction) -> "otio.opentime.TimeRange":
    """From the first of `frames` to behind the last; RationalTime counts in frames of a float rate."""
    per_second = float(rate)
    start, length = (otio.opentime.RationalTime(count, per_second) for count in (frames.start, len(frames)))
    return otio.opentime.TimeRange(start, length)
