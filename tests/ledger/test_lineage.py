"""From what was it made, and what was made from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Lineage, LineageNode, UnknownIdError
from ledger.lineage import TREE_DEPTH_MAX

CARD = Lineage.of(
    [
        ("photo", ()),
        ("logo", ()),
        ("text", ("font",)),
        ("composition", ("photo", "logo", "text")),
        ("png", ("composition",)),
        ("webp", ("composition", "logo")),
    ]
)

graphs = st.lists(st.tuples(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=4)), max_size=9).map(
    lambda rows: [(str(one), [str(parent) for parent in parents]) for one, parents in rows]
)


def test_ancestors_and_descendants_come_in_the_order_of_first_appearance() -> None:
    """The same ledger gives the same report everywhere."""
    assert CARD.ancestors("png") == ("photo", "logo", "text", "font", "composition")
    assert CARD.descendants("logo") == ("composition", "png", "webp")
    assert CARD.ancestors("photo") == CARD.descendants("png") == ()
    assert CARD.parents("webp") == ("composition", "logo")
    assert CARD.children("composition") == ("png", "webp")


def test_a_parent_that_was_never_registered_is_missing_but_known() -> None:
    """A gap in the lineage is a finding, not a crash."""
    assert CARD.missing_parents() == (("text", "font"),)
    assert CARD.descendants("font") == ("text", "composition", "png", "webp")
    assert CARD.tree("text").parents == (LineageNode(id="font", standing="missing"),)


def test_the_tree_expands_each_id_once() -> None:
    """A diamond that was expanded everywhere would grow without bound."""
    tree = CARD.tree("webp")
    assert [(node.id, node.standing) for node in tree.parents] == [("composition", "whole"), ("logo", "repeated")]
    assert [node.id for node in tree.parents[0].parents] == ["photo", "logo", "text"]


def test_a_long_chain_is_walked_whole_and_its_tree_is_cut() -> None:
    """Ten thousand edits of edits must not meet the recursion limit."""
    chain = Lineage.of((str(at), (str(at - 1),) if at else ()) for at in range(10_000))
    assert len(chain.ancestors("9999")) == 9_999
    assert chain.cycles() == ()
    node, depth = chain.tree("9999"), 0
    while node.parents:
        node, depth = node.parents[0], depth + 1
    assert (depth, node.standing) == (TREE_DEPTH_MAX, "deeper")


@given(graphs)
def test_cycles_are_exactly_the_ids_that_are_their_own_ancestors(rows: list[tuple[str, list[str]]]) -> None:
    """Nothing can be made from itself, so an audit must name every such group, and no other."""
    lineage = Lineage.of(rows)
    groups = lineage.cycles()
    members = [one for group in groups for one in group]
    assert sorted(members) == sorted({one for one, _ in rows if one in lineage.ancestors(one)})
    for group in groups:
        assert all(set(group) <= set(lineage.ancestors(one)) & set(lineage.descendants(one)) for one in group)


@given(graphs)
def test_ancestors_and_descendants_are_each_others_inverse(rows: list[tuple[str, list[str]]]) -> None:
    """Both questions are answered from the same edges."""
    lineage = Lineage.of(rows)
    known = {one for one, _ in rows} | {parent for _, parents in rows for parent in parents}
    for one in known:
        assert all(one in lineage.descendants(above) for above in lineage.ancestors(one))
        assert all(one in lineage.ancestors(below) for below in lineage.descendants(one))


def test_an_id_given_twice_keeps_all_its_parents_once() -> None:
    """Registering the same artifact again with more parents adds to its lineage."""
    assert Lineage.of([("a", ("x", "y")), ("a", ("y", "z"))]).parents("a") == ("x", "y", "z")


@pytest.mark.parametrize(
    "ask", [CARD.parents, CARD.children, CARD.ancestors, CARD.descendants, CARD.tree, CARD.mermaid]
)
def test_an_id_that_was_never_seen_is_refused(ask) -> None:
    """An empty answer would say that it exists and has no lineage."""
    with pytest.raises(UnknownIdError, match="nobody"):
        ask("nobody")


def test_mermaid_shows_the_inputs_with_escaped_labels() -> None:
    """Labels hold titles that people typed."""
    text = Lineage.of([("a", ()), ("b", ("a", "a2"))]).mermaid("b", lambda one: f'{one} "x"\n<#1>')
    assert text == (
        "flowchart LR\n"
        '    n0["a #quot;x#quot; #lt;#35;1#gt;"]\n'
        '    n1["b #quot;x#quot; #lt;#35;1#gt;"]\n'
        '    n2["a2 #quot;x#quot; #lt;#35;1#gt;"]\n'
        "    n0 --> n1\n"
        "    n2 --> n1\n"
    )
