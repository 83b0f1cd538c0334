"""Is every PNG of ours a right one, with the very pixels, as small as promised, and the same bytes on any number of threads?"""

import io
import os
import subprocess
import sys
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engines.image_core import icc, png, png_kernels, xmp
from engines.image_core.png import PngFacts, write_png
from engines.image_core.png_forms import GRAY, GRAY_ALPHA, PALETTE, RGB, RGB_ALPHA, form_of
from engines.image_core.tests.plain_png import read_png

FACTS = PngFacts(icc.profile("sRGB"), icc.gray_profile("sRGB"))
KINDS = ("noise", "few colours", "gray", "gray with alpha", "opaque", "waves", "clear")

Pixels = npt.NDArray[np.uint8]


def picture(kind: str, width: int, height: int, seed: int = 0) -> Pixels:
    """(height, width, 4) uint8 with the property that `kind` names; the same for the same arguments."""
    random = np.random.default_rng(seed)
    made = random.integers(0, 256, (height, width, 4), np.uint8)
    y, x = np.mgrid[0:height, 0:width]
    match kind:
        case "few colours":
            made = random.integers(0, 256, (5, 4), np.uint8)[(x // 3 + y // 2) % 5]
        case "gray" | "gray with alpha":
            made[..., :3] = made[..., :1]
        case "waves":
            made = np.dstack([x * 3, y * 5, x + y, 255 - x // 4]).astype(np.uint8)
        case "clear":
            made[...] = 0
    if kind in ("gray", "opaque"):
        made[..., 3] = 255
    return made


@st.composite
def pictures(draw: st.DrawFn) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Pictures of every kind, 1 to 40 px a side, 8 or 16 bit; a 16-bit one has lower bytes that are not its upper ones."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    made = picture(draw(st.sampled_from(KINDS)), width, height, draw(st.integers(0, 9)))
    if draw(st.booleans()):
        return made
    wide = made.astype(np.uint16) * 257
    return wide ^ (wide % 7) if draw(st.booleans()) else wide


@given(pictures())
def test_a_plain_reader_finds_the_very_pixels(pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> None:
    """Exact is the whole point of PNG; the reader also checks checksums, the order of chunks and that no byte is left over."""
    read = read_png(write_png(pixels, FACTS))
    assert read.depth == pixels.dtype.itemsize * 8
    assert np.array_equal(read.pixels, pixels)


@given(pictures(), st.integers(1, 600))
def test_strips_leave_no_trace_in_the_pixels(
    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16], strip_bytes: int
) -> None:
    """Strips are filtered and deflated apart: the first row of each must know the last one of the strip above."""
    before = png._STRIP_BYTES
    png._STRIP_BYTES = strip_bytes
    try:
        made = write_png(pixels, FACTS, threads=1)
        assert made == write_png(pixels, FACTS, threads=3)
    finally:
        png._STRIP_BYTES = before
    assert np.array_equal(read_png(made).pixels, pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_pillow_reads_the_same_pixels(kind: str) -> None:
    """The reader of most Python programs."""
    pixels = picture(kind, 67, 41)
    image = Image.open(io.BytesIO(write_png(pixels, FACTS)))
    assert np.array_equal(np.asarray(image.convert("RGBA")), pixels)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("kind", KINDS)
def test_the_decoder_of_ffmpeg_reads_the_same_pixels(kind: str, depth: int) -> None:
    """A decoder that is neither Pillow's nor libpng, and the only one here that keeps 16 bits."""
    av = pytest.importorskip("av", reason="PyAV is not installed")
    pixels = picture(kind, 64, 40).astype(np.uint16)
    if depth == 16:
        pixels = pixels * 257 ^ 0x0A50
        if kind in ("gray", "opaque"):
            pixels[..., 3] = 0xFFFF
    stored = pixels.astype(np.uint8) if depth == 8 else pixels
    with av.open(io.BytesIO(write_png(stored, FACTS)), format="png_pipe") as file:
        frame = next(file.decode(video=0))
    wanted = "rgba" if depth == 8 else "rgba64be"
    found = frame.reformat(format=wanted).to_ndarray()
    assert np.array_equal(found.reshape(40, 64, 4), pixels)


@pytest.mark.parametrize(
    ("kind", "color_type"),
    [("noise", RGB_ALPHA), ("few colours", PALETTE), ("gray", GRAY), ("gray with alpha", GRAY_ALPHA), ("opaque", RGB)],
)
def test_the_smallest_exact_form_is_taken(kind: str, color_type: int) -> None:
    """A gray picture with three channels is three times the file."""
    pixels = picture(kind, 60, 60)
    assert form_of(pixels).color_type == color_type
    assert form_of(pixels[:, :40].copy()).color_type == color_type
    if color_type != PALETTE:
        assert form_of(pixels.astype(np.uint16) * 257).color_type == color_type


@pytest.mark.parametrize("colours", [1, 2, 255, 256, 257])
def test_a_palette_has_at_most_256_colours(colours: int) -> None:
    """The 257th colour has no place; the 256th does."""
    places = np.arange(100 * 100) % colours
    table = np.stack([places % 16 * 16 + 1, places // 16, places % 7, 255 - places % 3], axis=-1).astype(np.uint8)
    pixels = table.reshape(100, 100, 4)
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) == colours
    read = read_png(write_png(pixels, FACTS))
    assert (read.color_type == PALETTE) == (colours <= 256)
    assert np.array_equal(read.pixels, pixels)


def test_a_palette_lists_translucent_colours_first() -> None:
    """So that tRNS ends with the last of them; an opaque palette has none."""
    pixels = picture("few colours", 60, 60)
    pixels[..., 3] = np.where(pixels[..., 0] == pixels[0, 0, 0], 40, 255)
    read = read_png(write_png(pixels, FACTS))
    assert read.first(b"tRNS") == b"\x28"
    pixels[..., 3] = 255
    assert read_png(write_png(pixels, FACTS)).first(b"tRNS") is None


def test_a_small_picture_has_no_palette() -> None:
    """Its entries would be more bytes than its pixels."""
    assert form_of(picture("few colours", 6, 6)).color_type != PALETTE
    assert form_of(np.zeros((4, 4, 4), np.uint8)).color_type == PALETTE


def test_where_colours_lie_does_not_change_the_palette() -> None:
    """The palette is of the picture, not of the order in which it is read."""
    pixels = picture("few colours", 60, 60)
    turned = np.ascontiguousarray(pixels[::-1, ::-1])
    assert form_of(pixels).palette == form_of(turned).palette


def test_gray_with_alpha_pays() -> None:
    """Soft white words on nothing: half the channels, and fewer bytes for it."""
    random = np.random.default_rng(3)
    pixels = np.full((200, 300, 4), 255, np.uint8)
    pixels[..., 3] = np.cumsum(random.integers(-3, 4, (200, 300)), axis=1)
    pixels[..., :3] = random.integers(0, 2, (200, 300, 1)) + 250
    gray = write_png(pixels, FACTS)
    pixels[0, 0, 0] ^= 1
    colour = write_png(pixels, FACTS)
    assert read_png(gray).color_type == GRAY_ALPHA
    assert read_png(colour).color_type == RGB_ALPHA
    assert len(gray) < 0.95 * len(colour)


def _rated(pixels: Pixels) -> list[int]:
    """The filter of each row by the rule, in plain Python: least sum of signed magnitudes; Sub, then Up, then Paeth."""
    height, width, channels = pixels.shape
    rows = np.zeros((height + 1, (width + 1) * channels), int)
    rows[1:, channels:] = pixels.reshape(height, -1)
    chosen = []
    for y in range(1, height + 1):
        x, left = rows[y, channels:], rows[y, :-channels]
        above, corner = rows[y - 1, channels:], rows[y - 1, :-channels]
        guess = left + above - corner
        near = np.stack([abs(guess - left), abs(guess - above), abs(guess - corner)])
        paeth = np.choose(near.argmin(axis=0), [left, above, corner])
        costs = {kind: abs((x - one + 128) % 256 - 128).sum() for kind, one in ((1, left), (2, above), (4, paeth))}
        chosen.append(min(costs, key=lambda kind: costs[kind]))
    return chosen


@pytest.mark.parametrize("kind", ["noise", "waves"])
def test_rows_get_the_filter_of_the_rule(kind: str) -> None:
    """The rule decides about bytes, so it is part of `PNG_VERSION`, on every machine."""
    pixels = picture(kind, 33, 57)
    read = read_png(write_png(pixels, FACTS))
    assert read.color_type == RGB_ALPHA
    assert read.filters == _rated(pixels)
    assert len(set(read.filters)) > 1


def test_of_equal_filters_the_first_is_taken() -> None:
    """A tie must not be decided by the order in which a machine compares."""
    read = read_png(write_png(np.zeros((3, 3, 4), np.uint8), FACTS))
    assert (read.color_type, read.filters) == (GRAY_ALPHA, [1, 1, 1])


def test_bytes_are_pinned() -> None:
    """Bytes may change with zlib and with `PNG_VERSION`, never by accident: what is deflated is the same everywhere."""
    read = read_png(write_png(picture("waves", 64, 48), FACTS))
    raw = zlib.decompress(b"".join(data for kind, data in read.chunks if kind == b"IDAT"))
    assert png.PNG_VERSION == "1"
    assert zlib.crc32(raw) == 425025326


def test_drawings_look_for_repeats_and_photographs_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run lengths alone would make a drawing larger than it need be, and looking for repeats takes ten times as long."""
    y, x = np.mgrid[0:400, 0:400]
    bars = np.where(y // 40 % 2 == 0, x % 57 * (y // 40 + 9), 0)
    drawing = np.dstack([bars * 4, bars * 3, (bars > 9) * 200, np.full_like(x, 255 - x // 200)]).astype(np.uint8)
    assert form_of(drawing).color_type == RGB_ALPHA
    noise = picture("noise", 200, 200)
    made, noisy = write_png(drawing, FACTS), write_png(noise, FACTS)
    monkeypatch.setattr(png, "_DRAWING_RATIO", 10**9)
    assert len(made) < 0.9 * len(write_png(drawing, FACTS))
    assert noisy == write_png(noise, FACTS)
    assert len(noisy) < noise.size * 1.01


def test_facts_are_written() -> None:
    """Profile, resolution and XMP are what readers find, whatever the form."""
    packet = xmp.packet("ab" * 16)
    facts = PngFacts(icc.profile("Display P3"), icc.gray_profile("Display P3"), 300, packet)
    for kind in ("noise", "few colours", "gray", "gray with alpha", "opaque"):
        content = write_png(picture(kind, 60, 60), facts)
        image = Image.open(io.BytesIO(content))
        image.load()
        gray = read_png(content).color_type in (GRAY, GRAY_ALPHA)
        assert image.info["icc_profile"] == (facts.gray_profile if gray else facts.profile)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert image.info["xmp"] == packet
        assert read_png(content).first(b"pHYs") == (11811).to_bytes(4) * 2 + b"\x01"


def test_nothing_is_said_that_is_not_known() -> None:
    kinds = {kind for kind, _ in read_png(write_png(picture("opaque", 9, 9), FACTS)).chunks}
    assert kinds == {b"IHDR", b"iCCP", b"IDAT", b"IEND"}


def test_a_view_of_pixels_is_written_like_a_copy() -> None:
    """A cut of a larger drawing does not lie in one piece."""
    for pixels in (picture("noise", 40, 40), picture("noise", 40, 40).astype(np.uint16) * 257):
        assert write_png(pixels[3:30, 5:31], FACTS) == write_png(pixels[3:30, 5:31].copy(), FACTS)


DIGEST = """
import hashlib
import numpy as np
from engines.image_core import colour
from engines.image_core.png_forms import form_of
from engines.image_core.png import _filtered
from engines.image_core.tests.test_png import KINDS, picture
digest = hashlib.sha256()
for kind in KINDS:
    for pixels in (picture(kind, 45, 20), colour.from_srgb(picture(kind, 45, 20).astype(np.uint16) * 257, "Display P3")):
        form = form_of(pixels)
        digest.update(repr((form.color_type, form.palette, form.transparency)).encode())
        digest.update(_filtered(form, 0, 20).tobytes())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_kernels_give_the_same_bytes_however_they_run() -> None:
    """Interpreted, compiled for this CPU, or for the oldest one: what is deflated depends on the pixels alone."""
    found = set()
    for setting in ({}, {"NUMBA_DISABLE_JIT": "1"}, {"NUMBA_CPU_NAME": "generic"}):
        command = [sys.executable, "-W", "ignore", "-c", DIGEST]  # the interpreter warns where bytes wrap around
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | setting)
        found.add(done.stdout)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("last", "opaque", "gray"),
    [((9, 9, 9, 255), True, True), ((1, 2, 9, 255), True, False), ((9, 9, 9, 4), False, True)],
)
@pytest.mark.parametrize("rows", [1, 2, 40])
def test_the_survey_reads_to_the_last_pixel(last: tuple[int, ...], opaque: bool, gray: bool, rows: int) -> None:
    """Colour or alpha in the last corner counts, also long after the palette was found to be full."""
    pixels = np.full((rows, 3000, 4), 255, np.uint8)
    pixels[..., :3] = (np.arange(3000) % 256)[None, :, None]
    pixels[:-1, ::2, 3] = 255
    pixels[-1, -1] = last
    words = png_kernels.read_only(pixels.view("<u4").reshape(rows, 3000))
    found = png_kernels.find("survey")(words, np.zeros(256, np.uint32), png_kernels.new_slots())
    assert found[:2] == (opaque, gray)
    assert found[2] == 256 + (last != (9, 9, 9, 255))


def test_colour_after_the_palette_is_full_is_seen() -> None:
    """Rows that are read after the 257th colour are read in another loop."""
    gray, opaque = picture("gray with alpha", 40, 40), picture("opaque", 40, 40)
    assert (form_of(gray).color_type, form_of(opaque).color_type) == (GRAY_ALPHA, RGB)
    for channel in (0, 1, 2):
        gray[30, 7, channel] ^= 1
        assert form_of(gray).color_type == RGB_ALPHA
        gray[30, 7, channel] ^= 1
    opaque[31, 7, 3] = 254
    assert form_of(opaque).color_type == RGB_ALPHA
