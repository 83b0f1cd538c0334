"""Tests of what a document may have read: pictures of one folder or map, put into it; everything else refused or left out."""

import base64
import os
import xml.parsers.expat
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.vector_core import guard, rasterize, references
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.guard_external import IGNORED_MAX, RESOURCES_MAX
from engines.vector_core.resources import RESOURCE_BYTES_MAX, FolderResources, MappedResources, file_name
from engines.vector_core.tests.hostile import LEGAL, image, svg
from engines.vector_core.tests.watched import CANARY_COLOUR, picture

PICTURE = '<image width="20" height="20" href="{}"/>'
DRAWING = svg('<rect width="20" height="20" fill="#f0f"/>')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `art` with a drawing `in/x.svg` to be, pictures, and secrets beside it."""
    (tmp_path / "art" / "in").mkdir(parents=True)
    (tmp_path / "art" / "a b.png").write_bytes(picture(20))
    (tmp_path / "art" / "in" / "c.svg").write_bytes(DRAWING)
    (tmp_path / "secret.png").write_bytes(picture(20))
    return tmp_path / "art"


def shown(document: bytes, resources: object) -> bool:
    """Tell whether the canary's colour is drawn, by the guard's own account too."""
    admitted = guard.admit(document, resources)  # type: ignore[arg-type]
    assert admitted.used
    return bool((rasterize.draw(admitted, 20, 20)[10, 10] == CANARY_COLOUR).all())


@pytest.mark.parametrize("name", ["../a b.png", "../a%20b.png", " ../in/../a%20b.png#here ", "c.svg", "./c.svg"])
def test_a_picture_below_the_folder_is_put_into_the_document(folder: Path, name: str) -> None:
    """Relative to the document, spelled as URLs spell it; what engines get refers to nothing any more."""
    files = FolderResources(folder, folder / "in")
    assert shown(svg(PICTURE.format(name)), files)
    assert shown(
        svg(f'<filter id="f"><feImage href="{name}"/></filter><rect width="20" height="20" filter="url(#f)"/>'), files
    )
    admitted = guard.admit(svg(PICTURE.format(name)), files)
    assert guard.admit(admitted.svg).svg == admitted.svg


@pytest.mark.parametrize(
    "name",
    ["../../secret.png", "%2e%2e/%2e%2e/secret.png", "{root}/secret.png", "file://{root}/secret.png", "link.png",
     "linked/secret.png", "..%5c..%5csecret.png", "nul%00.png", "pipe", "folder", "/dev/zero", "absent.png", "a%ff.png", "words.txt",
     "a b.png?x=1", "//localhost{root}/secret.png"],
)  # fmt: skip
def test_nothing_else_is_read(folder: Path, name: str) -> None:
    """Links, dots, absolute paths, pipes and devices: refused, or left out and told, and never waited for."""
    (folder / "in" / "link.png").symlink_to("../../secret.png")
    (folder / "in" / "linked").symlink_to("../..")
    (folder / "in" / "folder").mkdir()
    (folder / "in" / "words.txt").write_text("no picture")
    os.mkfifo(folder / "in" / "pipe")
    writer = os.open(folder / "in" / "pipe", os.O_RDWR)
    os.write(writer, picture())
    document = svg(PICTURE.format(name.format(root=folder.parent)))
    with pytest.raises(SvgRefusedError, match="external-reference"):
        guard.admit(document, FolderResources(folder, folder / "in"))
    admitted = guard.admit(document, FolderResources(folder, folder / "in"), "ignore")
    assert (admitted.ignored, admitted.used) == ((name.format(root=folder.parent),), {})
    assert not rasterize.draw(admitted, 20, 20).any()
    os.close(writer)


def test_a_map_gives_pictures_by_their_names() -> None:
    """What a caller took out of a store; names are as they read once percent signs are resolved."""
    assert shown(svg(PICTURE.format("my%20logo.svg")), MappedResources({"my logo.svg": DRAWING}))
    with pytest.raises(SvgRefusedError):
        guard.admit(svg(PICTURE.format("other.svg")), MappedResources({"my logo.svg": DRAWING}))
    large = {"large.png": picture() + bytes(RESOURCE_BYTES_MAX)}
    with pytest.raises(SvgRefusedError):
        guard.admit(svg(PICTURE.format("large.png")), MappedResources(large))


def test_only_pictures_are_read() -> None:
    """Stylesheets, fonts and elements of other files stay where they are, even when they could be had."""
    files = MappedResources({"a": picture(), "a.css": b"rect{fill:red}"})
    for body in (
        '<use href="a#x"/>',
        '<style>@import "a.css";</style>',
        '<rect fill="url(a#x)"/>',
        '<pattern href="../a"/>',
    ):
        with pytest.raises(SvgRefusedError):
            guard.admit(svg(body), files)
        assert guard.admit(svg(body), files, "ignore").used == {}


def test_a_drawing_that_is_read_passes_the_guard_too() -> None:
    """And loads nothing itself, as in browsers; so no drawing reads itself for ever."""
    for hostile, rule in ((svg("<script/>"), "script"), (svg(PICTURE.format("b.svg")), "external-reference")):
        with pytest.raises(SvgRefusedError) as caught:
            guard.admit(svg(PICTURE.format("b.svg")), MappedResources({"b.svg": hostile}))
        assert caught.value.fields["rule"] == rule
    itself = svg(PICTURE.format("b.svg"))
    admitted = guard.admit(itself, MappedResources({"b.svg": itself}), "ignore")
    assert (list(admitted.used), admitted.ignored) == (["b.svg"], ("b.svg",))


def test_files_and_reports_have_limits() -> None:
    """A document of a thousand pictures is a folder; a list of a thousand references is no message."""
    many = svg("".join(f'<image href="{n}.png"/>' for n in range(RESOURCES_MAX + 1)))
    with pytest.raises(SvgRefusedError, match="files"):
        guard.admit(many, MappedResources({f"{n}.png": picture() for n in range(RESOURCES_MAX + 1)}))
    admitted = guard.admit(many, external="ignore")
    assert (len(admitted.ignored), admitted.ignored_count) == (IGNORED_MAX, RESOURCES_MAX + 1)


@pytest.mark.parametrize("name", LEGAL)
def test_documents_that_stand_alone_come_back_byte_for_byte(name: str) -> None:
    """But for those that engines misread: circular `<use>` and hrefs that name nothing."""
    changed = name.startswith("use ") or name == "id without its sharp sign"
    assert (guard.admit(LEGAL[name]).svg == guard.decode(LEGAL[name])) is not changed


_REFERENCES = st.sampled_from(
    ["#a", "b.png", "http://h.invalid/?a=1&amp;b=2", "data:image/png;base64,AAAA", "../x y", "file:///a"]
)
_PIECES: list[Callable[[str], str]] = [
    lambda href: f'<image\n\thref = "{href}" width="9"/>',
    lambda href: f"<use xlink:href='{href}'>text &lt; &amp; é</use>",
    lambda href: f'<rect fill="url({href}) red" title="&quot;&#10;>"/>',
    lambda href: f'<g style="mask:url({href});fill:red"><!-- <image href="{href}"/> --></g>',
    lambda href: f"<style><![CDATA[a>b{{fill:url('{href}')}}]]> i{{}}</style>",
    lambda href: f'<svg transform="scale(2)" clip-path="url({href})"><image href="{href}" xlink:href="#b"/></svg>',
    lambda href: f"<?xml-stylesheet href='{href}'?><a href='{href}'>link</a>",
    lambda href: image(svg(f'<image href="{href}"/>'), "svg+xml"),
]


@given(st.lists(st.tuples(st.sampled_from(_PIECES), _REFERENCES), max_size=8), st.booleans())
def test_what_was_left_out_is_gone_and_the_rest_stands(
    pieces: list[tuple[Callable[[str], str], str]], nested: bool
) -> None:
    """Whatever the document: the second look finds nothing to change, and no name of a file is left outside links and comments."""
    body = "".join(piece(href) for piece, href in pieces)
    admitted = guard.admit(svg(f"<g>{body}</g>" if nested else body), MappedResources({"b.png": picture()}), "ignore")
    assert guard.admit(admitted.svg).svg == admitted.svg
    assert admitted.svg.count(b"<!--") == body.count("<!--")
    assert admitted.svg.count("é".encode()) == body.count("é")
    encoded = base64.b64encode(picture())
    own = sum(href == "b.png" and piece in (_PIECES[0], _PIECES[5]) for piece, href in pieces)
    assert admitted.svg.count(encoded) == own


@given(st.text(max_size=40))
def test_any_reference_is_a_relative_name_or_none(reference: str) -> None:
    """No spelling of a URL gets through as an absolute path, a scheme or a name with control characters."""
    name = file_name(reference)
    if name is not None:
        assert not Path(name).is_absolute()
        assert not {"\\", "\0"} & set(name)
        assert MappedResources({name: b"x"}).read(name) == b"x"


@pytest.mark.parametrize(
    "attributes",
    [
        'transform="translate(5 5)"',
        'opacity="0.5"',
        'clip-path="url(#c)"',
        'style="opacity:0.5"',
        'mask="url(#m)" opacity=".9"',
    ],
)
def test_an_inner_svg_is_drawn_like_a_group(attributes: str) -> None:
    """resvg applies what stands on an inner `<svg>` twice; it must look as on a `<g>`."""
    before = '<clipPath id="c"><circle r="9"/></clipPath><mask id="m"><rect width="6" height="6" fill="#fff"/></mask>'
    inner, group = (
        rasterize.rasterize(svg(f'{before}<{tag} {attributes}><rect width="9" height="9"/></{tag.split()[0]}>'), 20, 20)
        for tag in ('svg width="20" height="20"', "g")
    )
    assert np.array_equal(inner, group)
    assert group.any()


def test_only_circular_uses_are_taken_out() -> None:
    """Those beside them, and those that draw a part of the ring from outside it, are as they were."""
    body = (
        '<defs><rect id="r" width="4" height="4"/><g id="a"><use href="#b"/><use href="#r"/></g>'
        '<g id="b"><g><use xlink:href="#a"/></g></g></defs><use href="#a" x="9"/><use href="#r"/>'
    )
    admitted = guard.admit(svg(body))
    assert admitted.svg.count(b'href="#external-reference-removed"') == 2
    alpha = rasterize.draw(admitted, 20, 20)[..., 3]
    assert alpha[:4, :4].all()
    assert alpha[:4, 9:13].all()
    assert alpha.sum() == 2 * 16 * 255


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n"), max_size=20))
def test_an_edited_attribute_reads_as_it_was_written(text: str) -> None:
    """Quotes, line breaks and markup in what stands beside a reference survive its removal."""
    style = f"url(http://h.invalid/);font-family:{text}".replace("\\", "/")
    found: list[str] = []
    admitted = guard.admit(svg(f"<g class={quoteattr(text)} style={quoteattr(style)}/>"), external="ignore")
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = lambda _name, attributes: found.append(attributes.get("style", ""))
    parser.Parse(admitted.svg, True)
    assert found[1] == references.without_external(style)
    assert text.replace("\\", "/") in found[1] or "url" in text or "@" in text


def test_href_has_precedence() -> None:
    """SVG 2 §16.1; resvg takes the other one."""
    body = '<defs><g id="r"><rect width="9" height="9" fill="red"/></g><g id="b"><rect width="9" height="9" fill="blue"/></g></defs>'
    pixels = rasterize.rasterize(svg(body + '<use xlink:href="#r" href="#b"/>'), 20, 20)
    assert pixels[4, 4].tolist() == [0, 0, 255, 255]
