"""How does a msgspec model read as a Markdown table? Types, defaults and limits in words. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import inspect


class Row(NamedTuple):
    """One field of a model, in words."""

    name: str
    type: str
    default: str
    """`required` when there is none."""
    limits: str


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars inside cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def rows_of(model: type[msgspec.Struct]) -> list[Row]:
    """Return the fields of `model` in the order of its definition."""
    info = inspect.type_info(model)
    assert isinstance(info, inspect.StructType)
    return [
        Row(field.encode_name, type_words(field.type), _default(field), limits(field.type)) for field in info.fields
    ]


def type_words(kind: inspect.Type) -> str:
    """Say what JSON values a type takes, as code where the value itself is named."""
    match kind:
        case inspect.LiteralType(values=values):
            return ", ".join(f"`{value}`" for value in values)
        case inspect.UnionType(types=types):
            return " or ".join(type_words(one) for one in types if not isinstance(one, inspect.NoneType))
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return f"list of {type_words(item)}"
        case inspect.TupleType(item_types=items):
            return f"[{', '.join(type_words(item) for item in items)}]"
        case inspect.DictType(key_type=key, value_type=value):
            return f"map of {type_words(key)} to {type_words(value)}"
        case inspect.StructType(cls=cls, tag=tag):
            return f"`{cls.__name__ if tag is None else tag}`"
        case _:
            return _NAMES[type(kind)]


def limits(kind: inspect.Type) -> str:
    """Say the limits of a type, those of list items included."""
    match kind:
        case inspect.UnionType(types=types):
            return "; ".join(filter(None, (limits(one) for one in types)))
        case inspect.VarTupleType(item_type=item, min_length=low, max_length=high):
            return "; ".join(filter(None, [_span(low, high, " items"), limits(item)]))
        case inspect.TupleType(item_types=items):
            return "; ".join(filter(None, (limits(item) for item in items)))
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            return "; ".join(filter(None, [_span(low, high, " characters"), f"`{pattern}`" if pattern else ""]))
        case inspect.IntType(gt=gt, ge=ge, le=le) | inspect.FloatType(gt=gt, ge=ge, le=le):
            above = f"above {_number(gt)}" if gt is not None else ""
            return ", ".join(filter(None, [above, _span(ge, le, "")]))
        case _:
            return ""


_NAMES: dict[type[inspect.Type], str] = {
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.BytesType: "bytes",
    inspect.RawType: "MessagePack",
    inspect.AnyType: "any JSON value",
    inspect.CustomType: "any JSON value",
}


def _default(field: inspect.Field) -> str:
    if field.required:
        nullable = isinstance(field.type, inspect.UnionType) and field.type.includes_none
        return "required, may be null" if nullable else "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "none" if value is None else f"`{msgspec.json.encode(value).decode()}`"


def _span(low: float | None, high: float | None, unit: str) -> str:
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"at least {_number(low)}{unit}" if high is None else f"at most {_number(high)}{unit}"
    return f"{_number(low)} to {_number(high)}{unit}"


def _number(value: float | None) -> str:
    assert value is not None
    return f"{value:,.10g}"
