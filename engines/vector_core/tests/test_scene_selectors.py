"""Selectors of stylesheets: what they match, what they weigh, and what they cost."""

import pytest

from engines.vector_core import scene_read, svg_selectors, svg_tree
from engines.vector_core.scene import Group, Node, Shape
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.svg_selectors import Relatives, matches, parse_selector
from engines.vector_core.tests.hostile import svg

BODY = (
    '<g id="a" class="x y"><rect id="b" class="x" width="9" height="9"/>'
    '<g id="c"><rect id="d" data-kind="warm-red" width="9" height="9"/><circle id="e" r="3" lang="de-CH"/></g>'
    '<circle id="f" class="y" r="3"/></g>'
)


def matched(selector: str) -> str:
    """Return the ids of the elements of BODY that a selector means, in order."""
    root, _ = svg_tree.parse(svg(BODY, 'width="40" height="40"'))
    parents, before = {}, {}
    every, stack = [], [root]
    while stack:
        element = stack.pop(0)
        every.append(element)
        for index, child in enumerate(element.children):
            parents[child] = element
            if index:
                before[child] = element.children[index - 1]
        stack = element.children + stack
    parsed = parse_selector(selector)
    assert parsed is not None, selector
    relatives = Relatives(parents.get, before.get)
    return "".join(one.attributes.get("id", "") for one in every if matches(parsed, one, relatives))


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ("rect", "bd"),
        ("*", "abcdef"),
        (".x", "ab"),
        (".x.y", "a"),
        ("rect.x", "b"),
        ("#c", "c"),
        ("g rect", "bd"),
        ("#a > rect", "b"),
        ("g g circle", "e"),
        ("#a>g>circle", "e"),
        ("rect + g", "c"),
        ("rect ~ circle", "ef"),
        ("#b + circle", ""),
        ("#b ~ circle", "f"),
        (".x g rect ~ circle", "e"),
        ("[data-kind]", "d"),
        ('[data-kind="warm-red"]', "d"),
        ("[class~=y]", "af"),
        ("[lang|=de]", "e"),
        ("[data-kind^=warm]", "d"),
        ("[data-kind$='red']", "d"),
        ("rect[data-kind*=m-r]", "d"),
        ("[data-kind='']", ""),
        (":first-child", "abd"),
        ("circle:last-child", "ef"),
        ("svg:root > g", "a"),
    ],
)
def test_selectors_mean_what_css_says(selector: str, wanted: str) -> None:
    """Drawing programs write classes; people who edit SVG by hand write the rest."""
    assert matched(selector) == wanted


@pytest.mark.parametrize(
    "selector",
    ["", ">", "a >", "> a", "a b >", "rect:hover", "a::before", "[x", "rect()", ".1x y!", "a,b", ":first-childish"],
)
def test_what_is_not_known_is_no_selector(selector: str) -> None:
    """A rule that is read for something else would paint elements that it does not mean."""
    assert parse_selector(selector) is None


def test_weights_are_those_of_css() -> None:
    """Ids, then classes, attributes and pseudo-classes, then tags (Selectors 4 §17)."""
    parsed = parse_selector("g#a > rect.x[y]:first-child circle")
    assert parsed is not None
    assert parsed.weight == (1, 3, 3)


def test_rules_with_combinators_style_what_they_mean_and_nothing_else() -> None:
    """The heavier rule wins however they are ordered; `>` does not reach grandchildren."""
    css = "g > rect { fill: red } g g rect { fill: lime } rect { fill: blue; stroke: black }"
    body = f"<style>{css}</style><rect width='1' height='1'/>{BODY}"

    def fills(nodes: tuple[Node, ...]) -> list[object]:
        found: list[object] = []
        for node in nodes:
            found += fills(node.children) if isinstance(node, Group) else [node.fill] if isinstance(node, Shape) else []
        return found

    scene = scene_read.read_svg(svg(body, 'width="40" height="40"')).scene
    assert fills(scene.children) == ["#0000ff", "#ff0000", "#00ff00", "#000000", "#000000"]


def test_a_long_chain_of_descendants_is_answered_quickly() -> None:
    """Each compound looks at each element around once: 30 times 100, and not 100 to the power of 30."""
    depth, steps = 100, svg_selectors.COMPOUNDS_MAX - 1
    body = "<g>" * depth + "<circle r='3'/>" + "</g>" * depth
    root, _ = svg_tree.parse(svg(body, 'width="40" height="40"'))
    parents, element = {}, root
    while element.children:
        parents[element.children[0]] = element
        element = element.children[0]
    asked = 0

    def parent(one: svg_tree.Element) -> svg_tree.Element | None:
        nonlocal asked
        asked += 1
        return parents.get(one)

    parsed = parse_selector("rect " + "g " * (steps - 1) + "circle")
    assert parsed is not None
    assert not matches(parsed, element, Relatives(parent, lambda _: None))
    assert asked <= steps * (depth + 2) ** 2
    assert parse_selector("g " * (steps + 1) + "g") is None


def test_sheets_that_look_at_everything_around_everything_are_refused() -> None:
    """Thousands of siblings, each compared with all before it by hundreds of rules, are no drawing."""
    rules = "".join(f"circle ~ .a{index}{{fill:red}}rect ~ circle{{fill:lime}}" for index in range(9))
    body = f"<style>{rules}</style>" + '<circle r="3"/>' * 3_000
    with pytest.raises(SceneValueError, match="style-rules"):
        scene_read.read_svg(svg(body, 'width="40" height="40"'))
