"""Small clips to try things on, encoded here: a moving gradient, with sound or without, in the kinds that cameras and editors make."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

WIDTH, HEIGHT, RATE, FRAMES = 192, 108, 25, 20


def gradient(number: int, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.uint8]:
    """(height, width, 3) uint8: smooth in both directions, moving with `number`; nothing that 4:2:0 cannot hold."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = (np.sin(columns / 40 + number / 6), np.cos(rows / 30 - number / 8), np.sin((rows + columns) / 50))
    return np.stack([128 + 90 * wave for wave in waves], axis=-1).astype(np.uint8)


def write_clip(
    path: Path,
    *,
    sound: str = "",
    codec: str = "libx264",
    pixels: str = "yuv420p",
    matrix: int = 1,
    width: int = WIDTH,
    height: int = HEIGHT,
    frames: int = FRAMES,
    **context: object,
) -> Path:
    """Write a clip; `context` sets attributes of the encoder, such as colours that a camera would declare.

    `matrix` is 1 for BT.709, 5 for BT.601, 2 for one that is not declared (ITU-T H.273).
    """
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as output:
        steady = (
            {"mbtree": "0"} if codec.startswith("libx264") else {}
        )  # else damage in tests hits another place in each run
        stream = output.add_stream(codec, rate=RATE, options={"crf": "10"} | steady)
        stream.codec_context.thread_count = 2
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.colorspace = matrix
        stream.codec_context.color_range = int(ColorRange.MPEG)
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        heard = output.add_stream(sound, rate=48_000) if sound else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(gradient(number, width, height), format="rgb24").reformat(
                format=pixels,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
                dst_colorspace=Colorspace.ITU709
                if matrix == 1 or (matrix == 2 and height >= 720)
                else Colorspace.ITU601,
            )
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        if heard is not None:
            _hum(output, heard, frames / RATE)
        output.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """Write a file with sound and no video."""
    with av.open(str(path), "w", format="mp4") as output:
        _hum(output, output.add_stream("aac", rate=48_000), 0.5)
    return path


def _hum(output: av.container.OutputContainer, heard: av.AudioStream, seconds: float) -> None:
    samples = (np.sin(np.arange(int(48_000 * seconds)) / 30) * 9000).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
    output.mux(heard.encode(frame))
    output.mux(heard.encode(None))


def picture(width: int = 61, height: int = 31) -> npt.NDArray[np.uint8]:
    """(height, width, 4) uint8 straight: a soft-edged coloured box, transparent at its border, foreign colour where it is transparent."""
    rows, columns = np.mgrid[0:height, 0:width]
    edge = np.minimum(np.minimum(columns, width - 1 - columns), np.minimum(rows, height - 1 - rows))
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 0] = 230 - columns
    pixels[..., 1] = 90 + rows
    pixels[..., 2] = 60
    pixels[..., 3] = np.clip(edge * 40, 0, 230)
    pixels[pixels[..., 3] == 0] = (0, 255, 0, 0)
    return pixels


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """`pixels` as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def packets(path: Path, kind: str) -> list[bytes]:
    """The encoded packets of a file's first stream of a kind."""
    with av.open(str(path)) as source:
        stream = getattr(source.streams, kind)[0]
        return [bytes(packet) for packet in source.demux(stream) if packet.size]


def described(path: Path) -> tuple[object, ...]:
    """Codec, pixel format, matrix, primaries, transfer, range and comment of a file's video."""
    with av.open(str(path)) as source:
        context = source.streams.video[0].codec_context
        colours = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        comment = {name.lower(): text for name, text in source.metadata.items()}.get("comment")
        return (context.name, context.pix_fmt, *(int(one) for one in colours), comment)
