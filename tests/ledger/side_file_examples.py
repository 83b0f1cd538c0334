"""The three side files that docs/specs/ledger-side-files.md shows, made from the values that the page tells."""

import hashlib

import msgspec

from ledger._bound import Frontier
from ledger.envelope import KIND_KEY, KIND_SNAPSHOT, KIND_VERIFIED, encode_envelope
from ledger.keys import KeyHead
from ledger.snapshots import SnapshotHead
from ledger.verified import VerifiedHead

LEDGER_ID = bytes(range(16))
ENTRIES = [bytes.fromhex(entry) for entry in ("9301a372656403", "930200c40178", "9301a4626c756501")]
"""The three entries of the example in docs/specs/ledger-format.md."""


def examples() -> dict[str, bytes]:
    """Return the bytes of each example by its name on the page."""
    tree = Frontier.over(ENTRIES)
    union = hashlib.sha256(b"1 Painted colour width\n2 Scraped index note").digest()
    snapshot = SnapshotHead(LEDGER_ID, 3, tree.bound.root, "coats", 1, union)
    verified = VerifiedHead(LEDGER_ID, 3, tree.bound.root, tree.peaks)
    key = KeyHead(bytes(range(16, 32)), hashlib.sha256(b"customer-17").digest())
    return {
        "snapshot": encode_envelope(
            KIND_SNAPSHOT, msgspec.msgpack.encode(snapshot), msgspec.msgpack.encode({"red": 3, "scraped": 1})
        ),
        "verified": encode_envelope(KIND_VERIFIED, msgspec.msgpack.encode(verified), b""),
        "key": encode_envelope(KIND_KEY, msgspec.msgpack.encode(key), bytes(range(32))),
    }
