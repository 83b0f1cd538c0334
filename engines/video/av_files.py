"""How video files are read and written: the only file that knows PyAV and its options.

Main path: `look` at a clip, `rewrite` it frame by frame, `write_alpha` a picture as a clip of its own, `frame_at` to see what came out.

Everything is written as BT.709, limited range, 4:2:0. Encoders run with a fixed number of threads and without what makes their output
change from run to run: x264's macroblock tree is off, because with it the same frames give other bytes in every run (measured with
PyAV 18.1). Audio is copied as it is. Only files are opened, and only containers that cannot name other files or hosts.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from engines.media_v2.exports import RgbaPixels
from engines.video.errors import (
    EncoderMissingError,
    UnreadableClipError,
    UnsupportedClipError,
    VideoExtraMissingError,
)
from engines.video.planes import AlphaPlanes, Bytes, Planes, faded, to_bt709, to_rgba

try:
    import av
    from av.codec.context import Flags
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.frame import PictureType, VideoFrame
    from av.video.reformatter import ColorRange, Colorspace
    from av.video.stream import VideoStream
except ImportError as error:  # told as what it is by whoever needs this file, which nobody imports before
    raise VideoExtraMissingError("PyAV") from error

SIDE_PX_MAX = 8_192
"""Of a frame: 8K. x264 and libvpx take more, memory for their threads does not."""
ENCODER_THREADS = 4
"""Fixed, because x264's bytes depend on it."""
_CONTAINERS = "mov,matroska,avi,mpegts,ivf"
"""FFmpeg's names. Not here: playlists and everything else that makes FFmpeg open another file."""
_Item = TypeVar("_Item")
_MP4_AUDIO = ("aac", "mp3", "ac3", "eac3", "opus", "flac", "alac")
_H264 = {"preset": "veryfast", "crf": "18", "mbtree": "0"}
"""crf 18: what eyes cannot tell from the source (x264's own advice). At that quality `medium` makes files of the same size, 3.5 times
as slowly, and 0.08 of a level nearer to the source."""
_VP9 = {"deadline": "good", "cpu-used": "4", "crf": "20", "b": "0", "auto-alt-ref": "0", "row-mt": "0"}
"""Alternate references do not work with alpha; with rows in threads, bytes depend on timing."""
_HD_LINES = 720
"""From this height on a clip that does not say its matrix is taken as BT.709, below as BT.601, as players do."""
_PQ, _HLG = 16, 18
"""ITU-T H.273: transfer characteristics of HDR."""
_BT601 = {1: False, 5: True, 6: True}
"""ITU-T H.273: matrix coefficients of BT.709, and of BT.601 for 625 and 525 lines."""
_UNSAID = (0, 2)
"""RGB, and a matrix that is not declared."""

Change = Callable[[Planes, float], None]
"""Changes a frame in place; the second argument is its time in seconds from the first frame on."""


class ClipFacts(NamedTuple):
    """What a clip is: px, frames a second (the average where it varies), seconds, codecs of its audio."""

    width: int
    height: int
    rate: Fraction
    duration_s: float
    audio: tuple[str, ...]


def look(clip: Path) -> ClipFacts:
    """Return what `clip` is. Raises `UnreadableClipError`; `UnsupportedClipError` for what `rewrite` could not do right."""
    with _opened(clip) as source:
        return _facts(source, clip)


def rewrite(clip: Path, out: Path, change: Change, *, note: str = "") -> int:
    """Write `clip` to `out` as H.264 in MP4 with every frame given to `change`; return the number of frames.

    `note` goes into the file's comment. `out` appears when it is whole, and not at all after an error. Raises as `look`, and
    `EncoderMissingError`. Damage that FFmpeg notices is an error; frames that it passes over in silence are missing from `out` too.
    """
    with _opened(clip) as source:
        facts = _facts(source, clip)
        _need_encoder("libx264")
        with (
            _written(out) as partial,
            av.open(str(partial), "w", format="mp4", options=_bitexact("+faststart")) as output,
        ):
            if note:
                output.metadata["comment"] = note
            return _rewritten(source, output, facts, clip, change)


def write_alpha(out: Path, picture: AlphaPlanes, opacities: Iterable[float], rate: Fraction, *, note: str = "") -> int:
    """Write a clip of `picture` alone as VP9 with alpha in WebM, one frame for each of `opacities`; return their number."""
    _need_encoder("libvpx-vp9")
    height, width = picture.luma.shape
    with _written(out) as partial, av.open(str(partial), "w", format="webm", options=_bitexact()) as output:
        if note:
            output.metadata["comment"] = note
        stream = _add_stream(output, "libvpx-vp9", width, height, rate, _VP9, "yuva420p")
        count = 0
        for count, opacity in enumerate(opacities, start=1):
            frame = VideoFrame(width, height, "yuva420p")
            shown = (picture.luma, picture.cb, picture.cr, faded(picture.alpha, opacity))
            for view, plane in zip(_views(frame), shown, strict=True):
                view[...] = plane
            frame.pts, frame.time_base = count - 1, 1 / rate
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        return count


def frame_at(clip: Path, time_s: float) -> RgbaPixels:
    """Return the frame that is shown at `time_s` from the first one on, as (height, width, 4) uint8 straight; alpha where VP9 has it.

    Reads from the start, so it is for looking at short clips. Raises `UnreadableClipError`.
    """
    with _opened(clip) as source:
        found: VideoFrame | None = None
        for time, frame in _timed(_alpha_frames(source), clip):
            if time > time_s and found is not None:
                break
            found = frame
        if found is None:
            raise UnreadableClipError(clip.name, "has no frame")
        if found.format.name == "yuva420p":
            return to_rgba(AlphaPlanes(*_views(found)))
        return to_rgba(Planes(*_views(_standard(found))))


def _rewritten(source: InputContainer, output: OutputContainer, facts: ClipFacts, clip: Path, change: Change) -> int:
    video = source.streams.video[0]
    stream = _add_stream(output, "libx264", facts.width, facts.height, facts.rate, _H264, "yuv420p")
    assert video.time_base is not None
    stream.codec_context.time_base = video.time_base  # keeps every frame's own time where the rate varies
    sounds = {sound.index: output.add_stream_from_template(sound) for sound in source.streams.audio}
    count, clock = 0, _Clock(clip)
    for packet in _translated(source.demux(video, *source.streams.audio), clip):
        if packet.stream.index == video.index:
            for frame in _decoded(video, packet, clip):
                time_s = clock.time_of(frame)
                shown = _as_written(frame, facts, clip)
                change(Planes(*_views(shown)), time_s)
                with _faults_of(clip, "cannot be encoded again"):
                    output.mux(stream.encode(shown))
                count += 1
        elif packet.dts is not None:  # the last packet of each stream is empty
            packet.stream = sounds[packet.stream.index]
            with _faults_of(clip):
                output.mux(packet)
    with _faults_of(clip, "cannot be encoded again"):
        output.mux(stream.encode(None))
    return count


class _Clock:
    """Times of frames, from the first one on."""

    def __init__(self, clip: Path) -> None:
        self._clip = clip
        self._first: Fraction | None = None
        self._last: Fraction | None = None

    def time_of(self, frame: VideoFrame) -> float:
        """Seconds. Raises `UnreadableClipError` for a frame without a time, or not later than the one before."""
        if frame.pts is None or frame.time_base is None:
            raise UnreadableClipError(self._clip.name, "has a frame without a time")
        at = frame.pts * Fraction(frame.time_base)
        if self._first is None:
            self._first = at
        if self._last is not None and at <= self._last:
            raise UnreadableClipError(self._clip.name, f"has frames out of order at {float(at - self._first):.2f} s")
        self._last = at
        return float(at - self._first)


def _timed(frames: Iterator[VideoFrame], clip: Path) -> Iterator[tuple[float, VideoFrame]]:
    clock = _Clock(clip)
    for frame in _translated(frames, clip):
        yield clock.time_of(frame), frame


def _alpha_frames(source: InputContainer) -> Iterator[VideoFrame]:
    """All frames, those of VP9 through libvpx: FFmpeg's own decoder leaves their alpha out."""
    video = source.streams.video[0]
    if video.codec_context.name != "vp9":
        yield from source.decode(video)
        return
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    for packet in source.demux(video):
        for frame in decoder.decode(packet):
            assert isinstance(frame, VideoFrame)
            frame.time_base = packet.time_base
            yield frame


def _facts(source: InputContainer, clip: Path) -> ClipFacts:
    video = source.streams.video[0]
    frame = next(_translated(source.decode(video), clip), None)
    if frame is None:
        raise UnreadableClipError(clip.name, "has no frame")
    _check_frame(frame, clip)
    _check(
        clip,
        "pixel aspect",
        video.sample_aspect_ratio or 1,
        "square pixels",
        fine=video.sample_aspect_ratio in (None, 0, 1),
    )
    audio = tuple(sound.codec_context.name for sound in source.streams.audio)
    for name in audio:
        _check(clip, "audio", name, f"one of {', '.join(_MP4_AUDIO)}, which MP4 holds", fine=name in _MP4_AUDIO)
    source.seek(0)
    length = (
        video.duration * video.time_base
        if video.duration and video.time_base
        else Fraction(source.duration or 0, 1_000_000)
    )
    if length <= 0:
        raise UnreadableClipError(clip.name, "does not tell how long it is")
    return ClipFacts(frame.width, frame.height, Fraction(video.average_rate or 25), float(length), audio)


def _check_frame(frame: VideoFrame, clip: Path) -> None:
    """Refuse what would come out other than it went in, anywhere but under the picture."""
    size = f"{frame.width} x {frame.height} px"
    _check(clip, "size", size, "even sides, as 4:2:0 has them", fine=frame.width % 2 == frame.height % 2 == 0)
    _check(clip, "size", size, f"at most {SIDE_PX_MAX} px a side", fine=max(frame.width, frame.height) <= SIDE_PX_MAX)
    _check(clip, "rotation", frame.rotation, "none; turn the pixels first", fine=frame.rotation == 0)
    _check(clip, "scan", "interlaced", "progressive", fine=not frame.interlaced_frame)
    _check(clip, "transfer", "HDR", "BT.709 or alike", fine=frame.color_trc not in (_PQ, _HLG))
    matrix = int(frame.colorspace)
    _check(clip, "matrix", f"{matrix} of ITU-T H.273", "BT.709 or BT.601", fine=matrix in (*_BT601, *_UNSAID))
    clear = any(part.is_alpha for part in frame.format.components)
    _check(clip, "format", f"{frame.format.name}, with transparency", "an opaque clip", fine=not clear)


def _check(clip: Path, field: str, value: object, needed: str, *, fine: bool) -> None:
    if not fine:
        raise UnsupportedClipError(clip.name, field, value, needed)


def _as_written(frame: VideoFrame, facts: ClipFacts, clip: Path) -> VideoFrame:
    """`frame` as it is handed to the encoder, ready to be changed. Raises `UnreadableClipError` for a damaged frame or another size."""
    if (frame.width, frame.height) != (facts.width, facts.height):
        raise UnreadableClipError(clip.name, f"changes its size to {frame.width} x {frame.height} px on the way")
    if frame.is_corrupt:
        raise UnreadableClipError(clip.name, f"is damaged at {frame.time:.2f} s")
    frame = _standard(frame)
    frame.make_writable()
    frame.pict_type = PictureType.NONE  # else x264 repeats the source's choice of key frames
    return frame


def _standard(frame: VideoFrame) -> VideoFrame:
    """`frame` as BT.709, limited range, 4:2:0; itself where it is that already."""
    if frame.format.is_rgb:
        return _reformatted(frame, Colorspace.ITU709, ColorRange.MPEG)
    bt601, full = _is_bt601(frame), _is_full(frame)
    if frame.format.name not in ("yuv420p", "yuvj420p"):
        own = Colorspace.ITU601 if bt601 else Colorspace.ITU709
        frame = _reformatted(frame, own, ColorRange.JPEG if full else ColorRange.MPEG)
    if not bt601 and not full:
        return frame
    converted = VideoFrame(frame.width, frame.height, "yuv420p")
    for view, plane in zip(_views(converted), to_bt709(Planes(*_views(frame)), bt601=bt601, full=full), strict=True):
        view[...] = plane
    converted.pts, converted.time_base = frame.pts, frame.time_base
    return converted


def _reformatted(frame: VideoFrame, matrix: Colorspace, colours: ColorRange) -> VideoFrame:
    """`frame` as 4:2:0 of 8 bits. YUV keeps its matrix and range, which FFmpeg would convert a little too dark."""
    return frame.reformat(
        format="yuv420p",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=ColorRange.JPEG if frame.format.is_rgb else colours,
        dst_color_range=colours,
    )


def _is_bt601(frame: VideoFrame) -> bool:
    """What the frame says, guessed as players do where it says nothing."""
    return _BT601.get(int(frame.colorspace), frame.height < _HD_LINES)


def _is_full(frame: VideoFrame) -> bool:
    return frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")


def _add_stream(
    output: OutputContainer, encoder: str, width: int, height: int, rate: Fraction, options: dict[str, str], pixels: str
) -> VideoStream:
    stream = output.add_stream(encoder, rate=rate, options=options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = width, height, pixels
    context = stream.codec_context
    context.thread_count = ENCODER_THREADS
    context.flags |= Flags.bitexact
    context.colorspace = context.color_primaries = context.color_trc = int(Colorspace.ITU709)
    context.color_range = int(ColorRange.MPEG)
    return stream


def _views(frame: VideoFrame) -> list[Bytes]:
    """The frame's planes as arrays that share its memory."""
    views: list[Bytes] = []
    for plane in frame.planes:
        memory: Any = plane  # has the buffer protocol, which its type does not say
        lines = np.frombuffer(memory, np.uint8, plane.height * plane.line_size).reshape(plane.height, plane.line_size)
        views.append(lines[:, : plane.width])
    return views


def _bitexact(movflags: str = "") -> dict[str, str]:
    """No dates, versions or random ids in the file; `+faststart` puts the index first, so that playing starts at once."""
    return {"fflags": "+bitexact"} | ({"movflags": movflags} if movflags else {})


def _need_encoder(name: str) -> None:
    if name not in av.codec.codecs_available:
        raise EncoderMissingError(name)


@contextmanager
def _opened(clip: Path) -> Iterator[InputContainer]:
    """The file, open. An absolute path, because FFmpeg takes `name:` for a protocol."""
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    try:
        source = av.open(str(clip.resolve()), options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        raise UnreadableClipError(clip.name, error.strerror or "cannot be read") from error
    with source:
        if not source.streams.video:
            raise UnreadableClipError(clip.name, "has no video")
        if source.streams.video[0].codec_context is None:
            raise UnsupportedClipError(clip.name, "codec", "unknown", "one that PyAV decodes")
        yield source


def _decoded(video: VideoStream, packet: "Packet[Any]", clip: Path) -> list[VideoFrame]:
    with _faults_of(clip):
        return video.codec_context.decode(packet)


def _translated(items: Iterator[_Item], clip: Path) -> Iterator[_Item]:
    """`items`, with what FFmpeg complains of told as a fault of the clip."""
    while True:
        with _faults_of(clip):
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


@contextmanager
def _faults_of(clip: Path, what: str = "is damaged") -> Iterator[None]:
    """Tell what FFmpeg complains of as a fault of the clip; what the system complains of, a full disk say, stays what it is."""
    try:
        yield
    except OSError:
        raise
    except av.error.FFmpegError as error:
        raise UnreadableClipError(clip.name, f"{what}: {error.strerror}") from error


@contextmanager
def _written(out: Path) -> Iterator[Path]:
    """A place beside `out` to write to, which becomes `out` when all went well and is gone otherwise."""
    partial = out.with_name(f".{out.name}.part").resolve()
    try:
        yield partial
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(out)
