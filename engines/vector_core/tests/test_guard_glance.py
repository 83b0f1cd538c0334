"""Tests of the glance: it knows what the full pass finds or that it does not know, and never lets through what that refuses."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.vector_cases import cases, guarded
from engines.vector_core import guard, guard_glance
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.guard import SvgFacts
from engines.vector_core.guard_external import Outside
from engines.vector_core.tests.hostile import HEAVY, HOSTILE, HOSTILE_AT_SIZE, LEGAL, NS, svg

QS = 'xmlns:q="http://www.w3.org/1999/xlink"'
DOCUMENTS = {
    **{name: document for name, (_, document) in (HOSTILE | HOSTILE_AT_SIZE).items()},
    **HEAVY,
    **LEGAL,
}
EDITED = svg(
    '<defs><linearGradient id="g1"><stop offset="0.5"/></linearGradient><clipPath id="c"><path d="M0 0h9v9z"/></clipPath></defs>'
    '<g id="layer" transform="translate(1 2)" clip-path="url(#c)"><path id="p1" style="fill:url(#g1);stroke:none" d="M1 1L9 9"/>'
    '<use id="u" xlink:href="#p1" x="3"/><use href="#u"/></g><text x="1">a &amp; b<tspan>c</tspan></text>'
    "<style>.a{fill:red} .b,.c{fill:rgb(1,2,3)}</style><a href='https://example.com'><rect class='a'/></a>",
    before='<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by hand -->\n'
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n',
)
"""What editors write, in little."""


def glanced(document: bytes) -> SvgFacts | None:
    """What a glance knows of a document, whatever its length."""
    plain = guard.decode(document)
    reader = guard_glance.read_now(plain, guard._Visit(Outside(), len(plain)))
    return None if reader is None else guard._facts(reader)


def fully_read(document: bytes) -> SvgFacts | str:
    """What the pass with expat finds, or its refusal."""
    reader = guard._Visit(Outside())
    try:
        found = reader.read(guard.decode(document))
    except SvgRefusedError as error:
        return str(error)
    return "changed" if found.edits else guard._facts(found)


def check_agreement(document: bytes) -> SvgFacts | None:
    """Fail where a glance says another thing than the pass with expat; return what it says."""
    try:
        known = glanced(document)
    except SvgRefusedError:  # by `decode`, before either looks
        return None
    if known is not None:
        assert known == fully_read(document)
    return known


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_glance_agrees_or_does_not_know(name: str) -> None:
    """A document that the full pass refuses must never get through by being quick."""
    check_agreement(DOCUMENTS[name])


@pytest.mark.parametrize(
    "document",
    [
        *guarded().values(),
        *(case.svg for case in cases()),
        EDITED,
        LEGAL["use"],
        LEGAL["clip"],
        LEGAL["public doctype"],
    ],
)
def test_what_people_draw_is_known_at_a_glance(document: bytes) -> None:
    """Or all tests here would hold for a glance that never knows anything."""
    assert check_agreement(document) is not None


def test_the_public_suite_is_agreed_upon() -> None:
    """Eight hundred documents, each about one corner of SVG; half of them at least are known."""
    root = os.environ.get("IMPASTO_CORPORA")
    if root is None:
        pytest.skip("needs IMPASTO_CORPORA, the folder of the public corpora")
    files = sorted((Path(root) / "svg").rglob("*.svg"))
    known = sum(check_agreement(file.read_bytes()) is not None for file in files)
    assert known > len(files) // 2


REFUSED = [
    '<rect onload="x"/>',
    '<rect id="a" ONCLICK="x"/>',
    '<g xml:base="x"><rect/></g>',
    '<use href="x.svg#a"/>',
    '<use q:href="x.svg"/>',
    '<rect fill="url(x.svg#a)"/>',
    "<rect style='fill:red;stroke:URL(x)'/>",
    "<rect style='fill:u\\72l(x)'/>",
    '<path d="M1 1L99999999 1"/>',
    '<path d="M1e9 1"/>',
    '<circle r="1E9"/>',
    '<path points="1 2,123456789 4"/>',
    "<script/>",
    "<q:script/>",
    "<foreignObject/>",
    '<style>@import "a"</style>',
    '<Style>@import "a"</Style>',
    "<style>.a{fill:url(x)}</style>",
    '<image href="a.png"/>',
    f"<text>{'a' * 200_001}</text>",
    "<?xml-stylesheet href='a.css'?>",
    "<g>" * 130 + "</g>" * 130,
    '<mask id="a"><rect/></mask>'
    + '<g mask="url(#a)">' * 126
    + "</g>" * 126
    + '<rect style="filter:blur(2px)"/>' * 600,
]


@pytest.mark.parametrize("body", REFUSED)
def test_one_bad_element_among_good_ones_is_looked_at_in_full(body: str) -> None:
    """Each rule on an element that has nothing else to look at."""
    document = svg('<g><rect width="9"/></g>' * 3 + body + "<g/>", f'width="9" height="9" {QS}')
    assert glanced(document) is None
    assert isinstance(fully_read(document), str)


NOT_XML = [
    "<g><rect/></svg>",
    "<g></ g>",
    "< g/>",
    "<g/ >",
    "<g></h>",
    '<g a="1"b="2"/>',
    '<g a="1" a="2"/>',
    "<g a=1/>",
    '<g a="<"/>',
    '<g a="&nbsp;"/>',
    '<g a="&amp"/>',
    "&nbsp;",
    "&",
    "]]>",
    "<!-- a -- b -->",
    "<!-- a --->",
    "<![CDATA[ a ]]",
    "<g a/>",
    "<g a='1\"/>",
    "<1/>",
    "<g 1='2'/>",
    "\x01",
    "<!-- \x0b -->",
    "\ufffe",
    "<g",
    "</svg><svg>",
    '</svg>text<svg xmlns="">',
]


@pytest.mark.parametrize("body", NOT_XML)
def test_what_is_not_well_formed_is_left_to_expat(body: str) -> None:
    """Engines parse more leniently, each in its own way: what is no XML to one is a script to another."""
    assert glanced(svg(body)) is None


@pytest.mark.parametrize(
    "prolog", ['<?xml version="1.1"?>', "<?xml version='1.0\"?>", "<!DOCTYPE svg [<!ENTITY a 'b'>]>", "text"]
)
def test_an_odd_beginning_is_left_to_expat(prolog: str) -> None:
    """Entities and default attributes come from there."""
    assert glanced(svg("", before=prolog)) is None


@pytest.mark.parametrize("junk", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"])
def test_bytes_that_are_no_utf8_are_left_to_expat(junk: bytes) -> None:
    """Also where nobody would look: in a title."""
    assert glanced(svg("<title>x</title>").replace(b"x", junk)) is None


PIECES = (
    '<g id="a">', "</g>", '<use href="#a"/>', '<use xlink:href="#b" id="a"/>', '<mask id="a"><g mask="url(#b)"/></mask>', '<rect id="b"/>',
    ' style="fill:url(#a)"', ' style="marker:url(#a)"', " style='fill:url( #a )'", ' fill="url(#b)"', " fill='url(\"#a\")'", ' class="a b"',
    ' marker-mid="url(#a)"', ' transform="scale(9)"', ' d="M1 1L12345678 9"', ' d="M1 1h2h3"', ' points="1 2 3 4"', ' x="1e9"', ' on="a"',
    ' onload="x"', ' href="x.png"', ' href="#b"', ' q:href="#a"', ' filter="url(#a)"', ' filter="blur(2)"', ' xml:base="x"', "<text>",
    "</text>", "<tspan>", "</tspan>", "<style>.a{fill:red}</style>", "<style>g{mask:url(#a)}</style>", "<style>", "</style>", "<!--", "-->",
    "<![CDATA[", "]]>", "&amp;", "&#65;", "&lt;", "\\", "(", ")", '"', "'", ">", "/>", "<", "\r\n", "\xa0", "é",
    '<filter id="a"><feFlood/></filter>', '<pattern id="a" width="1" height="1"/>', '<marker id="a"><g/></marker>', "<svg opacity='1'>",
    "</svg>", "<a href='javascript:1'>", "</a>", "<script/>", "<foreignObject/>", "<image/>", '<path d="M1 1L2 2h9"/>', "<x:rect/>",
)  # fmt: skip
"""What the rules of the guard are about, and what XML is made of."""


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([EDITED, *LEGAL.values(), *HEAVY.values()]).filter(lambda document: len(document) < 5000),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 9), st.sampled_from(PIECES)), min_size=1, max_size=5),
    st.sampled_from([None, " ", ">", '"']),
)
def test_a_glance_agrees_on_documents_that_were_tampered_with(
    document: bytes, cuts: list[tuple[int, int, str]], after: str | None
) -> None:
    """Each piece goes anywhere, or behind a byte where it may mean something, over a few bytes that are lost."""
    for place, lost, piece in cuts:
        at = min(place, len(document))
        if after is not None and (found := document.find(after.encode(), at)) >= 0:
            at, lost = found + (after != " "), 0
        document = document[:at] + piece.encode() + document[at + lost :]
    check_agreement(document)


@given(
    st.lists(
        st.sampled_from([
            '<g id="a">{}</g>', '<g mask="url(#a)">{}</g>', '<mask id="b"><g>{}</g></mask>', '<g id="c" style="mask:url(#b)">{}</g>',
            "<g>{}<rect/></g>", '<use href="#c"/>{}', '<text id="a">x{}</text>', '<g transform="scale(2)">{}<path d="M1 1h2"/></g>',
            '<filter id="b"><feOffset/></filter>{}', '<path marker-mid="url(#c)" d="M1 1L2 2L3 3"/>{}', '<use id="d" href="#b"/>{}{}',
        ]),
        max_size=9,
    )
)  # fmt: skip
def test_a_glance_counts_what_is_drawn_as_the_full_pass_does(layers: list[str]) -> None:
    """References through ids that are passed over, kept, or read in full, nested in any way."""
    body = "<rect/>"
    for layer in layers:
        body = layer.replace("{}", body)
    check_agreement(svg(body))


def test_large_documents_are_let_through_at_a_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where numba is loaded anyway, once expat has read enough; the facts are the same."""
    import compositor._jit  # noqa: F401 - as whatever composes does

    document = guarded()["elements"]
    expected = fully_read(document)
    monkeypatch.setattr(guard_glance._waited, "size_bytes", guard_glance.WAIT_BYTES)
    monkeypatch.setattr(guard._Visit, "read", None)
    assert guard.check(document) == expected


def test_nobody_waits_for_numba_because_of_a_drawing() -> None:
    """A command that converts one icon has other things to do."""
    code = (
        "import sys; from engines.vector_core import guard\n"
        f"svg = b'<svg {NS} width=\"9\" height=\"9\">' + b'<g/>' * 1000 + b'</svg>'\n"
        "for _ in range(400): guard.check(svg)\n"
        "print('numba' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_threads_may_glance_at_once() -> None:
    """The loop runs without the GIL."""
    documents = [*guarded().values(), EDITED] * 8
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(glanced, documents)) == [glanced(document) for document in documents]
