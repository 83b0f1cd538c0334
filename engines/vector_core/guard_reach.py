"""How far do the shapes of an SVG reach, and how large may the regions be that engines set aside for filters and tiles?

resvg allocates a filter's whole region, however little of it shows, and ends the process when it cannot. Regions are
measured in user units, or in shares of the shape, for which the farthest coordinate of the document stands in. Estimates err
upwards, but for three things that only drawing could tell: relative path data that adds up, chains of `<use>` that
move further with each, and the width of text. Pure: attributes in, numbers out.
"""

from collections.abc import Mapping

from engines.vector_core import guard_costs
from engines.vector_core.lengths import DocumentSize

OUTLINE_CHARS_MAX = 1_000_000
"""Characters of path data that are searched for their farthest coordinate, all paths together; those after count as within."""

_DEFAULT_SIDE = 1.2
"""Share of the shape that a filter's region is wide and high where it does not say (Filter Effects 1 §5)."""

_EDGES = (
    ("x", "width"),
    ("y", "height"),
    ("cx", "r"),
    ("cy", "r"),
    ("cx", "rx"),
    ("cy", "ry"),
    ("x1", "x2"),
    ("y1", "y2"),
)
_BOUNDED = frozenset({
    "feGaussianBlur", "feOffset", "feColorMatrix", "feComponentTransfer", "feMorphology", "feConvolveMatrix", "feDropShadow",
    "feFuncR", "feFuncG", "feFuncB", "feFuncA", "feMergeNode", "fePointLight", "feSpotLight", "feDistantLight",
})  # fmt: skip
"""Filter steps for which resvg was seen to set aside what shows only, and what stands within steps."""


class Reach:
    """Collects extents of shapes and regions of one document in document order."""

    def __init__(self) -> None:
        self._shapes: list[tuple[Mapping[str, str], float, float]] = []
        self._in_units = 0.0
        self._in_shares = 0.0
        self._region = (0.0, 0.0)

    def add_shape(self, attributes: Mapping[str, str], zoom: float, offset: float) -> None:
        """Note an element whose user units are `zoom` px, and `offset` px away at most."""
        # Measured at the end, and only where a region asks for it: most drawings have none.
        self._shapes.append((attributes, zoom, offset))

    def enter_filter(self, attributes: Mapping[str, str]) -> None:
        """Note the region of a filter; it counts once a step fills it."""
        area = guard_costs.area(attributes, _DEFAULT_SIDE)
        units = attributes.get("filterUnits") == "userSpaceOnUse" and "width" in attributes and "height" in attributes
        self._region = (area, 0.0) if units else (0.0, area)

    def add_step(self, tag: str) -> None:
        """Note a step of the filter last entered."""
        if tag not in _BOUNDED:
            self._in_units = max(self._in_units, self._region[0])
            self._in_shares = max(self._in_shares, self._region[1])

    def add_tile(self, area: float, in_units: bool) -> None:
        """Note a pattern's tile of `area` square user units, or shares of the shape."""
        if in_units:
            self._in_units = max(self._in_units, area)
        else:
            self._in_shares = max(self._in_shares, area)

    @property
    def asks_for_shapes(self) -> bool:
        """Whether the region depends on how far shapes reach."""
        return self._in_shares > 0

    def region(self, size: DocumentSize, zoom_max: float) -> float:
        """Return the square px of the largest region at scale 1; 0 where there is none."""
        units = self._in_units * zoom_max**2
        if not self._in_shares:
            return units
        return max(units, self._in_shares * max(*size, self._farthest()) ** 2)

    def _farthest(self) -> float:
        far, chars_left = 0.0, OUTLINE_CHARS_MAX
        for attributes, zoom, offset in self._shapes:
            extent = _extent(attributes)
            outline = attributes.get("d") or attributes.get("points")
            if outline and chars_left > 0:
                extent = max(extent, guard_costs.farthest(outline[:chars_left]))
                chars_left -= len(outline)
            far = max(far, offset + zoom * extent)
        return far


def _extent(attributes: Mapping[str, str]) -> float:
    return max(
        guard_costs.size(attributes.get(start)) + guard_costs.size(attributes.get(length)) for start, length in _EDGES
    )
