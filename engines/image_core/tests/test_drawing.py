"""What a composition looks like: boxes, fits, groups, blends and refs, seen in the pixels."""

from pathlib import Path

import numpy as np
import pytest

from engines.errors import EngineError
from engines.image_core import backend, composition, layers
from engines.image_core.layers import LayerTooLargeError
from engines.image_core.presets import plan_plain
from engines.image_core.sources import FolderReader, SourceError, SourceSet
from engines.media_v2.exports import RgbaPixels
from engines.typography_core.errors import UnknownFontError
from engines.vector_core.errors import SvgRefusedError
from tests.fixtures import COMPOSITION, png

RED, GREEN, BLUE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)
NOTHING = (0, 0, 0, 0)


def draw(
    folder: Path, layers: list[dict[str, object]], width: int = 20, height: int = 20, **more: object
) -> RgbaPixels:
    """The composition's own pixels at scale 1."""
    document = composition.from_builtins({"version": 1, "width": width, "height": height, "layers": layers} | more)
    return backend.draw(document, SourceSet(FolderReader(folder)), plan_plain(width, height), threads=1).pixels


def at(pixels: RgbaPixels, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(part) for part in pixels[y, x])


@pytest.fixture
def flag(folder: Path) -> str:
    """Left half red, right half blue, 8 x 4."""
    from PIL import Image

    picture = Image.new("RGB", (8, 4), "#f00")
    picture.paste("#00f", (4, 0, 8, 4))
    picture.save(folder / "flag.png")
    return "flag.png"


def test_nothing_is_transparent_and_a_background_is_opaque(folder: Path) -> None:
    assert not draw(folder, []).any()
    assert (draw(folder, [], background="#0f0") == GREEN).all()


def test_layers_lie_bottom_to_top(folder: Path) -> None:
    pixels = draw(folder, [{"type": "solid", "color": "#f00"}, {"type": "solid", "color": "#00f", "x": 10}])
    assert at(pixels, 5, 5) == RED
    assert at(pixels, 15, 5) == BLUE


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ("fill", {(1, 1): RED, (14, 14): BLUE, (1, 14): RED}),
        ("contain", {(1, 1): NOTHING, (1, 8): RED, (14, 8): BLUE, (8, 14): NOTHING}),
        ("cover", {(1, 1): RED, (14, 14): BLUE, (1, 14): RED}),
        ("none", {(1, 8): NOTHING, (5, 7): RED, (10, 8): BLUE, (8, 4): NOTHING}),
    ],
)
def test_fit_is_that_of_css(
    folder: Path, flag: str, fit: str, expected: dict[tuple[int, int], tuple[int, ...]]
) -> None:
    pixels = draw(folder, [{"type": "raster", "src": flag, "width": 16, "height": 16, "fit": fit}])
    for place, colour in expected.items():
        # Lanczos rings a little around the edge between red and blue: 6/255 at most where the picture is doubled.
        assert max(abs(a - b) for a, b in zip(at(pixels, *place), colour, strict=True)) <= 6, f"{fit} at {place}"
    assert not pixels[16:].any()
    assert not pixels[:, 16:].any()


def test_one_side_keeps_the_shape_and_neither_keeps_the_size(folder: Path, flag: str) -> None:
    assert np.argwhere(draw(folder, [{"type": "raster", "src": flag, "width": 16}])[..., 3]).max(axis=0).tolist() == [
        7,
        15,
    ]
    assert np.argwhere(draw(folder, [{"type": "raster", "src": flag, "height": 8}])[..., 3]).max(axis=0).tolist() == [
        7,
        15,
    ]
    assert np.argwhere(draw(folder, [{"type": "raster", "src": flag}])[..., 3]).max(axis=0).tolist() == [3, 7]


def test_vectors_fit_like_pictures(folder: Path) -> None:
    (folder / "flag.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4">'
        '<path fill="#f00" d="M0 0h4v4h-4z"/><path fill="#00f" d="M4 0h4v4h-4z"/></svg>'
    )
    from PIL import Image

    picture = Image.new("RGB", (8, 4), "#f00")
    picture.paste("#00f", (4, 0, 8, 4))
    picture.save(folder / "flag.png")
    for fit in ("contain", "cover", "none"):
        box = {"width": 16, "height": 16, "fit": fit, "x": 2, "y": 1}
        drawn = draw(folder, [{"type": "vector", "src": "flag.svg"} | box])
        resampled = draw(folder, [{"type": "raster", "src": "flag.png"} | box])
        difference = np.abs(drawn.astype(int) - resampled)
        # Where red meets blue (column 10), Lanczos softens; away from it, its outer lobes ring by 3.5 % (9/255) at most.
        assert difference[:, :4].max() <= 9, fit
        assert difference[:, 16:].max() <= 9, fit
        assert np.array_equal(drawn[..., 3], resampled[..., 3]), fit


def test_fractional_places_cover_pixels_in_part(folder: Path) -> None:
    pixels = draw(folder, [{"type": "solid", "color": "#f00", "x": 2.5, "y": 3.25, "width": 4, "height": 4}])
    assert at(pixels, 3, 5) == RED
    assert abs(at(pixels, 2, 5)[3] - 128) <= 1
    assert abs(at(pixels, 3, 3)[3] - 191) <= 1
    assert at(pixels, 2, 5)[:3] == (255, 0, 0), "no dark halo"


def test_groups_move_their_layers_and_take_opacity_as_one(folder: Path) -> None:
    inner = [
        {"type": "solid", "color": "#f00", "width": 8, "height": 8},
        {"type": "solid", "color": "#00f", "x": 4, "width": 8, "height": 8},
    ]
    pixels = draw(folder, [{"type": "group", "x": 5, "y": 6, "opacity": 0.5, "layers": inner}])
    assert at(pixels, 4, 7) == NOTHING
    assert at(pixels, 6, 7) == (255, 0, 0, 128)
    assert at(pixels, 10, 7) == (0, 0, 255, 128), "red does not shine through blue inside a group"


def test_an_isolated_group_does_not_see_what_is_below(folder: Path) -> None:
    multiply = [{"type": "solid", "color": "#ff0", "blend": "multiply"}]
    below = {"type": "solid", "color": "#0ff"}
    assert at(draw(folder, [below, {"type": "group", "layers": multiply}]), 5, 5) == (255, 255, 0, 255)
    assert at(draw(folder, [below, {"type": "group", "isolated": False, "layers": multiply}]), 5, 5) == GREEN


@pytest.mark.parametrize("hidden", [{"visible": False}, {"opacity": 0}])
def test_hidden_layers_leave_no_trace(folder: Path, hidden: dict[str, object]) -> None:
    layers = [
        {"type": "solid", "color": "#f00"} | hidden,
        {"type": "group", "layers": [{"type": "solid", "color": "#0f0"}]} | hidden,
    ]
    assert not draw(folder, layers).any()


def test_text_sits_in_its_box(folder: Path) -> None:
    text = {"type": "text", "text": "HHH", "font": "Inter", "size": 20, "color": "#00f", "x": 10, "y": 10, "width": 180}
    edges = {}
    for align in ("left", "center", "right"):
        inked = np.argwhere(draw(folder, [text | {"align": align}], 200, 50)[..., 3])
        edges[align] = (int(inked[:, 1].min()), int(inked[:, 1].max()))
    assert 10 <= edges["left"][0] <= 13
    assert 187 <= edges["right"][1] <= 190
    assert abs(sum(edges["center"]) / 2 - 100) <= 1


def test_the_same_layer_at_twice_the_size_is_twice_as_large(folder: Path) -> None:
    """Export scale changes resolution only: places and proportions stay."""
    document = composition.from_builtins(COMPOSITION)
    sources = SourceSet(FolderReader(folder))
    small = backend.draw(document, sources, plan_plain(96, 64)).pixels
    large = backend.draw(document, sources, plan_plain(192, 128)).pixels
    halved = large.reshape(64, 2, 96, 2, 4).astype(float).mean(axis=(1, 3))
    assert np.abs(halved - small).mean() < 4


def test_pixels_do_not_depend_on_threads(folder: Path) -> None:
    document = composition.from_builtins(COMPOSITION | {"width": 900, "height": 700})
    plan = plan_plain(900, 700)
    one, two, seven = (
        backend.draw(document, SourceSet(FolderReader(folder)), plan, threads=n).pixels for n in (1, 2, 7)
    )
    assert np.array_equal(one, two)
    assert np.array_equal(one, seven)


@pytest.mark.parametrize(
    "src",
    [
        "../secret.png",
        "/etc/hostname",
        "a/../../secret.png",
        "http://x/a.png",
        "file:///etc/hostname",
        "link.png",
        "a\0.png",
    ],
)
def test_files_outside_the_folder_are_never_read(folder: Path, src: str) -> None:
    """Neither by dots, nor by absolute paths, nor through links, nor by URL."""
    (folder.parent / "secret.png").write_bytes(png())
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    with pytest.raises(SourceError):
        draw(folder, [{"type": "raster", "src": src}])


def test_a_wider_root_may_be_named(folder: Path) -> None:
    (folder.parent / "shared.png").write_bytes(png())
    document = composition.from_builtins(
        {"version": 1, "width": 4, "height": 4, "layers": [{"type": "raster", "src": "../shared.png"}]}
    )
    reader = FolderReader(folder, folder.parent)
    assert backend.draw(document, SourceSet(reader), plan_plain(4, 4)).pixels.any()


@pytest.mark.parametrize(
    ("layer", "error"),
    [
        ({"type": "raster", "src": "missing.png"}, SourceError),
        ({"type": "raster", "src": "logo.svg"}, EngineError),
        ({"type": "vector", "src": "photo.png"}, SvgRefusedError),
        ({"type": "vector", "svg": "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"}, SvgRefusedError),
        ({"type": "vector", "src": "logo.svg", "width": 32_768, "height": 32_768}, LayerTooLargeError),
        ({"type": "text", "text": "a", "font": "Comic Sans", "size": 9, "color": "#fff"}, UnknownFontError),
    ],
)
def test_bad_sources_are_typed_errors(folder: Path, layer: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        draw(folder, [layer])


def test_a_huge_box_costs_only_what_is_seen(folder: Path) -> None:
    """A picture scaled to 32,768 px a side is resampled for the canvas only."""
    pixels = draw(
        folder, [{"type": "raster", "src": "photo.png", "x": -9000.5, "y": -9000.25, "width": 32_768, "height": 32_768}]
    )
    assert (pixels[..., 3] == 255).all()


def test_a_hair_below_a_whole_pixel_is_that_pixel(folder: Path) -> None:
    """Differences of floats give such offsets; they must not be told apart from 0 by an error."""
    for layer in (
        {"type": "vector", "src": "logo.svg"},
        {"type": "text", "text": "A", "font": "Inter", "size": 15, "color": "#fff"},
    ):
        assert np.array_equal(draw(folder, [layer | {"x": -1e-17, "y": -1e-17}]), draw(folder, [layer]))


def test_a_picture_that_hangs_over_shows_its_right_part(folder: Path, flag: str) -> None:
    """Only what is near the canvas is resampled; what is seen must not move because of it."""
    shifted = draw(folder, [{"type": "raster", "src": flag, "x": -120, "width": 160, "height": 80}])
    assert at(shifted, 10, 10) == BLUE
    assert draw(folder, [{"type": "raster", "src": flag, "x": -70, "width": 160, "height": 80}])[10, 4:16, 0].min() >= 0
    edge = draw(folder, [{"type": "raster", "src": flag, "x": -72, "width": 160, "height": 80}], 16, 4)
    assert edge[0, 0, 0] > edge[0, 0, 2], "left of the seam, which lies on column 8, is red"
    assert edge[0, 15, 2] > edge[0, 15, 0]


def test_translucent_text_lets_the_ground_through(folder: Path) -> None:
    letter = {"type": "text", "text": "I", "font": "Inter", "weight": 900, "size": 400, "x": -30, "y": -220}
    solid = draw(folder, [letter | {"color": "#f00"}], background="#00f")
    half = draw(folder, [letter | {"color": "#ff000080"}], background="#00f")
    assert solid[..., 0].max() == 255
    assert abs(int(half[..., 0].max()) - 128) <= 1


def test_what_a_picture_says_is_what_is_seen() -> None:
    """For readers who do not see it: hidden texts are not read out, texts in groups and in markup are."""
    text = {"type": "text", "font": "Inter", "size": 9, "color": "#000"}
    layers_ = [
        text | {"text": "first"},
        text | {"text": "hidden", "visible": False},
        {"type": "group", "opacity": 0, "layers": [text | {"text": "gone"}]},
        {
            "type": "group",
            "layers": [text | {"markup": "a <b>b</b> &amp; c"}, text | {"runs": [{"text": "d"}, {"text": "e"}]}],
        },
    ]
    document = composition.from_builtins({"version": 1, "width": 9, "height": 9, "layers": layers_})
    assert layers.said(document.layers) == "first\na b & c\nde"
