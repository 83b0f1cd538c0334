"""A lower third, rendered once, is burnt into a real clip, written as a clip with alpha, and placed on a timeline."""

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import skimage
from PIL import Image

from engines.video.av_files import frame_at
from engines.video.overlay import alpha_clip, overlay
from engines.video.timeline import placed, write_timeline
from engines.workspace import Workspace

HERE = Path(__file__).parent
PHOTO = Path(skimage.__file__).parent / "data" / "rocket.jpg"
"""In the public domain, by SpaceX; it comes inside scikit-image's wheel."""

WIDTH, HEIGHT, RATE, SECONDS = 960, 540, 25, 4


def film(out: Path) -> None:
    """Film a photograph: the camera moves in slowly. Any other clip does as well; this one needs no download."""
    with Image.open(PHOTO) as photo, av.open(str(out), "w", options={"fflags": "+bitexact"}) as clip:
        still = photo.convert("RGB")
        stream = clip.add_stream("libx264", rate=RATE, options={"crf": "16", "preset": "fast", "mbtree": "0"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 4
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1  # BT.709, limited
        stream.codec_context.color_primaries, stream.codec_context.color_trc = 1, 1
        frames = RATE * SECONDS
        for number in range(frames):
            width = still.width * (1 - 0.22 * number / frames)
            height, left = width * HEIGHT / WIDTH, (still.width - width) / 2
            top = 0.9 * (still.height - height)
            view = still.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box=(left, top, left + width, top + height))
            frame = av.VideoFrame.from_ndarray(np.asarray(view), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", src_color_range=2, dst_color_range=1)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            clip.mux(stream.encode(frame))
        clip.mux(stream.encode(None))


def main(folder: Path) -> None:
    """Make everything in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    film(folder / "launch.mp4")
    with Workspace.open(folder / "store", tenant="newsroom", env="demo", create=True) as work:
        composition = work.compose(HERE / "lower_third.json").artifact
        title = work.render(composition.artifact_id, "web_medium", {"format": "png"}).artifact
        picture = work.content(title)
    x, y = 0, HEIGHT - title.meta.height
    made = overlay(
        folder / "launch.mp4",
        picture,
        folder / "titled.mp4",
        x=x,
        y=y,
        start_s=0.6,
        end_s=3.6,
        fade_s=0.4,
        note=title.uri,
    )
    alpha_clip(picture, folder / "title.webm", duration_s=3.0, fade_s=0.4, rate=made.clip.rate, note=title.uri)
    write_timeline(folder / "cut.otio", folder / "launch.mp4", made.clip, [placed(title, x, y, made.shown)])
    Image.fromarray(frame_at(folder / "titled.mp4", 2.0)).convert("RGB").save(
        folder / "frame.webp", quality=88, method=6
    )
    sys.stdout.write(f"{made.frames} frames, {title.uri} from {made.shown.start_s} s to {made.shown.end_s} s\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
