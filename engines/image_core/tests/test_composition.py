"""The composition document: what is accepted, and that every fault is told with its place before any work."""

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.colours import ColourError, parse_colour
from engines.image_core.composition import Blend, CompositionError, GradientLayer, encode, from_builtins, parse
from tests.fixtures import COMPOSITION

BASE = {"version": 1, "width": 10, "height": 10, "layers": []}


def _with(**layer: object) -> bytes:
    return json.dumps(BASE | {"layers": [layer]}).encode()


def test_a_full_document_round_trips() -> None:
    """The canonical form is read back as the same value, and is its own canonical form."""
    document = from_builtins(COMPOSITION)
    assert parse(encode(document)) == document
    assert encode(parse(encode(document))) == encode(document)


@pytest.mark.parametrize(
    ("document", "path", "reason"),
    [
        (b"", "$", "truncated"),
        (b"{", "$", "truncated"),
        (b"[]", "$", "object"),
        (b"\xff\xfe", "$", ""),
        (json.dumps({**BASE, "version": 2}).encode(), "$.version", "2"),
        (json.dumps({**BASE, "width": 0}).encode(), "$.width", ">= 1"),
        (json.dumps({**BASE, "width": -5}).encode(), "$.width", ">= 1"),
        (json.dumps({**BASE, "width": 32_769}).encode(), "$.width", "32768"),
        (json.dumps({**BASE, "width": 30_000, "height": 30_000}).encode(), "$", "400000000"),
        (json.dumps({**BASE, "colour": 1}).encode(), "$", "colour"),
        (json.dumps({**BASE, "background": "sky"}).encode(), "$.background", "not a colour"),
        (b'{"version": 1, "width": 9, "height": 9, "layers": [{"type": "solid", "color": "#fff", "x": NaN}]}', "$", "malformed"),
        (b'{"version": 1, "width": 9, "height": 9, "layers": [{"type": "solid", "x": 1e999}]}', "$.layers[0].x", "out of range"),
        (_with(type="solid", color="#fff", blend="multply"), "$.layers[0].blend", "color-dodge"),
        (_with(type="raster", src="a.png", fit="stretch"), "$.layers[0].fit", "contain"),
        (_with(type="solid"), "$.layers[0]", "color"),
        (_with(type="movie"), "$.layers[0].type", "raster, vector, text"),
        (_with(color="#fff"), "$.layers[0]", "type"),
        (_with(type="solid", color="#ff"), "$.layers[0].color", "#rrggbb"),
        (_with(type="solid", color="#fff", opacity=1.01), "$.layers[0].opacity", "1.0"),
        (_with(type="solid", color="#fff", opacity=-0.1), "$.layers[0].opacity", "0"),
        (_with(type="solid", color="#fff", width=-1), "$.layers[0].width", "> 0"),
        (_with(type="solid", color="#fff", width=0), "$.layers[0].width", "> 0"),
        (_with(type="solid", color="#fff", x="1"), "$.layers[0].x", "float"),
        (_with(type="solid", color="#fff", name=7), "$.layers[0].name", "str"),
        (_with(type="raster", src=""), "$.layers[0].src", "length"),
        (_with(type="vector"), "$.layers[0]", "src"),
        (_with(type="vector", src="a.svg", svg="<svg/>"), "$.layers[0]", "either"),
        (_with(type="gradient", kind="linear", stops=[[0, "#fff"]]), "$.layers[0].stops", "2"),
        (_with(type="gradient", kind="linear", stops=[[0, "#fff"], [1.5, "#000"]]), "$.layers[0].stops[1][0]", "1.0"),
        (_with(type="gradient", kind="linear", stops=[[0, "#fff"], [1, "#00"]]), "$.layers[0].stops[1][1]", "not a colour"),
        (_with(type="text", text="a", font="Inter", size=0, color="#fff"), "$.layers[0].size", "> 0"),
        (_with(type="text", text="\ud800", font="Inter", size=9, color="#fff"), "$", ""),
        (_with(type="group", layers=[{"type": "solid", "color": "#fff", "blur": 3}]), "$.layers[0].layers[0]", "blur"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_place(document: bytes, path: str, reason: str) -> None:
    with pytest.raises(CompositionError) as caught:
        parse(document)
    assert caught.value.fields["path"] == path
    assert reason in str(caught.value)


def test_too_many_layers_and_too_deep_groups_are_refused() -> None:
    solid = {"type": "solid", "color": "#fff"}
    assert parse(json.dumps(BASE | {"layers": [solid] * 1000}).encode())
    with pytest.raises(CompositionError, match="more than 1000 layers"):
        parse(json.dumps(BASE | {"layers": [solid] * 1001}).encode())
    nested: dict[str, object] = solid
    for _ in range(32):
        nested = {"type": "group", "layers": [nested]}
    assert parse(json.dumps(BASE | {"layers": [nested]}).encode())
    with pytest.raises(CompositionError, match="deeper than 32"):
        parse(json.dumps(BASE | {"layers": [{"type": "group", "layers": [nested]}]}).encode())
    bomb = b'{"version":1,"width":1,"height":1,"layers":[' + b'{"type":"group","layers":[' * 100_000
    with pytest.raises(CompositionError):
        parse(bomb + b"]}" * 100_000 + b"]}")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_refused_from_python_too(value: float) -> None:
    with pytest.raises(CompositionError):
        from_builtins(BASE | {"layers": [{"type": "solid", "color": "#fff", "x": value}]})


def test_blend_names_are_the_compositors() -> None:
    """Two lists of names must never drift apart; version 1 of the document has the W3C's modes only."""
    from typing import get_args

    import compositor

    assert get_args(Blend) == compositor.W3C_BLEND_MODES


def test_gradient_kinds_are_the_compositors() -> None:
    """The document spells them out, so that reading one imports no compositor; a new kind must come into both."""
    from typing import get_args, get_type_hints

    from compositor.tree import GRADIENT_KINDS

    assert get_args(get_type_hints(GradientLayer)["kind"]) == GRADIENT_KINDS
    for kind in GRADIENT_KINDS:
        parse(_with(type="gradient", kind=kind, stops=[[0, "#fff"], [1, "#000"]]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_either_read_or_refused(document: object) -> None:
    """No input gives another kind of error."""
    with contextlib.suppress(CompositionError):
        from_builtins(document)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#fff", (1, 1, 1, 1)),
        ("#F00A", (1, 0, 0, 170 / 255)),
        ("#33669980", (0.2, 0.4, 0.6, 128 / 255)),
        ("rgba(255, 0, 0, 0.5)", (1, 0, 0, 0.5)),
        ("rgb(0 128 255 / 25%)", (0, 128 / 255, 1, 0.25)),
        ("rgba(300, -5, 50%, 2)", (1, 0, 0.5, 1)),
        ("transparent", (0, 0, 0, 0)),
    ],
)
def test_colours(text: str, expected: tuple[float, ...]) -> None:
    assert parse_colour(text) == pytest.approx(expected)


@given(st.text(max_size=200))
def test_other_texts_are_no_colours(text: str) -> None:
    with contextlib.suppress(ColourError):
        assert all(0 <= part <= 1 for part in parse_colour(text))
