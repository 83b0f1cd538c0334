"""Templates: every value lands where the template puts it and nowhere else, and every fault names row, column and place."""

import json
import xml.etree.ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect as shapes

from engines.image_core.composition import Composition, CompositionError, GradientLayer, TextLayer, VectorLayer, encode
from engines.image_core.template import (
    DOCUMENT_BYTES_MAX,
    MissingColumnError,
    RowValueError,
    Template,
    TemplateError,
    check_columns,
    fill,
    named,
    parse_template,
)

TEXT = {"type": "text", "text": "{{title}}", "font": "Inter", "size": 20, "color": "#fff"}


def _document(*layers: dict[str, object], **rest: object) -> bytes:
    return json.dumps({"version": 1, "width": 100, "height": 50, "layers": layers, **rest}).encode()


def _text(template: str, **row: str) -> str:
    layer = fill(_document(TEXT | {"text": template}), row).layers[0]
    assert isinstance(layer, TextLayer)
    return layer.text


def _in_group(text: str) -> dict[str, object]:
    return {"type": "group", "layers": [{"type": "solid", "color": text}]}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_value_stays_the_text_that_it_is(value: str) -> None:
    """Quotes, braces, JSON, other variables: a customer's words must never become part of the document."""
    template = _document(TEXT, name="{{title}}")
    filled = fill(template, {"title": value[:200]})
    twin = fill(_document(TEXT | {"text": "x"}, name="x"), {})
    layer = filled.layers[0]
    assert isinstance(layer, TextLayer)
    assert (layer.text, filled.name) == (value[:200], value[:200])
    restored = msgspec.structs.replace(
        filled, name="x", layers=(msgspec.structs.replace(layer, text="x"),)
    )  # nothing else has changed
    assert restored == twin


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_a_value_in_an_inline_drawing_is_text_or_attribute(value: str) -> None:
    """A name like `</text><script>` must be drawn, not obeyed: markup is the template's alone."""
    value = "".join(char for char in value if char not in "￾￿")
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text id=\'{{v}}\' class="{{v}}">{{v}}</text></svg>'
    layer = fill(_document({"type": "vector", "svg": svg}), {"v": value}).layers[0]
    assert isinstance(layer, VectorLayer)
    assert layer.svg is not None
    (text,) = ET.fromstring(layer.svg)  # noqa: S314 - our own document
    assert ((text.text or ""), text.get("id"), text.get("class")) == (value, value, value)
    assert len(text) == 0


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{a}}", "A"),
        ("{{ a }}–{{b}}{{a}}", "A–BA"),
        ("{{{{a}}}}", "{{a}}"),
        ("{{{{{{a}}}}}}", "{{A}}"),
        ("{{{a}}}", "{A}"),
        ("{a} } {", "{a} } {"),
        ("{{prénom du héros}}", "É"),
    ],
)
def test_braces_have_one_meaning_each(template: str, filled: str) -> None:
    """Every text must be writable, double braces included."""
    assert _text(template, a="A", b="B", **{"prénom du héros": "É"}) == filled


def test_composed_and_decomposed_accents_name_the_same_column() -> None:
    """A table from one system and a template from another spell é differently; nobody can see that."""
    assert _text("{{pre\u0301nom}}", prénom="Zoé") == "Zoé"


@pytest.mark.parametrize("broken", ["{{a", "a}}", "{{}}", "{{ }}", "{{a{b}}", "{{" + "n" * 101 + "}}", "{{a\nb}}"])
def test_a_malformed_variable_is_told_with_its_place(broken: str) -> None:
    """A typo in a template must not be printed on a thousand cards."""
    with pytest.raises(TemplateError) as caught:
        parse_template(_document(TEXT, TEXT | {"text": broken}))
    assert caught.value.fields["path"] == "$.layers[1].text"


def test_numbers_stand_only_where_numbers_belong() -> None:
    """`{{price}}` is text in a text and a number in a coordinate, whatever it looks like."""
    gradient = {"type": "gradient", "kind": "linear", "angle": "{{n}}", "stops": [["{{n}}", "#000"], [1, "{{ink}}"]]}
    group = {"type": "group", "x": "{{n}}", "isolated": "{{yes}}", "layers": [gradient]}
    filled = fill(
        _document(TEXT | {"text": "{{n}}", "y": "{{n}}"}, group), {"n": "0.50", "ink": "#fff", "yes": "false"}
    )
    text, made = filled.layers
    assert isinstance(text, TextLayer)
    assert (text.text, text.y) == ("0.50", 0.5)
    inner = getattr(made, "layers")[0]  # noqa: B009 - a group, by construction
    assert isinstance(inner, GradientLayer)
    assert (inner.angle, inner.stops) == (0.5, ((0.5, "#000"), (1.0, "#fff")))
    assert (made.x, getattr(made, "isolated")) == (0.5, False)  # noqa: B009


def test_the_canvas_can_be_a_variable() -> None:
    """One template for several formats; a whole number stays whole."""
    filled = fill(_document(TEXT, width="{{w}}"), {"w": "640", "title": "t"})
    assert filled.width == 640


@given(st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, allow_nan=False))
def test_every_number_is_read_as_json_reads_it(number: float) -> None:
    """Rows may come from JSON lines; their numbers must arrive exactly."""
    layer = fill(_document(TEXT | {"x": "{{x}}", "text": ""}), {"x": json.dumps(number)}).layers[0]
    assert layer.x == number


@pytest.mark.parametrize(
    "value", ["", " 1", "1,5", "0x10", "١٢", "nan", "Infinity", "1e999", "--1", "01", "1_000", "9" * 40]
)
def test_what_is_no_number_is_refused_with_row_column_and_place(value: str) -> None:
    """A comma for a decimal point in row 7 must be found before row 1 is drawn."""
    with pytest.raises(RowValueError) as caught:
        fill(_document(TEXT | {"x": "{{left}}", "text": ""}), {"left": value}, 7)
    said = caught.value.fields
    assert (said["row"], said["columns"], said["path"]) == (7, ("left",), "$.layers[0].x")
    assert str(caught.value).startswith("row 7, column 'left', $.layers[0].x: ")


def test_a_number_beyond_floats_is_refused_where_none_would_do() -> None:
    """An infinity would become JSON's null, and null a picture at its own size."""
    with pytest.raises(RowValueError, match="'1e999' is not a number"):
        fill(_document({"type": "raster", "src": "a.png", "width": "{{w}}"}), {"w": "1e999"}, 1)


@pytest.mark.parametrize(
    ("layer", "row", "path"),
    [
        (TEXT | {"text": "", "color": "{{v}}"}, {"v": "navy"}, "$.layers[0].color"),
        (TEXT | {"text": "", "opacity": "{{v}}"}, {"v": "1.5"}, "$.layers[0].opacity"),
        (TEXT | {"text": "", "align": "{{v}}"}, {"v": "middle"}, "$.layers[0].align"),
        (_in_group("#{{v}}"), {"v": "12345"}, "$.layers[0].layers[0].color"),
        ({"type": "raster", "src": "{{v}}"}, {"v": ""}, "$.layers[0].src"),
        (TEXT | {"text": "", "visible": "{{v}}"}, {"v": "yes"}, "$.layers[0].visible"),
    ],
)
def test_a_value_that_the_model_refuses_is_told_of_its_column(
    layer: dict[str, object], row: dict[str, str], path: str
) -> None:
    """People fix rows, not JSON paths; the message must lead to the cell."""
    with pytest.raises(RowValueError) as caught:
        fill(_document(layer), row, 3)
    assert (caught.value.fields["row"], caught.value.fields["columns"], caught.value.fields["path"]) == (
        3,
        ("v",),
        path,
    )


def test_a_fault_of_the_document_blames_no_column() -> None:
    """What is wrong in every row is the template's own fault."""
    with pytest.raises(CompositionError, match=r"\$\.layers\[0\]"):
        fill(_document(TEXT | {"colour": "#fff"}), {"title": "t"})


def test_a_fault_of_several_values_together_names_them_all() -> None:
    """A canvas of too many pixels is the fault of its width and its height."""
    with pytest.raises(RowValueError) as caught:
        fill(_document(width="{{w}}", height="{{h}}"), {"w": "30000", "h": "30000"}, 1)
    assert caught.value.fields["columns"] == ("w", "h")


@pytest.mark.parametrize("broken", ["{{n}}px", "1{{n}}", "{{a}}{{b}}", "{{{{1}}}}"])
def test_a_number_is_one_variable_and_nothing_else(broken: str) -> None:
    """Putting digits together is arithmetic by accident."""
    with pytest.raises(TemplateError, match="one variable"):
        parse_template(_document(TEXT | {"size": broken}))


@pytest.mark.parametrize("place", ["type", "version"])
def test_no_value_decides_what_the_document_is(place: str) -> None:
    """A row chooses words and sizes, never which kind of layer reads them."""
    document = _document(TEXT | {"type": "{{v}}"}) if place == "type" else _document(TEXT, version="{{v}}")
    with pytest.raises(TemplateError, match="may stand here"):
        parse_template(document)


def test_keys_are_never_variables() -> None:
    """A value in a key would be structure; the model refuses the key as it stands."""
    with pytest.raises(CompositionError, match="unknown field"):
        fill(_document({"type": "solid", "color": "#fff", "{{v}}": 1}), {"v": "x"})


def test_a_variable_without_a_column_is_told_before_any_row() -> None:
    """The most common mistake of all, with the columns that there are."""
    template = parse_template(_document(TEXT, TEXT | {"text": "{{titel}}"}))
    with pytest.raises(MissingColumnError, match=r"\$\.layers\[1\]\.text: no column 'titel'; columns: name, title"):
        check_columns(template, ("name", "title"))
    with pytest.raises(MissingColumnError, match=r"row 4, \$\.layers\[1\]\.text"):
        fill(template, {"title": "t"}, 4)


def test_columns_without_a_use_are_listed() -> None:
    """Worth a warning, not a refusal: tables often carry more. The name is always of use."""
    template = parse_template(_document(TEXT))
    assert check_columns(template, ("name", "title", "note", "id")) == ("note", "id")


def test_results_are_named_by_their_row() -> None:
    """Twenty files called card.png help nobody; a name never changes what is drawn."""
    template = parse_template(_document(TEXT, name="the same for all"))
    filled = fill(template, {"title": "t"})
    assert named(template, filled, {"name": "Zoé"}, 3, "card").name == "Zoé"
    assert named(template, filled, {"name": " "}, 3, "card").name == "card 0003"
    assert named(template, filled, {}, 12, "card").name == "card 0012"
    assert len(named(template, filled, {"name": "n" * 999}, 1, "card").name or "") == 255


def test_a_name_with_variables_is_the_templates_to_choose() -> None:
    """Whoever writes `"name": "{{city}} {{day}}"` means it."""
    template = parse_template(_document(TEXT, name="{{title}} {{name}}"))
    row = {"title": "t", "name": "n"}
    assert named(template, fill(template, row), row, 3, "card").name == "t n"


def test_a_template_is_bounded_before_it_is_filled() -> None:
    """A long value in many places must not fill the memory of whoever reads it."""
    many = parse_template(_document(*[TEXT | {"text": "{{v}}" * 500}] * 20))
    with pytest.raises(RowValueError, match="more than"):
        fill(many, {"v": "x" * 1000}, 1)
    with pytest.raises(TemplateError, match="at most"):
        parse_template(b" " * (DOCUMENT_BYTES_MAX + 1))


@pytest.mark.parametrize("document", [b"", b"{", b"\xff", b'{"layers": ' + b"[" * 9999, b"[" * 9999 + b"]" * 9999])
def test_what_is_no_json_is_a_fault_of_the_template(document: bytes) -> None:
    """One kind of error for whoever wrote the template, however it is broken."""
    with pytest.raises(TemplateError):
        parse_template(document)


def test_a_template_without_variables_is_the_composition_itself() -> None:
    """The same document rendered alone and as a batch of one must share its render."""
    plain = _document(TEXT | {"text": "fixed"})
    assert encode(fill(plain, {})) == encode(fill(parse_template(plain), {"any": "value"}))
    assert parse_template(plain) == Template(json.loads(plain), ())


def test_the_model_has_one_meaning_for_each_place() -> None:
    """The template finds numbers by the model's types; a field that may be number or text would make that a guess."""
    seen: set[int] = set()

    def check(one: shapes.Type) -> None:
        if id(one) in seen:
            return
        seen.add(id(one))
        if isinstance(one, shapes.UnionType):
            plain = [
                type(inner).__name__
                for inner in one.types
                if not isinstance(inner, shapes.StructType | shapes.NoneType)
            ]
            assert len(plain) <= 1, plain
            for inner in one.types:
                check(inner)
        elif isinstance(one, shapes.StructType):
            for field in one.fields:
                check(field.type)
        elif isinstance(one, shapes.VarTupleType):
            check(one.item_type)

    check(shapes.type_info(Composition))
    assert len(seen) > 20
