"""Which elements of an SVG does a CSS selector mean (Selectors 4)?

Knows tags, classes, ids, attributes, `:first-child`, `:last-child`, `:root`, and the four combinators; what it does not know
is no selector to it. An element's relatives come from whoever holds the tree. Main path: `parse_selector`, `matches`.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from engines.vector_core.svg_tree import Element

COMPOUNDS_MAX = 32
"""Compounds of one selector: people write three."""

ATTRIBUTES_MAX = 16
"""Tests of attributes in one compound."""

SELECTOR_CHARS_MAX = 4_096

_NAME = r"[\w-]+"
_TOKEN = re.compile(
    rf"""(?P<tag>\*|[A-Za-z]{_NAME}|[A-Za-z])|(?P<piece>[.#]{_NAME})|(?P<pseudo>:(?:first-child|last-child|root))(?![\w(-])"""
    rf"""|\[\s*(?P<name>[\w:-]+)\s*(?:(?P<how>[~|^$*]?=)\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>{_NAME}))\s*)?\]"""
)
_COMBINATOR = re.compile(r"\s*([>+~])\s*|\s+")


class AttributeTest(NamedTuple):
    """An attribute and what its value has to be; `how` is empty for one that only has to be there."""

    name: str
    how: str
    value: str


class Compound(NamedTuple):
    """Simple selectors of one element: tag, .classes and #ids as `pieces`, attributes, pseudo-classes."""

    pieces: tuple[str, ...]
    attributes: tuple[AttributeTest, ...]
    pseudo: tuple[str, ...]


class Selector(NamedTuple):
    """The compound that an element has to match, and what must be around it: (combinator, compound), the nearest first."""

    subject: Compound
    around: tuple[tuple[str, Compound], ...]

    @property
    def weight(self) -> tuple[int, int, int]:
        """Return the specificity (Selectors 4 §17): ids, then classes, attributes and pseudo-classes, then tags."""
        every = [self.subject, *(compound for _, compound in self.around)]
        pieces = [piece for compound in every for piece in compound.pieces]
        ids = sum(piece[0] == "#" for piece in pieces)
        classes = sum(piece[0] == "." for piece in pieces)
        tests = sum(len(compound.attributes) + len(compound.pseudo) for compound in every)
        return ids, classes + tests, len(pieces) - ids - classes


class Relatives(NamedTuple):
    """How to get around in a tree: the parent of an element, and the sibling before it."""

    parent: Callable[[Element], Element | None]
    before: Callable[[Element], Element | None]


def parse_selector(text: str) -> Selector | None:
    """Return what one selector (no list) asks for; None for what is malformed or not known here. Cost is linear."""
    if len(text) > SELECTOR_CHARS_MAX:
        return None
    at = 0
    compounds: list[Compound] = []
    combinators: list[str] = []
    while True:
        compound, at = _compound(text, at)
        if compound is None or len(compounds) == COMPOUNDS_MAX:
            return None
        compounds.append(compound)
        if at == len(text):
            break
        found = _COMBINATOR.match(text, at)
        if found is None or found.end() == len(text):
            return None
        combinators.append(found[1] or " ")
        at = found.end()
    around = zip(reversed(combinators), reversed(compounds[:-1]), strict=True)
    return Selector(compounds[-1], tuple(around))


def matches(selector: Selector, element: Element, relatives: Relatives) -> bool:
    """Tell whether an element is one that a selector means. Each compound looks at each relative once."""
    return _matches(selector, element, 0, relatives, {})


def _matches(
    selector: Selector, element: Element, step: int, relatives: Relatives, known: dict[tuple[Element, int], bool]
) -> bool:
    key = (element, step)
    if key not in known:
        compound = selector.around[step - 1][1] if step else selector.subject
        known[key] = _is(compound, element, relatives) and (
            step == len(selector.around)
            or any(
                _matches(selector, other, step + 1, relatives, known)
                for other in _reached(selector.around[step][0], element, relatives)
            )
        )
    return known[key]


def _reached(combinator: str, element: Element, relatives: Relatives) -> list[Element]:
    step = relatives.parent if combinator in " >" else relatives.before
    found = []
    other = step(element)
    while other is not None:
        found.append(other)
        if combinator in ">+":
            break
        other = step(other)
    return found


def _is(compound: Compound, element: Element, relatives: Relatives) -> bool:
    names = names_of(element)
    if not names.issuperset(compound.pieces):
        return False
    if not all(_has(test, element.attributes.get(test.name)) for test in compound.attributes):
        return False
    for pseudo in compound.pseudo:
        parent = relatives.parent(element)
        if pseudo == ":root":
            if parent is not None:
                return False
        elif parent is None or parent.children[0 if pseudo == ":first-child" else -1] is not element:
            return False
    return True


def names_of(element: Element) -> set[str]:
    """Return the pieces that an element answers to: its tag, its classes and its id."""
    names = {element.tag, *("." + name for name in element.attributes.get("class", "").split())}
    names.add("#" + element.attributes.get("id", ""))
    return names


def _has(test: AttributeTest, value: str | None) -> bool:
    if value is None:
        return False
    match test.how:
        case "":
            return True
        case "=":
            return value == test.value
        case "~=":
            return test.value in value.split()
        case "|=":
            return value == test.value or value.startswith(test.value + "-")
        case "^=":
            return bool(test.value) and value.startswith(test.value)
        case "$=":
            return bool(test.value) and value.endswith(test.value)
        case _:
            return bool(test.value) and test.value in value


def _compound(text: str, at: int) -> tuple[Compound | None, int]:
    begin = at
    pieces: list[str] = []
    attributes: list[AttributeTest] = []
    pseudo: list[str] = []
    while found := _TOKEN.match(text, at):
        if found["tag"] and at > begin:
            return None, at
        if found["piece"] or (found["tag"] and found["tag"] != "*"):
            pieces.append(found[0])
        elif found["pseudo"]:
            pseudo.append(found[0])
        elif found["name"]:
            value = next((found[name] for name in ("double", "single", "plain") if found[name] is not None), "")
            attributes.append(AttributeTest(found["name"], found["how"] or "", value))
        at = found.end()
    if at == begin or len(attributes) > ATTRIBUTES_MAX:
        return None, at
    return Compound(tuple(pieces), tuple(attributes), tuple(pseudo)), at
