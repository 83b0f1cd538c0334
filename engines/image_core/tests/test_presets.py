"""The preset contract: formats, sizes, quality, dpi, profile and background of each, in the file itself and in its meta."""

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from engines.image_core import composition
from engines.image_core.presets import (
    PRESETS,
    ExportTooLargeError,
    UnknownPresetError,
    UnsupportedFormatError,
    find_preset,
    plan_export,
    plan_plain,
)
from engines.image_core.service import ImageService
from engines.media_v2.presets import Overrides
from engines.media_v2.registry import Registry
from engines.media_v2.renders import Rendered
from engines.media_v2.scope import Scope
from tests.fixtures import decoded

SIDES = st.integers(1, 32_768)


def _render(
    images: ImageService, scope: Scope, preset_id: str, width: int, height: int, **overrides: object
) -> Rendered:
    """A picture with a half transparent disc of text on nothing, exported."""
    layers = [
        {"type": "solid", "color": "#c03", "x": width / 4, "y": height / 4, "width": width / 2, "height": height / 2},
        {"type": "text", "text": "Ag", "font": "Inter", "size": min(width, height) / 3, "color": "#fff8"},
    ]
    document = composition.from_builtins({"version": 1, "width": width, "height": height, "layers": layers})
    made = images.create_composition(scope, document, "card").artifact
    return images.render(scope, made.artifact_id, preset_id, Overrides(**overrides))  # type: ignore[arg-type]


EXPECTED = {
    "web_small": ("WEBP", (640, 360), 75, None, (640, 360)),
    "web_medium": ("WEBP", (1280, 720), 85, None, (1280, 720)),
    "social_1080p": ("PNG", (1920, 1080), None, None, (1920, 1080)),
    "print_300dpi": ("JPEG", (3000, 3000), 95, 300, (3000, 1688)),
}


@pytest.mark.parametrize("preset_id", PRESETS)
def test_each_preset_gives_what_it_promises(
    images: ImageService, registry: Registry, scope: Scope, preset_id: str
) -> None:
    """Format, size, quality, resolution and profile, read back from the file by another reader."""
    artifact = _render(images, scope, preset_id, 1920, 1080).artifact
    kind, size, quality, dpi, _ = EXPECTED[preset_id]
    image = decoded(registry.content(artifact))
    assert (image.format, image.size) == (kind, size)
    meta = artifact.meta
    assert (meta.preset_id, meta.format, meta.width, meta.height) == (preset_id, kind.lower(), *size)
    assert (meta.quality, meta.dpi, meta.color_profile) == (quality, dpi, "sRGB")
    assert (meta.bytes, meta.sha256) == (artifact.bytes, artifact.sha256)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert ImageCms.getProfileDescription(profile).strip() == "sRGB"
    if dpi is not None:
        assert image.info["dpi"] == (dpi, dpi)
    assert meta.alpha == (preset_id != "print_300dpi")
    assert image.has_transparency_data == meta.alpha


@pytest.mark.parametrize("preset_id", ["web_small", "web_medium"])
def test_web_presets_never_enlarge_and_come_as_png_too(
    images: ImageService, registry: Registry, scope: Scope, preset_id: str
) -> None:
    artifact = _render(images, scope, preset_id, 300, 101, format="png").artifact
    image = decoded(registry.content(artifact))
    assert (image.format, image.size) == ("PNG", (300, 101))
    assert artifact.meta.quality is None
    assert artifact.uri.endswith(f"--{preset_id}--300x101--{artifact.render_key[:16]}.png")


def test_social_pads_with_transparency_and_print_with_white(
    images: ImageService, registry: Registry, scope: Scope
) -> None:
    """The whole drawing is shown, centred; nothing is cut off and nothing is stretched."""
    social = decoded(registry.content(_render(images, scope, "social_1080p", 100, 100).artifact))
    assert social.getpixel((10, 540))[3] == 0
    assert social.getpixel((960, 540))[:3] == (204, 0, 51)
    paper = decoded(registry.content(_render(images, scope, "print_300dpi", 200, 100).artifact))
    assert paper.getpixel((1500, 300)) == (255, 255, 255)
    assert max(abs(a - b) for a, b in zip(paper.getpixel((1500, 1600)), (204, 0, 51), strict=True)) <= 3


def test_text_is_drawn_at_the_size_of_the_export(images: ImageService, registry: Registry, scope: Scope) -> None:
    """Enlarged pixels would have soft edges ten pixels wide; drawn anew they are one pixel wide."""
    layers = [
        {"type": "text", "text": "I", "font": "Inter", "weight": 900, "size": 80, "color": "#000", "x": 30, "y": 0}
    ]
    document = composition.from_builtins(
        {"version": 1, "width": 100, "height": 100, "background": "#fff", "layers": layers}
    )
    made = images.create_composition(scope, document, "letter").artifact
    image = decoded(registry.content(images.render(scope, made.artifact_id, "social_1080p").artifact)).convert("L")
    row = [image.getpixel((x, 500)) for x in range(430, 1500)]
    soft = sum(1 for value in row if 8 < value < 247)
    assert min(row) == 0
    assert soft <= 4


def test_an_unknown_preset_lists_the_known_ones(images: ImageService, registry: Registry, scope: Scope) -> None:
    made = images.create_composition(
        scope, composition.from_builtins({"version": 1, "width": 9, "height": 9, "layers": []}), "x"
    )
    with pytest.raises(UnknownPresetError, match="web_small, web_medium, social_1080p, print_300dpi") as caught:
        images.render(scope, made.artifact.artifact_id, "web_huge")
    assert caught.value.fields["known"] == tuple(PRESETS)
    assert registry.head().size == 1, "a refused render leaves no event"


def test_a_format_that_a_preset_does_not_offer_is_refused() -> None:
    with pytest.raises(UnsupportedFormatError, match="png"):
        plan_export(find_preset("social_1080p"), 10, 10, Overrides(format="jpeg"))
    with pytest.raises(UnsupportedFormatError, match="unknown format 'gif'"):
        plan_export(find_preset("social_1080p"), 10, 10, Overrides(format="gif"))


def test_what_a_format_cannot_hold_is_refused() -> None:
    """WebP ends at 16,383 px; a banner that tall stays an error, not a broken file."""
    with pytest.raises(ExportTooLargeError, match="16383"):
        plan_export(find_preset("web_small"), 10, 32_000)
    with pytest.raises(ExportTooLargeError):
        plan_plain(40_000, 10)


@given(st.sampled_from(sorted(PRESETS)), SIDES, SIDES)
def test_every_plan_fits_its_file(preset_id: str, width: int, height: int) -> None:
    """For any canvas: the drawing lies inside the file, keeps its shape to within a pixel, and web presets never enlarge."""
    try:
        plan = plan_export(find_preset(preset_id), width, height).plan
    except ExportTooLargeError:
        return
    assert 0 <= plan.left <= plan.width - plan.content_width
    assert 0 <= plan.top <= plan.height - plan.content_height
    assert abs(plan.content_width - width * plan.scale) <= max(0.5, 1 - width * plan.scale)
    assert abs(plan.content_height - height * plan.scale) <= max(0.5, 1 - height * plan.scale)
    if preset_id.startswith("web"):
        assert plan.scale <= 1
        assert (plan.left, plan.top) == (0, 0)
    else:
        assert plan.content_width == plan.width or plan.content_height == plan.height


def test_presets_differ_in_their_plan() -> None:
    """Two presets never share a render_key: every parameter that matters is in the plan."""
    plans = [plan_export(preset, 1920, 1080).plan for preset in PRESETS.values()]
    assert all(a != b for a, b in itertools.combinations(plans, 2))


def test_the_embedded_profile_is_srgb_to_the_code_value() -> None:
    """Our own profile, through LittleCMS, maps every sRGB value to itself within one."""
    import numpy as np

    from engines.image_core.icc import profile

    ours = ImageCms.ImageCmsProfile(io.BytesIO(profile("sRGB")))
    ramp = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    there = ImageCms.profileToProfile(Image.fromarray(ramp), ours, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert int(np.abs(np.asarray(there).astype(int) - ramp).max()) <= 1
