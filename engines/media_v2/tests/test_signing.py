"""A store with a key signs what it holds; one without goes on as before, and no secret leaves its file."""

import stat
from pathlib import Path

import pytest

from engines.image_core.service import ImageService
from engines.media_v2 import signing
from engines.media_v2.errors import KeyExistsError, NotAStoreError
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.media_v2.stores import init_store
from ledger import InvalidKeyError, Signer, SignerMismatchError, parse_checkpoint, parse_vkey
from tests.fixtures import png


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = tmp_path / "signed"
    init_store(path, with_key=True)
    return path


def _add(store: Path, scope: Scope, seed: int = 1) -> None:
    with Registry.open(store) as registry:
        ImageService(registry).add_asset(scope, png(seed=seed), "a.png")


def test_a_new_key_is_private_and_named_after_its_ledger(signed: Path) -> None:
    """The id in the name keeps checkpoints of two stores apart, whatever their owners call them."""
    signer = signing.load_signer(signed / "keys")
    assert signer is not None
    with Registry.open(signed) as registry:
        assert signer.name == f"impasto.local/{registry.head().ledger_id.hex()}"
    assert signing.own_vkey(signed / "keys") == signer.vkey
    assert stat.S_IMODE(signing.key_file(signed / "keys").stat().st_mode) == 0o600
    assert signing.is_private(signed / "keys")
    signing.key_file(signed / "keys").chmod(0o640)
    assert not signing.is_private(signed / "keys")


def test_a_store_signs_when_it_closes_after_growth_and_only_then(signed: Path, scope: Scope) -> None:
    """Whoever reads the store between two writers finds a checkpoint over all that is there."""
    with Registry.open(signed) as registry:
        made = registry.ledger.last_checkpoint()
        assert made is not None
        assert made.size == 0
    _add(signed, scope)
    with Registry.open(signed, read_only=True) as registry:
        first = registry.ledger.last_checkpoint()
        assert first is not None
        assert first.size == registry.head().size == 1
        vkey = signing.own_vkey(signed / "keys")
        assert vkey is not None
        assert parse_checkpoint(first.text, parse_vkey(vkey)) == first
    with Registry.open(signed) as registry:
        pass
    with Registry.open(signed, read_only=True) as registry:
        assert registry.ledger.last_checkpoint() == first


def test_a_store_without_a_key_works_unsigned(store: Path, scope: Scope) -> None:
    """Stores from before there were keys, and those whose owner wants none."""
    _add(store, scope)
    assert signing.load_signer(store / "keys") is None
    assert signing.own_vkey(store / "keys") is None
    with Registry.open(store, read_only=True) as registry:
        assert registry.ledger.last_checkpoint() is None


def test_a_store_whose_key_was_exchanged_is_not_written_to(signed: Path, scope: Scope) -> None:
    """Another key would begin a second history under one roof."""
    _add(signed, scope)
    signing.key_file(signed / "keys").unlink()
    Signer.generate("impasto.local/other").save(signing.key_file(signed / "keys"))
    with pytest.raises(SignerMismatchError):
        Registry.open(signed)


def test_a_second_key_is_refused(signed: Path) -> None:
    with pytest.raises(KeyExistsError):
        signing.make_key(signed / "keys", "impasto.local/again")


def test_an_origin_that_no_key_may_have_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidKeyError):
        init_store(tmp_path / "s", with_key=True, origin="two words")
    assert not (tmp_path / "s").exists()


def test_a_store_that_lacks_its_last_part_is_no_store(signed: Path) -> None:
    """A making that was cut short must not pass for a store without a key."""
    (signed / "blobs").rmdir()
    with pytest.raises(NotAStoreError):
        init_store(signed)


def test_the_secret_is_in_no_other_file(signed: Path, scope: Scope) -> None:
    """Neither the ledger nor a blob may hold the key, in any spelling."""
    _add(signed, scope)
    signer = signing.load_signer(signed / "keys")
    assert signer is not None
    secret = signing.key_file(signed / "keys").read_text(encoding="utf-8").strip().split("+", 4)[4].encode()
    for file in (path for path in signed.rglob("*") if path.is_file() and path != signing.key_file(signed / "keys")):
        content = file.read_bytes()
        assert signer.seed not in content, file
        assert signer.seed.hex().encode() not in content, file
        assert secret not in content, file
    assert signer.seed.hex() not in repr(signer)


@pytest.mark.parametrize("spelled", ["", "nonsense", "a+b+c", "no/such/file"])
def test_a_vkey_that_is_none_is_refused(spelled: str) -> None:
    with pytest.raises(InvalidKeyError):
        signing.read_vkey(spelled)


def test_a_vkey_is_read_from_a_file_or_taken_as_it_is(signed: Path) -> None:
    vkey = signing.own_vkey(signed / "keys")
    assert vkey is not None
    assert signing.read_vkey(vkey) == signing.read_vkey(str(signing.vkey_file(signed / "keys"))) == vkey
