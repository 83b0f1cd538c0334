"""The tree is RFC 6962's, and a proof that is not exactly right proves nothing: by known vectors and by exhaustion."""

from collections.abc import Sequence

import pytest

from ledger import InvalidProofError
from ledger.merkle import (
    EMPTY_ROOT,
    Node,
    check_consistency,
    check_inclusion,
    consistency_path,
    cover,
    inclusion_path,
    leaf_hashes,
    node_hash,
    root_at,
    root_of,
)

SIZE_MAX = 100
STANDARD_LEAVES = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
STANDARD_LEAVES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
_STANDARD_ROOTS = """
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
"""
STANDARD_ROOTS = _STANDARD_ROOTS.split()
LEAVES = leaf_hashes([f"entry {at}".encode() for at in range(SIZE_MAX)])


def read(nodes: Sequence[Node]) -> list[bytes]:
    """Give the hash of each node of the tree over LEAVES."""
    return [root_of(LEAVES[node.position << node.level : node.position + 1 << node.level]) for node in nodes]


def rfc_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root as RFC 6962 section 2.1 writes it down."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return node_hash(rfc_root(leaves[:split]), rfc_root(leaves[split:]))


ROOTS = [rfc_root(LEAVES[:size]) for size in range(SIZE_MAX + 1)]


def damaged(path: list[bytes]) -> list[list[bytes]]:
    """Return the path with each hash changed, left out and doubled, with one too many, and turned round."""
    other = bytes(32)
    changed = [[*path[:at], bytes([step[0] ^ 1]) + step[1:], *path[at + 1 :]] for at, step in enumerate(path)]
    dropped = [path[:at] + path[at + 1 :] for at in range(len(path))]
    doubled = [path[:at] + path[at:][:1] + path[at:] for at in range(len(path))]
    turned = [path[::-1]] if path != path[::-1] else []
    return [*changed, *dropped, *doubled, *turned, [*path, other], [other, *path]]


def test_roots_are_those_that_every_other_implementation_gives() -> None:
    """The eight leaves and roots that implementations of Certificate Transparency share as test vectors."""
    leaves = leaf_hashes(STANDARD_LEAVES)
    assert [root_of(leaves[: size + 1]).hex() for size in range(8)] == STANDARD_ROOTS
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_paths_are_those_of_the_standard_tree() -> None:
    """The paths of the same vectors, for one leaf and for two pairs of sizes."""
    leaves = leaf_hashes(STANDARD_LEAVES)

    def standard(nodes: Sequence[Node]) -> list[bytes]:
        return [root_of(leaves[node.position << node.level : node.position + 1 << node.level]) for node in nodes]

    first = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    six = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [each.hex() for each in inclusion_path(0, 8, standard)] == first
    assert [each.hex() for each in consistency_path(1, 8, standard)] == first
    assert [each.hex() for each in consistency_path(6, 8, standard)] == six


def test_the_root_of_any_size_is_the_rfcs_and_read_from_few_hashes() -> None:
    """Checkpoints of old sizes are checked without reading what lies between."""
    for size in range(SIZE_MAX + 1):
        assert root_of(LEAVES[:size]) == root_at(size, read) == ROOTS[size]
        assert len(cover((0, size))) == size.bit_count()


def test_every_inclusion_path_is_accepted_and_every_damaged_one_refused() -> None:
    """All trees to 100 leaves: a path proves its leaf at its index in its tree, and nothing else."""
    for size in range(1, SIZE_MAX + 1):
        for index in range(size):
            path = inclusion_path(index, size, read)
            check_inclusion(LEAVES[index], index, size, ROOTS[size], path)
            for bad in damaged(path):
                with pytest.raises(InvalidProofError):
                    check_inclusion(LEAVES[index], index, size, ROOTS[size], bad)
            others = [(LEAVES[index - 1], index, ROOTS[size])] if size > 1 else []
            others += [(LEAVES[index], index ^ 1, ROOTS[size]), (LEAVES[index], index, ROOTS[size - 1])]
            for leaf, at, root in others:
                with pytest.raises(InvalidProofError):
                    check_inclusion(leaf, at, size, root, path)


def test_every_consistency_path_is_accepted_and_every_damaged_one_refused() -> None:
    """All pairs of sizes to 100: a log that was rewritten in between cannot show one."""
    for new in range(SIZE_MAX + 1):
        for old in range(new + 1):
            path = consistency_path(old, new, read)
            check_consistency(old, ROOTS[old], new, ROOTS[new], path)
            for bad in damaged(path):
                with pytest.raises(InvalidProofError):
                    check_consistency(old, ROOTS[old], new, ROOTS[new], bad)
            for one, other in ((bytes(32), ROOTS[new]), (ROOTS[old], bytes(32))) if old else ():
                with pytest.raises(InvalidProofError):
                    check_consistency(old, one, new, other, path)


def test_a_path_is_of_its_size_even_where_the_hashes_fit() -> None:
    """The root of a smaller or larger tree must not pass for that of the size that was signed."""
    one, two = LEAVES[:2]
    for size, root, path in ((3, node_hash(one, two), [two]), (1, node_hash(two, one), [two])):
        with pytest.raises(InvalidProofError, match=r"lacks|more than"):
            check_inclusion(one, 0, size, root, path)
    with pytest.raises(InvalidProofError):
        check_consistency(1, one, 3, node_hash(one, two), [two])


def test_sizes_and_indexes_that_cannot_be_are_refused() -> None:
    """Numbers in a proof come from outside."""
    for index, size in ((0, 0), (5, 5), (-1, 4)):
        with pytest.raises(InvalidProofError):
            check_inclusion(LEAVES[0], index, size, ROOTS[1], [])
    for old, new in ((5, 4), (-1, 4)):
        with pytest.raises(InvalidProofError):
            check_consistency(old, ROOTS[4], new, ROOTS[4], [])
    with pytest.raises(InvalidProofError):
        check_consistency(0, EMPTY_ROOT, 0, bytes(32), [])
