"""A cleaned SVG draws the same pixels and holds nothing else."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.vector_core import cleaning, guard, rasterize
from engines.vector_core.cleaning import Root
from engines.vector_core.errors import SvgEngineError, VectorError
from tests.fixtures import SVG

EDITED = b"""<?xml version="1.0" encoding="UTF-8"?><?editor state?><!-- by hand -->
<!DOCTYPE svg [<!ENTITY deep "#123456"><!ENTITY words "a - b">]>
<svg:svg xmlns:svg="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:ink="http://ink.example/"
 width="40" height="30" ink:version="9"><svg:metadata><x xmlns="http://rdf.example/">me</x></svg:metadata>
 <ink:view zoom="3"><svg:rect width="40" height="30" fill="red"/></ink:view>
 <svg:title>A &quot;title&quot; &amp; more</svg:title>
 <svg:defs><svg:circle id="dot" r="5" fill="&deep;"/></svg:defs>
 <svg:use xlink:href="#dot" x="10" y="10" ink:label="Dot"/> stray words
 <svg:text x="2" y="28" font-size="8" xml:space="preserve">&words; &lt;  <svg:tspan>&gt;</svg:tspan></svg:text>
</svg:svg>"""


def test_a_drawing_from_an_editor_loses_all_but_the_drawing() -> None:
    """Foreign words are bytes that every reader of the file pays for, and tell of who made it."""
    plain = cleaning.clean(EDITED).decode()
    assert plain == (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="30">'
        '<title>A "title" &amp; more</title><defs><circle id="dot" r="5" fill="#123456"/></defs>'
        '<use xlink:href="#dot" x="10" y="10"/>'
        '<text x="2" y="28" font-size="8" xml:space="preserve">a - b &lt;  <tspan>&gt;</tspan></text></svg>\n'
    )
    assert np.array_equal(rasterize.rasterize(plain.encode(), 160, 120), rasterize.rasterize(EDITED, 160, 120))


def test_cleaning_twice_changes_nothing_more() -> None:
    once = cleaning.clean(EDITED)
    assert cleaning.clean(once) == once
    assert cleaning.clean(cleaning.clean(SVG)) == cleaning.clean(SVG)


def test_nothing_declares_a_namespace_that_nothing_uses() -> None:
    assert b"xlink" not in cleaning.clean(SVG)


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"), whitelist_characters="\t\n\r")))
def test_any_text_and_attribute_comes_out_as_it_went_in(words: str) -> None:
    """Read back by another parser: what was escaped must mean the same."""
    import xml.etree.ElementTree as ET
    from xml.sax.saxutils import escape, quoteattr

    # A parser makes newlines of carriage returns, and spaces of newlines in attributes, unless they are spelled as numbers.
    told = escape(words, {"\r": "&#13;"})
    value = quoteattr(words, {"\r": "&#13;"})
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><title class={value}>{told}</title></svg>'.encode()
    title = ET.fromstring(cleaning.clean(svg))[0]  # noqa: S314 - our own text
    assert (title.text or "", title.get("class")) == (words, words)


def test_a_root_can_be_given_another_size_and_a_sheet_around() -> None:
    root = Root({"width": "9", "x": "1", "height": None}, '<svg xmlns="http://www.w3.org/2000/svg" width="11">')
    changed = cleaning.clean(b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"><g/></svg>', root)
    assert changed == (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="11"><svg xmlns="http://www.w3.org/2000/svg" width="9" x="1">'
        b"<g/></svg></svg>\n"
    )


def test_a_root_that_is_no_svg_is_refused() -> None:
    """Engines draw nothing of a document without the namespace; an empty file would be a lie."""
    with pytest.raises(SvgEngineError):
        cleaning.clean(b'<svg width="4" height="3"/>')


def test_the_suite_looks_the_same_when_cleaned() -> None:
    """Hundreds of drawings, each made for one detail that a careless writer would lose."""
    place = os.environ.get("IMPASTO_CORPORA")
    if not place:
        pytest.skip("IMPASTO_CORPORA does not name the folder of the corpora")
    files = sorted((Path(place) / "svg" / "tests").rglob("*.svg"))
    assert len(files) > 500
    changed = []
    for file in files[::7]:
        try:
            svg = guard.decode(file.read_bytes())
            facts = guard.check(svg)
            drawn = rasterize.rasterize(svg, facts.width_px, facts.height_px)
        except VectorError:
            continue
        if not np.array_equal(rasterize.rasterize(cleaning.clean(svg), facts.width_px, facts.height_px), drawn):
            changed.append(file.name)
    assert changed == []
