"""Tests of glyphs that fonts draw in SVG: what is shown of a document, where, in which colours, and what is refused."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from fontTools.colorLib.builder import buildCPAL
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import newTable
from numpy.typing import NDArray

from engines.colours import Colour
from engines.errors import EngineError
from engines.image_core.service import remake
from engines.media_v2.models import TextRenderMeta
from engines.typography_core import colour_glyphs, shaping, svg_glyphs, typeset
from engines.typography_core.colour_glyphs import Picture
from engines.typography_core.errors import FontRefusedError, TextLimitError
from engines.typography_core.font_types import FontInstance
from engines.typography_core.shaping import PlacedRun
from engines.typography_core.tests import forged_fonts as forged
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.glyphs import GlyphDrawer
from engines.workspace import Workspace

INK = Colour(0.8, 0.1, 0.2, 1.0)
DRAWER = GlyphDrawer()
RED, GREEN, BLUE = [255, 0, 0, 255], [0, 128, 0, 255], [0, 0, 255, 255]
SQUARE = '<rect x="0" y="-500" width="500" height="500"'


def _file(document: str, *, more: str = "", palette: bool = False, family: str = "Drawn") -> bytes:
    """A font whose "A" (glyph 1) and "B" (glyph 2) are squares of 500 units, drawn by one document: `$A` is the id of "A"."""

    def tables(builder: FontBuilder) -> None:
        table = newTable("SVG ")
        table.docList = [(document.replace("$A", "glyph1").replace("$B", "glyph2") + more, 1, 2)]
        builder.font["SVG "] = table
        if palette:
            builder.font["CPAL"] = buildCPAL([[(1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)]])

    glyphs = {"A": forged.square(), "B": forged.square()}
    return forged.font_file(glyphs, {65: "A", 66: "B"}, family, tables)


def _svg(body: str, attributes: str = "") -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>{body}</svg>'
    )


def _painted(font: FontInstance, text: str = "A", size: float = 100.0, x: float = 0.0) -> Picture:
    run = shaping.shape_run(text, 0, len(text), font, size, script="Latn")
    return colour_glyphs.paint([PlacedRun(font, size, x, size, run.glyphs)], INK, draw_svg=DRAWER)


def _at(picture: Picture, x: int, y: int) -> list[int]:
    """The pixel at (x, y) from the box's corner; nothing beyond the picture."""
    row, column = y - picture.y, x - picture.x
    if not (0 <= row < picture.pixels.shape[0] and 0 <= column < picture.pixels.shape[1]):
        return [0, 0, 0, 0]
    return [int(part) for part in picture.pixels[row, column]]


def _drawn(document: str, **how: bool) -> Picture:
    return _painted(forged.instance_of(_file(document, **how)))  # type: ignore[arg-type]


def test_a_document_stands_on_the_baseline_in_font_units() -> None:
    """500 units up from the origin are 50 px up from the baseline at 100 px; nothing else is inked."""
    picture = _drawn(_svg(f'<g id="$A">{SQUARE} fill="red"/></g>'))
    assert [_at(picture, x, y) for x, y in ((0, 50), (49, 99), (25, 75))] == [RED] * 3
    assert picture.pixels[..., 3].astype(int).sum() == 50 * 50 * 255


def test_parts_of_a_pixel_and_stretch_count() -> None:
    """Else an emoji would jump beside its letters."""
    font = forged.instance_of(_file(_svg(f'<g id="$A">{SQUARE} fill="red"/></g>')))
    picture = _painted(font, x=0.25)
    assert _at(picture, 0, 75)[3] == pytest.approx(191, abs=1)
    assert _at(picture, 50, 75)[3] == pytest.approx(64, abs=1)
    run = PlacedRun(font, 100.0, 10.0, 100.0, shaping.shape_run("A", 0, 1, font, 100.0, script="Latn").glyphs)
    wide = colour_glyphs.paint([run], INK, 2.0, 0.0, 0.0, 1.5, draw_svg=DRAWER)
    assert [_at(wide, x, y) for x, y in ((30, 100), (179, 199))] == [RED] * 2
    assert wide.pixels[..., 3].astype(int).sum() == 150 * 100 * 255


def test_only_the_glyph_of_a_shared_document_is_shown() -> None:
    """Documents share gradients among their glyphs; the others must not shine through."""
    body = '<g id="$A"><use xlink:href="#s" fill="red"/></g><g id="$B"><use xlink:href="#s" fill="blue" x="250"/></g>'
    document = _svg(f'<defs>{SQUARE} id="s"/></defs>{body}')
    font = forged.instance_of(_file(document))
    assert _at(_painted(font, "A"), 25, 75) == RED
    assert _painted(font, "A").pixels[..., 3].astype(int).sum() == 2500 * 255
    assert [_at(_painted(font, "B"), x, 75) for x in (10, 60)] == [[0, 0, 0, 0], BLUE]


def test_the_document_itself_may_be_the_glyph() -> None:
    """As in Twitter's emoji; what its root says of colours holds."""
    assert _at(_drawn(_svg(f"{SQUARE}/>", 'id="$A" fill="blue"')), 25, 75) == BLUE


def test_a_view_box_fills_the_em_square_below_the_origin() -> None:
    """OpenType: a document with a view box of its own is scaled to the em."""
    picture = _drawn(_svg('<g id="$A"><rect y="-5" width="10" height="5" fill="red"/></g>', 'viewBox="0 0 10 10"'))
    assert [_at(picture, x, y) for x, y in ((0, 50), (99, 99))] == [RED] * 2
    assert picture.pixels[..., 3].astype(int).sum() == 100 * 50 * 255


def test_current_color_is_the_text_s() -> None:
    """A sign that takes the colour of its text."""
    assert _at(_drawn(_svg(f'<g id="$A">{SQUARE} fill="currentColor"/></g>')), 25, 75) == [204, 26, 51, 255]


@pytest.mark.parametrize(("palette", "colour"), [(True, BLUE), (False, GREEN)])
def test_palette_colours_are_the_font_s_or_the_fallback(palette: bool, colour: list[int]) -> None:
    """`var(--color1, green)`: the second colour of the first palette, where there is one."""
    document = _svg(f'<g id="$A">{SQUARE} fill="var(--color1, green)"/></g>')
    assert _at(_drawn(document, palette=palette), 25, 75) == colour


def _gzipped(document: str) -> bytes:
    """The same font with its document packed, as fonts on the web have them."""
    data = _file(document)
    plain = document.replace("$A", "glyph1").encode()
    packed = gzip.compress(plain, mtime=0)
    head = b"\0\0" + b"\0\0\0\x0a" + b"\0\0\0\0"
    table = head + b"\0\x01" + b"\0\x01\0\x02" + (14).to_bytes(4, "big") + len(packed).to_bytes(4, "big") + packed
    return forged.with_table(data, b"SVG ", table)


def test_packed_documents_are_unpacked() -> None:
    """OpenType allows gzip; a bomb stops at a limit."""
    document = _svg(f'<g id="$A">{SQUARE} fill="red"/></g>')
    assert _at(_painted(forged.instance_of(_gzipped(document))), 25, 75) == RED
    bomb = _svg(f'<g id="$A">{SQUARE}/></g>' + " " * (svg_glyphs.DOCUMENT_BYTES_MAX + 1))
    with pytest.raises(TextLimitError, match="a document"):
        _painted(forged.instance_of(_gzipped(bomb)))


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ("<svg", FontRefusedError),
        ("<html/>", FontRefusedError),
        (_svg('<g id="glyph7"/>'), FontRefusedError),
        ('<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + _svg('<g id="$A">&a;</g>'), FontRefusedError),
        (_svg('<g id="$A"/>', 'viewBox="0 0 0 9"'), FontRefusedError),
        (_svg('<g id="$A"/>', 'viewBox="none"'), FontRefusedError),
        (_svg('<g id="$A">' + "<g>" * 5000 + "</g>" * 5000 + "</g>"), EngineError),
        (_svg('<g id="$A"><image xlink:href="file:///etc/passwd" width="9" height="9"/></g>'), SvgRefusedError),
        (_svg('<g id="$A"><use xlink:href="https://example.org/a.svg#b"/></g>'), SvgRefusedError),
        (_svg('<g id="$A"><script>1</script></g>'), SvgRefusedError),
    ],
    ids=["cut", "no svg", "no glyph", "entities", "empty view", "no view", "deep", "file", "network", "script"],
)
def test_documents_that_mean_harm_are_refused(document: str, error: type[EngineError]) -> None:
    """A font may hold anything that an upload may; the guard of drawings sees every document."""
    with pytest.raises(error):
        _drawn(document)


def test_characters_are_missing_only_where_nobody_draws_them() -> None:
    """Without a drawer the outline is shown, which is not what the designer made; what no font has is missing with one, too."""
    document = _svg(f'<g id="$A">{SQUARE} fill="red"/></g><g id="$B">{SQUARE} fill="blue"/></g>')
    font = forged.instance_of(_file(document))
    run = shaping.shape_run("ABA", 0, 3, font, 20.0, script="Latn")
    assert run.missing == ("A", "B")
    assert not colour_glyphs.has_colour([PlacedRun(font, 20.0, 0.0, 0.0, run.glyphs)])
    book = typeset.FontBook((font.font,))
    request = typeset.TextRequest(text="A\u2603B\u2603", font="Forged", size=20.0)
    assert typeset.Typesetter(book).set(request).missing == ("A", "\u2603", "B")
    text = typeset.Typesetter(book, DRAWER).set(request)
    assert text.missing == ("\u2603",)
    assert "resvg" in typeset.producers([text], DRAWER)
    assert "resvg" not in typeset.producers([text])


def test_own_fonts_in_svg_reach_renders_and_text_layers(tmp_path: Path) -> None:
    """The journey of a tenant: add the font, draw a text and a composition, and make both again bit for bit."""
    content = _file(_svg(f'<g id="$A">{SQUARE} fill="red"/></g>'))
    with Workspace.open(tmp_path / "store", tenant="acme", env="prod", create=True, threads=1) as work:
        work.add_font(content, "Drawn.ttf")
        rendered = work.render_text({"text": "A", "font": "Drawn", "size": 100.0}).artifact
        meta = rendered.meta
        assert isinstance(meta, TextRenderMeta)
        assert (meta.missing, "resvg" in meta.producers) == ((), True)
        assert _reds(work.content(rendered)) == 2500
        layer = {"type": "text", "text": "A", "font": "Drawn", "size": 100, "color": "#000000"}
        document = {"version": 1, "width": 100, "height": 120, "layers": [layer]}
        made = work.render(work.compose(document).artifact.artifact_id, "social_1080p").artifact
        assert _reds(work.content(made)) > 2500
        assert [remake(work.registry, one) for one in (rendered, made)] == [None, None]


def _reds(png: bytes) -> int:
    import io

    from PIL import Image

    pixels: NDArray[np.uint8] = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    return int((pixels == RED).all(axis=2).sum())


CORPUS = (
    Path(os.environ.get("IMPASTO_CORPORA", Path(__file__).parents[3].parent / "shared" / "corpora")) / "svg" / "fonts"
)


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}; set IMPASTO_CORPORA")
def test_real_emoji_in_svg_are_drawn() -> None:
    """TwitterColorEmoji: yellow faces and a red crab, within their em, the same bytes again."""
    font = forged.instance_of((CORPUS / "TwitterColorEmoji.subset.ttf").read_bytes(), "Twitter")
    face, crab = (_painted(font, text, 64.0) for text in "\U0001f600\U0001f980")
    assert face.pixels[face.pixels[..., 3] == 255][:, :3].mean(axis=0).round(-1).tolist() == pytest.approx(
        [220, 170, 60], abs=30
    )
    assert crab.pixels[crab.pixels[..., 3] == 255][:, 0].mean() > 150
    assert 60 <= face.pixels.shape[0] <= 70
    assert np.array_equal(crab.pixels, _painted(font, "\U0001f980", 64.0).pixels)
