"""Drawings as documents: pages of the right size, vectors that stay vectors, the same bytes everywhere, and no lie."""

import base64
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from engines.isolation.errors import WorkerMemoryLimitError, WorkerTimeLimitError
from engines.isolation.pool import Pool
from engines.vector_core import (
    documents,
    font_instances,
    guard,
    pages,
    pdf_files,
    postscript,
    rasterize,
    svg_fonts,
)
from engines.vector_core.errors import SvgEngineError, SvgRefusedError
from engines.vector_core.pages import DocumentFormat, DocumentRequest, DocumentValueError
from engines.vector_core.tasks import TASKS
from tests.fixtures import SVG

SCENE = """<svg xmlns="http://www.w3.org/2000/svg" width="200" height="150" viewBox="0 0 200 150">
<defs><radialGradient id="g"><stop stop-color="#f30"/><stop offset="1" stop-color="#03f" stop-opacity=".3"/></radialGradient>
<clipPath id="c"><circle cx="150" cy="60" r="40"/></clipPath>
<mask id="m"><rect width="200" height="150" fill="#888"/></mask></defs>
<rect x="-20" y="-20" width="240" height="190" fill="#eef"/>
<rect width="90" height="70" fill="url(#g)" stroke="#080" stroke-width="4" stroke-dasharray="9 5" transform="rotate(10)"/>
<g style="mix-blend-mode:multiply" opacity=".7"><circle cx="80" cy="70" r="35" fill="#fc0"/></g>
<g clip-path="url(#c)"><rect x="100" width="90" height="150" fill="#092"/></g>
<path mask="url(#m)" d="M20 140 Q 100 60 180 140 Z" fill-rule="evenodd"/>TEXT</svg>"""
DRAWING = SCENE.replace("TEXT", "").encode()
TEXT = '<text x="8" y="142" font-size="30" font-weight="700">Été</text>'
WORDS = SCENE.replace("TEXT", TEXT).encode()
FILTERED = b"""<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60"><filter id="f"><feGaussianBlur stdDeviation="3"/></filter>
<circle cx="30" cy="30" r="15" fill="#c04" filter="url(#f)"/></svg>"""
PLAIN = b'<svg xmlns="http://www.w3.org/2000/svg" width="96" height="48"><path d="M8 8h80v32H8z" fill="#06c"/></svg>'


def needs_print() -> None:
    """Skip where the extra is not installed."""
    pytest.importorskip("svg2pdf_py", reason="the extra print is not installed: no PDF is tested")
    pytest.importorskip("pikepdf", reason="the extra print is not installed: no PDF is tested")


def pdf_of(svg: bytes, **asked: object) -> bytes:
    needs_print()
    return documents.write_document(svg, pages.checked_request({"format": "pdf"} | asked)).content


def shown(pdf: bytes, width: int) -> NDArray[np.uint8]:
    """Draw the page with pdfium, which shares no code with what wrote it; on white, (height, width, 3)."""
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: no page is looked at")
    with pdfium.PdfDocument(pdf) as document:
        page = document[0]
        return np.asarray(page.render(scale=width / page.get_size()[0]).to_pil().convert("RGB"))


def on_white(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    alpha = pixels[..., 3:].astype(np.int32)
    return (pixels[..., :3] * alpha + 255 * (255 - alpha)) // 255


def off(pdf: bytes, svg: bytes, width: int, height: int) -> float:
    """The part of the pixels that resvg and the PDF show otherwise, by more than smoothing of edges can do."""
    difference = np.abs(shown(pdf, width).astype(np.int32) - on_white(rasterize.rasterize(svg, width, height)))
    return float((difference.max(axis=-1) > 64).mean())


def box(pdf: bytes, name: str) -> list[float]:
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [float(side) for side in opened.pages[0].obj[f"/{name}"]]


@pytest.mark.parametrize("svg", [DRAWING, WORDS, SVG, FILTERED], ids=["paints", "text", "gradient", "filter"])
@pytest.mark.parametrize("text", ["embed", "outline"])
def test_a_pdf_shows_what_resvg_draws(svg: bytes, text: str) -> None:
    """Gradients, dashes, clips, masks, blend modes, a bold text and a blur, looked at by an engine that has none of our code."""
    facts = guard.check(svg)
    width, height = round(facts.width_px * 3), round(facts.height_px * 3)
    assert off(pdf_of(svg, text=text), svg, width, height) < 0.005


def test_vectors_stay_vectors() -> None:
    """Enlarging a document must not show pixels: there are none in it."""
    pdf = pdf_of(DRAWING)
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        pictures = [
            one for one in opened.objects if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Image"
        ]
    assert pictures == []


def test_texts_are_embedded_or_outlined() -> None:
    """A print shop has not our fonts: they are in the file, or the text needs none."""
    for text in ("embed", "outline"):
        pdf = pdf_of(WORDS, text=text)
        assert (b"/FontFile" in pdf, b"/BaseFont" in pdf) == (text == "embed",) * 2


def test_pixels_become_points_by_the_resolution() -> None:
    """3000 px at 300 dpi are ten inches of paper; at CSS's 96 they would be a poster."""
    assert box(pdf_of(PLAIN), "MediaBox") == [0, 0, 72, 36]
    assert box(pdf_of(PLAIN, dpi=300), "TrimBox") == [0, 0, 23.04, 11.52]


def test_a_bleed_is_a_larger_page_around_the_same_trim() -> None:
    """A guillotine is off by a millimetre: what lies there must be drawing, not paper."""
    pdf = pdf_of(DRAWING, bleed_mm=3)
    bleed = 3 / 25.4 * 72
    full = [0, 0, 150 + 2 * bleed, 112.5 + 2 * bleed]
    assert box(pdf, "MediaBox") == pytest.approx(full, abs=1e-3)
    assert box(pdf, "BleedBox") == pytest.approx(full, abs=1e-3)
    assert box(pdf, "TrimBox") == pytest.approx([bleed, bleed, 150 + bleed, 112.5 + bleed], abs=1e-3)
    picture = shown(pdf, 600)
    assert (picture[3, 3:-3] == (0xEE, 0xEE, 0xFF)).all(), "drawn beyond the trim, up to the edge of the page"


def test_percentages_and_offset_canvases_stay_in_place_in_a_bleed() -> None:
    """The bleed moves the drawing, and must not become part of what its percentages are of."""
    svg = b"""<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="10 10 40 40">
    <rect x="10" y="10" width="50%" height="100%" fill="#c00"/></svg>"""
    bleed_px = 10 / 25.4 * 96
    picture = shown(pdf_of(svg, bleed_mm=10), 600)
    scale = 600 / (96 + 2 * bleed_px)
    red = np.nonzero((picture == (0xCC, 0, 0)).all(axis=-1).any(axis=0))[0]
    assert red[0] == pytest.approx(bleed_px * scale, abs=1.5)
    assert red[-1] == pytest.approx((bleed_px + 48) * scale, abs=1.5)


@pytest.mark.parametrize("kind", ["pdf", "ps", "eps", "svg"])
def test_the_same_bytes_in_every_process_zone_and_locale(kind: str) -> None:
    """A document's bytes are what its registration promises; dates, random ids and hash tables must not be in them."""
    if kind == "pdf":
        needs_print()
    svg = WORDS if kind in ("pdf", "svg") else PLAIN
    code = (
        "import sys; from engines.vector_core import documents, pages\n"
        f"request = pages.checked_request({{'format': {kind!r}, 'dpi': 150.0}})\n"
        "sys.stdout.buffer.write(documents.write_document(sys.stdin.buffer.read(), request).content)"
    )
    made = set()
    for zone, locale, seed in (("UTC", "C", "0"), ("Asia/Tokyo", "de_DE.UTF-8", "1"), ("UTC+9", "tr_TR.UTF-8", "2")):
        env = os.environ | {"TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed}
        made.add(
            subprocess.run([sys.executable, "-c", code], input=svg, env=env, capture_output=True, check=True).stdout
        )
    assert len(made) == 1
    content = made.pop()
    assert not re.search(rb"CreationDate|ModDate|20[2-9][0-9]-", content)


def test_an_svg_comes_out_with_what_is_drawn() -> None:
    made = documents.write_document(b"<!-- me -->" + WORDS, DocumentRequest(format="svg"))
    assert b"<!--" not in made.content
    assert np.array_equal(rasterize.rasterize(made.content, 200, 150), rasterize.rasterize(WORDS, 200, 150))
    assert (made.page.width, made.page.height, made.has_text) == (150, 112.5, True)


@pytest.mark.parametrize("kind", ["ps", "eps"])
def test_postscript_tells_its_page(kind: str) -> None:
    made = documents.write_document(PLAIN, pages.checked_request({"format": kind}))
    assert made.content.startswith(b"%!PS-Adobe-3.0" + (b" EPSF-3.0" if kind == "eps" else b""))
    assert b"%%EOF" in made.content[-16:]
    assert (made.page.width, made.page.height) == (72, 36)
    if kind == "ps":
        assert re.search(rb"%%DocumentMedia: \S+ 72 36 ", made.content)
    else:
        assert b"%%BoundingBox: 0 0 72 36\n%%HiResBoundingBox: 0 0 72.0000 36.0000\n" in made.content


def test_postscript_that_would_be_wrong_is_refused() -> None:
    """CairoSVG knows no blend modes: a file that shows another picture is worse than none."""
    with pytest.raises(postscript.UnfaithfulDocumentError) as refused:
        documents.write_document(
            b'<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50"><rect width="50" height="50" fill="#f80"/>'
            b'<rect width="50" height="50" fill="#08f" style="mix-blend-mode:difference"/></svg>',
            DocumentRequest(format="eps"),
        )
    assert refused.value.fields["share"] > 0.9
    with pytest.raises(SvgEngineError, match="text"):
        documents.write_document(WORDS, DocumentRequest(format="ps"))


@pytest.mark.parametrize("kind", ["ps", "eps"])
def test_postscript_shows_what_resvg_draws(kind: DocumentFormat, tmp_path: Path) -> None:
    """Looked at by Ghostscript, on the whole page and cut to the bounding box."""
    if shutil.which("gs") is None:
        pytest.skip("Ghostscript is not installed: no PostScript is looked at")
    made = documents.write_document(SVG, pages.checked_request({"format": kind, "dpi": 72}))
    (tmp_path / "in.ps").write_bytes(made.content)
    asked = ["-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dEPSCrop", "-sDEVICE=png16m", "-dGraphicsAlphaBits=4", "-r288"]
    subprocess.run(["gs", *asked, f"-sOutputFile={tmp_path / 'out.png'}", tmp_path / "in.ps"], check=True)
    with Image.open(tmp_path / "out.png") as image:
        found = np.asarray(image.convert("RGB")).astype(np.int32)
    expected = on_white(rasterize.rasterize(SVG, 160, 120))
    assert found.shape == expected.shape
    assert (np.abs(found - expected).max(axis=-1) > 64).mean() < 0.01


@pytest.mark.parametrize("kind", ["pdf", "ps", "eps", "svg"])
@pytest.mark.parametrize(
    "inside", ['<image href="/etc/hostname" width="9" height="9"/>', "<script/>", "<g>" * 200 + "</g>" * 200]
)
def test_the_guard_comes_before_any_writer(kind: DocumentFormat, inside: str) -> None:
    """Writers follow references and recurse as engines do."""
    with pytest.raises(SvgRefusedError):
        documents.write_document(PLAIN.replace(b"<path", inside.encode() + b"<path"), DocumentRequest(format=kind))


@pytest.mark.parametrize("hidden", [False, True])
def test_a_filter_beyond_all_memory_is_an_error_here_and_no_end(hidden: bool) -> None:
    """svg2pdf ends its process when memory cannot be had; that must not be ours, wherever the filter stands."""
    needs_print()
    svg = FILTERED.replace(
        b"<filter id", b'<filter x="-1e6" y="-1e6" width="2e6" height="2e6" filterUnits="userSpaceOnUse" id'
    )
    if hidden:
        uri = b"data:image/svg+xml;base64," + base64.b64encode(svg)
        svg = PLAIN.replace(b"<path", b'<image width="60" height="60" href="' + uri + b'"/><path')
    with pytest.raises(WorkerMemoryLimitError) as caught:
        pdf_of(svg)
    assert caught.value.fields["field"] == "write_pdf"


@pytest.mark.parametrize("kind", ["pdf", "ps", "eps"])
def test_it_does_not_matter_whose_worker_writes_a_document(kind: DocumentFormat) -> None:
    """The same bytes from a pool that wrote others before as from a worker of its own, or this process."""
    if kind == "pdf":
        needs_print()
    svg, request = (WORDS if kind == "pdf" else PLAIN), DocumentRequest(format=kind)
    with Pool(TASKS, workers=1) as pool:
        made = [documents.write_document(svg, request, isolation=pool).content for _ in range(2)]
    assert made[0] == made[1] == documents.write_document(svg, request).content


@pytest.mark.parametrize("kind", ["pdf", "eps"])
def test_a_page_that_takes_too_long_is_ended(kind: DocumentFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    """A millionth of a second, so that any page is late; the pool goes on."""
    if kind == "pdf":
        needs_print()
    with Pool(TASKS, workers=1) as pool:
        documents.write_document(PLAIN, DocumentRequest(format=kind), isolation=pool)
        for writer in (pdf_files, postscript):
            monkeypatch.setattr(writer, "SECONDS_MAX", 1e-6)
        with pytest.raises(WorkerTimeLimitError):
            documents.write_document(PLAIN, DocumentRequest(format=kind), isolation=pool)
        monkeypatch.undo()
        documents.write_document(PLAIN, DocumentRequest(format=kind), isolation=pool)


def test_entities_are_spelled_out_for_every_writer() -> None:
    """Illustrator declares its namespaces so; CairoSVG refuses any."""
    svg = b'<!DOCTYPE svg [<!ENTITY blue "#06c">]>' + PLAIN.replace(b"#06c", b"&blue;")
    for kind in ("eps", "svg"):
        request = pages.checked_request({"format": kind})
        assert documents.write_document(svg, request).content == documents.write_document(PLAIN, request).content


def test_filters_have_the_resolution_of_print_however_the_canvas_is_scaled() -> None:
    """An icon of 24 units on a page of 600 pt must not be blurred to 24 pixels."""
    needs_print()
    import pikepdf

    small = FILTERED.replace(b'width="60" height="60"', b'width="800" height="800" viewBox="0 0 60 60"')
    with pikepdf.open(io.BytesIO(pdf_of(small))) as opened:
        sides = [int(one.Width) for one in opened.objects if isinstance(one, pikepdf.Stream) and "/Width" in one]
    inches = 30 * 1.2 / 60 * 600 / 72
    assert max(sides) == pytest.approx(300 * inches, rel=0.2)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"format": "docx"}, "format"),
        ({"format": "pdf", "dpi": 0.0}, "dpi"),
        ({"format": "pdf", "dpi": float("nan")}, "dpi"),
        ({"format": "pdf", "bleed_mm": 1e9}, "bleed_mm"),
        ({"format": "eps", "bleed_mm": 3.0}, "bleed_mm"),
        ({"format": "pdf", "text": "maybe"}, "text"),
        ({"format": "pdf", "colour": "CMYK"}, "request"),
    ],
)
def test_a_request_out_of_range_is_told_by_its_field(asked: dict[str, object], field: str) -> None:
    with pytest.raises(DocumentValueError) as refused:
        pages.checked_request(asked)
    assert field in str(refused.value.fields["field"])


def test_a_page_larger_than_readers_show_is_refused() -> None:
    with pytest.raises(DocumentValueError) as refused:
        pages.page_of(30_000, 100, DocumentRequest(format="pdf", dpi=72))
    assert refused.value.fields["field"] == "dpi"
    assert pages.page_of(30_000, 100, DocumentRequest(format="svg")).width == 22_500


@given(st.floats(1, 30_000), st.floats(1, 30_000), st.floats(1, 4800), st.floats(0, 100))
def test_pages_are_within_the_limits_of_pdf_or_refused(width: float, height: float, dpi: float, bleed: float) -> None:
    try:
        page = pages.page_of(width, height, DocumentRequest(format="pdf", dpi=dpi, bleed_mm=bleed))
    except DocumentValueError:
        return
    for full, px in ((page.full_width, width), (page.full_height, height)):
        assert pages.PAGE_SIDE_PT_MIN <= full <= pages.PAGE_SIDE_PT_MAX
        assert full - 2 * page.bleed == pytest.approx(px * 72 / dpi, rel=1e-9, abs=1e-6)


def test_weights_and_sizes_are_found_wherever_they_are_said() -> None:
    svg = """<svg><style>text{font-weight:bold; font-size: 12pt} .a{font: italic 300 40px/1.2 Inter}</style>
    <text font-weight="650" style="font-weight : bolder;font-size:2em">x</text><text font-weight='lighter'/></svg>"""
    assert font_instances.wanted(svg) == ((100.0, 300.0, 400.0, 650.0, 700.0, 900.0), 40.0)
    assert font_instances.wanted("<svg/>") == ((400.0,), 12.0)
    many = "".join(f'<text font-weight="{weight}"/>' for weight in range(100, 200))
    with pytest.raises(DocumentValueError):
        font_instances.wanted(many)


def test_static_fonts_have_the_weights_and_no_axes() -> None:
    """A font with axes would be drawn in its default weight."""
    from fontTools.ttLib import TTFont

    made = font_instances.static_fonts(svg_fonts.packaged(), '<text font-weight="700" font-size="50"/>')
    fonts = [TTFont(io.BytesIO(data)) for data in made.files]
    assert sorted(font["OS/2"].usWeightClass for font in fonts) == [400, 400, 700, 700]
    assert not any("fvar" in font for font in fonts)
    assert {name for data in made.files for name in svg_fonts.family_names(data)} == {"Inter"}


FAITHFUL_SHARE_MIN = 0.88
"""Part of the suite's drawings that a PDF shows as their references do; CairoSVG's PDF comes to 0.45."""


def test_the_suite_looks_the_same_in_pdf() -> None:
    """Hundreds of drawings, each made for one detail. What fails is in svg2pdf: some filters, colour fonts, nested images."""
    place = os.environ.get("IMPASTO_CORPORA")
    if not place:
        pytest.skip("IMPASTO_CORPORA does not name the folder of the corpora")
    needs_print()
    corpus = Path(place) / "svg"
    fonts = svg_fonts.FontSet(tuple(file.read_bytes() for file in sorted((corpus / "fonts").rglob("*.[to]tf"))))
    passed = []
    for file in sorted((corpus / "tests").rglob("*.svg"))[::17]:
        try:
            made = documents.write_document(file.read_bytes(), DocumentRequest(format="pdf"), fonts)
        except SvgRefusedError:
            continue
        except SvgEngineError:
            passed.append(False)
            continue
        with Image.open(file.with_suffix(".png")) as image:
            expected = on_white(np.asarray(image.convert("RGBA")))
        found = shown(made.content, expected.shape[1]).astype(np.int32)[: expected.shape[0]]
        difference = np.abs(found - expected[: found.shape[0]]).max(axis=-1)
        passed.append(bool((difference > 64).mean() <= 0.01))
    assert len(passed) > 30
    assert sum(passed) / len(passed) >= FAITHFUL_SHARE_MIN
