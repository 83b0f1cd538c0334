"""The suite for backends, run on object storage: in memory, in a folder, and at an S3-speaking server."""

import itertools
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="obstore is not installed: nothing was tested on object storage")

import msgspec
from ledger_backend import LedgerBackend, LedgerBackendSuite, Place
from obstore.store import LocalStore
from s3_server import BUCKET, S3Server, running_s3
from sample_events import Event, painted
from test_ledger_backends import LedgerHandle

from ledger import Ledger, Signer
from ledger.objects.address import objects_at
from ledger.objects.commit import log_name
from ledger.objects.log import open_objects
from ledger.objects.store import Objects

SIGNER = Signer.generate("ledger.example/suite")


class ObjectPlace:
    """A prefix of a store. A crash forgets handles, and takes or spoils what is derived: hint and tiles."""

    def __init__(self, objects: Callable[[], Objects]) -> None:
        self.objects = objects
        self.handles: list[Ledger] = []

    def open(self) -> LedgerBackend:
        log = open_objects(self.objects(), create=True, wait_s=60)
        self.handles.append(Ledger.over(log, events=Event, wait_s=60))
        return LedgerHandle(self.handles[-1])

    def crash(self, chance: random.Random) -> None:
        objects = self.objects()
        match chance.randrange(4):
            case 0:
                objects.overwrite("head", b"")
            case 1:
                objects.overwrite("head", msgspec.json.encode({"first_index": chance.randrange(1 << 40), "tiles": []}))
            case 2:
                objects.overwrite("tile/0/000", chance.randbytes(8192))

    def close(self) -> None:
        for handle in self.handles:
            handle.close()


class TestMemoryStore(LedgerBackendSuite):
    """The store that tests and demonstrations use."""

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        address = f"memory://suite-{uuid.uuid4().hex}/ledgers/one"
        made = ObjectPlace(lambda: objects_at(address))
        yield made
        made.close()


class TestLocalStore(LedgerBackendSuite):
    """Files under the same code: what differs from memory is that names are listed in no order."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        store = LocalStore(tmp_path / "bucket", mkdir=True)
        made = ObjectPlace(lambda: Objects(store, "ledgers/one", f"local://{tmp_path}"))
        yield made
        made.close()

    def test_a_checkpoint_is_replaced_although_the_store_has_no_conditional_put(self, place: ObjectPlace) -> None:
        """Among the threads of one process a lock stands in for it."""
        with Ledger.over(open_objects(place.objects(), create=True), events=Event, signer=SIGNER) as ledger:
            for size in (2, 4):
                ledger.append(painted(2))
                assert ledger.checkpoint().size == size


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


_prefixes = itertools.count()


class TestS3(LedgerBackendSuite):
    """The protocol over HTTP, spoken by a server that is not ours."""

    @pytest.fixture
    def place(self, s3: S3Server) -> Iterator[Place]:
        assert s3.url.startswith("http://127.0.0.1:")
        address = f"s3://{BUCKET}/suite-{next(_prefixes)}/ledger"
        made = ObjectPlace(lambda: objects_at(address))
        yield made
        made.close()

    def test_objects_lie_below_the_prefix_under_the_names_of_the_page(self, place: ObjectPlace) -> None:
        """Whoever restores a bucket by hand goes by these names."""
        handle = place.open()
        handle.append([msgspec.msgpack.encode(event) for event in painted(300)])
        handle.append([msgspec.msgpack.encode(event) for event in painted(1)])
        handle.close()
        names = [listed.name for listed in place.objects().listing()]
        assert names == ["head", "ledger.json", log_name(0), log_name(300), "tile/0/000"]
