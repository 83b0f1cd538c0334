"""Does the cache before a store elsewhere keep its bound, hand out nothing but sound bytes, and cost nothing but time when it fails?"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from blob_store import ACME, GLOBEX, together
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.media_v2 import keys
from engines.media_v2.blob_cache import LOCK_FILE, TEMPORARY_AGE_S, CacheCounts, CachedBlobs
from engines.media_v2.blob_memory import MemoryBlobs
from engines.media_v2.blobs import BlobStore, FolderBlobs
from engines.media_v2.errors import BlobDamagedError, BlobMissingError, BlobStoreError
from engines.media_v2.scope import Scope

BYTES_MAX = 10_000


class Far(MemoryBlobs):
    """A store elsewhere that counts what is read from it, and can be cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.cut_off = False
        self.cut_after = 0

    def get(self, scope: Scope, sha256: str) -> bytes:
        self.reads += 1
        if self.cut_off:
            raise BlobStoreError("far", "get", "connection lost")
        return super().get(scope, sha256)

    def stream(self, scope: Scope, sha256: str) -> Iterator[bytes]:
        content = self.get(scope, sha256)
        for at in range(0, len(content), 100):
            if self.cut_after and at >= self.cut_after:
                raise BlobStoreError("far", "get", "connection lost")
            yield content[at : at + 100]


@pytest.fixture
def far() -> Far:
    return Far()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def cache(far: Far, folder: Path) -> CachedBlobs:
    return CachedBlobs(far, folder, BYTES_MAX)


def _kept(folder: Path) -> dict[str, int]:
    """What lies in the cache: hash to size."""
    return {path.name: path.stat().st_size for path in (folder / "blobs").rglob("*") if path.is_file()}


def _file(folder: Path, sha256: str) -> Path:
    return folder / "blobs" / keys.blob_key(ACME, sha256)


def _read(blobs: BlobStore, scope: Scope, sha256: str) -> bytes:
    with blobs.open(scope, sha256) as file:
        return file.read()


def test_what_was_read_once_is_not_fetched_again(cache: CachedBlobs, far: Far) -> None:
    """That is what it is for; by both ways of reading, in parts too, and while the store is away."""
    sha256 = far.put(ACME, b"content")
    assert cache.get(ACME, sha256) == b"content"
    assert far.reads == 1
    far.cut_off = True
    assert cache.get(ACME, sha256) == _read(cache, ACME, sha256) == b"content"
    with cache.open(ACME, sha256, 2, 3) as file:
        assert file.read(3) == b"nte"
    assert far.reads == 1
    assert cache.counts == CacheCounts(hits=3, misses=1, damaged=0, unkept=0)


def test_what_was_just_made_is_not_fetched_at_all(cache: CachedBlobs, far: Far) -> None:
    """A render is read by whoever asked for it."""
    sha256 = cache.put(ACME, b"render")
    assert cache.get(ACME, sha256) == b"render"
    assert far.reads == 0


def test_a_put_that_the_store_refuses_leaves_nothing_here(
    cache: CachedBlobs, far: Far, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store comes first: nothing may be served that was never stored."""

    def refuse(*_: object) -> str:
        raise BlobStoreError("far", "put", "connection lost")

    monkeypatch.setattr(far, "put", refuse)
    with pytest.raises(BlobStoreError):
        cache.put(ACME, b"content")
    assert _kept(folder) == {}


@pytest.mark.parametrize("way", ["get", "open"])
@pytest.mark.parametrize("damage", [b"", b"conten", b"contenT", b"content?"])
def test_a_damaged_file_is_fetched_again_and_replaced(
    cache: CachedBlobs, far: Far, folder: Path, damage: bytes, way: str
) -> None:
    """A bad disk or a curious hand costs a fetch, and is never served."""
    sha256 = cache.put(ACME, b"content")
    _file(folder, sha256).write_bytes(damage)
    assert (cache.get(ACME, sha256) if way == "get" else _read(cache, ACME, sha256)) == b"content"
    assert far.reads == 1
    assert cache.counts.damaged == 1
    assert _file(folder, sha256).read_bytes() == b"content"


def test_a_damaged_file_is_not_served_while_the_store_is_away(cache: CachedBlobs, far: Far, folder: Path) -> None:
    """Better an error than wrong bytes."""
    sha256 = cache.put(ACME, b"content")
    _file(folder, sha256).write_bytes(b"contenT")
    far.cut_off = True
    with pytest.raises(BlobStoreError):
        cache.get(ACME, sha256)
    with pytest.raises(BlobStoreError):
        cache.open(ACME, sha256)


def test_damage_in_the_store_is_not_kept(cache: CachedBlobs, far: Far, folder: Path) -> None:
    """What arrives is checked before it gets its name."""
    sha256 = far.put(ACME, b"content")
    far.held[keys.blob_key(ACME, sha256)] = b"contenT"
    for _ in range(2):
        with pytest.raises(BlobDamagedError):
            cache.get(ACME, sha256)
        with pytest.raises(BlobDamagedError):
            cache.open(ACME, sha256)
    assert _kept(folder) == {}


def test_a_fetch_that_breaks_leaves_nothing_behind(cache: CachedBlobs, far: Far, folder: Path) -> None:
    """No half of a blob under any name."""
    sha256 = far.put(ACME, bytes(2_000))
    far.cut_after = 1_000
    with pytest.raises(BlobStoreError):
        cache.open(ACME, sha256)
    assert [path.name for path in folder.iterdir() if path.is_file()] == []
    far.cut_after = 0
    assert _read(cache, ACME, sha256) == bytes(2_000)


def test_one_tenants_copy_serves_no_other(cache: CachedBlobs) -> None:
    """Nor does it tell by its speed that somebody has these bytes."""
    sha256 = cache.put(ACME, b"secret plans")
    with pytest.raises(BlobMissingError):
        cache.get(GLOBEX, sha256)
    with pytest.raises(BlobMissingError):
        cache.open(GLOBEX, sha256)


def test_audits_and_copies_go_past_it(cache: CachedBlobs, far: Far) -> None:
    """What is lost in the store is lost, whatever lies here."""
    sha256 = cache.put(ACME, b"content")
    far.held.clear()
    assert cache.size(ACME, sha256) is None
    assert list(cache.files()) == []
    with pytest.raises(BlobMissingError):
        list(cache.stream(ACME, sha256))


def test_what_was_used_longest_ago_goes_first(cache: CachedBlobs, folder: Path) -> None:
    """Ages are set here, so that no clock decides: the third file was read again just now."""
    names = [cache.put(ACME, bytes([at]) * 2_400) for at in range(4)]
    for at, name in enumerate(names):
        os.utime(_file(folder, name), (1_000_000 + at, 1_000_000 + at))
    os.utime(_file(folder, names[2]), (1, 1))
    cache.get(ACME, names[2])
    newest = cache.put(ACME, b"new" * 800)
    assert _kept(folder).keys() == {names[2], names[3], newest}, "a tenth is freed beyond what is needed"


def test_a_blob_too_large_to_keep_is_passed_on(cache: CachedBlobs, far: Far, folder: Path) -> None:
    """Keeping it would throw out everything else."""
    small, large = cache.put(ACME, b"small"), cache.put(ACME, bytes(BYTES_MAX // 4 + 1))
    assert cache.get(ACME, large) == _read(cache, ACME, large) == bytes(BYTES_MAX // 4 + 1)
    assert _kept(folder).keys() == {small}
    assert [path.name for path in folder.iterdir() if path.is_file()] == [LOCK_FILE]
    assert far.reads == 2


@settings(max_examples=25)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 12), st.integers(0, 2_600)), max_size=30))
def test_the_bound_holds_after_any_sequence(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int, int]]
) -> None:
    """And every read is right; two objects share the folder, as two processes do."""
    folder = tmp_path_factory.mktemp("cache")
    far = Far()
    caches = [CachedBlobs(far, folder, BYTES_MAX), CachedBlobs(far, folder, BYTES_MAX)]
    stored: list[tuple[str, bytes]] = []
    for at, (puts, number, size) in enumerate(steps):
        cache = caches[at % 2]
        if puts or not stored:
            content = bytes([number]) * size
            stored.append((cache.put(ACME, content), content))
        else:
            name, content = stored[number % len(stored)]
            assert (cache.get(ACME, name) if size % 2 else _read(cache, ACME, name)) == content
        assert sum(_kept(folder).values()) <= BYTES_MAX


def test_the_bound_holds_for_many_threads_and_processes(tmp_path: Path, folder: Path) -> None:
    """Three processes with two threads each, one folder: every read is right, and the folder never holds more than it may."""
    program = f"""
import random, sys, threading
from pathlib import Path
from engines.media_v2.blob_cache import CachedBlobs
from engines.media_v2.blobs import FolderBlobs
from engines.media_v2.scope import scope_of
cache = CachedBlobs(FolderBlobs(Path({str(tmp_path / "far")!r})), Path({str(folder)!r}), {BYTES_MAX})
scope = scope_of("acme", "test")
def work(seed):
    chance = random.Random(seed)
    for _ in range(60):
        content = bytes([chance.randrange(20)]) * chance.randrange(1, 2_500)
        name = cache.put(scope, content)
        with cache.open(scope, name) as file:
            assert file.read() == content
        assert cache.get(scope, name) == content
threads = [threading.Thread(target=work, args=(int(sys.argv[1]) * 10 + at,)) for at in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert cache.counts.damaged == cache.counts.unkept == 0, cache.counts
print("done", cache.counts.hits > 0)
"""
    command = [sys.executable, "-c", program]
    running = [
        subprocess.Popen([*command, str(at)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for at in range(3)
    ]
    answers = [one.communicate(timeout=120) for one in running]
    assert [out for out, _ in answers] == ["done True\n"] * 3, answers
    assert sum(_kept(folder).values()) <= BYTES_MAX
    assert [path.name for path in folder.iterdir() if path.is_file()] == [LOCK_FILE]


def test_many_threads_may_miss_the_same_blob(cache: CachedBlobs, far: Far) -> None:
    """Each gets it; how often it was fetched is nobody's promise."""
    sha256 = far.put(ACME, bytes(2_000))

    def work() -> None:
        assert _read(cache, ACME, sha256) == cache.get(ACME, sha256) == bytes(2_000)

    together([work] * 8)


def test_an_open_file_stays_readable_when_its_name_goes(cache: CachedBlobs, folder: Path) -> None:
    """An answer that is being sent must not break off because others fill the cache."""
    sha256 = cache.put(ACME, b"content" * 100)
    with cache.open(ACME, sha256) as file:
        for at in range(20):
            cache.put(ACME, bytes([at]) * 2_000)
        assert sha256 not in _kept(folder)
        assert file.read() == b"content" * 100


def test_a_disk_that_refuses_costs_nothing_but_time(far: Far, tmp_path: Path) -> None:
    """Here a file stands where the folder should be: everything is fetched, nothing fails."""
    (tmp_path / "cache").write_text("in the way")
    cache = CachedBlobs(far, tmp_path / "cache", BYTES_MAX)
    sha256 = cache.put(ACME, b"content")
    assert cache.get(ACME, sha256) == _read(cache, ACME, sha256) == b"content"
    assert far.reads == 2
    assert cache.counts.unkept == 3


@pytest.mark.parametrize("digits", ["", "not a number", "-5", str(10**12), "0"])
def test_a_wrong_count_is_found_out(cache: CachedBlobs, folder: Path, digits: str) -> None:
    """A process that died left too large a count, or somebody wrote there: the next fill looks at the files themselves.

    A count that is too small, which no crash leaves, delays that until it says that the cache is full.
    """
    names = [cache.put(ACME, bytes([at]) * 1_000) for at in range(9)]
    (folder / LOCK_FILE).write_text(digits)
    names.append(cache.put(ACME, b"x" * 500))
    assert _kept(folder).keys() == set(names), "nothing is thrown out that has room"


def test_what_died_half_written_is_swept_up(cache: CachedBlobs, folder: Path) -> None:
    """Only when it is old: a young one is being written by somebody."""
    cache.put(ACME, b"first")
    old, young = folder / ".tmp-old", folder / ".tmp-young"
    for path in (old, young):
        path.write_bytes(bytes(100))
    past = young.stat().st_mtime - TEMPORARY_AGE_S - 60
    os.utime(old, (past, past))
    chance = random.Random(1)
    for at in range(8):
        cache.put(ACME, chance.randbytes(2_000 + at))
    assert not old.exists()
    assert young.exists()


def test_it_is_for_nobody_else_to_read(cache: CachedBlobs, folder: Path) -> None:
    """It holds the content of all tenants."""
    cache.put(ACME, b"content")
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_of_blobs_may_stand_for_the_store(tmp_path: Path, folder: Path) -> None:
    """Any store may: a slow disk of the network, for one."""
    slow = FolderBlobs(tmp_path / "far")
    sha256 = slow.put(ACME, b"content")
    cache = CachedBlobs(slow, folder)
    assert cache.get(ACME, sha256) == b"content"
    slow.path(ACME, sha256).unlink()
    assert cache.get(ACME, sha256) == b"content"
