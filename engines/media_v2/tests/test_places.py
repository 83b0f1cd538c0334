"""Places: what a store is called says where its parts are, and what it is called to people holds no secret."""

from pathlib import Path

import pytest

from engines.media_v2.errors import StoreFileError, StoreNotFoundError
from engines.media_v2.object_settings import ObjectSettings
from engines.media_v2.places import STORE_FILE_BYTES_MAX, places_of, public_name
from engines.media_v2.registry import Registry
from engines.media_v2.scope import scope_of
from engines.media_v2.stores import init_store
from engines.workspace import Workspace
from ledger import OutOfRangeError


def _file(folder: Path, text: str) -> Path:
    file = folder / "cards.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_folder_holds_everything(tmp_path: Path) -> None:
    """The embedded default."""
    places = places_of(tmp_path / "store")
    assert places.blobs is not None
    assert (places.ledger, places.blobs.address, places.keys) == tuple(
        tmp_path / "store" / name for name in ("ledger", "blobs", "keys")
    )
    assert not places.is_remote
    assert not places.is_made


def test_a_store_file_names_each_place_from_its_own_folder(tmp_path: Path) -> None:
    """So that it can be moved with what lies beside it, and read from any working folder."""
    text = 'ledger = "postgresql://writer@db/media#cards"\nblobs = "s3://media/cards"\nkeys = "secret"\n'
    more = 'cache = "copies"\ncache_mb = 10\n[objects]\nendpoint = "http://127.0.0.1:9000"\n'
    places = places_of(_file(tmp_path, text + more))
    assert places.ledger == "postgresql://writer@db/media#cards"
    assert places.is_remote
    assert places.keys == tmp_path / "secret"
    settings = ObjectSettings(url="s3://media/cards", endpoint="http://127.0.0.1:9000")
    assert places.blobs == (settings, tmp_path / "copies", 10)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ledger = 1", "Expected `str`, got `int` - at `$.ledger`"),
        ('ledger = "l"', "missing required field `blobs`"),
        ('ledger = "l"\nblobs = "b"\nblob = "c"', "unknown field `blob`"),
        ('ledger = "l"\nblobs = "s3://UPPER/x"', "url: s3://bucket/prefix"),
        ('ledger = "l"\nblobs = "b"\n[objects]\nregion = "r"', "a folder of blobs has no settings"),
        ('ledger = "l"\nblobs = "s3://media"\n[objects]\nsecret = "s"', "unknown field `secret`"),
        ("ledger", "Expected '='"),
        ("#" * (STORE_FILE_BYTES_MAX + 1), "more than 65,536 bytes"),
    ],
)
def test_a_store_file_that_says_something_else_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    """With the field at fault, before anything is opened."""
    with pytest.raises(StoreFileError, match=reason.replace("$", r"\$")):
        places_of(_file(tmp_path, text))


def test_a_store_file_that_is_not_there_is_a_store_that_is_not_there(tmp_path: Path) -> None:
    """Nothing is made in its place."""
    with pytest.raises(StoreNotFoundError):
        Registry.open(tmp_path / "none.toml")
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_that_no_ledger_has_is_refused() -> None:
    """Instead of a folder with that name."""
    with pytest.raises(OutOfRangeError):
        places_of("redis://localhost#x")


def test_what_people_are_told_holds_no_credential() -> None:
    """Names of stores end up in logs, errors and reports."""
    assert public_name("postgresql://me:secret@db:5432/media#cards") == "postgresql://db:5432/media#cards"
    assert "secret" not in public_name("postgresql://db/media?password=secret&user=me#cards")
    assert places_of("postgresql://me:secret@db/media#cards").name == "postgresql://db/media#cards"


def test_a_store_can_be_made_from_a_file_that_names_folders(tmp_path: Path) -> None:
    """Ledger and blobs on different disks of one machine."""
    file = _file(tmp_path, 'ledger = "fast/ledger"\nblobs = "large/blobs"\n')
    assert init_store(file, with_key=True)
    assert not init_store(file, with_key=True)
    with Workspace.open(str(file), tenant="acme", env="test") as work:
        made = work.add_vector(b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>', "dot")
        assert work.content(made.artifact) is not None
    assert (tmp_path / "keys" / "ledger.key").is_file()
    assert any((tmp_path / "large" / "blobs").rglob(made.artifact.sha256))
    with Registry.open(file, read_only=True) as registry:
        assert registry.artifact(scope_of("acme", "test"), made.artifact.artifact_id).sha256 == made.artifact.sha256
