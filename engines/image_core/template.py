"""What composition does a template make with the values of one row?

A template is a composition document whose strings may hold `{{variables}}`. Main path: `parse_template(bytes)` -> `fill(template, row)`.
Pure. A value is only ever a value: it becomes part of a string, or a number where the model wants one, never a key, a layer or markup.

    "text": "Du {{date}}"      the value is put in as it is
    "x": "{{left}}"            where the model wants a number (or true and false), the string is one variable and the value spells one
    "text": "{{{{no}}}}"       `{{{{` and `}}}}` stand for `{{` and `}}`
    "svg": "<text>{{title}}"   in inline drawings and in `markup` a value is escaped as XML
"""

import functools
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape

import msgspec
from msgspec import inspect as shapes

from engines.errors import RequestError
from engines.image_core.composition import (
    DOCUMENT_BYTES_MAX,
    Composition,
    CompositionError,
    from_builtins,
)

VARIABLE_CHARS_MAX = 100
"""Of a variable's name: a heading of a table column, not a text."""
NUMBER_CHARS_MAX = 32
"""Longer than any number that a composition can use, short enough to be read at once."""
NAME_CHARS_MAX = 255
"""Of a composition's name, as the model says."""
NAME_COLUMN = "name"
"""The column that names the results, whether or not the template uses it."""

_TOKEN = re.compile(r"(?P<open>\{\{\{\{)|(?P<close>\}\}\}\})|\{\{\s*(?P<name>[^{}]*?[^{}\s])\s*\}\}")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_FLAGS = {"true": True, "false": False}

_Purpose = Literal["text", "markup", "number", "flag", "fixed"]
_WANTED: dict[_Purpose, str] = {"number": "a number such as 12 or -0.5", "flag": "true or false"}


class TemplateError(RequestError):
    """The template itself is at fault; `path` says where (`$.layers[2].text`)."""

    type = "invalid-template"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", path=path, reason=reason)


class MissingColumnError(RequestError):
    """The template names a variable for which the rows have no column."""

    type = "missing-column"

    def __init__(self, column: str, path: str, known: tuple[str, ...], row: int | None = None) -> None:
        where = f"{path}: " if row is None else f"row {row}, {path}: "
        said = ", ".join(known) or "none"
        super().__init__(
            f"{where}no column {column!r}; columns: {said}", row=row, column=column, path=path, known=known
        )


class RowValueError(RequestError):
    """A row's values cannot stand where the template puts them."""

    type = "unusable-value"

    def __init__(self, row: int | None, columns: tuple[str, ...], path: str, reason: str) -> None:
        where = "" if row is None else f"row {row}, "
        named = " and ".join(repr(column) for column in columns)
        super().__init__(f"{where}column {named}, {path}: {reason}", row=row, columns=columns, path=path, reason=reason)


class Variable(NamedTuple):
    """A place for a value, by the name of its column."""

    name: str


class Place(NamedTuple):
    """A string of the template that has to be filled."""

    path: str
    parts: tuple[str | Variable, ...]
    """What the string is made of, in order."""
    purpose: _Purpose
    """What the model wants there."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables in it, each once."""
        return tuple(dict.fromkeys(part.name for part in self.parts if isinstance(part, Variable)))


class Template(NamedTuple):
    """A document with its places found. `document` is made of dicts and lists; do not write into it."""

    document: object
    places: tuple[Place, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of all variables, in the order of their first use."""
        return tuple(dict.fromkeys(name for place in self.places for name in place.variables))


def parse_template(document: bytes) -> Template:
    """Read a template from JSON (UTF-8). Raises `TemplateError`; what only values can decide is left to `fill`."""
    if len(document) > DOCUMENT_BYTES_MAX:
        raise TemplateError("$", f"{len(document)} bytes; at most {DOCUMENT_BYTES_MAX}")
    try:
        tree = msgspec.json.decode(document)
        places = tuple(_places(tree, (_model(),), "$"))
    except RecursionError:
        raise TemplateError("$", "nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TemplateError("$", str(error)) from error
    return Template(tree, places)


def check_columns(template: Template, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that `template` does not use, `name` aside. Raises `MissingColumnError` for a variable without one."""
    known = tuple(columns)
    for place in template.places:
        for name in place.variables:
            if name not in known:
                raise MissingColumnError(name, place.path, known)
    used = {*template.variables, NAME_COLUMN}
    return tuple(column for column in known if column not in used)


def fill(template: Template | bytes, row: Mapping[str, str], number: int | None = None) -> Composition:
    """Return the composition that `template` makes with the values of `row`; `number` is the row's own, for messages.

    Raises `MissingColumnError`, `RowValueError` for a value that does not fit where it is put, `TemplateError`, and
    `CompositionError` for a fault that no value can mend.
    """
    parsed = parse_template(template) if isinstance(template, bytes) else template
    _check_size(parsed, row, number)
    values = {place.path: _value(place, row, number) for place in parsed.places}
    try:
        return from_builtins(_filled(parsed.document, values, "$"))
    except CompositionError as error:
        raise _blamed(parsed, error, number) from error


def named(
    template: Template, composition: Composition, row: Mapping[str, str], number: int, otherwise: str
) -> Composition:
    """Return `composition`, which `template` made of `row`, with a name of its own.

    That is the name in the template where it has variables, else what the column `name` says, else `otherwise` and the row's number. A
    name changes no pixel. It is cut to what a composition may have.
    """
    if any(place.path == "$.name" and place.variables for place in template.places):
        return composition
    name = row.get(NAME_COLUMN, "").strip() or f"{otherwise} {number:04d}"
    return msgspec.structs.replace(composition, name=name[:NAME_CHARS_MAX])


def _check_size(template: Template, row: Mapping[str, str], number: int | None) -> None:
    """Refuse what would not be read anyway before it is built: a long value in many places could fill all memory."""
    room = DOCUMENT_BYTES_MAX
    for place in template.places:
        room -= sum(len(row.get(part.name, "")) if isinstance(part, Variable) else len(part) for part in place.parts)
        if room < 0:
            raise RowValueError(number, place.variables, place.path, f"makes more than {DOCUMENT_BYTES_MAX} characters")


def _value(place: Place, row: Mapping[str, str], number: int | None) -> str | float | bool:
    for name in place.variables:
        if name not in row:
            raise MissingColumnError(name, place.path, tuple(row), number)
    if place.purpose in ("number", "flag"):
        (name,) = place.variables
        value = _number(row[name]) if place.purpose == "number" else _FLAGS.get(row[name])
        if value is None:
            raise RowValueError(number, (name,), place.path, f"{row[name]!r} is not {_WANTED[place.purpose]}")
        return value
    quoted = _as_xml if place.purpose == "markup" else str
    return "".join(quoted(row[part.name]) if isinstance(part, Variable) else part for part in place.parts)


def _number(text: str) -> float | int | None:
    """The number that `text` spells as JSON does; None when it is none, or beyond floats."""
    found = _NUMBER.fullmatch(text) if len(text) <= NUMBER_CHARS_MAX else None
    if found is None:
        return None
    if found[2] is None and found[3] is None:
        return int(text)
    value = float(text)
    return value if math.isfinite(value) else None


def _as_xml(value: str) -> str:
    """`value` as text or attribute of XML, whichever quotes stand around it."""
    return escape(value, {'"': "&quot;", "'": "&apos;"})


def _filled(node: object, values: Mapping[str, object], path: str) -> object:
    """A copy of `node` with the strings at the paths of `values` replaced."""
    if isinstance(node, dict):
        return {key: _filled(inner, values, f"{path}.{key}") for key, inner in node.items()}
    if isinstance(node, list):
        return [_filled(inner, values, f"{path}[{index}]") for index, inner in enumerate(node)]
    return values.get(path, node)


def _blamed(template: Template, error: CompositionError, number: int | None) -> RequestError:
    """The fault told of the columns that were put at its place; as it is when there are none, for then it is in every row."""
    path, reason = str(error.fields["path"]), str(error.fields["reason"])
    at_fault = ("$.width", "$.height") if path == "$" and "pixels" in reason else (path,)
    columns = dict.fromkeys(name for place in template.places if place.path in at_fault for name in place.variables)
    return RowValueError(number, tuple(columns), path, reason) if columns else error


def _places(node: object, wanted: tuple[shapes.Type, ...], path: str) -> Iterator[Place]:
    """Every string below `node` that has to be filled. `wanted` is what the model may have there; nothing, where it knows no such key."""
    if isinstance(node, dict):
        structs = _structs(wanted, node.get("type"))
        for key, inner in node.items():
            fields = (field.type for struct in structs for field in struct.fields if field.encode_name == key)
            yield from _places(inner, _alternatives(fields), f"{path}.{key}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from _places(inner, _alternatives(_items(wanted, index)), f"{path}[{index}]")
    elif isinstance(node, str) and ("{{" in node or "}}" in node):
        yield _checked(Place(path, tuple(_parts(node, path)), _purpose(wanted, path)))


def _parts(text: str, path: str) -> Iterator[str | Variable]:
    end = 0
    for found in _TOKEN.finditer(text):
        yield from _literal(text[end : found.start()], path)
        end = found.end()
        if found["name"] is None:
            yield "{{" if found["open"] else "}}"
        else:
            yield _variable(found["name"], path)
    yield from _literal(text[end:], path)


def _variable(name: str, path: str) -> Variable:
    if len(name) > VARIABLE_CHARS_MAX or not name.isprintable():
        raise TemplateError(path, f"a variable's name has at most {VARIABLE_CHARS_MAX} printable characters")
    return Variable(unicodedata.normalize("NFC", name))


def _literal(text: str, path: str) -> Iterator[str]:
    for braces in ("{{", "}}"):
        if braces in text:
            raise TemplateError(
                path, f"`{braces}` belongs to no {{{{variable}}}}; write `{braces * 2}` for the characters"
            )
    if text:
        yield text


def _checked(place: Place) -> Place:
    if place.variables and place.purpose == "fixed":
        raise TemplateError(place.path, "no variable may stand here: it would decide what the document is")
    if place.purpose in ("number", "flag") and not (len(place.parts) == 1 and place.variables):
        raise TemplateError(
            place.path, f"needs {_WANTED[place.purpose]}, so the string must be one variable and nothing else"
        )
    return place


def _purpose(wanted: tuple[shapes.Type, ...], path: str) -> _Purpose:
    if path.endswith((".type", ".version")):
        return "fixed"
    if path.endswith((".svg", ".markup")):
        return "markup"
    if any(isinstance(one, shapes.FloatType | shapes.IntType) for one in wanted):
        return "number"
    return "flag" if any(isinstance(one, shapes.BoolType) for one in wanted) else "text"


@functools.cache
def _model() -> shapes.Type:
    return shapes.type_info(Composition)


def _alternatives(types: Iterable[shapes.Type]) -> tuple[shapes.Type, ...]:
    """The types with unions taken apart."""
    return tuple(
        inner for one in types for inner in (one.types if isinstance(one, shapes.UnionType) else (one,))
    )  # fmt: skip


def _structs(wanted: tuple[shapes.Type, ...], tag: object) -> tuple[shapes.StructType, ...]:
    """The objects that may stand here; of several kinds of layer, the one that `tag` names."""
    found = tuple(one for one in wanted if isinstance(one, shapes.StructType))
    return tuple(one for one in found if one.tag is None or one.tag == tag)


def _items(wanted: tuple[shapes.Type, ...], index: int) -> Iterator[shapes.Type]:
    """What the item at `index` may be."""
    for one in wanted:
        if isinstance(one, shapes.TupleType):
            yield from one.item_types[index : index + 1]
        elif isinstance(one, shapes.VarTupleType | shapes.ListType):
            yield one.item_type
