"""Which gradient that only pads looks the same within a shape as one that reflects or repeats?

Files for print have no spreads: what their writers make of one is its first stretch and a flat rest. Here the stretches that
reach over a shape are said one after another, as stops. Main path: `unrolled`.
"""

import math

import msgspec

from engines.vector_core import affine, curves, shapes
from engines.vector_core.curves import Box
from engines.vector_core.scene import Clip, LinearGradient, Paint, RadialGradient, Scene, Shape, Stop, Stroke

STRETCHES_MAX = 512
"""Stretches of one gradient: more are finer than what a print shows of them; such a gradient stays as it is."""

Gradient = LinearGradient | RadialGradient


def unrolled(scene: Scene) -> Scene:
    """Return a scene of the same look whose gradients only pad; the same object where they do already.

    A radial gradient with a focus circle of its own size (`fr` above 0) stays, for it goes on inwards, too.
    """
    changed = _below(scene)
    assert isinstance(changed, Scene)
    return changed


def unrolled_paint(paint: Paint, box: Box) -> Paint:
    """Return a paint of the same look within `box` (in the coordinates of the shape with that geometric box)."""
    if not isinstance(paint, Gradient) or paint.spread == "pad":
        return paint
    back = affine.invert(paint.transform)
    if back is None or len(paint.stops) < 2:
        return paint
    corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
    seen = [affine.apply(back, x, y) for x, y in corners]
    return _linear(paint, seen) if isinstance(paint, LinearGradient) else _radial(paint, seen)


def _below(value: object) -> object:
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        items = tuple(_below(item) for item in value)
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    if not isinstance(value, msgspec.Struct) or isinstance(value, Clip):
        return value
    inner = {name: _below(getattr(value, name)) for name in value.__struct_fields__}
    changes = {name: new for name, new in inner.items() if new is not getattr(value, name)}
    made = msgspec.structs.replace(value, **changes) if changes else value
    return _shape(made) if isinstance(made, Shape) else made


def _shape(shape: Shape) -> Shape:
    paints = (shape.fill, shape.stroke.paint if shape.stroke else None)
    if all(not isinstance(paint, Gradient) or paint.spread == "pad" for paint in paints):
        return shape
    box = shapes.box(shape.geometry)
    if box is None:
        return shape
    if shape.fill is not None:
        shape = msgspec.structs.replace(shape, fill=_on(shape.fill, box, 0.0))
    if shape.stroke is not None:
        stroke = shape.stroke
        paint = _on(stroke.paint, box, _reach(stroke))
        shape = msgspec.structs.replace(shape, stroke=msgspec.structs.replace(stroke, paint=paint))
    return shape


def _on(paint: Paint, box: Box, reach: float) -> Paint:
    """Return the paint of a shape with this geometric box, which paints `reach` user units beyond it."""
    grown = Box(box.left - reach, box.top - reach, box.right + reach, box.bottom + reach)
    if not isinstance(paint, Gradient) or paint.units == "userSpaceOnUse":
        return unrolled_paint(paint, grown)
    if shapes.shows_nothing(paint, box):
        return paint
    x, y = reach / box.width, reach / box.height
    return unrolled_paint(paint, Box(-x, -y, 1 + x, 1 + y))


def _reach(stroke: Stroke) -> float:
    """Return how far a stroke may reach beyond its outline: its whole width if it lies outside, corners by the miter limit."""
    return stroke.width * max(1.5, stroke.miter_limit if stroke.join == "miter" else 1.0)


def _linear(paint: LinearGradient, seen: list[curves.Point]) -> Paint:
    dx, dy = paint.x2 - paint.x1, paint.y2 - paint.y1
    square = dx * dx + dy * dy
    if square <= 0:
        return paint
    places = [((x - paint.x1) * dx + (y - paint.y1) * dy) / square for x, y in seen]
    first, last = math.floor(min(places)), math.ceil(max(places))
    stops = _stops(paint, first, last)
    if stops is None:
        return paint
    return msgspec.structs.replace(
        paint,
        x1=paint.x1 + first * dx,
        y1=paint.y1 + first * dy,
        x2=paint.x1 + last * dx,
        y2=paint.y1 + last * dy,
        stops=stops,
        spread="pad",
    )


def _radial(paint: RadialGradient, seen: list[curves.Point]) -> Paint:
    fx = paint.cx if paint.fx is None else paint.fx
    fy = paint.cy if paint.fy is None else paint.fy
    off = math.hypot(paint.cx - fx, paint.cy - fy)
    if paint.fr > 0 or paint.r <= off:
        return paint
    # The circle of the stretch t has its centre at f + t (c - f) and the radius t r: it holds what is t (r - off) from f.
    far = max(math.hypot(x - fx, y - fy) for x, y in seen)
    last = math.ceil(far / (paint.r - off))
    stops = _stops(paint, 0, last)
    if stops is None:
        return paint
    return msgspec.structs.replace(
        paint,
        cx=fx + last * (paint.cx - fx),
        cy=fy + last * (paint.cy - fy),
        r=last * paint.r,
        fx=paint.fx,
        fy=paint.fy,
        stops=stops,
        spread="pad",
    )


def _stops(paint: Gradient, first: int, last: int) -> tuple[Stop, ...] | None:
    """Return the stops of the stretches from `first` to before `last`; None for too many of them, or none."""
    if not 0 < last - first <= STRETCHES_MAX:
        return None
    own = _whole(paint.stops)
    found: list[Stop] = []
    for stretch in range(first, last):
        mirrored = paint.spread == "reflect" and stretch % 2 == 1
        for stop in reversed(own) if mirrored else own:
            offset = 1 - stop.offset if mirrored else stop.offset
            found.append(Stop((stretch - first + offset) / (last - first), stop.colour, stop.opacity))
    return tuple(found)


def _whole(stops: tuple[Stop, ...]) -> tuple[Stop, ...]:
    """Return stops that begin at 0 and end at 1, as the first and the last stop pad them."""
    first, last = stops[0], stops[-1]
    head = () if first.offset == 0 else (Stop(0.0, first.colour, first.opacity),)
    tail = () if last.offset == 1 else (Stop(1.0, last.colour, last.opacity),)
    return (*head, *stops, *tail)
