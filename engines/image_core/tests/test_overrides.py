"""What a request may change about a preset: clamped to its limits, told in the meta, drawn where it shows and nowhere else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.image_core import backend, composition
from engines.image_core.presets import PRESETS, ExportTooLargeError, find_preset, plan_export
from engines.image_core.service import ImageService, remake
from engines.image_core.sources import FolderReader, SourceSet
from engines.media_v2.exports import ExportPlan
from engines.media_v2.presets import (
    NO_OVERRIDES,
    OverrideError,
    Overrides,
    PresetError,
    check_overrides,
    check_preset,
    clamped,
)
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from tests.fixtures import COMPOSITION, decoded

SIDES = st.integers(1, 4_000)
FITS = st.sampled_from(["contain", "cover", "stretch"])


def _draw(folder, plan: ExportPlan, document=COMPOSITION) -> np.ndarray:  # type: ignore[no-untyped-def, type-arg]
    made = composition.from_builtins(document)
    return backend.draw(made, SourceSet(FolderReader(folder)), plan, threads=1).pixels


@pytest.mark.parametrize(
    ("preset_id", "overrides", "used"),
    [
        ("web_small", {"width": 99_999, "quality": 1000}, {"width": 1280, "quality": 95}),
        ("web_small", {"width": -5, "quality": 0}, {"width": 16, "quality": 30}),
        ("print_300dpi", {"dpi": 100_000, "height": 1}, {"dpi": 1200, "height": 64}),
        ("print_300dpi", {"quality": 61, "width": 2000}, {"quality": 61, "width": 2000}),
    ],
)
def test_numbers_beyond_the_limits_are_clamped(preset_id: str, overrides: dict[str, int], used: dict[str, int]) -> None:
    """A limit is a promise about cost: no request may exceed it, and none fails for asking."""
    kept = clamped(find_preset(preset_id), check_overrides(overrides))
    assert {name: getattr(kept, name) for name in used} == used


def test_the_clamped_value_is_what_meta_and_file_say(images: ImageService, registry: Registry, scope: Scope) -> None:
    """Whoever reads the artifact must not be told what was asked for but what was made."""
    document = {"version": 1, "width": 400, "height": 300, "layers": [{"type": "solid", "color": "#135"}]}
    made = images.create_composition(scope, composition.from_builtins(document), "card").artifact
    asked = Overrides(width=12_345_678, quality=9_999, dpi=5, background="#102030")
    artifact = images.render(scope, made.artifact_id, "print_300dpi", asked).artifact
    meta = artifact.meta
    assert (meta.width, meta.height, meta.quality, meta.dpi) == (12_000, 3000, 100, 72)
    assert (meta.overrides.width, meta.overrides.quality, meta.overrides.dpi) == (12_000, 100, 72)
    image = decoded(registry.content(artifact))
    assert image.size == (12_000, 3000)
    assert image.info["dpi"] == (72, 72)
    assert max(abs(a - b) for a, b in zip(image.getpixel((5, 5)), (16, 32, 48), strict=True)) <= 2
    assert remake(registry, artifact) is None
    again = images.render(
        scope, made.artifact_id, "print_300dpi", Overrides(width=99_999, quality=100, dpi=1, background="#102030")
    )
    assert again.cache == "hit", "what is clamped to the same is the same render"


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"quality": "high"}, "quality"),
        ({"fit": "squeeze"}, "fit"),
        ({"focal": [0.5, 2]}, "focal"),
        ({"colour": 1}, "colour"),
        ({"color_profile": "CMYK"}, "color_profile"),
        ({"bit_depth": 12}, "bit_depth"),
        ([1], "definition"),
    ],
)
def test_what_is_no_override_is_refused_with_its_field(overrides: object, field: str) -> None:
    with pytest.raises(OverrideError) as caught:
        check_overrides(overrides)
    assert field in str(caught.value)


@pytest.mark.parametrize("background", ["navy", "#fff8", "rgb(300"])
def test_a_background_must_be_an_opaque_colour(background: str) -> None:
    with pytest.raises(OverrideError, match="background"):
        plan_export(find_preset("web_small"), 10, 10, Overrides(background=background))


def test_overrides_without_a_preset_are_refused(vectors, scope: Scope) -> None:  # type: ignore[no-untyped-def]
    """Without a preset there are no limits to clamp to."""
    from tests.fixtures import SVG

    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    with pytest.raises(OverrideError, match="width: there is no preset"):
        vectors.render(scope, scene.artifact_id, None, Overrides(width=10))


@given(st.sampled_from(sorted(PRESETS)), SIDES, SIDES, SIDES, SIDES, FITS, st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_every_fit_keeps_its_law(
    preset_id: str, width: int, height: int, box_width: int, box_height: int, fit: str, focal: tuple[float, float]
) -> None:
    """contain shows all, cover leaves no gap and shows the focal point, stretch does both; nothing unwanted is enlarged."""
    preset = find_preset(preset_id)
    asked = Overrides(width=box_width, height=box_height, fit=fit, focal=focal)  # type: ignore[arg-type]
    try:
        plan, kept = plan_export(preset, width, height, asked)
    except ExportTooLargeError:
        return
    right, bottom = plan.left + plan.content_width, plan.top + plan.content_height
    if fit == "cover":
        assert plan.left <= 0 <= plan.width <= right
        assert plan.top <= 0 <= plan.height <= bottom
        assert -1 <= plan.left + focal[0] * plan.content_width <= plan.width + 1
        assert -1 <= plan.top + focal[1] * plan.content_height <= plan.height + 1
    else:
        assert 0 <= plan.left <= right <= plan.width
        assert 0 <= plan.top <= bottom <= plan.height
    if fit == "stretch":
        assert (plan.content_width, plan.content_height) == (plan.width, plan.height)
    if not preset.enlarge:
        assert plan.content_width <= max(width, 1)
        assert plan.content_height <= max(height, 1)
    else:
        assert (plan.width, plan.height) == (kept.width, kept.height)
    window = plan.visible
    assert 1 <= window.width <= plan.width
    assert 1 <= window.height <= plan.height
    assert plan_export(preset, width, height, kept) == (plan, kept), "clamped overrides plan the same again"


@pytest.mark.parametrize("focal", [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (0.8, 0.1)])
def test_cover_is_a_crop_of_the_whole_drawing(folder, focal: tuple[float, float]) -> None:  # type: ignore[no-untyped-def]
    """Only what shows is drawn; it must be what a cut out of the whole would be, gradients, groups and texts included."""
    preset = find_preset("social_1080p")
    plan = plan_export(preset, 96, 64, Overrides(width=200, height=200, fit="cover", focal=focal)).plan
    window = plan.visible
    assert (plan.content_width, plan.content_height) == (300, 200)
    whole = plan_export(preset, 96, 64, Overrides(width=300, height=200)).plan
    expected = _draw(folder, whole)[:, window.left : window.left + 200].astype(int)
    found = _draw(folder, plan).astype(int)
    assert found.shape == (200, 200, 4)
    assert np.abs(found - expected).max() <= 2


@pytest.mark.parametrize("focal", [(0.5, 0.0), (0.0, 0.5), (1.0, 1.0)])
@pytest.mark.parametrize("size", [(200, 200), (300, 100)])
def test_a_gradient_without_a_size_is_cropped_with_the_rest(folder, size: tuple[int, int], focal) -> None:  # type: ignore[no-untyped-def]
    """It ends where the composition ends, outside the canvas, not at the canvas's edge."""
    layers = [
        {"type": "gradient", "kind": "linear", "stops": [[0, "#000"], [1, "#fff"]], "angle": angle, "x": 10, "y": 6}
        for angle in (0, 90)
    ]
    layers[1]["opacity"] = 0.5
    document = {"version": 1, "width": 96, "height": 64, "layers": layers}
    preset = find_preset("social_1080p")
    plan = plan_export(preset, 96, 64, Overrides(width=size[0], height=size[1], fit="cover", focal=focal)).plan
    whole = plan_export(preset, 96, 64, Overrides(width=300, height=200)).plan
    window = plan.visible
    expected = _draw(folder, whole, document)[
        window.top : window.top + window.height, window.left : window.left + window.width
    ]
    found = _draw(folder, plan, document)
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_stretched_text_keeps_sharp_edges(folder) -> None:  # type: ignore[no-untyped-def]
    """Outlines are stretched, not pixels: an I three times as wide has edges one pixel wide, and is three times as wide."""
    letter = {"type": "text", "text": "I", "font": "Inter", "weight": 900, "size": 80, "color": "#000", "x": 30, "y": 0}
    document = {"version": 1, "width": 100, "height": 100, "background": "#fff", "layers": [letter]}
    asked = Overrides(width=1200, height=400, fit="stretch")
    row = _draw(folder, plan_export(find_preset("social_1080p"), 100, 100, asked).plan, document)[200, :, 0].astype(int)
    even = _draw(
        folder, plan_export(find_preset("social_1080p"), 100, 100, Overrides(width=400, height=400)).plan, document
    )
    black, narrow = int((row < 8).sum()), int((even[200, :, 0] < 8).sum())
    assert abs(black - 3 * narrow) <= 4
    assert int(((row > 8) & (row < 247)).sum()) <= 4


def test_a_render_cropped_stretched_or_deep_can_be_made_again(
    images: ImageService, registry: Registry, scope: Scope, folder
) -> None:  # type: ignore[no-untyped-def]
    """Everything that the plan depends on is in the ledger."""
    made = images.create_composition(
        scope, composition.from_builtins(COMPOSITION), "card", FolderReader(folder)
    ).artifact
    keys = set()
    for asked in (
        NO_OVERRIDES,
        Overrides(width=50, height=50, fit="cover", focal=(0.1, 0.9)),
        Overrides(width=50, height=80, fit="stretch"),
        Overrides(bit_depth=16),
        Overrides(color_profile="Display P3"),
        Overrides(background="#fff"),
    ):
        artifact = images.render(scope, made.artifact_id, "social_1080p", asked).artifact
        assert remake(registry, artifact) is None
        assert artifact.meta.fit == (asked.fit or "contain")
        keys.add(artifact.render_key)
    assert len(keys) == 6


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"preset_id": "Has Space"}, "preset_id"),
        ({"format": "gif"}, "format"),
        ({"size": "box"}, "height"),
        ({"height": 5}, "height"),
        ({"width": 0}, "width"),
        ({"width": 50_000}, "width"),
        ({"quality": 101}, "quality"),
        ({"background": "#1234"}, "background"),
        ({"limits": {"width": [50, 60]}}, "width"),
        ({"limits": {"width": [600, 60]}}, "limits.width"),
        ({"bit_depth": 16}, "bit_depth"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_preset_that_does_not_hold_together_is_refused(change: dict[str, object], field: str) -> None:
    """A definition is checked whole before the ledger sees it."""
    sound = {"preset_id": "own", "format": "jpeg", "size": "scale_to_width", "width": 100}
    assert check_preset(sound).formats == ("jpeg",)
    with pytest.raises(PresetError) as caught:
        check_preset(sound | change)
    assert field in str(caught.value)
