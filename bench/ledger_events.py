"""Which events are appended and replayed? Seeded events of a media registry, 13 fields each, about 280 bytes encoded.

Hot fields first, hashes as bytes, closed vocabularies as Literal and open meta as Raw, as docs/specs and the engines do.
The same count and seed give the same events on every machine.
"""

import hashlib
import random
from typing import Final, Literal

import msgspec

EVENTS: Final = 200_000
"""The size that the targets are stated for: large enough that state no longer fits a processor's cache."""

Kind = Literal["card", "avatar", "banner", "frame", "sprite"]
Env = Literal["prod", "staging"]
Format = Literal["png", "webp", "jpeg", "avif"]
_KINDS: Final[tuple[Kind, ...]] = ("card", "avatar", "banner", "frame", "sprite")
_FORMATS: Final[tuple[Format, ...]] = ("png", "webp", "jpeg", "avif")
_FIRST_US: Final = 1_760_000_000_000_000


class _Picture(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The fields that all three types share."""

    artifact_id: bytes
    parents: tuple[bytes, ...]
    kind: Kind
    tenant: str
    env: Env
    sha256: bytes
    uri: str
    width: int
    height: int
    format: Format
    preset_id: str
    at_us: int
    meta: msgspec.Raw


class Registered(_Picture, frozen=True, array_like=True, gc=False, tag=1):
    """A picture exists from now on."""


class Rendered(_Picture, frozen=True, array_like=True, gc=False, tag=2):
    """A picture was drawn."""


class Tagged(_Picture, frozen=True, array_like=True, gc=False, tag=3):
    """A picture was described."""


Event = Registered | Rendered | Tagged
FIELDS: Final = Registered.__struct_fields__


def make_events(count: int = EVENTS, seed: int = 7) -> list[Event]:
    """Return `count` events, each of another artifact with two parents among those before it."""
    chance = random.Random(seed)
    known = [hashlib.sha256(b"root %d" % number).digest()[:16] for number in range(2)]
    at_us = _FIRST_US
    made: list[Event] = []
    for number in range(count):
        sha256 = hashlib.sha256(b"a%d" % number).digest()
        artifact_id, tenant = sha256[:16], f"tenant-{chance.randrange(40):03d}"
        file_format = chance.choice(_FORMATS)
        at_us += chance.randrange(1, 5000)
        meta = {"renderer": f"r-{number % 7}", "lang": "en", "job": f"job-{number:08d}"}
        fields = (
            artifact_id,
            (chance.choice(known), chance.choice(known)),
            chance.choice(_KINDS),
            tenant,
            "staging" if chance.random() < 0.1 else "prod",
            sha256,
            f"s3://media-{tenant}/{sha256.hex()[:2]}/{artifact_id.hex()}.{file_format}",
            chance.choice((512, 1024, 1920)),
            chance.choice((512, 768, 1080)),
            file_format,
            f"preset-{chance.randrange(60):02d}@v{number % 5}",
            at_us,
            msgspec.Raw(msgspec.msgpack.encode(meta)),
        )
        made.append((Registered, Rendered, Tagged)[number % 3](*fields))
        known.append(artifact_id)
    return made
