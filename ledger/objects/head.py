"""Where does the log end? Found without listing it: from a hint, or from a few pages of names.

The hint names some commit near the end and holds the unfinished tiles after it, which a writer would else compute from up
to 255 objects and 255 tiles a level. Any writer puts it now and then, and nobody believes it: the commit that it names has
to be there, and its root has to be that of those tiles. From there on the end is found by asking for the next object until
there is none, since objects follow each other without gaps.
"""

from typing import Final, NamedTuple

import msgspec

from ledger.edge import Edge, edge_root, read_edge
from ledger.merkle import EMPTY_ROOT, HASH_BYTES, root_over
from ledger.objects.commit import LOG_FOLDER, SIZE_MAX, CommitObject, log_name, parse_log_name
from ledger.objects.identity import HINT_NAME
from ledger.objects.store import PAGE_NAMES, Objects
from ledger.tiles import TILE_BYTES

HINT_COMMITS: Final = 16
"""Commits between two hints of one writer: whoever opens the ledger asks for about as many objects at most."""


class End(NamedTuple):
    """A durable end. `run_bytes` are those of all entry runs; `last` is the first index of the newest commit."""

    ledger_id: bytes
    size: int
    root: bytes
    run_bytes: int
    last: int


class Hint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first index of a commit, and the unfinished tiles of the tree after it."""

    first_index: int
    tiles: list[bytes]


def empty_end(ledger_id: bytes) -> End:
    """Return the end of a ledger without events."""
    return End(ledger_id, 0, EMPTY_ROOT, 0, 0)


def end_after(commit: CommitObject) -> End:
    """Return the end that `commit` makes."""
    run_bytes = commit.run_bytes + len(commit.body)
    return End(commit.ledger_id, commit.end, root_over(commit.peaks), run_bytes, commit.first_index)


def encode_hint(end: End, edge: Edge) -> bytes:
    """Return the hint for `end`, whose edge is `edge`."""
    return msgspec.json.encode(Hint(end.last, list(edge.tiles)))


def read_hint(objects: Objects) -> Hint | None:
    """Return the hint, None when there is none that can be read."""
    data = objects.read(HINT_NAME)
    if data is None:
        return None
    try:
        hint = msgspec.json.decode(data, type=Hint)
    except msgspec.DecodeError:
        return None
    return hint if 0 <= hint.first_index <= SIZE_MAX else None


def edge_of_hint(hint: Hint, end: End) -> Edge | None:
    """Return the edge at `end` from the tiles of the hint, None unless they give its root."""
    if any(len(tile) % HASH_BYTES or len(tile) >= TILE_BYTES for tile in hint.tiles):
        return None
    tiles = dict(enumerate(hint.tiles))
    edge = read_edge(end.size, lambda tile: tiles.get(tile.level, b"").ljust(tile.width * HASH_BYTES, b"\0"))
    return edge if edge_root(edge) == end.root and edge.tiles == tuple(hint.tiles) else None


def newest_name(objects: Objects) -> int | None:
    """Return the first index of the newest object of the log, None when it is empty. Asks for at most 130 pages of names.

    Names are given in order from any point on, so leaps that are doubled and then halved find the last one.
    """
    newest, is_last = _last_of_page(objects, 0)
    if newest is None or is_last:
        return newest
    leap, absent = PAGE_NAMES, SIZE_MAX + 1
    while absent - newest > 1:
        at = newest + min(leap, (absent - newest) // 2)
        found, is_last = _last_of_page(objects, at)
        if found is None:
            absent = at
        elif is_last:
            return found
        else:
            newest, leap = found, 2 * leap
    return newest


def _last_of_page(objects: Objects, start: int) -> tuple[int | None, bool]:
    """Return the last index of the page of names from `start` on, and whether nothing comes after it."""
    page = objects.page(LOG_FOLDER, log_name(start - 1) if start else "")
    indexes = [index for index in (parse_log_name(listed.name) for listed in page.names) if index is not None]
    return (indexes[-1] if indexes else None), page.is_last
