"""From what was a thing made, and what was made from it? A pure graph of ids; it reads no ledger and no files.

Every answer is in the order in which the ids first appeared, so that the same pairs give the same text everywhere.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Final, Literal, Self

import msgspec

from ledger.errors import UnknownIdError

TREE_DEPTH_MAX: Final = 200
"""Deepest level that `tree` expands: a nested value that is deeper could be neither printed nor compared."""

Standing = Literal["whole", "repeated", "missing", "deeper"]


class LineageNode(msgspec.Struct, frozen=True, kw_only=True):
    """An id and what it was made from, for printing.

    `standing` says why parents are absent here although there may be some: "repeated" when the id was expanded earlier
    in the same tree, "missing" when it is known only as a parent, "deeper" when the tree was cut at TREE_DEPTH_MAX.
    """

    id: str
    standing: Standing = "whole"
    parents: tuple["LineageNode", ...] = ()


class Lineage:
    """Which id was made from which others. Immutable; build it with `Lineage.of`."""

    def __init__(self, parents: Mapping[str, tuple[str, ...]]) -> None:
        """Take each item with its parents; parents that are no items count as missing."""
        self._parents = dict(parents)

    @cached_property
    def _rank(self) -> dict[str, int]:
        """When each id first appeared. Worked out at the first question, since a rebuild may ask for none."""
        rank: dict[str, int] = {}
        for identifier, above in self._parents.items():
            rank.setdefault(identifier, len(rank))
            for parent in above:
                rank.setdefault(parent, len(rank))
        return rank

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        """What was made from each id that has anything made from it."""
        children: dict[str, list[str]] = {}
        for identifier, above in self._parents.items():
            for parent in above:
                known = children.get(parent)
                if known is None:
                    children[parent] = [identifier]
                else:
                    known.append(identifier)
        return children

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Iterable[str]]]) -> Self:
        """Build from (id, parents) pairs; the parents of an id that comes twice are joined, each kept once."""
        joined: dict[str, tuple[str, ...]] = {}
        for identifier, parents in pairs:
            above = parents if isinstance(parents, tuple) else tuple(parents)
            if identifier in joined:
                above = (*joined[identifier], *above)
            if len(above) > 1 and len(set(above)) < len(above):
                above = tuple(dict.fromkeys(above))
            joined[identifier] = above
        return cls(joined)

    def parents(self, identifier: str) -> tuple[str, ...]:
        """Return what `identifier` was made from directly. Raises UnknownIdError."""
        self._check(identifier)
        return self._parents.get(identifier, ())

    def children(self, identifier: str) -> tuple[str, ...]:
        """Return what was made from `identifier` directly. Raises UnknownIdError."""
        self._check(identifier)
        return tuple(self._children.get(identifier, ()))

    def ancestors(self, identifier: str) -> tuple[str, ...]:
        """Return all that `identifier` was made from, itself only if it lies on a cycle. Raises UnknownIdError."""
        return self._reach(identifier, lambda one: self._parents.get(one, ()))

    def descendants(self, identifier: str) -> tuple[str, ...]:
        """Return all that was made from `identifier`, itself only if it lies on a cycle. Raises UnknownIdError."""
        return self._reach(identifier, lambda one: self._children.get(one, ()))

    def tree(self, identifier: str) -> LineageNode:
        """Return `identifier` with its parents, and theirs, each id expanded once. Raises UnknownIdError."""
        self._check(identifier)
        return self._node(identifier, set(), 0)

    def missing_parents(self) -> tuple[tuple[str, str], ...]:
        """Return every (id, parent) whose parent is no item."""
        return tuple((one, parent) for one, above in self._parents.items() for parent in above if not self._has(parent))

    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Return every largest set of ids that were all made from each other; empty in an honest lineage."""
        groups = [group for group in self._components() if len(group) > 1 or group[0] in self._parents[group[0]]]
        return tuple(sorted(map(self._ordered, groups), key=lambda group: self._rank[group[0]]))

    def mermaid(self, identifier: str, label: Callable[[str], str] = str) -> str:
        """Return a Mermaid flowchart of `identifier` and its ancestors, inputs on the left. Raises UnknownIdError.

        `label` gives the text of a node; whatever it returns is escaped.
        """
        shown = self._ordered({identifier, *self.ancestors(identifier)})
        number = {one: at for at, one in enumerate(shown)}
        lines = ["flowchart LR"]
        lines += [f'    n{at}["{_escaped(label(one))}"]' for one, at in number.items()]
        lines += [f"    n{number[parent]} --> n{number[one]}" for one in shown for parent in self._parents.get(one, ())]
        return "\n".join(lines) + "\n"

    def _has(self, identifier: str) -> bool:
        return identifier in self._parents

    def _check(self, identifier: str) -> None:
        if identifier not in self._rank:
            raise UnknownIdError(identifier)

    def _ordered(self, identifiers: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(identifiers, key=self._rank.__getitem__))

    def _reach(self, identifier: str, step: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
        self._check(identifier)
        seen: set[str] = set()
        waiting = [identifier]
        while waiting:
            fresh = [one for one in step(waiting.pop()) if one not in seen]
            seen.update(fresh)
            waiting += fresh
        return self._ordered(seen)

    def _node(self, identifier: str, expanded: set[str], depth: int) -> LineageNode:
        if not self._has(identifier):
            return LineageNode(id=identifier, standing="missing")
        if identifier in expanded:
            return LineageNode(id=identifier, standing="repeated")
        if depth == TREE_DEPTH_MAX:
            return LineageNode(id=identifier, standing="deeper")
        expanded.add(identifier)
        parents = tuple(self._node(parent, expanded, depth + 1) for parent in self._parents[identifier])
        return LineageNode(id=identifier, parents=parents)

    def _components(self) -> list[list[str]]:
        """Return the strongly connected components: Tarjan's algorithm with a stack of its own, for long chains."""
        order: dict[str, int] = {}
        low: dict[str, int] = {}
        open_ids: dict[str, None] = {}
        found: list[list[str]] = []
        for root in self._parents:
            if root in order:
                continue
            order[root] = low[root] = len(order)
            open_ids[root] = None
            walk = [(root, iter(self._parents[root]))]
            while walk:
                one, rest = walk[-1]
                parent = next((parent for parent in rest if self._has(parent)), None)
                if parent is None:
                    walk.pop()
                    if walk:
                        low[walk[-1][0]] = min(low[walk[-1][0]], low[one])
                    if low[one] == order[one]:
                        found.append(_popped_to(open_ids, one))
                elif parent not in order:
                    order[parent] = low[parent] = len(order)
                    open_ids[parent] = None
                    walk.append((parent, iter(self._parents[parent])))
                elif parent in open_ids:
                    low[one] = min(low[one], order[parent])
        return found


def _popped_to(open_ids: dict[str, None], last: str) -> list[str]:
    """Take ids off the end of the ordered `open_ids`, `last` included."""
    group = [open_ids.popitem()[0]]
    while group[-1] != last:
        group.append(open_ids.popitem()[0])
    return group


def _escaped(text: str) -> str:
    """Spell `text` so that Mermaid shows it as it is: entities for what has a meaning there, one line."""
    for character, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("&", "#amp;")):
        text = text.replace(character, entity)
    return " ".join(text.split())
