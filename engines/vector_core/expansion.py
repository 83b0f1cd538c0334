"""How many elements would be drawn, and how deeply nested, if every reference of an SVG were followed?

A few hundred bytes of nested `<use>` stand for ten million elements; masks, patterns, clips and markers multiply in the
same way. The guard feeds the document in here while it reads, and the sum is then taken over the graph of elements with
an id, without expanding anything: cost is linear in the document. Estimates err upwards.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.guard_costs import NO_COST, FilterCost
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

FILTER_PASSES_MAX = 4_000.0
"""Passes over all pixels that filters may take together, as `guard_costs` counts them: at 1080p 80 seconds, if each
filter covered everything; 500 drop shadows of icons, which do not."""

NO_USE = -1
"""Stands for the number of a `<use>` where a reference comes from anything else."""

EVERY_VERTEX = -1
"""As a count: once for each vertex of any path in the document, which bounds what an inherited marker can do."""


class Expansion(NamedTuple):
    """The document as an engine sees it, every reference followed: elements, levels, and the passes of its filters."""

    elements: int
    depth: int
    filters: FilterCost


NOTHING = Expansion(0, 0, NO_COST)


class _Edge(NamedTuple):
    """Draws `target` `times` times, `drop` levels below the node that holds the edge; `filters` unless it only stands there.

    `use` is the caller's number of the `<use>` that it comes from."""

    target: "str | _Node"
    times: int
    drop: int
    filters: bool = True
    use: int = NO_USE


class _Node:
    """An element with an id, and all below it down to the next such elements. `depth` counts its levels, from 1."""

    __slots__ = ("cost", "depth", "edges", "filters", "level", "open", "own", "tokens")

    def __init__(self, level: int) -> None:
        self.level = level
        self.own = 0
        self.filters = NO_COST
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
        self._known: dict[str | _Node, Expansion] = {}
        self.named: set[str] = set()
        """The ids that anything refers to, those of stylesheets apart."""

    def enter(self, level: int, tag: str, element_id: str | None, classes: str) -> None:
        """Note the start of an element at `level` (the root is 1). Pair with `leave`."""
        if element_id:
            node = _Node(level)
            self._owners[-1].edges.append(_Edge(node, 1, level - self._owners[-1].level, tag != "filter"))
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

    def pass_over(self, count: int, level: int) -> None:
        """Note `count` elements at most at `level`, each started and ended, none of which is ever a reference's target.

        Their tags and classes are not kept: for documents without references in stylesheets only.
        """
        owner = self._owners[-1]
        owner.own += count
        owner.depth = max(owner.depth, level - owner.level + 1)

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

    def add_filters(self, cost: FilterCost) -> None:
        """Note that the element last entered filters pixels at this cost."""
        owner = self._owners[-1]
        owner.filters = FilterCost(owner.filters.passes + cost[0], owner.filters.passes_by_area + cost[1])

    def refer(self, target_id: str, level: int, count: int, use: int = NO_USE) -> None:
        """Note that the element last entered, at `level`, draws the element `target_id` `count` times."""
        self._spend(1)
        self.named.add(target_id)
        owner = self._owners[-1]
        owner.edges.append(_Edge(target_id, count, level - owner.level + 1, use=use))

    def measure(self, rules: list[StyleRule]) -> Expansion:
        """Return the whole document's expansion, with the stylesheet's local references `rules`.

        Raises SvgRefusedError (expansion, expansion-depth). Cycles, which engines cut where they close, are walked
        through step by step within `CYCLIC_VISITS_MAX`.
        """
        self._apply(rules)
        total = self._cost(self._root, 1)
        if self._cyclic:
            _Walk(self).visit(self._root, 1, 1)
        if total.elements > EXPANDED_ELEMENTS_MAX:
            raise SvgRefusedError("expansion", "1:0", total.elements, f"{EXPANDED_ELEMENTS_MAX} elements drawn")
        if total.depth > EXPANDED_DEPTH_MAX:
            raise SvgRefusedError("expansion-depth", "1:0", total.depth, f"{EXPANDED_DEPTH_MAX} levels")
        if total.filters.passes > FILTER_PASSES_MAX:
            raise SvgRefusedError("filter", "1:0", f"{total.filters.passes:g} passes", f"{FILTER_PASSES_MAX:g} passes")
        return total

    @property
    def cyclic(self) -> bool:
        """Whether anything draws something that contains it. Ask after `measure`."""
        return self._cyclic

    def circular_uses(self) -> list[int]:
        """Return the numbers of all `<use>` that draw something which contains them, in however many steps of `<use>`.

        They are in error and not drawn (SVG 2 §5.5); of a ring that runs through a mask or marker, that one is not drawn
        again. Call after `measure`, without which nothing is known to be cyclic.
        """
        if not self._cyclic:
            return []

        def copied(node: _Node) -> Iterator[_Node]:
            """What is drawn in place of `node` by copying alone."""
            edges = (edge for edge in node.edges if edge.use != NO_USE or isinstance(edge.target, _Node))
            return (target for edge in edges for target in self.targets(edge))

        ring = _rings(self._nodes, copied)
        return [
            edge.use
            for node in self._nodes
            for edge in node.edges
            if edge.use != NO_USE and any(ring[id(target)] == ring[id(node)] for target in self.targets(edge))
        ]

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
                node.edges.append(_Edge(rule.use.target[1:], count * vertices, node.depth))

    def _cost(self, node: _Node, steps: int) -> Expansion:
        if node.cost:
            return node.cost
        if steps > EXPANDED_DEPTH_MAX:
            raise SvgRefusedError("expansion-depth", "1:0", steps, f"{EXPANDED_DEPTH_MAX} references in a chain")
        node.open = True
        elements, depth, (passes, by_area) = node.own, node.depth, node.filters
        for edge in node.edges:
            targets, times = self.targets(edge), self.times(edge)
            self._spend(len(targets) - 1)
            cost = self._known.get(edge.target) or self._together(edge.target, targets, steps)
            # Capped, for otherwise a chain of doublings makes an integer of thousands of digits.
            elements = min(elements + times * cost.elements, EXPANDED_ELEMENTS_MAX + 1)
            depth = max(depth, edge.drop + cost.depth)
            if edge.filters:
                passes += times * cost.filters.passes
                by_area += times * cost.filters.passes_by_area
        node.open = False
        node.cost = Expansion(elements, depth, FilterCost(passes, by_area))
        return node.cost

    def _together(self, target: "str | _Node", targets: list[_Node], steps: int) -> Expansion:
        """Return the cost of all `targets`, which one edge draws, those apart that are being drawn already."""
        if len(targets) == 1 and not targets[0].open and not isinstance(target, str):
            return self._cost(targets[0], steps + 1)
        costs = [self._cost(one, steps + 1) for one in targets if not one.open]
        if len(costs) < len(targets):
            self._cyclic = True
        together = Expansion(
            sum(cost.elements for cost in costs),
            max((cost.depth for cost in costs), default=0),
            FilterCost(*map(sum, zip(*(cost.filters for cost in costs), strict=True))) if costs else NO_COST,
        )
        if isinstance(target, str) and len(costs) == len(targets):
            self._known[target] = together  # or two thousand elements of one id are summed up for each of their uses
        return together


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


def _rings(nodes: Iterable[_Node], targets: Callable[[_Node], Iterator[_Node]]) -> dict[int, int]:
    """Return id(node) -> number of its strongly connected component: Tarjan's algorithm, without recursion."""
    ring: dict[int, int] = {}
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    waiting: list[int] = []

    def enter(node: _Node) -> tuple[int, Iterator[_Node]]:
        order[id(node)] = lowest[id(node)] = len(order)
        waiting.append(id(node))
        return id(node), targets(node)

    for root in nodes:
        path = [] if id(root) in order else [enter(root)]
        while path:
            here, rest = path[-1]
            target = next(rest, None)
            if target is not None and id(target) not in order:
                path.append(enter(target))
            elif target is not None:
                if id(target) not in ring:
                    lowest[here] = min(lowest[here], order[id(target)])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[here])
                while lowest[here] == order[here] and here not in ring:
                    ring[waiting.pop()] = order[here]
    return ring
