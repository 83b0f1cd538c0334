"""How is a scene spelled as SVG: clean, the same bytes every time, and nothing said that is the default anyway.

Every node says all its own attributes, in one order; what nodes share (gradients, patterns, clips, masks, symbols) stands
once in `<defs>`, numbered in the order in which it is finished. Numbers have `paths.NUMBER_DIGITS` digits. SVG has no
strokes inside or outside an outline, so those become filled outlines. Main path: `write_svg`.
"""

import msgspec

from engines.vector_core import filter_markup, operations, paths, scene_check, shapes
from engines.vector_core.affine import IDENTITY, Matrix
from engines.vector_core.paths import format_number
from engines.vector_core.scene import (
    Clip,
    Ellipse,
    FillRule,
    Geometry,
    Group,
    Image,
    Instance,
    Line,
    LinearGradient,
    Mask,
    Node,
    Paint,
    Path,
    Pattern,
    Polygon,
    Polyline,
    RadialGradient,
    Rect,
    Scene,
    Shape,
    Stop,
    Stroke,
    Symbol,
    Text,
)

Attributes = dict[str, str]
Defaults = dict[str, float | None]
"""Names of fields with the values that need no saying; None for those that always do."""
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
)


def write_svg(scene: Scene) -> bytes:
    """Return a scene as an SVG document in UTF-8. `scene_read.read_svg` gives a scene of the same pixels.

    Raises SceneValueError; PathOperationError for an inside or outside stroke that cannot be outlined.
    """
    scene_check.check(scene)
    return _Writer(scene).document().encode()


class _Writer:
    """The state of one document: which definitions are written, and under which ids."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._symbols = {symbol.id: symbol for symbol in scene.symbols}
        self._written_symbols: set[str] = set()
        self._taken = _ids(scene)
        self._names: dict[msgspec.Struct, str] = {}
        self._filters: dict[str, str] = {}
        self._definitions: list[str] = []
        self._counts: dict[str, int] = {}

    def document(self) -> str:
        scene = self._scene
        body = [self._node(node, 1) for node in scene.children]
        attributes = {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": format_number(scene.width),
            "height": format_number(scene.height),
        }
        if scene.view_box:
            attributes["viewBox"] = " ".join(format_number(value) for value in scene.view_box)
        if self._definitions:
            body.insert(0, _element(1, "defs", {}, self._definitions))
        return _element(0, "svg", attributes, [*_title(1, scene.title), *body]) + "\n"

    def _node(self, node: Node, level: int) -> str:
        match node:
            case Shape():
                return self._shape(node, level)
            case Group():
                return self._group(node, level)
            case Instance():
                self._define_symbol(node.symbol)
                attributes = {"id": node.id, "href": f"#{node.symbol}"} if node.id else {"href": f"#{node.symbol}"}
                return _element(level, "use", attributes | self._common(node), _title(level + 1, node.title))
            case Image():
                return self._image(node, level)

    def _image(self, image: Image, level: int) -> str:
        attributes: Attributes = {"id": image.id} if image.id else {}
        _add_numbers(attributes, image, {"x": 0, "y": 0, "width": None, "height": None})
        _add_word(attributes, "preserveAspectRatio", image.aspect, "xMidYMid")
        _add_word(attributes, "image-rendering", image.rendering, "auto")
        attributes["href"] = image.href
        return _element(level, "image", attributes | self._common(image), _title(level + 1, image.title))

    def _group(self, group: Group, level: int) -> str:
        attributes = ({"id": group.id} if group.id else {}) | self._common(group)
        children = [self._node(child, level + 1) for child in group.children]
        return _element(level, "g", attributes, [*_title(level + 1, group.title), *children])

    def _shape(self, shape: Shape, level: int) -> str:
        shape = _seen(shape)
        if shape.stroke and shape.stroke.position != "center":
            if shapes.fillable(shape.geometry):
                return self._node(_lowered(shape), level)
            shape = msgspec.structs.replace(shape, stroke=msgspec.structs.replace(shape.stroke, position="center"))
        tag, geometry = _geometry(shape.geometry)
        attributes = ({"id": shape.id} if shape.id else {}) | geometry | self._look(shape) | self._common(shape)
        return _element(level, tag, attributes, _title(level + 1, shape.title))

    def _look(self, shape: Shape) -> Attributes:
        found: Attributes = {}
        if shape.fill != "#000000":
            found["fill"] = self._paint(shape.fill)
        if shape.fill is not None:
            _add_number(found, "fill-opacity", shape.fill_opacity, 1)
        _add_word(found, "fill-rule", shape.fill_rule, "nonzero")
        if shape.stroke is None:
            return found
        found |= self._stroke(shape.stroke)
        if shape.stroke_first and shape.fill is not None:
            found["paint-order"] = "stroke"
        return found

    def _stroke(self, stroke: Stroke) -> Attributes:
        found = {"stroke": self._paint(stroke.paint)}
        _add_number(found, "stroke-width", stroke.width, 1)
        _add_number(found, "stroke-opacity", stroke.opacity, 1)
        _add_word(found, "stroke-linejoin", stroke.join, "miter")
        _add_word(found, "stroke-linecap", stroke.cap, "butt")
        _add_number(found, "stroke-miterlimit", stroke.miter_limit, 4)
        if stroke.dash:
            found["stroke-dasharray"] = " ".join(format_number(length) for length in stroke.dash)
            _add_number(found, "stroke-dashoffset", stroke.dash_offset, 0)
        return found

    def _common(self, node: Node) -> Attributes:
        """Return what all nodes have: how they are placed, cut, faded and blended."""
        found: Attributes = {}
        _add_number(found, "opacity", node.opacity, 1)
        if node.effect and node.effect.steps:
            found["filter"] = " ".join(self._filter(step) for step in node.effect.steps)
        if node.clip:
            found["clip-path"] = f"url(#{self._clip(node.clip)})"
        if node.mask:
            found["mask"] = f"url(#{self._mask(node.mask)})"
        # Not presentation attributes: only a style says them (Compositing and Blending 1 §3).
        styles = [] if node.blend == "normal" else [f"mix-blend-mode:{node.blend}"]
        if isinstance(node, Group) and node.isolated:
            styles.append("isolation:isolate")
        if styles:
            found["style"] = ";".join(styles)
        _add_transform(found, "transform", node.transform)
        return found

    def _paint(self, paint: Paint | None) -> str:
        match paint:
            case None:
                return "none"
            case str():
                return paint
            case LinearGradient() | RadialGradient():
                name = self._names.get(paint) or self._define(paint, *_gradient(paint))
            case Pattern():
                name = self._names.get(paint) or self._pattern(paint)
        return f"url(#{name})"

    def _pattern(self, pattern: Pattern) -> str:
        attributes: Attributes = {}
        _add_numbers(attributes, pattern, {"x": 0, "y": 0, "width": None, "height": None})
        _add_word(attributes, "patternUnits", pattern.units, "objectBoundingBox")
        _add_word(attributes, "patternContentUnits", pattern.content_units, "userSpaceOnUse")
        _add_transform(attributes, "patternTransform", pattern.transform)
        return self._define(pattern, "pattern", attributes, [self._node(child, 3) for child in pattern.children])

    def _clip(self, clip: Clip) -> str:
        if clip in self._names:
            return self._names[clip]
        attributes: Attributes = {}
        _add_word(attributes, "clipPathUnits", clip.units, "userSpaceOnUse")
        if clip.clip:
            attributes["clip-path"] = f"url(#{self._clip(clip.clip)})"
        _add_transform(attributes, "transform", clip.transform)
        return self._define(clip, "clipPath", attributes, [self._clip_shape(shape) for shape in clip.shapes])

    def _clip_shape(self, shape: Shape) -> str:
        """Return one shape of a clip: without any look, for only its outline counts."""
        tag, attributes = _geometry(shape.geometry)
        if shape.id:
            attributes = {"id": shape.id} | attributes
        _add_word(attributes, "clip-rule", shape.fill_rule, "nonzero")
        if shape.clip:
            attributes["clip-path"] = f"url(#{self._clip(shape.clip)})"
        _add_transform(attributes, "transform", shape.transform)
        return _element(3, tag, attributes, _title(4, shape.title))

    def _mask(self, mask: Mask) -> str:
        if min(mask.width, mask.height) <= 0:
            mask = Mask(
                children=()
            )  # Without a region nothing shows, which renderers take for a mistake when it is said so.
        if mask in self._names:
            return self._names[mask]
        attributes: Attributes = {}
        fractions = mask.units == "objectBoundingBox"
        defaults: Defaults = {"x": -0.1, "y": -0.1, "width": 1.2, "height": 1.2}
        _add_numbers(attributes, mask, defaults if fractions else dict.fromkeys(defaults, None))
        _add_word(attributes, "maskUnits", mask.units, "objectBoundingBox")
        _add_word(attributes, "maskContentUnits", mask.content_units, "userSpaceOnUse")
        if mask.mask:
            attributes["mask"] = f"url(#{self._mask(mask.mask)})"
        if mask.kind != "luminance":
            attributes["style"] = f"mask-type:{mask.kind}"
        return self._define(mask, "mask", attributes, [self._node(child, 3) for child in mask.children])

    def _filter(self, step: str) -> str:
        """Return a step of a filter: a function as it is, a filter by its name among the definitions."""
        if filter_markup.is_function(step):
            return step
        if step not in self._filters:
            self._filters[step] = self._free_name("filter")
            self._definitions.append("    " + step.replace("<filter", f'<filter id="{self._filters[step]}"', 1))
        return f"url(#{self._filters[step]})"

    def _define(self, value: msgspec.Struct, tag: str, attributes: Attributes, children: list[str]) -> str:
        """Write one definition and return its id, the next free one of its tag."""
        name = self._names[value] = self._free_name(tag)
        self._definitions.append(_element(2, tag, {"id": name} | attributes, children))
        return name

    def _free_name(self, tag: str) -> str:
        while True:
            self._counts[tag] = self._counts.get(tag, 0) + 1
            if (name := f"{tag}-{self._counts[tag]}") not in self._taken:
                return name

    def _define_symbol(self, name: str) -> None:
        if name not in self._written_symbols:
            self._written_symbols.add(name)
            children = [self._node(child, 3) for child in self._symbols[name].children]
            self._definitions.append(_element(2, "g", {"id": name}, children))


def _seen(shape: Shape) -> Shape:
    """Return a shape without the paints that show nothing on it."""
    stroke, fill = shape.stroke, shape.fill
    if isinstance(fill, str | None) and (stroke is None or isinstance(stroke.paint, str)):
        return shape
    box = shapes.box(shape.geometry)
    if fill is not None and shapes.shows_nothing(fill, box):
        fill = None
    if stroke is not None and shapes.shows_nothing(stroke.paint, box):
        stroke = None
    return msgspec.structs.replace(shape, fill=fill, stroke=stroke)


def _lowered(shape: Shape) -> Group | Shape:
    """Return a shape with its stroke as a filled outline; a stroke that leaves nothing is nothing, not an empty path."""
    if shape.fill is None:
        inked = operations.stroke_to_path(shape)
        if shapes.outline(inked.geometry):
            return inked
    return operations.expand(shape)


def _ids(scene: Scene) -> set[str]:
    """Return every id that the scene itself gives away."""
    found: set[str] = set()
    stack: list[object] = [scene]
    while stack:
        value = stack.pop()
        if isinstance(value, msgspec.Struct):
            if isinstance(value, Shape | Group | Instance | Image | Symbol) and value.id:
                found.add(value.id)
            stack += (getattr(value, name) for name in value.__struct_fields__)
        elif isinstance(value, tuple):
            stack += value
    return found


def _element(level: int, tag: str, attributes: Attributes, children: list[str]) -> str:
    spelled = "".join(f' {name}="{value.translate(_ESCAPES)}"' for name, value in attributes.items())
    indent = "  " * level
    if not children:
        return f"{indent}<{tag}{spelled}/>"
    return "\n".join([f"{indent}<{tag}{spelled}>", *children, f"{indent}</{tag}>"])


def _title(level: int, title: str) -> list[str]:
    return [f"{'  ' * level}<title>{title.translate(_ESCAPES)}</title>"] if title else []


def _geometry(geometry: Geometry) -> tuple[str, Attributes]:
    found: Attributes = {}
    match geometry:
        case Rect():
            _add_numbers(found, geometry, {"x": 0, "y": 0, "width": None, "height": None})
            if geometry.rx > 0 and geometry.ry > 0:
                _add_numbers(found, geometry, {"rx": None, "ry": None})
            return "rect", found
        case Ellipse() if geometry.rx == geometry.ry:
            _add_numbers(found, geometry, {"cx": 0, "cy": 0})
            return "circle", found | {"r": format_number(geometry.rx)}
        case Ellipse():
            _add_numbers(found, geometry, {"cx": 0, "cy": 0, "rx": None, "ry": None})
            return "ellipse", found
        case Line():
            _add_numbers(found, geometry, {"x1": 0, "y1": 0, "x2": 0, "y2": 0})
            return "line", found
        case Polyline(points):
            return "polyline", {"points": _points(points)}
        case Polygon(points):
            return "polygon", {"points": _points(points)}
        case Path(data):
            return "path", {"d": _path_data(data)}
        case Text(data, text):
            return "path", {"role": "img", "aria-label": text, "d": _path_data(data)}


def _path_data(data: str) -> str:
    return paths.format_path(paths.parse_path(data))


def _points(points: tuple[tuple[float, float], ...]) -> str:
    return " ".join(f"{format_number(x)},{format_number(y)}" for x, y in points)


def _gradient(gradient: LinearGradient | RadialGradient) -> tuple[str, Attributes, list[str]]:
    found: Attributes = {}
    # Defaults of these numbers are percentages of a viewport when they are in user units.
    fractions = gradient.units == "objectBoundingBox"
    if isinstance(gradient, LinearGradient):
        ends: Defaults = (
            {"x1": 0, "y1": 0, "x2": 1, "y2": 0} if fractions else dict.fromkeys(("x1", "y1", "x2", "y2"), None)
        )
        _add_numbers(found, gradient, ends)
    else:
        _add_numbers(
            found, gradient, {"cx": 0.5, "cy": 0.5, "r": 0.5} if fractions else dict.fromkeys(("cx", "cy", "r"))
        )
        for name in ("fx", "fy"):
            if (value := getattr(gradient, name)) is not None:
                found[name] = format_number(value)
        _add_number(found, "fr", gradient.fr, 0)
    _add_word(found, "gradientUnits", gradient.units, "objectBoundingBox")
    _add_word(found, "spreadMethod", gradient.spread, "pad")
    _add_transform(found, "gradientTransform", gradient.transform)
    tag = "linearGradient" if isinstance(gradient, LinearGradient) else "radialGradient"
    return tag, found, [_stop(stop) for stop in gradient.stops]


def _stop(stop: Stop) -> str:
    attributes = {"offset": format_number(stop.offset)}
    _add_word(attributes, "stop-color", stop.colour, "#000000")
    _add_number(attributes, "stop-opacity", stop.opacity, 1)
    return _element(3, "stop", attributes, [])


def _add_number(found: Attributes, name: str, value: float, default: float | None) -> None:
    spelled = format_number(value)
    if default is None or spelled != format_number(default):
        found[name] = spelled


def _add_numbers(found: Attributes, owner: msgspec.Struct, defaults: Defaults) -> None:
    """Add the fields of `owner` that `defaults` names, except where they are the default."""
    for name, default in defaults.items():
        _add_number(found, name, getattr(owner, name), default)


def _add_word(found: Attributes, name: str, value: str | FillRule, default: str) -> None:
    if value != default:
        found[name] = value


def _add_transform(found: Attributes, name: str, matrix: Matrix) -> None:
    a, b, c, d, e, f = (format_number(value) for value in matrix)
    if (a, b, c, d) == ("1", "0", "0", "1"):
        if (e, f) != ("0", "0"):
            found[name] = f"translate({e} {f})"
    elif (b, c, e, f) == ("0", "0", "0", "0"):
        found[name] = f"scale({a})" if a == d else f"scale({a} {d})"
    elif matrix != IDENTITY:
        found[name] = f"matrix({a} {b} {c} {d} {e} {f})"
