"""Tests of the text keys of a composition: read, refused, handed on to typography, and left out when they are defaults."""

import pytest

from engines.image_core import composition, layers
from engines.image_core.composition import CompositionError, TextLayer
from engines.typography_core.typeset import TextRequest

PLAIN = {"type": "text", "text": "a", "font": "Inter", "size": 20, "color": "#000"}
SET = {
    "align": "end", "direction": "rtl", "language": "zh-Hant", "line_break": "strict", "hyphenate": True,
    "features": {"ss01": 1}, "axes": {"opsz": 14.5}, "tracking": -20, "max_lines": 3, "ellipsis": " >", "fit": "shrink",
    "wrap": "balance", "indent": 12, "width": 99,
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
    ],
)
def test_a_fault_is_told_with_its_place(keys: dict[str, object], place: str, word: str) -> None:
    """Who writes a composition finds the key and what it takes."""
    with pytest.raises(CompositionError) as caught:
        parsed(**keys)
    assert str(caught.value.fields["path"]).startswith(f"$.layers[0].{place}")
    assert word in str(caught.value)
