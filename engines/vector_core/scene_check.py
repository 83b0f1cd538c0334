"""May this scene be drawn, written or worked on?

Limits are counted first, over what the tree spells out, so that a small value shared a million times is caught before
any work; then types, then the value of each field. Each refusal names the rule, the place and the limit. Main path: `check`.
"""

import math
import re
from collections.abc import Iterator

import msgspec

from engines.vector_core import filter_markup, svg_values
from engines.vector_core import scene as model
from engines.vector_core.affine import Matrix
from engines.vector_core.expansion import EXPANDED_ELEMENTS_MAX
from engines.vector_core.guard_reader import CANVAS_PIXELS_MAX, CANVAS_SIDE_PX_MAX
from engines.vector_core.lengths import ViewBox
from engines.vector_core.paths import COORDINATE_MAX, PATH_CHARS_MAX, parse_path
from engines.vector_core.scene import Clip, Group, Instance, Mask, Pattern, Scene, Symbol
from engines.vector_core.scene_errors import PathDataError, SceneValueError

SCENE_PARTS_MAX = 200_000
"""Values (nodes, geometries, paints, stops, points) of a scene: as many as an SVG may have elements."""

SCENE_CHARS_MAX = 32 * 1024 * 1024
"""Characters of all texts and path data together: what an SVG may weigh."""

SCENE_DEPTH_MAX = 64
"""Levels of groups, clips, masks and patterns: editors stay below 50, and SVG's guard allows 128 elements."""

DASHES_MAX = 256
"""Lengths of a dash pattern."""

TITLE_CHARS_MAX = 65_536
ID_CHARS_MAX = 256

_HOLDERS = (Group, Clip, Mask, Pattern, Symbol)
_UNIT_FIELDS = frozenset({"opacity", "fill_opacity", "offset"})
_SIZE_FIELDS = frozenset({"width", "height", "rx", "ry", "r", "fr", "dash"})
_PAINT_FIELDS = frozenset({"fill", "paint", "colour"})
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_HREF = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/]*={0,2}")
_ID = re.compile(r"[^\s\x00-\x1f\"'<>&()#]+")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Place = tuple[str | int, ...]


def check(scene: Scene) -> None:
    """Return if a scene keeps all limits and each of its values can be drawn. Raises SceneValueError.

    Costs about 10 us a node, and the parsing of its path data.
    """
    _measure(scene)
    _check_types(scene)
    _check_values(scene)
    _check_canvas(scene)
    _check_symbols(scene)


def decode_scene(data: bytes) -> Scene:
    """Return the scene that JSON spells: the inverse of `scene.encode_scene`. Raises SceneValueError."""
    if len(data) > SCENE_CHARS_MAX:
        raise SceneValueError("bytes", "", len(data), SCENE_CHARS_MAX)
    try:
        scene = model.decode_unchecked(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SceneValueError("json", "", str(error), "a scene as JSON") from error
    check(scene)
    return scene


def is_id(name: str) -> bool:
    """Tell whether a node or symbol may be called so."""
    return 0 < len(name) <= ID_CHARS_MAX and _ID.fullmatch(name) is not None


def _measure(scene: Scene) -> None:
    parts = chars = 0
    stack: list[tuple[object, int]] = [(scene, 0)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, str):
            chars += len(value)
            continue
        if isinstance(value, msgspec.Struct):
            depth += isinstance(value, _HOLDERS)
            inner: tuple[object, ...] = tuple(getattr(value, name) for name in value.__struct_fields__)
        elif isinstance(value, tuple) and not isinstance(value, Matrix | ViewBox):
            inner = value
        else:
            continue
        parts += 1
        if parts > SCENE_PARTS_MAX:
            raise SceneValueError("parts", "", f"more than {SCENE_PARTS_MAX}", SCENE_PARTS_MAX)
        if chars > SCENE_CHARS_MAX:
            raise SceneValueError("characters", "", f"more than {SCENE_CHARS_MAX}", SCENE_CHARS_MAX)
        if depth > SCENE_DEPTH_MAX:
            raise SceneValueError("depth", "", depth, f"{SCENE_DEPTH_MAX} levels")
        stack += ((item, depth) for item in inner)


def _check_types(scene: Scene) -> None:
    """Let the decoder look at every field: it knows the types and the names that each may have."""
    try:
        model.encode_scene(scene)
    except (msgspec.ValidationError, TypeError, UnicodeEncodeError) as error:
        raise SceneValueError("type", "", str(error), "what the model says") from error


def _check_values(scene: Scene) -> None:
    ids: dict[str, Place] = {}
    definitions: set[msgspec.Struct] = set()
    stack: list[tuple[msgspec.Struct, Place]] = [(scene, ())]
    while stack:
        value, place = stack.pop()
        # A definition that several nodes use is written once, so that ids inside it appear once.
        if isinstance(value, Clip | Mask | Pattern):
            if value in definitions:
                continue
            definitions.add(value)
        for name in value.__struct_fields__:
            for item, at in _items(getattr(value, name), (*place, name)):
                if isinstance(item, msgspec.Struct):
                    stack.append((item, at))
                else:
                    _check_field(value, name, item, at)
        identity = getattr(value, "id", "")
        if identity and ids.setdefault(identity, place) != place:
            raise SceneValueError("id", _spell((*place, "id")), identity, f"not that of {_spell(ids[identity])}")


def _items(value: object, place: Place) -> Iterator[tuple[object, Place]]:
    """Yield what a field holds, numbers of tuples one by one."""
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _items(item, (*place, index))
    else:
        yield value, place


def _check_field(owner: msgspec.Struct, name: str, value: object, place: Place) -> None:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        _check_number(name, float(value), place)
    elif isinstance(value, str):
        _check_text(owner, name, value, place)


def _check_number(name: str, value: float, place: Place) -> None:
    if not math.isfinite(value) or abs(value) > COORDINATE_MAX:
        raise SceneValueError("coordinate", _spell(place), value, f"within {COORDINATE_MAX:g}")
    if name in _UNIT_FIELDS and not 0 <= value <= 1:
        raise SceneValueError("fraction", _spell(place), value, "0 to 1")
    if name in _SIZE_FIELDS and value < 0:
        raise SceneValueError("size", _spell(place), value, "0 or more")
    if name == "miter_limit" and value < 1:
        raise SceneValueError("miter-limit", _spell(place), value, "1 or more")
    if name == "dash" and isinstance(place[-1], int) and place[-1] >= DASHES_MAX:
        raise SceneValueError("dash", _spell(place), place[-1] + 1, DASHES_MAX)


def _check_text(owner: msgspec.Struct, name: str, value: str, place: Place) -> None:
    if name in _PAINT_FIELDS and not _COLOUR.fullmatch(value):
        raise SceneValueError("colour", _spell(place), value, "#rrggbb in lower case")
    if name == "data":
        try:
            parse_path(value)
        except PathDataError as error:
            raise SceneValueError(
                "path-data", _spell(place), str(error), f"path data, {PATH_CHARS_MAX} chars"
            ) from error
    if name == "steps":
        filter_markup.check(value)
    if name == "href" and not _HREF.fullmatch(value):
        raise SceneValueError(
            "picture", _spell(place), value[:80], "data:image/...;base64, of PNG, JPEG, GIF, WebP or SVG"
        )
    if name == "aspect" and not svg_values.is_aspect(value):
        raise SceneValueError(
            "aspect", _spell(place), value, "none, or xMin|xMid|xMax YMin|YMid|YMax with meet or slice"
        )
    if name == "id" and (value or isinstance(owner, Symbol)):
        if not is_id(value):
            raise SceneValueError("id", _spell(place), value, f"{ID_CHARS_MAX} characters, no space or markup")
    elif name in ("title", "text") and (len(value) > TITLE_CHARS_MAX or _NO_XML.search(value)):
        raise SceneValueError("text", _spell(place), value, f"{TITLE_CHARS_MAX} characters that XML has")


def _check_canvas(scene: Scene) -> None:
    shown = f"{scene.width:g} x {scene.height:g}"
    if min(scene.width, scene.height) <= 0:
        raise SceneValueError("canvas", "width, height", shown, "more than 0 px a side")
    if max(scene.width, scene.height) > CANVAS_SIDE_PX_MAX or scene.width * scene.height > CANVAS_PIXELS_MAX:
        allowed = f"{CANVAS_SIDE_PX_MAX} px a side, {CANVAS_PIXELS_MAX} px in all"
        raise SceneValueError("canvas", "width, height", shown, allowed)
    if scene.view_box and min(scene.view_box.width, scene.view_box.height) <= 0:
        raise SceneValueError("view-box", "view_box", tuple(scene.view_box), "a box with an area")


def _check_symbols(scene: Scene) -> None:
    """Refuse instances of what is not there or contains itself, and more nodes than an engine should draw."""
    symbols = {symbol.id: symbol for symbol in scene.symbols}
    costs: dict[str, int] = {}
    opened: list[str] = []

    def cost(name: str) -> int:
        if name not in symbols:
            raise SceneValueError("symbol", "", name, "one of " + (", ".join(list(symbols)[:12]) or "none"))
        if name in opened:
            raise SceneValueError("symbol-cycle", "", name, "no symbol inside itself")
        if len(opened) > SCENE_DEPTH_MAX:
            raise SceneValueError("depth", "", len(opened), f"{SCENE_DEPTH_MAX} levels of symbols")
        if name not in costs:
            opened.append(name)
            costs[name] = total(symbols[name])
            opened.pop()
        return costs[name]

    def total(top: msgspec.Struct) -> int:
        parts = list(_parts(top))
        inner = sum(cost(part.symbol) for part in parts if isinstance(part, Instance))
        return min(len(parts) + inner, EXPANDED_ELEMENTS_MAX + 1)

    for symbol in scene.symbols:
        cost(symbol.id)
    if total(msgspec.structs.replace(scene, symbols=())) > EXPANDED_ELEMENTS_MAX:
        raise SceneValueError("expansion", "", f"more than {EXPANDED_ELEMENTS_MAX}", f"{EXPANDED_ELEMENTS_MAX} nodes")


def _parts(top: msgspec.Struct) -> Iterator[msgspec.Struct]:
    """Yield every struct below `top`, itself included."""
    stack: list[object] = [top]
    while stack:
        value = stack.pop()
        if isinstance(value, msgspec.Struct):
            yield value
            stack += (getattr(value, name) for name in value.__struct_fields__)
        elif isinstance(value, tuple):
            stack += value


def _spell(place: Place) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")
