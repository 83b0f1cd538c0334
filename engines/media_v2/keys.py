"""Names follow from content: canonical bytes, hashes, artifact ids, file names and keys.

Pure. Equal things have equal names on every machine; nothing here looks at a clock, a path or a random number.
"""

import hashlib
import re
import unicodedata

import msgspec

from engines.media_v2.scope import Scope, check_key

SLUG_CHARS_MAX = 48
"""Keeps the longest key far below the 255 bytes that file systems allow for one name."""


def canonical(value: object) -> bytes:
    """Encode `value` as JSON with sorted keys and no spaces: the form that is hashed. Structs, dicts, lists, numbers and strings."""
    return msgspec.json.encode(value, order="sorted")


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def render_key(content_sha256: str, inputs: dict[str, str], export: object, producers: dict[str, str]) -> str:
    """Return the identity of a render: 64 hex digits over what is drawn, from what, how it is exported, and by which code.

    `inputs` maps `font:<name>` to the sha256 of every font that may be drawn with; files are inside the content, by hash.
    Two requests with the same key give the same bytes, so the second one is answered from the ledger.
    """
    parts = {"content": content_sha256, "inputs": inputs, "export": export, "producers": producers, "version": 1}
    return sha256_hex(canonical(parts))


def artifact_id(scope: Scope, kind: str, identity: str) -> str:
    """Return the id (32 hex digits) of the artifact of `kind` with `identity`: its content's sha256, or its render_key."""
    return sha256_hex(canonical(["artifact", scope.tenant, scope.env, kind, identity]))[:32]


def slug(name: str) -> str:
    """Spell `name` with `a-z0-9-` only: accents dropped, everything else a hyphen; `untitled` when nothing is left.

    >>> slug("Été à la plage.PNG")
    'ete-a-la-plage-png'
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name)[:SLUG_CHARS_MAX].strip("-") or "untitled"


def export_key(scope: Scope, kind: str, key: str, name: str, preset_id: str, width: int, height: int, ext: str) -> str:
    """Return the uri of an export: `.../{kind}/{key[:2]}/{slug}--{preset_id}--{width}x{height}--{key[:16]}.{ext}`."""
    file_name = f"{slug(name)}--{preset_id}--{width}x{height}--{key[:16]}.{ext}"
    return check_key(scope, f"{scope.prefix}{kind}/{key[:2]}/{file_name}")


def document_key(scope: Scope, kind: str, key: str, name: str, width_pt: float, height_pt: float, ext: str) -> str:
    """Return the uri of a document: `.../{kind}/{key[:2]}/{slug}--{width}x{height}pt--{key[:16]}.{ext}`, in whole pt."""
    file_name = f"{slug(name)}--{width_pt:.0f}x{height_pt:.0f}pt--{key[:16]}.{ext}"
    return check_key(scope, f"{scope.prefix}{kind}/{key[:2]}/{file_name}")


def content_key(scope: Scope, kind: str, sha256: str, name: str, ext: str) -> str:
    """Return the uri of an artifact known by its content: `.../{kind}/{sha256[:2]}/{slug}--{sha256[:16]}.{ext}`."""
    return check_key(scope, f"{scope.prefix}{kind}/{sha256[:2]}/{slug(name)}--{sha256[:16]}.{ext}")


def blob_key(scope: Scope, sha256: str) -> str:
    """Return where bytes with this hash lie: `.../blobs/{sha256[:2]}/{sha256}`. One blob may serve several artifacts of its scope."""
    return check_key(scope, f"{scope.prefix}blobs/{sha256[:2]}/{sha256}")
