"""Tests of the guard: every hostile document is refused by its rule, and what people really draw is let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.vector_core import guard
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.expansion import EXPANDED_ELEMENTS_MAX
from engines.vector_core.tests.hostile import HOSTILE, LEGAL, image, inline_svg, nested, svg


def broken_rule(document: bytes) -> object:
    """Return the rule that refuses `document`, or None; any other error comes through."""
    try:
        guard.check(document)
    except SvgRefusedError as error:
        return error.fields["rule"]
    return None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_document_is_refused_by_its_rule(name: str) -> None:
    """Before any engine sees it; the error names the rule, the place and the limit."""
    rule, document = HOSTILE[name]
    with pytest.raises(SvgRefusedError) as caught:
        guard.check(document)
    fields = caught.value.fields
    assert fields["rule"] == rule
    line, column = str(fields["place"]).split(":")
    assert int(line) >= 1
    assert int(column) >= 0
    assert fields["limit"]
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("name", LEGAL)
def test_legal_document_passes(name: str) -> None:
    """A guard that refuses real drawings gets switched off."""
    facts = guard.check(LEGAL[name])
    assert (facts.width_px, facts.height_px) == (20, 20)


def test_place_is_where_the_offender_stands() -> None:
    """A person must find it in an editor."""
    with pytest.raises(SvgRefusedError) as caught:
        guard.check(svg('\n\n  <image href="/etc/passwd"/>'))
    assert caught.value.fields["place"] == "3:2"


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="100.5" height="50.25px"', (100.5, 50.25)),
        ('width="1in" height="2.54cm"', (96, 96)),
        ('width="25.4mm" height="72pt"', (96, 96)),
        ('width="6pc" height=" +1e1 "', (96, 10)),
        ('width="2em" height="2ex"', (24, 12)),
        ('width="2em" height="2ex" font-size="20"', (40, 20)),
        ('viewBox="0 0 30 40"', (30, 40)),
        ('width="50%" viewBox="0,0,30,40"', (15, 40)),
        ('width="100" viewBox="0 0 30 40"', (100, 40)),
        ('width="junk" height="40" viewBox="0 0 30 60"', (30, 40)),
        ("", (300, 150)),
        ('width="50" viewBox="0 0 0 0"', (50, 150)),
        ('width="80%" height="70"', (300, 70)),
        (f'width="{"1" * 100_000}x" height="9"', (300, 9)),
    ],
)
def test_size_is_read_as_the_engine_and_browsers_do(attributes: str, size: tuple[float, float]) -> None:
    """Floats are kept: rounding here would shift every edge of the drawing."""
    facts = guard.check(svg("", attributes))
    assert (facts.width_px, facts.height_px) == pytest.approx(size)


def test_an_href_takes_the_place_of_all_older_ones() -> None:
    """Found by fuzzing: with two prefixes one stayed, and the guard fell over its own edit."""
    body = '<rect id="a"/><use {} q:href="#b" href="#a" {}/>'
    admitted = guard.admit(svg(body.format('xlink:href="#b"', 'xmlns:q="http://www.w3.org/1999/xlink"')))
    assert admitted.svg == svg(
        body.replace(' q:href="#b"', "").format("", 'xmlns:q="http://www.w3.org/1999/xlink"')
    ).replace(b"<use  href", b"<use href")
    with pytest.raises(SvgRefusedError, match="external-reference"):
        guard.admit(svg(body.format('xlink:href="a.svg#b"', "")))


def test_facts_count_what_is_there_and_what_is_drawn() -> None:
    """Three levels of three are 13 groups' worth of drawing from a handful of elements."""
    facts = guard.check(svg(nested("use", 3, 3)))
    assert facts.elements == 14
    assert facts.expanded_elements > facts.elements + 3 * 3
    assert not facts.has_text


@pytest.mark.parametrize("body", ["<text>a</text>", '<g xmlns:s="x"><s:text/></g>', "<text><textPath/></text>"])
def test_text_is_noticed(body: str) -> None:
    """Only then are fonts loaded, and named as inputs."""
    assert guard.check(svg(body)).has_text
    assert guard.check(svg(image(svg(body), "svg+xml"))).has_text


def test_inline_svgs_nest_only_so_far() -> None:
    """Each level is decoded in memory."""
    assert guard.check(inline_svg(guard.EMBEDDED_NESTING_MAX))
    with pytest.raises(SvgRefusedError, match="embedded-image"):
        guard.check(inline_svg(guard.EMBEDDED_NESTING_MAX + 1))


@pytest.mark.parametrize(
    "body",
    [
        '<mask id="a"><g mask="url(#a)"/></mask>',
        '<pattern id="a"><rect fill="url(#b)"/></pattern><pattern id="b"><rect fill="url(#a)"/></pattern>',
        '<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/>',
    ],
)
def test_small_cycles_of_paint_pass(body: str) -> None:
    """Engines cut them where they close (SVG 2 §5.2 calls them an error of the reference, not of the document)."""
    assert guard.check(svg(body))


def test_decode_leaves_plain_documents_alone_and_is_idempotent() -> None:
    """The bytes that are hashed and stored are those that came."""
    for document in LEGAL.values():
        plain = guard.decode(document)
        assert guard.decode(plain) == plain
    assert guard.decode(LEGAL["use"]) is LEGAL["use"]
    assert "é" in guard.decode(LEGAL["latin-1"]).decode("utf-8")


@given(st.integers(1, 7), st.integers(1, 10), st.sampled_from(["use", "mask", "class"]))
def test_expansion_is_counted_exactly_or_upwards(levels: int, each: int, kind: str) -> None:
    """Compared with drawing it out: level n holds `each` elements and their targets."""
    drawn = 2
    for _ in range(1, levels):
        drawn = 1 + each * (1 + drawn)
    document = svg(nested(kind, levels, each))
    if drawn > EXPANDED_ELEMENTS_MAX:
        with pytest.raises(SvgRefusedError):
            guard.check(document)
    else:
        assert broken_rule(document) in (None, "expansion")
        assert drawn * 4 > EXPANDED_ELEMENTS_MAX or guard.check(document).expanded_elements >= drawn


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damaged_documents_are_passed_or_refused_but_never_crash(junk: bytes, place: int) -> None:
    """The guard is the first to see what strangers send; only its own error may come out."""
    document = LEGAL["gradient by class"]
    assert broken_rule(document[:place] + junk + document[place:]) != ""


@given(st.text(alphabet="abc#.:;{}()[]\"'\\@ \n,>url", max_size=60))
def test_any_stylesheet_is_passed_or_refused_but_never_crashes(css: str) -> None:
    """CSS is read with patterns, not with a parser; odd spellings must not trip it."""
    assert broken_rule(svg(f"<style><![CDATA[{css}]]></style>")) in (None, "external-reference", "expansion")


LONG = 1_000_000


@pytest.mark.parametrize(
    "body",
    [
        f"<style>{'a' * LONG}</style>",
        f"<style>{'@namespace ' * (LONG // 11)}</style>",
        f"<style>{'}' * LONG}</style>",
        f"<style>{'url(#a)' * (LONG // 100)}</style>",
        f'<g style="{"url(#a)" * (LONG // 100)}"/>',
        f'<g fill="{"url(" * (LONG // 4)}#a"/>',
        f'<g class="{"a " * (LONG // 2)}"/>',
        f'<g transform="{"(" * LONG}"/>',
        f'<image href="data:image/jpeg,{"%ff%d8" + "%ff" * (LONG // 3)}"/>',
        f"<style>{','.join(['.a'] * 1000)}{{fill:{'url(#a)' * 1000}}}</style>",
    ],
)
def test_long_values_cost_no_more_than_their_length(body: str) -> None:
    """A pattern that backtracks would hang here; the suite's own limit on time would tell."""
    assert broken_rule(svg(body)) in (None, "external-reference", "expansion")
