"""The suite for blob stores, run on a folder, on memory, on object storage of two makes, and on caches before them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from blob_store import ACME, BlobStoreSuite, Place
from object_servers import BUCKET, ObjectServer, clean_environment, running

from engines.media_v2.blob_cache import CachedBlobs
from engines.media_v2.blob_memory import MemoryBlobs
from engines.media_v2.blob_objects import ObjectBlobs
from engines.media_v2.blobs import BlobStore, FolderBlobs
from engines.media_v2.object_settings import ObjectSettings


class FolderPlace:
    """A folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self) -> BlobStore:
        return FolderBlobs(self.root)

    def damage(self, key: str, content: bytes | None) -> None:
        if content is None:
            (self.root / key).unlink()
        else:
            (self.root / key).write_bytes(content)


class MemoryPlace:
    """One dictionary; it cannot be opened twice, so every handle is the same."""

    def __init__(self) -> None:
        self.blobs = MemoryBlobs()

    def open(self) -> BlobStore:
        return self.blobs

    def damage(self, key: str, content: bytes | None) -> None:
        if content is None:
            del self.blobs.held[key]
        else:
            self.blobs.held[key] = content


class BucketPlace:
    """A prefix of a bucket, of its own for each test."""

    count = 0

    def __init__(self, server: ObjectServer) -> None:
        BucketPlace.count += 1
        self.server = server
        self.settings = ObjectSettings(
            url=f"s3://{BUCKET}/{server.kind}/test-{BucketPlace.count}", endpoint=server.endpoint, timeout_s=20.0
        )

    def open(self) -> BlobStore:
        return ObjectBlobs(self.settings)

    def damage(self, key: str, content: bytes | None) -> None:
        """As somebody with the bucket's keys would; what is tested can neither overwrite nor delete."""
        path = f"{self.settings.url.removeprefix('s3://')}/{key}"
        self.server.ask("DELETE" if content is None else "PUT", path, content)


class CachedPlace:
    """Another place, with a cache for each handle, as on hosts of their own."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.folder = folder
        self.count = 0

    def open(self) -> BlobStore:
        self.count += 1
        return CachedBlobs(self.place.open(), self.folder / str(self.count), 64 << 20)

    def damage(self, key: str, content: bytes | None) -> None:
        self.place.damage(key, content)


class _CachedSuite(BlobStoreSuite):
    """What a cache changes: it still has sound bytes, and hands them out."""

    def check_damaged_part(self, reader: BlobStore, sha256: str, sound: bytes) -> None:
        assert isinstance(reader, CachedBlobs)
        if reader.counts.misses == 0:
            super().check_damaged_part(reader, sha256, sound)
            return
        with reader.open(ACME, sha256, 0, 10) as file:
            assert file.read(10) == sound[:10]


class TestFolder(BlobStoreSuite):
    """The default."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return FolderPlace(tmp_path / "blobs")


class TestMemory(BlobStoreSuite):
    """The plainest reference: a suite that it fails asks for more than was promised."""

    @pytest.fixture
    def place(self) -> Place:
        return MemoryPlace()


class TestCachedFolder(_CachedSuite):
    """The cache's own code, without a network."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return CachedPlace(FolderPlace(tmp_path / "blobs"), tmp_path / "caches")


@pytest.fixture(scope="module", params=["moto", "localbucket"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    folder = tmp_path_factory.mktemp("servers")
    with pytest.MonkeyPatch.context() as patch, running(request.param, folder) as started:
        clean_environment(patch, folder)
        yield started


class TestObjects(BlobStoreSuite):
    """S3-compatible object storage, against two servers that know nothing of each other."""

    @pytest.fixture
    def place(self, server: ObjectServer) -> Place:
        return BucketPlace(server)


class TestCachedObjects(_CachedSuite):
    """The same behind a cache: what a worker runs."""

    @pytest.fixture
    def place(self, server: ObjectServer, tmp_path: Path) -> Place:
        return CachedPlace(BucketPlace(server), tmp_path / "caches")
