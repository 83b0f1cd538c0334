"""Layers within masks and within each other: drawings and pictures as coverage, clipping, and what is drawn once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from compositor.limits import FEATHER_PX_MAX
from engines.image_core import composition, masking, picture_cache, template
from engines.image_core.backend import draw as draw_with
from engines.image_core.composition import CompositionError
from engines.image_core.picture_cache import PictureCache
from engines.image_core.presets import plan_plain
from engines.image_core.service import ImageService
from engines.image_core.sources import FolderReader, SourceError, SourceSet
from engines.media_v2.errors import WrongKindError
from engines.media_v2.exports import RgbaPixels
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.vector_core import guard, rasterize
from engines.vector_core.errors import RasterValueError, SvgRefusedError
from tests.fixtures import png

DISC = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><circle cx="5" cy="5" r="5"/></svg>'
HALF = """<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10" fill="#fff"/>
<rect width="5" height="10"/></svg>"""
RED: dict[str, object] = {"type": "solid", "color": "#f00"}


def draw(
    layers: list[dict[str, object]], width: int = 20, height: int = 20, scale: int = 1, folder: str = "."
) -> RgbaPixels:
    document = composition.from_builtins({"version": 1, "width": width, "height": height, "layers": layers})
    plan = plan_plain(width * scale, height * scale)
    return draw_with(document, SourceSet(FolderReader(Path(folder))), plan, threads=1).pixels


def red(mask: dict[str, object], **more: object) -> dict[str, object]:
    return RED | {"mask": mask} | more


def test_a_mask_shows_exactly_the_drawings_coverage() -> None:
    """At every size of an export: the shape is drawn anew, never resampled."""
    for scale in (1, 3):
        alpha = draw([red({"svg": DISC, "x": 4, "y": 6})], scale=scale)[..., 3]
        expected = np.zeros((20 * scale, 20 * scale), np.uint8)
        shape = rasterize.rasterize(DISC.encode(), 10 * scale, 10 * scale)[..., 3]
        expected[6 * scale : 16 * scale, 4 * scale : 14 * scale] = shape
        assert np.array_equal(alpha, expected)


def test_a_mask_moves_with_its_layer_by_fractions_of_a_pixel() -> None:
    """Its place counts from the layer's corner, so that a template moves both at once."""
    moved = draw([red({"svg": DISC, "x": 1.25}, x=2, y=3.5)])[..., 3]
    shape = rasterize.rasterize(DISC.encode(), 10, 10, dx=0.25, dy=0.5)[..., 3]
    expected = np.zeros((20, 20), np.uint8)
    expected[3 : 3 + shape.shape[0], 3 : 3 + shape.shape[1]] = shape
    box_edge = moved[3] != expected[3]  # the layer's own first row is half covered, too
    assert np.array_equal(moved[4:], expected[4:])
    assert (moved[3] <= expected[3]).all()
    assert box_edge.any()


def test_luminance_shows_what_is_light() -> None:
    """A mask in black and white hides the black half; its alpha alone would show both."""
    alpha = draw([red({"svg": HALF, "mode": "luminance"})], 10, 10)[..., 3]
    assert (alpha[:, :5] == 0).all()
    assert (alpha[:, 5:] == 255).all()
    assert (draw([red({"svg": HALF})], 10, 10)[..., 3] == 255).all()


@pytest.mark.parametrize("value", [0, 1, 127, 128, 254, 255])
def test_luminance_of_gray_is_its_value_times_its_alpha(value: int) -> None:
    """Weights that sum to one, rounded to nearest."""
    pixels = np.array([[[value, value, value, 255], [255, 255, 255, value], [value, value, value, 128]]], np.uint8)
    found = masking.coverage(pixels, "luminance")[0]
    assert list(found) == [value, value, int(value * 128 / 255 + 0.5)]


def test_inverted_masks_show_all_but_the_drawing() -> None:
    plain = draw([red({"svg": DISC, "x": 3})])[..., 3]
    inverted = draw([red({"svg": DISC, "x": 3, "invert": True})])[..., 3]
    assert np.array_equal(255 - plain, inverted)


def test_density_lets_the_hidden_shine_through() -> None:
    alpha = draw([red({"svg": DISC, "density": 0.5})])[..., 3]
    assert alpha[5, 5] == 255
    assert alpha[15, 15] in (127, 128)


def test_a_feather_grows_with_the_export_and_reaches_in_from_outside() -> None:
    """A shape beside the canvas casts its soft edge onto it; and a larger export is no sharper."""
    small = draw([red({"svg": DISC, "x": -11, "y": 5, "feather": 3})])[..., 3].astype(int)
    assert small[10, 0] > 5
    large = draw([red({"svg": DISC, "x": -11, "y": 5, "feather": 3})], scale=4)[..., 3].astype(int)
    assert np.abs(large.reshape(20, 4, 20, 4).mean(axis=(1, 3)) - small).max() < 4


def test_the_feather_of_a_document_is_what_the_compositor_allows() -> None:
    assert composition.FEATHER_PX_MAX == FEATHER_PX_MAX


def test_a_mask_beside_the_canvas_hides_all_or_nothing() -> None:
    assert not draw([red({"svg": DISC, "x": 500})]).any()
    assert (draw([red({"svg": DISC, "x": 500, "invert": True})])[..., 3] == 255).all()


def test_a_picture_is_a_mask_too(tmp_path: Path) -> None:
    """By its alpha, at its own size and enlarged."""
    (tmp_path / "soft.png").write_bytes(png(12, 8, alpha=True))
    alpha = draw([red({"picture": "soft.png", "x": 2, "y": 1})], folder=str(tmp_path))[..., 3]
    rows, columns = np.mgrid[0:8, 0:12]
    assert np.array_equal(alpha[1:9, 2:14], (rows + columns) * 3 % 256)
    assert not alpha[9:].any()
    between = draw([red({"picture": "soft.png", "x": 2.5, "width": 10})], folder=str(tmp_path))[..., 3]
    assert between[3, 8] > 0


def test_groups_are_masked_as_one() -> None:
    inside = [RED | {"width": 10}, RED | {"x": 10, "color": "#00f"}]
    group: dict[str, object] = {"type": "group", "layers": inside, "x": 2, "mask": {"svg": DISC, "x": 3}}
    pixels = draw([group])
    assert np.array_equal(pixels[..., 3] > 0, draw([red({"svg": DISC, "x": 5})])[..., 3] > 0)
    assert tuple(pixels[5, 10]) == (255, 0, 0, 255)
    assert tuple(pixels[5, 13]) == (0, 0, 255, 255)


def test_a_clipped_layer_shows_within_the_layer_below() -> None:
    disc: dict[str, object] = {"type": "vector", "svg": DISC, "x": 5, "y": 5}
    alone = draw([disc])
    both = draw([disc, RED | {"clip": True}])
    assert np.array_equal(both[..., 3], alone[..., 3])
    assert tuple(both[10, 10]) == (255, 0, 0, 255)
    assert np.array_equal(draw([RED | {"clip": True}]), draw([RED])), "with nothing below it is drawn whole"


def test_a_text_is_a_clip_for_what_lies_on_it() -> None:
    """A photograph within letters: what is clipped to a text layer shows exactly as far as the text covers."""
    text: dict[str, object] = {
        "type": "text",
        "text": "Og",
        "font": "Inter",
        "size": 16,
        "weight": 900,
        "color": "#000",
    }
    alone, both = draw([text]), draw([text, RED | {"clip": True}])
    assert 0 < (alone[..., 3] > 0).mean() < 0.9
    assert np.array_equal(both[..., 3], alone[..., 3])
    assert (both[both[..., 3] == 255] == (255, 0, 0, 255)).all()


@pytest.mark.parametrize("hidden", [{"visible": False}, {"opacity": 0}, {"x": 900}])
def test_what_is_clipped_to_something_hidden_is_hidden(hidden: dict[str, object]) -> None:
    """Not clipped to what lies below that: a switched-off base takes its clipped layers with it, as in every editor."""
    ground: dict[str, object] = {"type": "solid", "color": "#0f0", "width": 8}
    disc = {"type": "vector", "svg": DISC} | hidden
    clipped: list[dict[str, object]] = [RED | {"clip": True}, RED | {"clip": True, "mask": {"svg": DISC}}]
    assert np.array_equal(draw([ground, disc, *clipped]), draw([ground]))


@pytest.mark.parametrize(
    "mask",
    [
        {},
        {"svg": DISC, "src": "a.svg"},
        {"svg": DISC, "mode": "colour"},
        {"svg": DISC, "feather": -1},
        {"svg": DISC, "x": 1e9},
    ],
)
def test_faulty_masks_are_told_by_their_place(mask: dict[str, object]) -> None:
    with pytest.raises(CompositionError) as refused:
        draw([RED, red(mask)])
    assert str(refused.value.fields["path"]).startswith("$.layers[1].mask")


def test_a_templates_masks_are_filled_as_values_and_never_as_markup() -> None:
    """A value of a row must not close an attribute of the drawing that it goes into."""
    mask: dict[str, object] = {"svg": DISC.replace('r="5"', 'r="{{r}}"'), "x": "{{x}}", "invert": "{{inverted}}"}
    document = {"version": 1, "width": 20, "height": 20, "layers": [red(mask)]}
    filled = template.fill(msgspec.json.encode(document), {"r": '2"/><script/>', "x": "2.5", "inverted": "true"})
    found = filled.layers[0].mask
    assert found is not None
    assert (found.x, found.invert) == (2.5, True)
    assert found.svg == DISC.replace('r="5"', 'r="2&quot;/&gt;&lt;script/&gt;"')


def test_masks_pass_the_guard_and_stay_in_their_folder(tmp_path: Path, images: ImageService, scope: Scope) -> None:
    hostile = DISC.replace("<circle", '<image href="/etc/passwd"/><circle')
    with pytest.raises(SvgRefusedError):
        draw([red({"svg": hostile})])
    with pytest.raises(SourceError):
        draw([red({"src": "../x.svg"})], folder=str(tmp_path))
    document = composition.from_builtins({"version": 1, "width": 9, "height": 9, "layers": [red({"svg": hostile})]})
    with pytest.raises(SvgRefusedError):
        images.create_composition(scope, document, "card")


def test_a_masks_sources_are_stored_with_the_composition(
    tmp_path: Path, images: ImageService, registry: Registry, scope: Scope
) -> None:
    """The store alone must be enough to draw it again, and its key must follow the mask's content."""
    keys = []
    for name, content in (("disc.svg", DISC), ("same.svg", DISC), ("half.svg", HALF)):
        (tmp_path / name).write_text(content)
        (tmp_path / "soft.png").write_bytes(png(12, 8, alpha=True))
        layers = [red({"src": name}), {"type": "group", "layers": [red({"picture": "soft.png"}, blend="multiply")]}]
        document = composition.from_builtins({"version": 1, "width": 20, "height": 20, "layers": layers})
        stored = images.create_composition(scope, document, "card", FolderReader(tmp_path)).artifact
        kinds = {registry.artifact(scope, parent).kind for parent in stored.parents}
        assert kinds == {"vector_scene", "source_asset"}
        assert b"artifact:" in registry.content(stored)
        (tmp_path / name).unlink()
        keys.append(images.render(scope, stored.artifact_id, "social_1080p").artifact.render_key)
    assert keys[0] == keys[1] != keys[2]


def test_a_mask_wants_a_drawing_where_it_says_so(images: ImageService, scope: Scope) -> None:
    photo = images.add_asset(scope, png(), "photo.png").artifact.artifact_id
    document = composition.from_builtins(
        {"version": 1, "width": 9, "height": 9, "layers": [red({"src": f"artifact:{photo}"})]}
    )
    with pytest.raises(WrongKindError):
        images.create_composition(scope, document, "card")


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was really drawn: width, height and offsets."""
    seen: list[tuple[Any, ...]] = []
    sound = rasterize.draw

    def counted(drawing: guard.Admitted, width: float, height: float, **more: Any) -> RgbaPixels:
        seen.append((width, height, more["dx"], more["dy"]))
        return sound(drawing, width, height, **more)

    monkeypatch.setattr(picture_cache.rasterize, "draw", counted)
    return seen


def test_a_logo_in_many_layers_is_drawn_once_for_each_size_and_offset(drawings: list[tuple[Any, ...]]) -> None:
    """Twenty layers and masks of one logo cost one drawing; another size or fraction of a pixel is another picture."""
    logo: dict[str, object] = {"type": "vector", "svg": DISC}
    draw([logo | {"x": index, "y": index % 3} for index in range(18)] + [red({"svg": DISC})])
    assert drawings == [(10, 10, 0, 0)]
    draw([logo, logo | {"x": 0.5}, logo | {"width": 12}, logo | {"x": 3.5}])
    assert drawings[1:] == [(10, 10, 0, 0), (10, 10, 0.5, 0), (12, 12, 0, 0)]


def test_cards_with_one_logo_share_its_drawing(drawings: list[tuple[Any, ...]]) -> None:
    """A service draws thousands of cards from one template: a cache of its own keeps what they share."""
    cache = PictureCache()
    for color in ("#f00", "#0f0", "#00f"):
        layers = [{"type": "solid", "color": color}, {"type": "vector", "svg": DISC, "x": 1}]
        document = composition.from_builtins({"version": 1, "width": 20, "height": 20, "layers": layers})
        draw_with(document, SourceSet(FolderReader(Path()), cache), plan_plain(20, 20), threads=1)
    assert len(drawings) == 1


def test_many_threads_draw_once_and_nobody_can_write(drawings: list[tuple[Any, ...]]) -> None:
    cache = PictureCache()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: cache.drawn(guard.admit(DISC.encode()), 10, 10, 0, 0), range(16)))
    assert len(drawings) == 1
    assert all(one is made[0] for one in made)
    with pytest.raises(ValueError, match="read-only"):
        made[0][0, 0, 0] = 1


def test_a_drawing_that_fails_fails_for_everyone_and_is_not_kept() -> None:
    cache = PictureCache()
    for _ in range(2):
        with pytest.raises(RasterValueError):
            cache.drawn(guard.admit(DISC.encode()), 1e6, 1e6, 0, 0)
