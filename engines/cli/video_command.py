"""`impasto video overlay`: a registered render burnt into a clip, and handed to an editor's timeline."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson, Env, Store, Tenant, need_scope, need_store

if TYPE_CHECKING:
    from engines.media_v2.models import Artifact
    from engines.video.overlay import Overlaid


def video_overlay(
    clip: Path,
    artifact_id: str,
    /,
    *,
    out: Path | None = None,
    x: int = 0,
    y: int = 0,
    start: float = 0.0,
    end: float | None = None,
    fade: float = 0.0,
    alpha: Path | None = None,
    timeline: Path | None = None,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    json: AsJson = False,
) -> int:
    """Burn a registered picture into a clip: H.264 in MP4, audio copied, the artifact's id in the file's comment.

    Needs the video extra. The picture keeps its transparency and its size; render it with a preset that fits the clip.

    Example:
        impasto video overlay clip.mp4 $ID --out titled.mp4 --y 400 --start 1 --fade 0.4 --store ./store --tenant acme --env prod

    Parameters
    ----------
    clip: Path
        MP4, MOV, Matroska, WebM, AVI or MPEG-TS; progressive, square pixels, no HDR.
    artifact_id: str
        The picture; `impasto artifact list` shows what there is.
    out: Path
        The new clip, .mp4.
    x: int
        Left edge of the picture, px of the frame.
    y: int
        Top edge.
    start: float
        Seconds from the first frame on.
    end: float
        Seconds; without it the picture shows to the end.
    fade: float
        Seconds of fading, at both ends.
    alpha: Path
        Also write the picture alone as a clip with transparency, as long as it shows: VP9 in .webm.
    timeline: Path
        Also write a timeline for editors, .otio, whose clip names artifact, uri and hash.
    """
    from engines.image_core.sources import RASTER_KINDS
    from engines.media_v2.errors import MissingOptionError
    from engines.media_v2.registry import Registry
    from engines.workspace import Workspace

    if out is None:
        raise MissingOptionError("out", "name the new clip with --out FILE.mp4")
    path, scope = need_store(store), need_scope(tenant, env)
    with Registry.open(path, read_only=True) as registry:
        work = Workspace(registry, scope)
        artifact = registry.artifact(scope, artifact_id, *RASTER_KINDS)
        picture = work.content(artifact)
    wanted = _Wanted(out, alpha, timeline, x, y, start, end, fade)
    _tell(artifact, wanted, _hand_over(artifact, picture, clip, wanted), as_json=json)
    return FINE


class _Wanted(NamedTuple):
    out: Path
    alpha: Path | None
    timeline: Path | None
    x: int
    y: int
    start_s: float
    end_s: float | None
    fade_s: float


def _hand_over(artifact: "Artifact", picture: bytes, clip: Path, wanted: _Wanted) -> "Overlaid":
    """Write all files that are wanted, after all their names were checked."""
    from engines.video.overlay import WEBM, alpha_clip, check_output, overlay

    out, alpha, timeline, x, y, start_s, end_s, fade_s = wanted
    if alpha is not None:
        check_output(alpha, WEBM)
    if timeline is not None:
        from engines.video.timeline import ENDING, placed, write_timeline

        check_output(timeline, ENDING)
    note = f"impasto {artifact.uri} {artifact.artifact_id}"
    made = overlay(clip, picture, out, x=x, y=y, start_s=start_s, end_s=end_s, fade_s=fade_s, note=note)
    if alpha is not None:
        length_s = made.shown.end_s - made.shown.start_s
        alpha_clip(picture, alpha, duration_s=length_s, fade_s=fade_s, rate=made.clip.rate, note=note)
    if timeline is not None:
        write_timeline(timeline, clip, made.clip, [placed(artifact, x, y, made.shown)])
    return made


def _tell(artifact: "Artifact", wanted: _Wanted, made: "Overlaid", *, as_json: bool) -> None:
    files = [str(one) for one in wanted[:3] if one is not None]
    start_s, end_s, _ = made.shown
    if as_json:
        said = {"artifact_id": artifact.artifact_id, "uri": artifact.uri, "files": files}
        facts = {"width": made.clip.width, "height": made.clip.height, "frames": made.frames}
        output.print_json(said | facts | {"start_s": start_s, "end_s": end_s})
    else:
        shown = f"{made.frames} frames, {artifact.artifact_id} from {start_s:g} s to {end_s:g} s:"
        output.show(shown, *(f"  {one}" for one in files))
