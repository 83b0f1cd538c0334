"""Does every format hold what its meta says, in every profile and depth, and are its bytes the same from every thread?"""

import hashlib
import io
import threading
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms, features

from engines.errors import EnvironmentFault
from engines.image_core import decode, encode, pillow_files, xmp
from engines.image_core.presets import plan_export
from engines.image_core.tests.plain_png import read_png
from engines.media_v2.exports import ExportPixels, ExportPlan
from engines.media_v2.models import ImageRenderMeta
from engines.media_v2.presets import COLOR_PROFILES, ColorProfile, Format, Overrides, check_preset

ARTIFACT_ID = "0123456789abcdef" * 2
HAS_AVIF = features.check("avif")
needs_avif = pytest.mark.skipif(not HAS_AVIF, reason="this build of Pillow has no AVIF")
FORMATS = ["png", "webp", "jpeg", "tiff", pytest.param("avif", marks=needs_avif)]
KERNELS = [
    ("png", 8, "Display P3", 3),
    ("png", 16, "sRGB", 1),
    ("png", 16, "Display P3", 2),
    ("jpeg", 8, "Display P3", 0),
]
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def planned(format: Format, width: int = 60, height: int = 40, **wanted: object) -> ExportPlan:
    """A box of 60 x 60 around a drawing of 60 x 40, or what `wanted` says of the preset."""
    definition = {
        "preset_id": "a",
        "format": format,
        "size": "box",
        "width": 60,
        "height": 60,
        "quality": 90,
        "dpi": 150,
    }
    return plan_export(check_preset(definition | wanted), width, height).plan


def drawing(plan: ExportPlan, *, opaque: bool = False) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Soft colours and alphas, of the size and depth that the plan shows."""
    y, x = np.mgrid[0 : plan.visible.height, 0 : plan.visible.width]
    alpha = np.full_like(x, 255) if opaque else (x * y) % 256
    pixels = np.dstack([x * 4, y * 6, (x + y) * 2, alpha])
    return pixels.astype(np.uint16) * 257 if plan.bit_depth == 16 else pixels.astype(np.uint8)


def opened(content: bytes) -> Image.Image:
    """A file as Pillow reads it, loaded."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("profile", COLOR_PROFILES)
@pytest.mark.parametrize("format", FORMATS)
def test_the_file_is_what_its_meta_says(format: Format, profile: ColorProfile) -> None:
    """Read back by another reader: format, size, profile, resolution, alpha, hash, bytes."""
    plan = planned(format, color_profile=profile)
    export = encode.encode(plan, drawing(plan), {"impasto-pixels": "1"}, ARTIFACT_ID)
    image = opened(export.content)
    assert (image.format, image.size) == (format.upper(), (60, 60))
    embedded = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert ImageCms.getProfileDescription(embedded).strip() == profile == export.meta["color_profile"]
    assert export.meta["dpi"] == (150 if format in ("png", "jpeg", "tiff") else None)
    if export.meta["dpi"]:
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.02)
    assert export.meta["alpha"] == image.has_transparency_data == (format != "jpeg")
    assert export.meta["bytes"] == len(export.content)
    assert export.meta["sha256"] == hashlib.sha256(export.content).hexdigest()
    assert (export.meta["bit_depth"], export.meta["fit"]) == (8, "contain")
    assert export.meta.keys() | {"preset_version", "overrides", "fonts", "preset_id", "missing", "text"} == set(
        ImageRenderMeta.__struct_fields__
    )


@pytest.mark.parametrize("profile", COLOR_PROFILES)
@pytest.mark.parametrize("format", ["png", "tiff"])
def test_pixel_hash_is_of_the_pixels_in_the_file(format: Format, profile: ColorProfile) -> None:
    """Whoever decodes a lossless export can check its pixels without us."""
    plan = planned(format, color_profile=profile, background="#204060")
    export = encode.encode(plan, drawing(plan), {})
    found = np.asarray(opened(export.content).convert("RGBA"))
    assert encode.pixel_sha256(found) == export.meta["pixel_sha256"]


@pytest.mark.parametrize("profile", COLOR_PROFILES)
def test_16_bits_reach_the_file(profile: ColorProfile) -> None:
    """And its hash is over 16 bits, not over the 8 that most readers make of it."""
    plan = planned("png", color_profile=profile, bit_depth=16)
    export = encode.encode(plan, drawing(plan) ^ 0x003C, {}, ARTIFACT_ID)
    read = read_png(export.content)
    assert (read.depth, export.meta["bit_depth"]) == (16, 16)
    assert encode.pixel_sha256(read.pixels) == export.meta["pixel_sha256"]
    assert len(np.unique(read.pixels & 0xFF)) > 100


def test_a_16_bit_export_is_flattened_in_16_bits() -> None:
    """Against the exact fraction, at every pixel."""
    plan = planned("png", bit_depth=16, background="#ff8000", height=60)
    pixels = drawing(plan) ^ 0x0123
    read = read_png(encode.encode(plan, pixels, {}).content).pixels.astype(float)
    alpha = pixels[..., 3:] / 65535
    exact = pixels[..., :3] * alpha + np.array([255, 128, 0]) * 257 * (1 - alpha)
    assert np.abs(read[..., :3] - exact).max() <= 0.5 + 1e-6
    assert (read[..., 3] == 65535).all()


@pytest.mark.parametrize(
    ("fit", "focal", "window"),
    [("contain", None, (0, 10, 60, 40)), ("cover", (0.0, 0.5), (0, 0, 60, 60)), ("stretch", None, (0, 0, 60, 60))],
)
def test_the_visible_part_lies_where_the_plan_says(
    fit: str, focal: tuple[float, float] | None, window: tuple[int, int, int, int]
) -> None:
    """Padding is the background, or nothing; what leaves the file was never drawn."""
    preset = check_preset({"preset_id": "a", "format": "png", "size": "box", "width": 60, "height": 60, "fit": fit})
    plan = plan_export(preset, 60, 40, Overrides(focal=focal)).plan
    pixels = drawing(plan, opaque=True)
    canvas = encode.place(pixels, plan)
    left, top, width, height = window
    assert np.array_equal(canvas[top : top + height, left : left + width], pixels)
    assert (canvas[..., 3] == 255).sum() == width * height


@pytest.mark.parametrize(("depth", "step"), [(8, 1), (16, 257)])
def test_a_tall_drawing_is_padded_at_its_sides(depth: int, step: int) -> None:
    """With the background where there is one, else with nothing."""
    for background, paper in (("#0a141e", [10 * step, 20 * step, 30 * step, 255 * step]), (None, [0, 0, 0, 0])):
        plan = planned("png", 40, 60, background=background, bit_depth=depth)
        pixels = drawing(plan, opaque=True)
        canvas = encode.place(pixels, plan)
        assert np.array_equal(canvas[:, 10:50], pixels)
        assert (canvas[:, :10] == paper).all()
        assert (canvas[:, 50:] == paper).all()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("depth", [8, 16])
def test_an_opaque_picture_has_no_alpha(format: Format, depth: int) -> None:
    """One translucent pixel is enough for a channel."""
    plan = planned(format, width=60, height=60, bit_depth=depth, formats=("png",))
    pixels = drawing(plan, opaque=True)
    assert encode.encode(plan, pixels, {}).meta["alpha"] is False
    pixels[-1, -1, 3] -= 1
    assert encode.encode(plan, pixels, {}).meta["alpha"] is (format != "jpeg")


@pytest.mark.parametrize("format", FORMATS)
def test_the_artifact_is_named_in_the_file(format: Format) -> None:
    """A file that was sent about can be found in the ledger again, by any tool that reads XMP."""
    plan = planned(format)
    content = encode.encode(plan, drawing(plan), {}, ARTIFACT_ID).content
    image = opened(content)
    packet = image.tag_v2[700] if format == "tiff" else image.info["xmp"]  # type: ignore[attr-defined] # of a TIFF
    assert packet == xmp.packet(ARTIFACT_ID)
    description = image.getxmp()["xmpmeta"]["RDF"]["Description"]
    assert description["identifier"] == description["DocumentID"] == f"urn:impasto:artifact:{ARTIFACT_ID}"
    assert len(content) - len(encode.encode(plan, drawing(plan), {}).content) < 700


@pytest.mark.parametrize("format", FORMATS)
def test_without_an_artifact_there_is_no_packet(format: Format) -> None:
    plan = planned(format)
    content = encode.encode(plan, drawing(plan), {}).content
    assert b"xpacket" not in content
    assert b"impasto" not in content


def test_the_packet_is_short_and_sound() -> None:
    """A parser that knows nothing of XMP reads it as XML; a strange id breaks nothing."""
    packet = xmp.packet(ARTIFACT_ID)
    assert len(packet) <= 600
    assert packet == xmp.packet(ARTIFACT_ID)
    assert packet.startswith(b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert packet.endswith(b'<?xpacket end="r"?>')
    for artifact_id in (ARTIFACT_ID, "\"<&'é"):
        root = ET.fromstring(xmp.packet(artifact_id).decode())  # noqa: S314 - our own text
        (description,) = root.iter(f"{RDF}Description")
        assert description.attrib["{http://purl.org/dc/elements/1.1/}identifier"] == xmp.ARTIFACT_URN + artifact_id


@pytest.mark.parametrize("format", FORMATS)
def test_bytes_are_the_same_in_every_thread(format: Format) -> None:
    """Pillow keeps an encoder's settings on the image: four threads that share one mix up their qualities."""
    plans = [planned(format, quality=quality, color_profile=COLOR_PROFILES[quality % 3]) for quality in (40, 70, 95)]
    pixels = drawing(plans[0], opaque=True)
    pixels.flags.writeable = False
    alone = [encode.encode(plan, pixels, {}, ARTIFACT_ID, threads=1).content for plan in plans]
    gate = threading.Barrier(4)

    def work(number: int) -> list[bytes]:
        gate.wait()
        return [encode.encode(plan, pixels, {}, ARTIFACT_ID, threads=1 + number % 3).content for plan in plans]

    with ThreadPoolExecutor(4) as pool:
        assert all(made == alone for made in pool.map(work, range(4)))


@pytest.mark.parametrize("format", FORMATS)
def test_quality_changes_the_bytes_of_lossy_formats_only(format: Format) -> None:
    """A quality that is not passed on would be found by nobody's eye."""
    low, high = (encode.encode(plan := planned(format, quality=q), drawing(plan), {}) for q in (30, 95))
    assert (len(low.content) < len(high.content)) == (format in ("webp", "jpeg", "avif"))
    assert (low.meta["quality"], high.meta["quality"]) == (
        (30, 95) if format in ("webp", "jpeg", "avif") else (None, None)
    )


@pytest.mark.parametrize(("format", "worst"), [("jpeg", 12), pytest.param("avif", 24, marks=needs_avif)])
def test_lossy_formats_keep_colour_whole(format: Format, worst: int) -> None:
    """One column of red on black: with halved colour it would fade to brown. WebP knows no other way."""
    plan = planned(format, height=60, quality=95)
    pixels = np.zeros((60, 60, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[:, 30, 0] = 255
    found = np.asarray(opened(encode.encode(plan, pixels, {}).content).convert("RGB")).astype(int)
    assert 255 - found[:, 30, 0].min() <= worst


@pytest.mark.parametrize("format", FORMATS)
def test_versions_name_the_encoder(format: Format) -> None:
    """They are part of the render_key: an upgrade makes new artifacts instead of passing as the old ones."""
    versions = encode.codec_versions(format)
    own = {"png": "impasto-png", "webp": "libwebp", "jpeg": "libjpeg-turbo", "avif": "libavif", "tiff": "libtiff"}
    assert versions.keys() >= {own[format], "pillow", "littlecms"}
    assert ("zlib" in versions) == (format == "png")
    assert all(isinstance(version, str) and version for version in versions.values())


@pytest.mark.parametrize(("format", "depth", "profile", "count"), KERNELS)
def test_the_kernels_that_are_told_are_those_that_are_used(
    format: Format, depth: int, profile: ColorProfile, count: int
) -> None:
    """Progress that leaves one out would stand still while it compiles."""
    plan = planned(format, bit_depth=depth, color_profile=profile, formats=("png",))
    loaders = encode.kernel_loaders(plan)
    assert len(loaders) == count
    kernels = [load() for load in loaders]
    encode.encode(plan, drawing(plan), {})
    assert [load() for load in loaders] == kernels


def test_a_build_without_avif_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a fault of the request: the message says what to install."""
    content = b"\0\0\0\x1cftypavif" + bytes(40)
    monkeypatch.setattr(pillow_files.features, "check", lambda _: False)
    plan = planned("avif")
    with pytest.raises(EnvironmentFault, match="AVIF"):
        encode.encode(plan, drawing(plan), {})
    with pytest.raises(EnvironmentFault, match="AVIF"):
        decode.decode_picture(content, "a.avif")


def test_avif_is_encoded_on_one_thread() -> None:
    """Its bytes depend on how many there are, which small pictures do not show."""
    settings = pillow_files._settings(pillow_files.Writing("avif", 80, None, b"", b""))
    assert (settings["max_threads"], settings["codec"], settings["autotiling"]) == (1, "aom", False)


def test_pixels_of_another_size_or_depth_are_our_own_fault() -> None:
    """Never written as they are: a file of the wrong size would be registered for ever."""
    plan = planned("png")
    wrong: list[ExportPixels] = [np.zeros((60, 60, 4), np.uint8), np.zeros((40, 60, 4), np.uint16)]
    for pixels in wrong:
        with pytest.raises(AssertionError, match="drawn at another"):
            encode.encode(plan, pixels, {})
