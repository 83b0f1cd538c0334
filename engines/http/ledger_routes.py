"""Routes of the ledger as a transparency log, as C2SP tlog-tiles lays them out: the checkpoint, and the tiles below it.

Hashes tell nothing about anybody's pictures. Entries tell of all tenants, and are served only where the operator says so.
"""

from engines.http.endpoints import TEXT, Answer, Call, Endpoint, Reply
from engines.http.errors import EntriesNotPublishedError, NotSignedError, UnknownTileError
from engines.http.service import Service
from ledger import Checkpoint
from ledger.frame import encode_run
from ledger.merkle import Node
from ledger.tiles import ENTRIES_LEVEL, TILE_HEIGHT, TILE_WIDTH, Tile, parse_path

_OCTETS = "application/octet-stream"
_IMMUTABLE = "public, max-age=31536000, immutable"
"""A tile of this width never changes, and tells the same to everybody."""


def read_checkpoint(service: Service, call: Call) -> Answer:
    """Sign the ledger as it is now, and return the checkpoint."""
    del call
    ledger = service.registry.ledger
    checkpoint = ledger.checkpoint() if ledger.signs else _last_checkpoint(service)
    return Answer(200, checkpoint.text, TEXT, {"Cache-Control": "no-cache"})


def read_tile(service: Service, call: Call) -> Answer:
    """The hashes of a tile, 32 bytes each; or a bundle of entries."""
    path = "tile/" + call.path["tile"]
    tile = parse_path(path)
    if tile is None:
        raise UnknownTileError(path)
    if tile.level == ENTRIES_LEVEL and not service.settings.publish_entries:
        raise EntriesNotPublishedError
    size = _last_checkpoint(service).size
    if tile.index * TILE_WIDTH + tile.width > size >> (TILE_HEIGHT * max(tile.level, 0)):
        raise UnknownTileError(path)
    content = _entries(service, tile) if tile.level == ENTRIES_LEVEL else _hashes(service, tile, size)
    return Answer(200, content, _OCTETS, {"Cache-Control": _IMMUTABLE})


def _last_checkpoint(service: Service) -> Checkpoint:
    last = service.registry.ledger.last_checkpoint()
    if last is None:
        raise NotSignedError
    return last


def _hashes(service: Service, tile: Tile, size: int) -> bytes:
    first = tile.index * TILE_WIDTH
    nodes = [Node(TILE_HEIGHT * tile.level, first + at) for at in range(tile.width)]
    return b"".join(service.registry.ledger.tree_hashes(size)(nodes))


def _entries(service: Service, tile: Tile) -> bytes:
    first = tile.index * TILE_WIDTH
    return encode_run([entry for _, entry in service.registry.ledger.entries(first, first + tile.width)])


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/ledger/checkpoint",
        "read_checkpoint",
        "The ledger's size and root as it is now, signed (C2SP tlog-checkpoint).",
        read_checkpoint,
        {200: Reply("The checkpoint.", None, (TEXT,))},
        (404,),
    ),
    Endpoint(
        "GET",
        "/v1/ledger/tile/{tile}",
        "read_tile",
        "A tile of the hash tree below the checkpoint, or a bundle of entries where they are published (C2SP tlog-tiles).",
        read_tile,
        {200: Reply("The tile.", None, (_OCTETS,), ("Cache-Control",))},
        (404,),
    ),
)
