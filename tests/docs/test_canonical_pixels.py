"""Does the program name and hash things as docs/specs/canonical-pixels.md says? Every vector of the specification is loaded here."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from engines.image_core.encode import pixel_sha256
from engines.media_v2 import keys
from engines.media_v2.scope import scope_of

SPECS = Path(__file__).resolve().parents[2] / "docs/specs"
VECTORS: dict[str, Any] = json.loads((SPECS / "vectors/canonical-pixels.json").read_text(encoding="utf-8"))


def test_pixels_have_the_hashes_of_the_specification() -> None:
    """An auditor who follows the page with other tools must get our pixel_sha256."""
    for vector in VECTORS["pixels"]:
        shape = (vector["height"], vector["width"], 4)
        pixels = np.frombuffer(bytes.fromhex(vector["rgba"]), np.uint8).reshape(shape)
        assert pixel_sha256(pixels) == vector["pixel_sha256"]


def test_pixels_of_16_bits_have_the_hashes_of_the_specification() -> None:
    """Another tag and big-endian channels: no picture of 8 bits has the hash of one of 16."""
    for vector in VECTORS["pixels_16"]:
        shape = (vector["height"], vector["width"], 4)
        pixels = np.frombuffer(bytes.fromhex(vector["rgba16"]), ">u2").reshape(shape)
        assert pixel_sha256(pixels.astype(np.uint16)) == vector["pixel_sha256"]
        assert pixel_sha256(pixels) == vector["pixel_sha256"]


def test_rows_that_are_not_contiguous_hash_alike() -> None:
    """The hash is of the picture, not of how it lies in memory."""
    pixels = np.arange(2 * 6 * 4, dtype=np.uint8).reshape(2, 6, 4)
    assert pixel_sha256(pixels[:, ::2]) == pixel_sha256(pixels[:, ::2].copy())


def test_canonical_json_is_that_of_the_specification() -> None:
    """Every id rests on these bytes."""
    for vector in VECTORS["canonical"]:
        assert keys.canonical(vector["value"]).decode() == vector["bytes"]


def test_render_key_is_that_of_the_specification() -> None:
    """A render_key that changes makes every render a miss, so a change must be meant."""
    vector = VECTORS["render_key"]
    content_sha256 = keys.sha256_hex(keys.canonical(vector["content"]))
    assert content_sha256 == vector["content_sha256"]
    made = keys.render_key(content_sha256, vector["inputs"], vector["export"], vector["producers"])
    assert made == vector["render_key"]


def test_export_plan_has_the_fields_of_the_vector() -> None:
    """Every field of the plan enters the render_key: a new one changes all keys and must come with new vectors."""
    from engines.media_v2.exports import ExportPlan

    assert ExportPlan.__struct_fields__ == tuple(VECTORS["render_key"]["export"])


def test_ids_names_and_keys_are_those_of_the_specification() -> None:
    """The same thing has the same name on every machine."""
    for vector in VECTORS["artifact_id"]:
        scope = scope_of(vector["tenant"], vector["env"])
        assert keys.artifact_id(scope, vector["kind"], vector["identity"]) == vector["artifact_id"]
    for vector in VECTORS["slug"]:
        assert keys.slug(vector["name"]) == vector["slug"]
    names = VECTORS["keys"]
    scope = scope_of(names["tenant"], names["env"])
    export, content, blob = names["export"], names["content"], names["blob"]
    assert keys.export_key(scope, **{k: v for k, v in export.items() if k != "uri"}) == export["uri"]
    assert keys.content_key(scope, **{k: v for k, v in content.items() if k != "uri"}) == content["uri"]
    assert keys.blob_key(scope, blob["sha256"]) == blob["key"]


def test_the_page_shows_the_first_vector() -> None:
    """The worked examples in the text are among those that are checked."""
    page = (SPECS / "canonical-pixels.md").read_text(encoding="utf-8")
    assert VECTORS["pixels"][0]["pixel_sha256"] in page
    assert VECTORS["pixels"][0]["rgba"] in page
    assert VECTORS["pixels_16"][0]["pixel_sha256"] in page
    assert VECTORS["pixels_16"][0]["rgba16"] in page
