"""Tests of markup: what each tag means, that nothing is passed over, and that it says what runs say."""

from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.typography_core import markup, rich_text
from engines.typography_core.errors import MarkupError, TextEncodingError, TextLimitError
from engines.typography_core.look import Decoration
from engines.typography_core.rich_text import TextRun

UNDERLINE, STRIKE = Decoration(line="underline"), Decoration(line="line-through")
LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))


def parse(text: str) -> tuple[TextRun, ...]:
    """Return the runs of `text` at 24 px."""
    return markup.parse(text, 24.0)


def only(text: str) -> TextRun:
    """Return the one run."""
    (found,) = parse(text)
    return found


def written(runs: list[TextRun]) -> str:
    """Return the markup of `runs`: the inverse of `parse`, for what markup can say."""
    return "".join(_written(run) for run in runs)


def _written(run: TextRun) -> str:
    names = {field: name for name, field in markup.ATTRIBUTES.items()}
    asked = [(names[field], value) for field in names if (value := getattr(run, field)) is not None]
    spelled = ((name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in asked)
    text = escape(run.text)
    for tag, holds in (
        ("sup", run.position == "super"),
        ("sub", run.position == "sub"),
        ("s", STRIKE in (run.decoration or ())),
        ("u", UNDERLINE in (run.decoration or ())),
    ):
        text = f"<{tag}>{text}</{tag}>" if holds else text
    return f"<span{''.join(f' {name}={quoteattr(value)}' for name, value in spelled)}>{text}</span>"


runs = st.builds(
    TextRun,
    text=LETTERS.filter(bool),
    font=st.none() | st.sampled_from(["Inter", 'A "B" & <C>']),
    size=st.none() | st.integers(1, 9999).map(lambda number: number / 8),
    weight=st.none() | st.sampled_from([100.0, 450.5]),
    italic=st.none() | st.booleans(),
    color=st.none() | st.sampled_from(["#f00", "rgb(1, 2, 3)"]),
    language=st.none() | st.just("zh-Hant"),
    tracking=st.none() | st.sampled_from([-20.0, 12.5]),
    word_spacing=st.none() | st.just(100.0),
    baseline_shift=st.none() | st.just(-3.0),
    small_caps=st.none() | st.booleans(),
    position=st.none() | st.sampled_from(["super", "sub"]),
    decoration=st.none() | st.sampled_from([(UNDERLINE,), (STRIKE,), (UNDERLINE, STRIKE)]),
)


@given(st.lists(runs, min_size=1, max_size=5))
def test_what_is_written_is_read(given_runs: list[TextRun]) -> None:
    """Round trip: runs, as markup, are those runs; equal neighbours are one."""
    merged: list[dict[str, Any]] = []
    for run in given_runs:
        values = {name: getattr(run, name) for name in TextRun.__struct_fields__}
        if merged and all(merged[-1][name] == value for name, value in values.items() if name != "text"):
            merged[-1]["text"] += run.text
        else:
            merged.append(values)
    assert list(parse(written(given_runs))) == [TextRun(**values) for values in merged]


@given(LETTERS)
def test_text_that_is_escaped_is_text(text: str) -> None:
    """Whatever a template puts in stays what it is."""
    assert rich_text.text_of(parse(escape(text))) == text


@given(st.text("<>/&;br span=\"'#x1u", max_size=30))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    """By one typed error, with a place inside of the text."""
    try:
        found = parse(text)
    except MarkupError as error:
        index = error.fields["index"]
        assert isinstance(index, int)
        assert 0 <= index <= len(text)
    else:
        assert found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>x</b>", TextRun(text="x", weight=700.0)),
        ("<i>x</i>", TextRun(text="x", italic=True)),
        ("<u>x</u>", TextRun(text="x", decoration=(UNDERLINE,))),
        ("<s>x</s>", TextRun(text="x", decoration=(STRIKE,))),
        ("<u><s><u>x</u></s></u>", TextRun(text="x", decoration=(UNDERLINE, STRIKE))),
        ("<sup>x</sup>", TextRun(text="x", position="super")),
        ("<sub>x</sub>", TextRun(text="x", position="sub")),
        ("<small>x</small>", TextRun(text="x", size=20.0)),
        ('<span size="12"><small>x</small></span>', TextRun(text="x", size=10.0)),
        ('<span color="#abc" size="30.5">x</span>', TextRun(text="x", color="#abc", size=30.5)),
        ('<span font="Noto Serif" weight="350" lang="de">x</span>',
         TextRun(text="x", font="Noto Serif", weight=350.0, language="de")),
        ("<b>x<span weight='300'></span></b>", TextRun(text="x", weight=700.0)),
        ("a<br>b<br/>c<br />d", TextRun(text="a\nb\nc\nd")),
        ("&lt;b&gt; &amp;&quot;&apos; &#252;&#x1F600;", TextRun(text="<b> &\"' ü😀")),
        (" a\n  b ", TextRun(text=" a\n  b ")),
        ("", TextRun(text="")),
        ("<b></b>", TextRun(text="")),
    ],
)  # fmt: skip
def test_each_tag_means_what_it_does_on_web_pages(text: str, expected: TextRun) -> None:
    """Inner tags add to outer ones, or win over them; white space is kept."""
    assert only(text) == expected


def test_a_tag_ends_where_it_is_closed() -> None:
    """What follows is as it was before."""
    assert [(run.text, run.weight, run.italic) for run in parse("a<b>b<i>c</i>d</b>e")] == [
        ("a", None, None), ("b", 700, None), ("c", 700, True), ("d", 700, None), ("e", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "tag", "index", "word"),
    [
        ("ab<script>x</script>", "script", 2, "known: b, i,"),
        ("<B>x</B>", "B", 0, "known"),
        ("ä<br>😀<img/>", "img", 6, "known"),
        ('<b class="x">x</b>', "b", 0, "only <span>"),
        ('<span style="x">x</span>', "span", 0, "known: font"),
        ('<span size="12px">x</span>', "span", 0, "not a number"),
        ('<span size="1e3">x</span>', "span", 0, "not a number"),
        ('<span size="0">x</span>', "span", 0, "> 0"),
        ('<span size="99999">x</span>', "span", 0, "10000"),
        ('<span italic="1">x</span>', "span", 0, "true nor false"),
        ('<span color="reddish">x</span>', "span", 0, "reddish"),
        ('<span lang="de_DE">x</span>', "span", 0, "regex"),
        ("<sup>a<sub>b</sub></sup>", "sub", 6, "inside of another"),
        ("<b>x", "b", 4, "mismatched"),
        ("<b>x</i>", "b", 6, "mismatched"),
        ("x</b>", "", 3, "mismatched"),
        ("a < b", "", 3, "not well-formed"),
        ("&nbsp;", "", 0, "undefined entity"),
        ("<br>a</br>", "", 7, "mismatched"),
        ("<b>a<!-- x --></b>", "b", 4, "comment"),
        ("a<?php x ?>", "", 1, "processing"),
        ("<![CDATA[x]]>", "", 0, "CDATA"),
        ('<!DOCTYPE r [<!ENTITY a "b">]>&a;', "", 2, "not well-formed"),
        ("x</r><r>y", "", 5, "junk"),
        ("a\x01b", "", 1, "not well-formed"),
        ("<br>a<br/>\n<x:b/>", "x:b", 11, "known"),
    ],
)
def test_what_is_not_of_the_subset_is_refused_with_tag_and_place(text: str, tag: str, index: int, word: str) -> None:
    """A tag that is passed over would be a promise that no pixel keeps."""
    with pytest.raises(MarkupError) as caught:
        parse(text)
    assert word in str(caught.value)
    assert (caught.value.fields["tag"], caught.value.fields["index"]) == (tag, index)


def test_there_are_limits() -> None:
    """To length, depth, runs and characters."""
    deepest = "<b>" * markup.DEPTH_MAX + "x" + "</b>" * markup.DEPTH_MAX
    assert only(deepest).weight == 700
    with pytest.raises(MarkupError, match="deeper"):
        parse(f"<b>{deepest}</b>")
    with pytest.raises(TextLimitError, match="characters"):
        parse("x" * (markup.MARKUP_LENGTH_MAX + 1))
    with pytest.raises(TextLimitError, match="runs"):
        parse("a<b>b</b>" * rich_text.RUNS_MAX)
    with pytest.raises(TextEncodingError):
        parse("a\ud800")
    with pytest.raises(MarkupError):
        parse("<b>" * 100_000)


def test_a_bomb_of_entities_is_no_markup() -> None:
    """Nothing can be declared, so that nothing grows."""
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><b>&b;</b>'
    with pytest.raises(MarkupError):
        parse(bomb)
