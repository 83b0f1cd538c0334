"""What does the program say about itself? The generated parts of the documents, by name; each is a function without arguments.

Everything comes from the code that runs: models, presets, the command tree, the classes of errors. Nothing depends on the machine.
"""

import re
from collections.abc import Callable, Iterable
from typing import get_args, get_type_hints

import msgspec
from msgspec import inspect

from docs import http_reference, meanings, program
from docs.tables import Row, markdown, rows_of
from engines.cli import failures
from engines.errors import EngineError
from engines.image_core import composition
from engines.image_core.presets import PRESETS
from engines.media_v2 import events, models
from engines.media_v2.presets import SIDE_LIMITS, Limits, Overrides, Preset
from engines.typography_core.rich_text import TextRun

_BLEND_ORDER = get_args(composition.Blend)
_LINK = re.compile(r"\s*\n\s*")


class MeaningError(Exception):
    """A key of the composition has no sentence, or a sentence has no key."""


def composition_schema() -> str:
    """Return the JSON Schema (2020-12) of compositions, as the file is stored."""
    schema = msgspec.json.schema(composition.Composition)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:impasto:composition:1",
        "title": "Impasto composition, version 1",
    }
    return msgspec.json.format(msgspec.json.encode(head | schema), indent=2).decode() + "\n"


def artifact_schemas() -> str:
    """Return the JSON Schemas (2020-12) of every kind's meta, of presets and of overrides, as the file is stored."""
    named = {f"{kind}_meta": model for kind, model in models.META_OF_KIND.items()}
    wanted = [*named.values(), Preset, Overrides]
    _, components = msgspec.json.schema_components(wanted, ref_template="#/$defs/{name}")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:impasto:artifacts:1",
        "title": "Impasto: meta of every artifact kind, presets and overrides, version 1",
        "$defs": components,
        "properties": {name: {"$ref": f"#/$defs/{model.__name__}"} for name, model in named.items()},
    }
    return msgspec.json.format(msgspec.json.encode(head), indent=2).decode() + "\n"


def composition_document() -> str:
    """Table: the keys of the document itself."""
    return _keys(rows_of(composition.Composition), meanings.DOCUMENT)


def composition_shared() -> str:
    """Table: the keys that every layer has."""
    shared = [row for row in rows_of(composition.SolidLayer) if row.name in meanings.SHARED]
    return _keys(shared, meanings.SHARED)


def composition_mask() -> str:
    """Table: the keys of a mask."""
    return _keys(rows_of(composition.LayerMask), meanings.MASK)


def _layer_table(kind: str) -> Callable[[], str]:
    def table() -> str:
        own = [row for row in rows_of(meanings.MODELS[kind]) if row.name not in meanings.SHARED]
        return _keys(own, meanings.LAYERS[kind])

    return table


def text_run() -> str:
    """Table: the keys of a run of a text."""
    return _keys(rows_of(TextRun), meanings.RUN)


def _keys(rows: list[Row], sentences: dict[str, str]) -> str:
    if {row.name for row in rows} != sentences.keys():
        raise MeaningError(f"keys {sorted(row.name for row in rows)}, sentences {sorted(sentences)}")
    cells = ([f"`{row.name}`", _type(row), row.default, row.limits, sentences[row.name]] for row in rows)
    return markdown(["key", "type", "default", "limits", "meaning"], cells)


def _type(row: Row) -> str:
    """The type of a key; the sixteen modes are listed once, in their own part, and so are the kinds of layers."""
    return {"blend": "a blend mode", "layers": "list of layers"}.get(row.name, row.type)


def blend_modes() -> str:
    """List: the blend modes in the order of the specification."""
    return ", ".join(f"`{mode}`" for mode in _BLEND_ORDER)


def composition_limits() -> str:
    """Table: limits that no single key shows."""
    rows = [
        ("document", f"{composition.DOCUMENT_BYTES_MAX:,} bytes"),
        ("canvas", f"{composition.SIDE_PX_MAX:,} px a side, {composition.PIXELS_MAX:,} px in all"),
        ("layers, groups and what is in them included", f"{composition.LAYERS_MAX:,}"),
        ("groups inside groups", f"{composition.DEPTH_MAX}"),
        ("stops of a gradient", f"{composition.STOPS_MAX}"),
        ("one picture", f"{program.SOURCE_BYTES_MAX:,} bytes, {program.SOURCE_PIXELS_MAX:,} px"),
        ("one SVG, gunzipped", f"{program.SVG_BYTES_MAX:,} bytes, {program.SVG_ELEMENTS_MAX:,} elements"),
        ("one SVG as it is drawn", f"{program.DRAWN_PIXELS_MAX:,} px"),
    ]
    return markdown(["what", "at most"], rows)


_FAULTS: tuple[tuple[str, str], ...] = (
    ("a typo in a key", '{"version": 1, "width": 64, "height": 64, "layers": [{"type": "solid", "colour": "#fff"}]}'),
    (
        "no such blend mode",
        '{"version": 1, "width": 64, "height": 64, "layers": [{"type": "solid", "color": "#fff", "blend": "glow"}]}',
    ),
    (
        "no such kind of layer, inside a group",
        '{"version": 1, "width": 64, "height": 64, "layers": [{"type": "group", "layers": [{"type": "video"}]}]}',
    ),
    (
        "opacity out of range",
        '{"version": 1, "width": 64, "height": 64, "layers": [{"type": "solid", "color": "#fff", "opacity": 1.5}]}',
    ),
    ("no colour", '{"version": 1, "width": 64, "height": 64, "background": "navy", "layers": []}'),
    ("neither `src` nor `svg`", '{"version": 1, "width": 64, "height": 64, "layers": [{"type": "vector"}]}'),
    ("NaN", '{"version": 1, "width": 64, "height": 64, "layers": [{"type": "solid", "color": "#fff", "x": NaN}]}'),
    ("a canvas too large", '{"version": 1, "width": 32768, "height": 32768, "layers": []}'),
    ("another version", '{"version": 2, "width": 64, "height": 64, "layers": []}'),
)


def composition_errors() -> str:
    """Table: faulty documents, and what is really said about them."""
    return markdown(["fault", "document", "message"], ([what, f"`{doc}`", f"`{_fault(doc)}`"] for what, doc in _FAULTS))


def _fault(document: str) -> str:
    try:
        composition.parse(document.encode())
    except composition.CompositionError as error:
        return str(error).replace("`", "'")
    raise AssertionError(f"this document is not faulty: {document}")


def presets() -> str:
    """Table: the export presets."""
    header = ["preset", "version", "format", "size", "fit", "quality", "dpi", "profile", "background"]
    return markdown(header, (_preset(preset) for preset in PRESETS.values()))


def _preset(preset: Preset) -> list[str]:
    others = [name for name in preset.formats if name != preset.format]
    formats = preset.format.upper() + (f" (or {', '.join(others).upper()})" if others else "")
    size = f"{preset.width} x {preset.height} px" if preset.height else f"{preset.width} px wide"
    fit = preset.fit if preset.size == "box" else "scaled to the width"
    return [
        f"`{preset.preset_id}`",
        str(preset.version),
        formats,
        size,
        fit if preset.enlarge else f"{fit}, never enlarged",
        "-" if preset.quality is None else str(preset.quality),
        str(preset.dpi or "-"),
        preset.color_profile,
        "transparent" if preset.background is None else f"`{preset.background}`",
    ]


def preset_limits() -> str:
    """Table: what each preset clamps overrides to."""
    header = ["preset", *(f"{name}" for name in Limits.__struct_fields__)]
    rows = (
        [f"`{preset.preset_id}`", *("{:,} to {:,}".format(*getattr(preset.limits, name)) for name in header[1:])]
        for preset in PRESETS.values()
    )
    return markdown(header, rows)


def format_limits() -> str:
    """Table: what formats allow."""
    return markdown(
        ["format", "px a side at most"], ([name.upper(), f"{side:,}"] for name, side in SIDE_LIMITS.items())
    )


def preset_fields() -> str:
    """Table: the fields of a preset's definition."""
    return markdown(["field", "type", "default", "limits"], _plain(rows_of(Preset)))


def override_fields() -> str:
    """Table: what a request may change about a preset."""
    return markdown(["field", "type", "default", "limits"], _plain(rows_of(Overrides)))


def kinds() -> str:
    """Table: artifact kinds."""
    rows = (
        [f"`{kind}`", _summary(models.META_OF_KIND[kind]), "yes" if kind in models.RENDER_KINDS else "no"]
        for kind in models.KINDS
    )
    return markdown(["kind", "what it is", "can be made again"], rows)


def kind_meta() -> str:
    """Tables: the meta of each kind."""
    header = ["field", "type", "default", "limits"]
    parts = (
        f"#### `{kind}`\n\n{markdown(header, _plain(rows_of(models.META_OF_KIND[kind])))}" for kind in models.KINDS
    )
    return "\n\n".join(parts)


def artifact_fields() -> str:
    """Table: what is known of every artifact."""
    hints = get_type_hints(models.Artifact, include_extras=True)
    # The meta is a union that only the kind tells apart, which msgspec cannot describe.
    described = msgspec.defstruct("Artifact", [(name, hint) for name, hint in hints.items() if name != "meta"])
    rows = [*rows_of(described), Row("meta", "the meta of its kind", "required", "")]
    return markdown(["field", "type", "default", "limits"], _plain(rows))


def media_events() -> str:
    """Tables: events of a media ledger with their tags and fields, in the order in which they are written."""
    return "\n\n".join(_event(member) for member in get_args(events.MediaEvent))


def _event(member: type[msgspec.Struct]) -> str:
    info = inspect.type_info(member)
    assert isinstance(info, inspect.StructType)
    rows = ([str(place), f"`{row.name}`", row.type] for place, row in enumerate(rows_of(member), start=1))
    table = markdown(["place", "field", "type"], rows)
    return f"#### `{member.__name__}`, tag {info.tag}\n\n{_summary(member)}\n\n{table}"


def _plain(rows: Iterable[Row]) -> Iterable[list[str]]:
    return ([f"`{row.name}`", row.type, row.default, row.limits] for row in rows)


def _summary(documented: object) -> str:
    return _LINK.sub(" ", (documented.__doc__ or "").strip().partition("\n\n")[0])


def exit_codes() -> str:
    """Table: every typed error with its slug and its exit code, by code."""
    kinds_of_error = sorted(program.leaf_errors(), key=lambda kind: (_code(kind), kind.__module__, kind.__name__))
    rows = ([str(_code(kind)), f"`{_slug(kind)}`", _summary(kind)] for kind in kinds_of_error)
    return markdown(["exit code", "type", "meaning"], rows)


def _code(kind: type[Exception]) -> int:
    return failures.exit_code(kind.__new__(kind))


def _slug(kind: type[Exception]) -> str:
    slug = kind.type if issubclass(kind, EngineError) else failures._slug(kind.__name__)
    assert isinstance(slug, str)
    return slug


def commands() -> str:
    """Table: all commands with their purpose, as `--help` gives it."""
    rows = ([f"`impasto {' '.join(one.path)}`", one.purpose] for one in program.commands() if one.runs)
    return markdown(["command", "purpose"], rows)


def _help_block(path: tuple[str, ...]) -> Callable[[], str]:
    return lambda: f"```text\n{program.help_text(path)}\n```"


BLOCKS: dict[str, Callable[[], str]] = {
    "composition document": composition_document,
    "composition shared": composition_shared,
    "composition mask": composition_mask,
    **{f"layer {kind}": _layer_table(kind) for kind in meanings.MODELS},
    "text run": text_run,
    "blend modes": blend_modes,
    "composition limits": composition_limits,
    "composition errors": composition_errors,
    "presets": presets,
    "preset limits": preset_limits,
    "preset fields": preset_fields,
    "override fields": override_fields,
    "format limits": format_limits,
    **http_reference.BLOCKS,
    "kinds": kinds,
    "kind meta": kind_meta,
    "artifact fields": artifact_fields,
    "media events": media_events,
    "exit codes": exit_codes,
    "commands": commands,
    "code map": program.code_map,
    "help": _help_block(()),
    **{f"help {' '.join(one.path)}": _help_block(one.path) for one in program.commands() if one.runs},
}
"""Name of a generated part -> the function that makes it."""
