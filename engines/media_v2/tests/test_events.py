"""The bytes of every media event that was ever written. A line is added for each new version and none is changed."""

import msgspec
import pytest

from engines.media_v2.events import (
    ArtifactRegistered,
    ArtifactRetracted,
    MediaEvent,
    PresetDefined,
    RenderCompleted,
    RenderReused,
    RequestAnswered,
)
from ledger import TailRepaired
from ledger.events import EventCodec
from ledger.prefixes import union_members

REGISTERED = ArtifactRegistered(
    artifact_id=bytes(range(16)),
    kind="image_render",
    tenant="acme",
    env="dev",
    parents=(bytes(16), b"\xff" * 16),
    sha256=b"\x11" * 32,
    size=70_000,
    uri="tenants/acme/dev/media_v2/a.png",
    render_key=b"\x22" * 32,
    at_us=1_760_000_000_000_000,
    meta=msgspec.Raw(b"\x81\xa1a\x01"),
)
COMPLETED = RenderCompleted(
    render_key=b"\x22" * 32,
    artifact_id=bytes(range(16)),
    source_id=b"\x33" * 16,
    tenant="acme",
    env="dev",
    preset_id="web_small",
    producers={"impasto": "0.1.0"},
    pixel_sha256=b"\x44" * 32,
    elapsed_us=1_500,
    at_us=1_760_000_000_000_000,
)
REUSED = RenderReused(
    render_key=b"\x22" * 32,
    artifact_id=bytes(range(16)),
    tenant="acme",
    env="dev",
    preset_id="",
    at_us=1_760_000_000_000_000,
)

DEFINED = PresetDefined(
    preset_id="story",
    version=2,
    tenant="acme",
    env="dev",
    definition=msgspec.Raw(b"\x81\xa1a\x01"),
    at_us=1_760_000_000_000_000,
)
RETRACTED = ArtifactRetracted(
    artifact_id=bytes(range(16)), tenant="acme", env="dev", reason="no rights", at_us=1_760_000_000_000_000
)
ANSWERED = RequestAnswered(
    key_sha256=b"\x55" * 32,
    request_sha256=b"\x66" * 32,
    artifact_id=bytes(range(16)),
    tenant="acme",
    env="dev",
    created=True,
    at_us=1_760_000_000_000_000,
)

GOLDEN = {
    "registered": (
        "9c01c410000102030405060708090a0b0c0d0e0fac696d6167655f72656e646572a461636d65a364657692c410000000"
        "00000000000000000000000000c410ffffffffffffffffffffffffffffffffc420111111111111111111111111111111"
        "1111111111111111111111111111111111ce00011170bf74656e616e74732f61636d652f6465762f6d656469615f7632"
        "2f612e706e67c4202222222222222222222222222222222222222222222222222222222222222222cf000640b5eece00"
        "0081a16101",
        REGISTERED,
    ),
    "completed": (
        "9b02c4202222222222222222222222222222222222222222222222222222222222222222c41000010203040506070809"
        "0a0b0c0d0e0fc41033333333333333333333333333333333a461636d65a3646576a97765625f736d616c6c81a7696d70"
        "6173746fa5302e312e30c4204444444444444444444444444444444444444444444444444444444444444444cd05dccf"
        "000640b5eece0000",
        COMPLETED,
    ),
    "reused": (
        "9703c4202222222222222222222222222222222222222222222222222222222222222222c41000010203040506070809"
        "0a0b0c0d0e0fa461636d65a3646576a0cf000640b5eece0000",
        REUSED,
    ),
    "defined": (
        "9704a573746f727902a461636d65a364657681a16101cf000640b5eece0000",
        DEFINED,
    ),
    "retracted": (
        "9605c410000102030405060708090a0b0c0d0e0fa461636d65a3646576a96e6f20726967687473cf000640b5eece0000",
        RETRACTED,
    ),
    "answered": (
        "9806c4205555555555555555555555555555555555555555555555555555555555555555c42066666666666666666666"
        "66666666666666666666666666666666666666666666c410000102030405060708090a0b0c0d0e0fa461636d65a36465"
        "76c3cf000640b5eece0000",
        ANSWERED,
    ),
    "repaired": (
        "95cd0384600005c420aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        TailRepaired(offset=96, segment=0, cut_bytes=5, sha256=b"\xaa" * 32),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_bytes_of_every_event(name: str) -> None:
    """Stores of years ago are read by the program of today: these bytes may never change their meaning."""
    entry, event = GOLDEN[name]
    codec = EventCodec(MediaEvent)
    assert codec.decode([bytes.fromhex(entry)]) == [event]
    assert codec.encode([event])[0].hex() == entry


def test_no_event_type_is_without_golden_bytes() -> None:
    """A new event type must come with its bytes."""
    assert {type(event) for _, event in GOLDEN.values()} == set(union_members(MediaEvent))
