"""Pictures in drawings as scenes: kept as they are, never fetched, part of boxes and hits."""

import base64
import io

import numpy as np
import pytest
from PIL import Image as Pixels

from engines.vector_core import bounds, hit, palette, rasterize, scene_read, scene_write
from engines.vector_core.curves import Box
from engines.vector_core.scene import Image, Rect, Scene, Shape
from engines.vector_core.tests.hostile import svg


def picture(format: str = "PNG", width: int = 6, height: int = 4) -> bytes:
    rows, columns = np.mgrid[0:height, 0:width]
    buffer = io.BytesIO()
    Pixels.fromarray(np.stack([columns * 40, rows * 60, columns * 0 + 99], axis=-1).astype(np.uint8)).save(
        buffer, format
    )
    return buffer.getvalue()


def uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


INNER = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="20" height="10" fill="#0a0"/></svg>'
)


def read(body: str) -> Scene:
    return scene_read.read_svg(svg(body, 'width="64" height="48"')).scene


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pictures_survive_the_way_to_svg_and_back(format: str) -> None:
    """The bytes are those that came, and so is what is drawn."""
    data = picture(format)
    document = svg(
        f'<image id="i" x="4" y="5%" width="30" height="50%" preserveAspectRatio="xMinYMax slice" opacity=".5" '
        f'transform="rotate(5)" image-rendering="optimizeSpeed" href="{uri(data, f"image/{format.lower()}")}"/>',
        'width="64" height="48"',
    )
    scene = scene_read.read_svg(document).scene
    (image,) = scene.children
    assert isinstance(image, Image)
    assert base64.b64decode(image.href.partition(",")[2]) == data
    assert (image.id, image.aspect, image.rendering, image.opacity) == ("i", "xMinYMax slice", "optimizeSpeed", 0.5)
    assert (image.x, image.y, image.width, image.height) == pytest.approx((4, 2.4, 30, 24))
    written = scene_write.write_svg(scene)
    assert scene_write.write_svg(scene_read.read_svg(written).scene) == written
    one, two = (rasterize.rasterize(one, 64, 48) for one in (document, written))
    assert np.array_equal(one, two)
    assert one[..., 3].any()


@pytest.mark.parametrize(
    ("said", "size"),
    [("", (6, 4)), ('width="12"', (12, 8)), ('height="2"', (3, 2)), ('width="auto" height="8"', (12, 8))],
)
def test_sides_that_are_not_said_come_from_the_picture(said: str, size: tuple[float, float]) -> None:
    """SVG 2 §8.8: auto is the picture's own size, or its proportions."""
    (image,) = read(f'<image {said} href="{uri(picture())}"/>').children
    assert isinstance(image, Image)
    assert (image.width, image.height) == size


def test_drawings_within_drawings_are_kept_too() -> None:
    """However they are spelled, they come out in base64; their own size counts where none is said."""
    plain = INNER.decode().replace("#", "%23").replace('"', "'")
    (image,) = read(f'<image xlink:href="data:image/svg+xml;utf8,{plain.replace("<", "&lt;")}"/>').children
    assert isinstance(image, Image)
    assert image.href.startswith("data:image/svg+xml;base64,")
    assert (image.width, image.height) == (20, 10)


@pytest.mark.parametrize(
    "body",
    ["<image/>", '<image width="0" height="9" href="{}"/>', '<image width="9" height="9" href="data:image/png;base64,AAAA"/>',
     '<image width="9" height="9" visibility="hidden" href="{}"/>'],
)  # fmt: skip
def test_what_shows_nothing_is_dropped(body: str) -> None:
    """As engines draw it: nothing, without an error."""
    assert read(body.format(uri(picture()))).children == ()


def test_pictures_have_boxes_and_are_hit() -> None:
    """Arranging and clicking work on the rectangle."""
    image = Image(href=uri(picture()), x=10, y=20, width=30, height=10, id="photo")
    scene = Scene(width=64, height=48, children=(Shape(geometry=Rect(width=64, height=48)), image))
    assert bounds.geometric_box(image) == bounds.visual_box(image) == Box(10, 20, 40, 30)
    found = hit.hit_test(scene, 15, 25)
    assert found is not None
    assert (found.node, found.ids) == (image, ("photo",))
    other = hit.hit_test(scene, 45, 25)
    assert other is not None
    assert isinstance(other.node, Shape)


def test_palettes_leave_pictures_alone() -> None:
    """A photograph has no colours to swap."""
    image = Image(href=uri(picture()), width=30, height=10)
    scene = Scene(width=64, height=48, children=(Shape(geometry=Rect(width=4, height=4), fill="#ff0000"), image))
    assert palette.colours(scene) == {"#ff0000": 1}
    assert palette.swap(scene, {"red": "blue"}).children[1] == image
