"""Tests of the text keys of a composition: read, refused, handed on to typography, and left out when they are defaults."""

import msgspec
import pytest

from engines.image_core import composition, layers, template
from engines.image_core.composition import CompositionError, TextLayer
from engines.typography_core import typeset
from engines.typography_core.rich_text import TextRun
from engines.typography_core.tabs import TabStop
from engines.typography_core.typeset import TextRequest

PLAIN = {"type": "text", "text": "a", "font": "Inter", "size": 20, "color": "#000"}
SET = {
    "align": "end", "direction": "rtl", "language": "zh-Hant", "line_break": "strict", "hyphenate": True,
    "features": {"ss01": 1}, "axes": {"opsz": 14.5}, "tracking": -20, "max_lines": 3, "ellipsis": " >", "fit": "shrink",
    "wrap": "balance", "indent": 12, "width": 99, "word_spacing": 80, "vertical_align": "bottom", "height": 50,
    "tabs": (20.0, TabStop(at=90.0, align="decimal", point=",")),
}  # fmt: skip
RUN = {
    "text": "b", "font": "Noto Serif", "size": 30.0, "weight": 700.0, "italic": True, "language": "de", "features": {"ss01": 1},
    "axes": {"opsz": 14.0}, "tracking": 5.0, "word_spacing": 6.0, "baseline_shift": -2.0, "position": "sub", "small_caps": True,
    "color": "#f00", "stroke": {"color": "#0f0", "width": 1.0}, "decoration": ({"line": "underline"},),
}  # fmt: skip


def parsed(**keys: object) -> TextLayer:
    """Return the one text layer of a composition that has `keys`."""
    document = {"version": 1, "width": 10, "height": 10, "layers": [PLAIN | keys]}
    layer = composition.from_builtins(document).layers[0]
    assert isinstance(layer, TextLayer)
    return layer


def test_every_key_reaches_typography() -> None:
    """A key that is read and then dropped would be a promise that no pixel keeps."""
    request = layers.text_request(parsed(**SET))
    for key, value in SET.items():
        assert getattr(request, key) == value
    shared = set(TextRequest.__struct_fields__) & set(TextLayer.__struct_fields__)
    assert shared == set(TextRequest.__struct_fields__), "a text layer can ask for all that a text render can"


def test_runs_and_markup_reach_typography() -> None:
    """With all that a run can say."""
    request = layers.text_request(parsed(text="", runs=[{"text": "a "}, RUN]))
    assert set(RUN) == set(TextRun.__struct_fields__), "every field of a run is asked for here"
    assert msgspec.to_builtins(request.runs) == ({"text": "a "}, RUN)
    request = layers.text_request(parsed(text="", markup="a <b>b</b>"))
    assert typeset.plain_text(request) == "a b"


def test_a_layer_without_text_has_runs_or_markup() -> None:
    """`text` may then be left out."""
    document = {key: value for key, value in PLAIN.items() if key != "text"}
    layer = {**document, "runs": [{"text": "a"}]}
    composition.from_builtins({"version": 1, "width": 10, "height": 10, "layers": [layer]})
    with pytest.raises(CompositionError, match="`text`, `runs` or `markup`"):
        composition.from_builtins({"version": 1, "width": 10, "height": 10, "layers": [document]})


def test_a_layers_empty_text_is_kept() -> None:
    """A template's empty field is a line without letters, and the same bytes as ever."""
    document = {"version": 1, "width": 10, "height": 10, "layers": [PLAIN | {"text": ""}]}
    assert b'"text":""' in composition.encode(composition.from_builtins(document))


def test_values_that_a_template_puts_into_markup_stay_text() -> None:
    """No value becomes a tag."""
    document = {"version": 1, "width": 10, "height": 10, "layers": [PLAIN | {"text": "", "markup": "<b>{{name}}</b>"}]}
    filled = template.fill(msgspec.json.encode(document), {"name": '<i>R&D</i> "x"'})
    assert typeset.plain_text(layers.text_request(filled.layers[0])) == '<i>R&D</i> "x"'


def test_old_files_keep_their_meaning_and_their_bytes() -> None:
    """Defaults are left out when a composition is stored, so that equal documents stay equal bytes."""
    document = {"version": 1, "width": 10, "height": 10, "layers": [PLAIN]}
    assert b"tracking" not in composition.encode(composition.from_builtins(document))
    assert layers.text_request(parsed()) == TextRequest(text="a", font="Inter", size=20.0, color="#000")


@pytest.mark.parametrize(
    ("keys", "place", "word"),
    [
        ({"features": {"kerning": 1}}, "features", "regex"),
        ({"features": {"kern": -1}}, "features", ">= 0"),
        ({"language": "de_DE"}, "language", "regex"),
        ({"tracking": 1e9}, "tracking", "<="),
        ({"max_lines": 0}, "max_lines", ">="),
        ({"fit": "shrink"}, "fit", "a width or a height"),
        ({"fit": "squeeze"}, "fit", "shrink-to-lines"),
        ({"direction": "up"}, "direction", "rtl"),
        ({"ellipsis": "a\nb"}, "ellipsis", "line break"),
        ({"ellipsis": "x" * 33}, "ellipsis", "<= 32"),
        ({"word_spacing": 1e9}, "word_spacing", "<="),
        ({"vertical_align": "middle"}, "vertical_align", "height"),
        ({"vertical_align": "centre"}, "vertical_align", "bottom"),
        ({"tabs": [-1]}, "tabs[0]", ">="),
        ({"tabs": [{"at": 1, "align": "top"}]}, "tabs[0].align", "enum"),
        ({"tabs": [1] * 101}, "tabs", "<= 100"),
        ({"runs": [{"text": "b"}]}, "runs", "not both"),
        ({"markup": "b"}, "markup", "not both"),
        ({"text": "", "markup": "b", "runs": [{"text": "b"}]}, "runs", "not both"),
        ({"text": "", "runs": [{"text": "b"}, {"text": "c", "size": 0}]}, "runs[1].size", "> 0"),
        ({"text": "", "runs": [{"text": "b", "position": "up"}]}, "runs[0].position", "known: super, sub"),
        ({"text": "", "runs": [{"text": "b", "colour": "#f00"}]}, "runs[0]", "unknown field"),
        ({"text": "", "runs": [{"text": "b", "color": "reddish"}]}, "runs[0].color", "reddish"),
        ({"text": "", "runs": [{"text": "b", "stroke": {"color": "x", "width": 1}}]}, "runs[0].stroke.color", "'x'"),
        ({"text": "", "runs": [{"text": "b"}] * 2_001}, "runs", "<= 2000"),
        ({"text": "", "markup": "<blink>b</blink>"}, "markup", "<blink> at character 0"),
    ],
)
def test_a_fault_is_told_with_its_place(keys: dict[str, object], place: str, word: str) -> None:
    """Who writes a composition finds the key and what it takes."""
    with pytest.raises(CompositionError) as caught:
        parsed(**keys)
    assert str(caught.value.fields["path"]).startswith(f"$.layers[0].{place}")
    assert word in str(caught.value)
