"""From a store to evidence in strangers' hands: keys, proofs, checkpoints, exports, and audits with what was kept."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from engines.media_v2 import signing
from engines.media_v2.events import ArtifactRegistered, MediaEvent
from engines.media_v2.registry import Registry
from ledger import Ledger, Signer
from tests.fixtures import png
from tests.journeys.conftest import Cli

SCOPE = ("--tenant", "acme", "--env", "test")


@pytest.fixture
def signed(cli: Cli, tmp_path: Path) -> Path:
    """A store with a key of its own name and two assets."""
    path = tmp_path / "signed"
    assert cli("init", path, "--origin", "media.example.com/x").code == 0
    _add(cli, path, 1)
    _add(cli, path, 2)
    return path


def _add(cli: Cli, store: Path, seed: int) -> str:
    """Add an asset of its own and return its id."""
    picture = store.parent / f"{seed}.png"
    picture.write_bytes(png(seed=seed))
    answer = cli("asset", "add", picture, "--store", store, *SCOPE, "--json")
    assert answer.code == 0, answer.err
    return str(answer.json[0]["artifact_id"])


def test_init_makes_a_key_and_tells_the_public_one(cli: Cli, tmp_path: Path) -> None:
    answer = cli("init", tmp_path / "s", "--json")
    assert answer.json["vkey"].startswith("impasto.local/")
    assert cli("ledger", "vkey", "--store", tmp_path / "s").out.strip() == answer.json["vkey"]
    assert cli("init", tmp_path / "s", "--json").json == answer.json | {"created": False}


def test_a_store_without_key_works_and_says_so(cli: Cli, tmp_path: Path) -> None:
    store = tmp_path / "s"
    assert cli("init", store, "--no-key", "--json").json["vkey"] is None
    artifact = _add(cli, store, 1)
    for asked in (
        ("ledger", "vkey"),
        ("ledger", "checkpoint"),
        ("ledger", "export", tmp_path / "x"),
        ("prove", artifact),
    ):
        answer = cli(*asked, "--store", store, "--json")
        assert answer.code == 1
        assert answer.json["error"]["type"] in ("no-key", "no-signer", "no-checkpoint")
    report = cli("audit", "--store", store, "--json").json
    assert report["ok"]
    assert report["checkpoint"] is None
    assert "not signed" in report["notes"][0]


def test_a_proof_convinces_without_the_store(cli: Cli, signed: Path, tmp_path: Path) -> None:
    """The receiver has a picture, a proof and a key; nothing else."""
    artifact = _add(cli, signed, 3)
    vkey = cli("ledger", "vkey", "--store", signed).out.strip()
    proof = tmp_path / "p.tlog-proof"
    made = cli("prove", artifact, "-o", proof, "--store", signed, "--json").json
    assert (made["index"], made["size"], made["origin"]) == (2, 3, "media.example.com/x")
    shutil.rmtree(signed)
    answer = cli("verify-proof", proof, "--vkey", vkey, "--content", tmp_path / "3.png", "--json").json
    assert answer["event"]["artifact_id"] == artifact
    assert answer["event"]["meta"]["name"] == "3.png"
    assert (answer["index"], answer["root"], answer["content_checked"]) == (2, made["root"], True)
    (tmp_path / "vkey").write_text(vkey + "\n")
    people = cli("verify-proof", proof, "--vkey", tmp_path / "vkey")
    assert people.code == 0
    assert artifact in people.out
    wrong = cli("verify-proof", proof, "--vkey", vkey, "--content", tmp_path / "2.png", "--json")
    assert (wrong.code, wrong.json["error"]["type"]) == (1, "proof-mismatch")


def test_a_changed_proof_or_another_key_is_refused(cli: Cli, signed: Path, tmp_path: Path) -> None:
    proof = tmp_path / "p.tlog-proof"
    vkey = cli("ledger", "vkey", "--store", signed).out.strip()
    cli("prove", _add(cli, signed, 3), "-o", proof, "--store", signed)
    other = Signer.generate("media.example.com/x").vkey
    assert cli("verify-proof", proof, "--vkey", other, "--json").json["error"]["type"] == "invalid-note"
    assert cli("verify-proof", proof, "--vkey", "nonsense", "--json").json["error"]["type"] == "invalid-key"
    assert cli("verify-proof", proof).code == 2
    assert cli("verify-proof", tmp_path / "none", "--vkey", vkey).code == 1
    whole = proof.read_bytes()
    for at in range(0, len(whole), 29):
        proof.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert cli("verify-proof", proof, "--vkey", vkey).code == 1, at


def test_an_unknown_artifact_has_no_proof(cli: Cli, signed: Path, tmp_path: Path) -> None:
    answer = cli("prove", "0" * 32, "-o", tmp_path / "p", "--store", signed, "--json")
    assert (answer.code, answer.json["error"]["type"]) == (1, "unknown-artifact")
    assert not (tmp_path / "p").exists()


def test_a_proof_signs_first_what_a_dead_process_left_unsigned(cli: Cli, signed: Path, tmp_path: Path) -> None:
    """kill -9 leaves events that no checkpoint covers."""
    key = signing.key_file(signed / "keys")
    key.rename(tmp_path / "key")
    artifact = _add(cli, signed, 3)
    assert cli("prove", artifact, "-o", tmp_path / "p", "--store", signed).code == 1
    assert any("newer than the checkpoint" in note for note in cli("audit", "--store", signed, "--json").json["notes"])
    (tmp_path / "key").rename(key)
    assert cli("prove", artifact, "-o", tmp_path / "p", "--store", signed, "--json").json["size"] == 3


def test_a_kept_checkpoint_tells_a_rewritten_history(cli: Cli, signed: Path, tmp_path: Path) -> None:
    """The owner takes out the first artifact, signs anew, and everything else is in order."""
    kept = tmp_path / "kept"
    vkey = cli("ledger", "vkey", "--store", signed).out.strip()
    assert cli("ledger", "checkpoint", "-o", kept, "--store", signed).code == 0
    _add(cli, signed, 3)
    outside = ("--vkey", vkey, "--checkpoint", kept)
    good = cli("audit", "--store", signed, *outside, "--json").json
    assert (good["ok"], good["notes"], good["checkpoint"]["key"]) == (True, [], "given")

    with Ledger.open(signed / "ledger", events=MediaEvent, read_only=True) as ledger:
        events = [event for _, event in ledger.read()]
    shutil.rmtree(signed / "ledger")
    signer = signing.load_signer(signed / "keys")
    with Ledger.open(signed / "ledger", events=MediaEvent, create=True, signer=signer) as ledger:
        ledger.append(events[1:])
    alone = cli("audit", "--store", signed, "--vkey", vkey, "--json").json
    assert alone["ok"], "without what was kept nobody can tell"
    assert "--checkpoint" in alone["notes"][0]
    caught = cli("audit", "--store", signed, *outside, "--json")
    assert caught.code == 1
    assert [finding["check"] for finding in caught.json["findings"]] == ["history-rewritten"]


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p/2", "segments/00000000000000000000.seg"])
def test_audit_and_fsck_name_a_changed_file_of_the_ledger(cli: Cli, signed: Path, name: str) -> None:
    file = signed / "ledger" / name
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)
    for asked in ("audit",), ("ledger", "fsck"):
        answer = cli(*asked, "--store", signed, "--json")
        assert answer.code == 1, asked
        assert any(name in finding["subject"] for finding in answer.json["findings"]), asked
        assert name in cli(*asked, "--store", signed).out


def test_a_signature_by_another_key_is_a_finding(cli: Cli, signed: Path) -> None:
    """An auditor who brings the right key is not fooled by a store that brings its own."""
    other = Signer.generate("media.example.com/x").vkey
    for asked in ("audit",), ("ledger", "fsck"):
        assert cli(*asked, "--store", signed).code == 0
        answer = cli(*asked, "--store", signed, "--vkey", other, "--json")
        assert answer.code == 1
        assert "checkpoint" in answer.json["findings"][0]["subject"]


def test_a_checkpoint_signed_by_a_stranger_is_a_finding_with_the_stores_own_key_too(cli: Cli, signed: Path) -> None:
    """Whoever could write to the ledger, but not to the keys."""
    file = signed / "ledger/checkpoint"
    text = file.read_text(encoding="utf-8").partition("\n\n")[0] + "\n"
    file.write_bytes(Signer.generate("media.example.com/x").sign(text))
    for asked in ("audit",), ("ledger", "fsck"):
        answer = cli(*asked, "--store", signed, "--json")
        assert answer.code == 1
        assert "checkpoint" in answer.json["findings"][0]["subject"]


def test_a_ledger_that_was_cut_does_not_hold_what_was_kept(cli: Cli, signed: Path, tmp_path: Path) -> None:
    """A restore of an old backup, for instance: whole, signed, and shorter."""
    shutil.copytree(signed, tmp_path / "backup")
    _add(cli, signed, 3)
    kept = tmp_path / "kept"
    assert cli("ledger", "checkpoint", "-o", kept, "--store", signed).code == 0
    (finding,) = cli("audit", "--store", tmp_path / "backup", "--checkpoint", kept, "--json").json["findings"]
    assert finding["check"] == "history-rewritten"
    assert "only 2: it was cut" in finding["detail"]


def test_a_missing_checkpoint_is_a_finding(cli: Cli, signed: Path) -> None:
    """A store with a key is signed from its first moment on, so that nobody can pretend that it never was."""
    vkey = cli("ledger", "vkey", "--store", signed).out.strip()
    (signed / "ledger/checkpoint").unlink()
    for own in ((), ("--vkey", vkey)):
        report = cli("audit", "--store", signed, *own, "--json").json
        assert [finding["check"] for finding in report["findings"]] == ["ledger-checkpoint"]
        assert report["checkpoint"] is None


def test_an_empty_store_is_signed_and_sound(cli: Cli, tmp_path: Path) -> None:
    """Its checkpoint is the first that can be kept, and everything later extends it."""
    store, kept = tmp_path / "s", tmp_path / "kept"
    vkey = cli("init", store, "--json").json["vkey"]
    assert cli("ledger", "checkpoint", "-o", kept, "--store", store, "--json").json["size"] == 0
    for _ in range(2):
        audited = cli("audit", "--store", store, "--vkey", vkey, "--checkpoint", kept, "--json").json
        assert audited["ok"], audited["findings"]
        assert cli("ledger", "export", tmp_path / "x", "--store", store).code == 0
        _add(cli, store, 1)


def test_a_key_that_others_may_read_is_a_finding(cli: Cli, signed: Path) -> None:
    signing.key_file(signed / "keys").chmod(0o644)
    report = cli("audit", "--store", signed, "--json").json
    assert [finding["check"] for finding in report["findings"]] == ["key-readable"]


def test_a_lineage_that_cannot_be_is_a_finding(cli: Cli, signed: Path) -> None:
    """A parent of another tenant, a cycle, a parent that never was: forged by somebody with the key, so that tree and
    signature are right."""
    with Registry.open(signed) as registry:
        event = next(event for _, event in registry.ledger.read())
        assert isinstance(event, ArtifactRegistered)
        for tenant, identifier, parents in (
            ("globex", b"\1" * 16, (event.artifact_id,)),
            ("acme", b"\2" * 16, (b"\3" * 16,)),
            ("acme", b"\3" * 16, (b"\2" * 16, b"\4" * 16)),
        ):
            forged = msgspec.structs.replace(event, tenant=tenant, artifact_id=identifier, parents=parents)
            registry.ledger.append([forged])
    checks = {finding["check"] for finding in cli("audit", "--store", signed, "--json").json["findings"]}
    assert checks >= {"lineage-scope", "lineage-cycle", "lineage-missing"}
    assert not any(check.startswith("ledger") for check in checks)


def test_exports_grow_and_never_mix(cli: Cli, signed: Path, tmp_path: Path) -> None:
    out = tmp_path / "x"
    assert cli("ledger", "export", out, "--store", signed, "--json").json["size"] == 2
    _add(cli, signed, 3)
    assert cli("ledger", "export", out, "--store", signed, "--json").json["size"] == 3
    assert (out / "checkpoint").read_bytes() == (signed / "ledger/checkpoint").read_bytes()
    other = tmp_path / "other"
    cli("init", other)
    answer = cli("ledger", "export", out, "--store", other, "--json")
    assert (answer.code, answer.json["error"]["type"]) == (1, "export-target")


def test_no_command_tells_the_secret(cli: Cli, signed: Path, tmp_path: Path) -> None:
    """Also not when it goes wrong with a damaged key file."""
    signer = signing.load_signer(signed / "keys")
    assert signer is not None
    file = signing.key_file(signed / "keys")
    secret = file.read_text(encoding="utf-8").strip().split("+", 4)[4]
    asked = [
        ("ledger", "vkey"),
        ("ledger", "checkpoint"),
        ("ledger", "fsck"),
        ("audit",),
        ("replay",),
        ("ledger", "export", tmp_path / "x"),
    ]
    said = [cli(*one, "--store", signed, *json_) for one in asked for json_ in ((), ("--json",))]
    file.write_text(file.read_text(encoding="utf-8").strip() + "AAAA\n", encoding="utf-8")
    broken = cli("ledger", "checkpoint", "--store", signed, "--json")
    assert json.loads(broken.out)["error"]["type"] == "invalid-key"
    for answer in [*said, broken]:
        assert secret not in answer.out + answer.err
        assert signer.seed.hex() not in answer.out + answer.err
