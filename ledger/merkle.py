"""What is the root over a sequence of entries, and which hashes prove a part of it? Pure; RFC 6962 section 2.1.

Making a proof is planned before it is done: `inclusion_ranges` and `consistency_ranges` say which ranges of leaves the
path consists of, `cover` cuts each into perfect subtrees, and a `HashReader` gives the hashes of those in one call. Where
the hashes lie is `tree`'s matter. Checking a proof needs no reader; those who check follow RFC 9162 sections 2.1.3.2 and
2.1.4.2, which compute from the path alone, so that making and checking share no formula but the hash of a node.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from ledger.errors import InvalidProofError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256().digest()
"""The root over no entries: the SHA-256 of nothing."""

_LEAF: Final = b"\0"
_NODE: Final = b"\1"

Range = tuple[int, int]
"""The leaves from the first number on, up to and without the second."""


class Node(NamedTuple):
    """A perfect subtree: the ``2**level`` leaves from ``position << level`` on."""

    level: int
    position: int


HashReader = Callable[[Sequence[Node]], list[bytes]]
"""Gives the hash of each node; it may be asked only for nodes that lie wholly in the tree."""


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """Return the leaf hash of each entry: SHA-256(0x00 || entry)."""
    return [sha256(_LEAF + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(_NODE + left + right).digest()


def pair_hashes(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the hashes of the nodes over neighbours; an odd one at the end is left out."""
    each = iter(hashes)
    return [sha256(_NODE + left + right).digest() for left, right in zip(each, each, strict=False)]


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over the leaf hashes, or over the hashes of equal perfect subtrees, in `hashes`."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        # A last one without neighbour moves up as it is: that is what the RFC's split at a power of two comes to.
        level = pair_hashes(level) + (level[-1:] if len(level) % 2 else [])
    return level[0]


def fold(peaks: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees of falling size, of which `peaks` are the hashes from left to right."""
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root_over(peaks: Sequence[bytes]) -> bytes:
    """Return the root over `peaks`: of each level, lowest first, the perfect subtree that stands there, or b""."""
    standing = [peak for peak in reversed(peaks) if peak]
    return fold(standing) if standing else EMPTY_ROOT


def carry(peaks: list[bytes], leaves: Sequence[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Add leaf hashes to `peaks` (as in `root_over`) in place, yielding each level with the new hashes at it.

    Counts like a binary number, but with all leaves at once: at each level the peak and what comes from below are paired,
    and what is left over is the new peak. Costs one hash per leaf on average.
    """
    level, hashes = 0, list(leaves)
    while hashes:
        yield level, hashes
        if level == len(peaks):
            peaks.append(b"")
        if peaks[level]:
            hashes.insert(0, peaks[level])
        peaks[level] = hashes[-1] if len(hashes) % 2 else b""
        hashes = pair_hashes(hashes)
        level += 1


def cover(leaves: Range) -> list[Node]:
    """Cut a range into perfect subtrees, the largest first; it must be one that a path can name, thus be aligned."""
    start, stop = leaves
    nodes = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def root_at(size: int, read: HashReader) -> bytes:
    """Return the root over the first `size` leaves. Asks for at most log2(size) + 1 hashes, in one call."""
    return fold(read(cover((0, size)))) if size else EMPTY_ROOT


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return which ranges the inclusion path of leaf `index` in a tree of `size` names, from the leaf up."""
    assert 0 <= index < size, "the caller has checked the index"
    lo, hi = 0, size
    ranges = []
    while hi - lo > 1:
        middle = lo + _split(hi - lo)
        if index < middle:
            ranges.append((middle, hi))
            hi = middle
        else:
            ranges.append((lo, middle))
            lo = middle
    return ranges[::-1]


def consistency_ranges(old_size: int, new_size: int) -> list[Range]:
    """Return which ranges the consistency path between two sizes names; none when either is 0 or both are the same."""
    assert 0 <= old_size <= new_size, "the caller has checked the sizes"
    if not old_size:
        return []
    lo, hi = 0, new_size
    ranges = []
    while hi != old_size:
        middle = lo + _split(hi - lo)
        if old_size <= middle:
            ranges.append((middle, hi))
            hi = middle
        else:
            ranges.append((lo, middle))
            lo = middle
    if lo:
        ranges.append((lo, hi))
    return ranges[::-1]


def inclusion_path(index: int, size: int, read: HashReader) -> list[bytes]:
    """Return the hashes that prove leaf `index` in the tree of `size`, from its sibling up. RFC 6962 section 2.1.1."""
    return _read_ranges(inclusion_ranges(index, size), read)


def consistency_path(old_size: int, new_size: int, read: HashReader) -> list[bytes]:
    """Return the hashes that prove the tree of `new_size` to begin with that of `old_size`. RFC 6962 section 2.1.2."""
    return _read_ranges(consistency_ranges(old_size, new_size), read)


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root to which `path` leads from the leaf hash `leaf`. Raises InvalidProofError for a wrong length.

    The path proves something only if the root is one that the caller trusts. RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise InvalidProofError(f"index {index} is not in a tree of {size}")
    at, last, root = index, size - 1, leaf
    for step in path:
        if not last:
            raise InvalidProofError(f"the path holds more than the hashes of index {index} in a tree of {size}")
        if at & 1 or at == last:
            root = node_hash(step, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, step)
        at, last = at >> 1, last >> 1
    if last:
        raise InvalidProofError(f"the path lacks hashes of index {index} in a tree of {size}")
    return root


def check_inclusion(leaf: bytes, index: int, size: int, root: bytes, path: Sequence[bytes]) -> None:
    """Raise InvalidProofError unless `path` proves `leaf` at `index` of the tree with `size` and `root`."""
    if root_from_inclusion(leaf, index, size, path) != root:
        raise InvalidProofError(f"the path of index {index} does not lead to the root of the tree of {size}")


def check_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Raise InvalidProofError unless `path` proves that the new tree begins with the old. RFC 9162 section 2.1.4.2."""
    sizes = f"between the trees of {old_size} and {new_size}"
    if not 0 <= old_size <= new_size:
        raise InvalidProofError(f"there is no consistency {sizes}")
    if old_size in (0, new_size):
        if path or old_root != (new_root if old_size else EMPTY_ROOT) or (not new_size and new_root != EMPTY_ROOT):
            raise InvalidProofError(f"the roots differ or the path is not empty {sizes}")
        return
    steps = [old_root, *path] if not old_size & (old_size - 1) else list(path)
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not steps:
        raise InvalidProofError(f"the path is empty {sizes}")
    old = new = steps[0]
    for step in steps[1:]:
        if not last:
            raise InvalidProofError(f"the path holds too many hashes {sizes}")
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    if last or old != old_root or new != new_root:
        raise InvalidProofError(f"the path does not lead to both roots {sizes}")


def _split(count: int) -> int:
    """Return the largest power of two below `count`, where the RFC divides a tree."""
    return 1 << (count - 1).bit_length() - 1


def _read_ranges(ranges: Sequence[Range], read: HashReader) -> list[bytes]:
    """Ask once for the nodes of all ranges, then fold each range into its hash."""
    covers = [cover(leaves) for leaves in ranges]
    hashes = iter(read([node for nodes in covers for node in nodes]))
    return [fold([next(hashes) for _ in nodes]) for nodes in covers]
