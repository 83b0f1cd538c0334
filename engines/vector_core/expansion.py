"""How many elements would be drawn, and how deeply nested, if every reference of an SVG were followed?

A few hundred bytes of nested `<use>` stand for ten million elements; masks, patterns, clips and markers multiply in the
same way. The guard feeds the document in here while it reads, and the sum is then taken over the graph of elements with
an id, without expanding anything: cost is linear in the document. Estimates err upwards.
"""

from typing import NamedTuple

from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.references import StyleRule

EXPANDED_ELEMENTS_MAX = 400_000
"""Elements after following references: twice what a document may hold; seconds of an engine's time, not minutes."""

EXPANDED_DEPTH_MAX = 256
"""Levels after following references. resvg was seen to die of its stack at 4,000 nested masks and refuses 1,024 itself;
threads of some systems have a sixteenth of the stack that was measured with."""

CYCLIC_VISITS_MAX = 50_000
"""Steps of the walk that a document with cyclic references gets, because no sum over a graph is right for it."""

REFERENCES_MAX = 500_000
"""References in a document, those of its stylesheets counted for every element they may apply to, and those to an id
that several elements have for each. Bounds the guard's own time and memory."""

EVERY_VERTEX = -1
"""As a count: once for each vertex of any path in the document, which bounds what an inherited marker can do."""


class Expansion(NamedTuple):
    """The document as an engine sees it: elements and levels, every reference followed."""

    elements: int
    depth: int


class _Edge(NamedTuple):
    """Draws `target` `times` times, `drop` levels below the node that holds the edge."""

    target: "str | _Node"
    times: int
    drop: int
    through_use: bool
    place: str


class _Node:
    """An element with an id, and all below it down to the next such elements. `depth` counts its levels, from 1."""

    __slots__ = ("cost", "depth", "edges", "level", "open", "own", "tokens")

    def __init__(self, level: int) -> None:
        self.level = level
        self.own = 0
        self.depth = 0
        self.edges: list[_Edge] = []
        self.tokens: dict[str, int] = {}
        self.open = False
        self.cost: Expansion | None = None


class ReferenceGraph:
    """Collects elements and references in document order; `measure` then sums them up."""

    def __init__(self) -> None:
        self._root = _Node(0)
        self._owners = [self._root]
        self._nodes = [self._root]
        self._by_id: dict[str, list[_Node]] = {}
        self._vertices = 0
        self._cyclic = False
        self._references = 0

    def enter(self, level: int, tag: str, element_id: str | None, classes: str) -> None:
        """Note the start of an element at `level` (the root is 1). Pair with `leave`."""
        if element_id:
            node = _Node(level)
            self._owners[-1].edges.append(_Edge(node, 1, level - self._owners[-1].level, False, ""))
            self._by_id.setdefault(element_id, []).append(node)
            self._nodes.append(node)
            self._owners.append(node)
        owner = self._owners[-1]
        owner.own += 1
        owner.depth = max(owner.depth, level - owner.level + 1)
        tokens = [tag, *("." + name for name in classes.split())] if classes else [tag]
        if element_id:
            tokens.append("#" + element_id)
        for token in tokens:
            owner.tokens[token] = owner.tokens.get(token, 0) + 1

    def leave(self, had_id: bool) -> None:
        """Note the end of the element last entered."""
        if had_id:
            self._owners.pop()

    def add_vertices(self, count: int) -> None:
        """Note that the element last entered is a shape of at most `count` vertices."""
        self._vertices += count

    def add_elements(self, count: int) -> None:
        """Note that the element last entered stands for `count` more, as an embedded SVG does."""
        self._owners[-1].own += count

    def refer(self, target_id: str, level: int, count: int, through_use: bool, place: str) -> None:
        """Note that the element last entered, at `level`, draws the element `target_id` `count` times."""
        self._spend(1)
        owner = self._owners[-1]
        owner.edges.append(_Edge(target_id, count, level - owner.level + 1, through_use, place))

    def measure(self, rules: list[StyleRule]) -> Expansion:
        """Return the whole document's expansion, with the stylesheet's local references `rules`.

        Raises SvgRefusedError (use-cycle, expansion, expansion-depth). Other cycles, which engines cut where they
        close, are walked through step by step within `CYCLIC_VISITS_MAX`.
        """
        self._apply(rules)
        total = self._cost(self._root, 1)
        if self._cyclic:
            _Walk(self).visit(self._root, 1, 1)
        if total.elements > EXPANDED_ELEMENTS_MAX:
            raise SvgRefusedError("expansion", "1:0", total.elements, f"{EXPANDED_ELEMENTS_MAX} elements drawn")
        if total.depth > EXPANDED_DEPTH_MAX:
            raise SvgRefusedError("expansion-depth", "1:0", total.depth, f"{EXPANDED_DEPTH_MAX} levels")
        return total

    def targets(self, edge: _Edge) -> list[_Node]:
        """Return what an edge may mean: all elements of that id, since engines differ in which of two they take."""
        return self._by_id.get(edge.target, []) if isinstance(edge.target, str) else [edge.target]

    def times(self, edge: _Edge) -> int:
        """Return how often an edge draws its target."""
        return self._vertices + 1 if edge.times == EVERY_VERTEX else edge.times

    def _spend(self, references: int) -> None:
        self._references += references
        if self._references > REFERENCES_MAX:
            raise SvgRefusedError("expansion", "1:0", self._references, f"{REFERENCES_MAX} references")

    def _apply(self, rules: list[StyleRule]) -> None:
        if not rules:
            return
        carriers: dict[str, list[tuple[_Node, int]]] = {"*": [(node, node.own) for node in self._nodes]}
        for node in self._nodes:
            for token, count in node.tokens.items():
                carriers.setdefault(token, []).append((node, count))
        for rule in rules:
            bearers = carriers.get(rule.token, [])
            self._spend(len(bearers))
            vertices = self._vertices + 1 if rule.use.prop.startswith("marker") else 1
            for node, count in bearers:
                node.edges.append(_Edge(rule.use.target[1:], count * vertices, node.depth, False, "1:0"))

    def _cost(self, node: _Node, steps: int) -> Expansion:
        if node.cost:
            return node.cost
        if steps > EXPANDED_DEPTH_MAX:
            raise SvgRefusedError("expansion-depth", "1:0", steps, f"{EXPANDED_DEPTH_MAX} references in a chain")
        node.open = True
        elements, depth = node.own, node.depth
        for edge in node.edges:
            targets = self.targets(edge)
            self._spend(len(targets) - 1)
            for target in targets:
                if target.open:
                    if edge.through_use:
                        raise SvgRefusedError("use-cycle", edge.place, f"#{edge.target}", "no element that contains it")
                    self._cyclic = True
                    continue
                cost = self._cost(target, steps + 1)
                # Capped, for otherwise a chain of doublings makes an integer of thousands of digits.
                elements = min(elements + self.times(edge) * cost.elements, EXPANDED_ELEMENTS_MAX + 1)
                depth = max(depth, edge.drop + cost.depth)
        node.open = False
        node.cost = Expansion(elements, depth)
        return node.cost


class _Walk:
    """Follows every path through a cyclic graph, closing none, as engines do; refuses when that takes too long."""

    def __init__(self, graph: ReferenceGraph) -> None:
        self._graph = graph
        self._visits = 0
        self._elements = 0

    def visit(self, node: _Node, times: int, steps: int) -> None:
        """Draw `node` `times` times, `steps` references below the document. Raises SvgRefusedError."""
        if steps > EXPANDED_DEPTH_MAX:
            raise SvgRefusedError("expansion-depth", "1:0", steps, f"{EXPANDED_DEPTH_MAX} references in a chain")
        self._elements += times * node.own
        node.open = True
        for edge in node.edges:
            for target in self._graph.targets(edge):
                self._visits += 1
                if self._visits > CYCLIC_VISITS_MAX or self._elements > EXPANDED_ELEMENTS_MAX:
                    limit = f"{CYCLIC_VISITS_MAX} steps through cyclic references, {EXPANDED_ELEMENTS_MAX} elements"
                    raise SvgRefusedError("expansion", "1:0", f"{self._visits} steps, {self._elements} elements", limit)
                if not target.open:
                    self.visit(target, times * self._graph.times(edge), steps + 1)
        node.open = False
