"""What must any place that keeps blobs do? One suite for all of them: a folder, memory, object storage, and a cache before one of these.

Its promises, each of which is a test below: what is put comes back, byte for byte, in whole and in part; nothing else does; scopes do not
see each other; putting again changes nothing; many may put and get at once; a blob that was changed behind the store's back is
never handed out; a listing shows all and only what was put; and what one handle has stored every other one sees.

To try a store, subclass `BlobStoreSuite` and give it a `place`.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.media_v2 import keys
from engines.media_v2.blobs import PIECE_BYTES, BlobStore
from engines.media_v2.errors import BlobDamagedError, BlobMissingError, KeyOutsideScopeError
from engines.media_v2.scope import Scope, scope_of

ACME, GLOBEX = scope_of("acme", "test"), scope_of("globex", "test")
THREADS = 6
NOWHERE = "ab" * 32
LARGE = bytes(range(251)) * (3 * PIECE_BYTES // 251) + b"end"
"""Several pieces, the last one short."""


class Place(Protocol):
    """Where one store lies, empty at first."""

    def open(self) -> BlobStore:
        """Return a new handle, as another process would have."""
        ...

    def damage(self, key: str, content: bytes | None) -> None:
        """Change what lies under `key` behind the store's back; None removes it."""
        ...


class BlobStoreSuite(ABC):
    """The tests. `place` is a fixture of the subclass."""

    @pytest.fixture
    @abstractmethod
    def place(self) -> Place:
        """Return an empty place."""

    @pytest.fixture
    def blobs(self, place: Place) -> Iterator[BlobStore]:
        """One handle to an empty store."""
        handle = place.open()
        yield handle
        handle.close()

    @pytest.mark.parametrize("content", [b"", b"x", bytes(1000), LARGE], ids=["empty", "one byte", "zeros", "large"])
    def test_what_is_put_comes_back(self, blobs: BlobStore, content: bytes) -> None:
        """By every way of reading, under the name that its bytes have."""
        sha256 = blobs.put(ACME, content)
        assert sha256 == keys.sha256_hex(content)
        assert blobs.get(ACME, sha256) == content
        assert b"".join(blobs.stream(ACME, sha256)) == content
        assert blobs.size(ACME, sha256) == len(content)
        with blobs.open(ACME, sha256) as file:
            assert file.read() == content

    def test_putting_again_changes_nothing(self, blobs: BlobStore) -> None:
        """The same upload twice is one blob; it is not even written again where that can be seen."""
        first = blobs.put(ACME, LARGE)
        held = list(blobs.files())
        assert blobs.put(ACME, LARGE) == first
        assert list(blobs.files()) == held
        assert blobs.get(ACME, first) == LARGE

    def test_any_part_is_the_slice_of_the_whole(self, blobs: BlobStore) -> None:
        """Parts begin and end anywhere, the first one before anybody has read the whole, and touch pieces or not."""
        sha256, size = blobs.put(ACME, LARGE), len(LARGE)
        ends = (0, 1, 999, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, size - 1, size)
        for start in ends:
            for stop in (end for end in ends if end >= start):
                with blobs.open(ACME, sha256, start, stop - start) as file:
                    assert file.read(stop - start) == LARGE[start:stop], (start, stop)
            with blobs.open(ACME, sha256, start) as file:
                assert file.read() == LARGE[start:]

    def test_what_was_not_put_is_missing(self, blobs: BlobStore) -> None:
        """Typed and with its key, whichever way it is asked for; looking changes nothing."""
        for ask in (blobs.get, blobs.open, lambda *which: list(blobs.stream(*which))):
            with pytest.raises(BlobMissingError) as caught:
                ask(ACME, NOWHERE)
            assert caught.value.fields["key"] == keys.blob_key(ACME, NOWHERE)
        assert blobs.size(ACME, NOWHERE) is None
        assert list(blobs.files()) == []

    def test_scopes_do_not_see_each_other(self, blobs: BlobStore) -> None:
        """The same bytes in two tenants are two blobs, and who has not stored them cannot tell that somebody else has."""
        sha256 = blobs.put(ACME, b"secret plans")
        assert blobs.get(ACME, sha256) == b"secret plans"
        with pytest.raises(BlobMissingError):
            blobs.get(GLOBEX, sha256)
        with pytest.raises(BlobMissingError):
            blobs.open(GLOBEX, sha256)
        assert blobs.size(GLOBEX, sha256) is None
        blobs.put(GLOBEX, b"secret plans")
        assert [file.key.split("/")[1] for file in blobs.files()] == ["acme", "globex"]

    @pytest.mark.parametrize("name", ["../" + "ab" * 32, "ab/../../../x", "", "a b", "é" * 64])
    def test_no_name_leads_out_of_its_scope(self, blobs: BlobStore, name: str) -> None:
        """Ids come from requests; none of them may name another place."""
        for ask in (blobs.get, blobs.open, blobs.size):
            with pytest.raises(KeyOutsideScopeError):
                ask(ACME, name)

    def test_the_listing_shows_all_with_their_sizes(self, blobs: BlobStore) -> None:
        """Sorted by key, more of them than one page of a listing would hold if pages were small; an audit goes by it."""
        contents = [bytes([at]) * at for at in range(40)]
        names = {keys.blob_key(ACME, blobs.put(ACME, one)): len(one) for one in contents}
        assert [tuple(file) for file in blobs.files()] == sorted(names.items())

    def test_what_one_handle_stores_all_others_see(self, place: Place, blobs: BlobStore) -> None:
        """Workers on several hosts share one store."""
        other = place.open()
        sha256 = blobs.put(ACME, b"made here")
        assert other.get(ACME, sha256) == b"made here"
        assert other.put(ACME, b"made here") == sha256
        assert blobs.get(ACME, other.put(ACME, b"made there")) == b"made there"
        assert list(blobs.files()) == list(other.files())
        other.close()

    def test_a_closed_handle_lets_go_and_can_be_used_again(self, blobs: BlobStore) -> None:
        """Fonts are read long after the store that they came from was closed."""
        sha256 = blobs.put(ACME, b"content")
        blobs.close()
        blobs.close()
        assert blobs.get(ACME, sha256) == b"content"

    @pytest.mark.parametrize("size", [100, len(LARGE)], ids=["small", "large"])
    @pytest.mark.parametrize("read_before", [False, True], ids=["unread", "read before"])
    def test_damage_is_never_handed_out(self, place: Place, size: int, read_before: bool) -> None:
        """Same size, cut, grown, or emptied; by a handle that has just found it sound, and in parts that are sound themselves."""
        content = LARGE[:size]
        for number, bad in enumerate((content[:-1] + b"?", content[:-1], content + b"?", b"")):
            writer = place.open()
            mine = bytes([number]) + content
            sha256 = writer.put(ACME, mine)
            reader = place.open()
            if read_before:
                assert reader.get(ACME, sha256) == mine
            place.damage(keys.blob_key(ACME, sha256), bad)
            for ask in (
                lambda reader=reader, sha256=sha256: list(reader.stream(ACME, sha256)),
                lambda sha256=sha256: place.open().get(ACME, sha256),
                lambda sha256=sha256: place.open().open(ACME, sha256, 0, 10),
            ):
                with pytest.raises(BlobDamagedError) as caught:
                    ask()
                assert caught.value.fields["actual_sha256"] == keys.sha256_hex(bad)
            self.check_damaged_part(reader, sha256, mine)
            place.damage(keys.blob_key(ACME, sha256), None)
            assert place.open().size(ACME, sha256) is None
            assert writer.put(ACME, mine) == sha256, "what was lost can be stored again"
            assert place.open().get(ACME, sha256) == mine

    def check_damaged_part(self, reader: BlobStore, sha256: str, sound: bytes) -> None:  # noqa: ARG002 - a cache has sound bytes
        """A part of a damaged blob is not handed out either, whether or not the handle has read the whole before."""
        with pytest.raises(BlobDamagedError):
            reader.open(ACME, sha256, 0, 10)

    def test_many_may_put_and_get_at_once(self, place: Place) -> None:
        """Renders of one batch store the same pictures at the same moment."""
        handles = [place.open() for _ in range(3)]
        contents = [bytes([at]) * (1 + 997 * at) for at in range(12)]

        def work(number: int) -> None:
            for at in range(len(contents)):
                content = contents[(at + 5 * number) % len(contents)]
                handle = handles[(at + number) % len(handles)]
                assert handle.get(ACME, handle.put(ACME, content)) == content

        together([lambda number=number: work(number) for number in range(THREADS)])
        assert sorted(file.size or 0 for file in handles[0].files()) == sorted(map(len, contents))

    def test_any_sequence_of_calls_is_what_a_dictionary_would_answer(self, place: Place) -> None:
        """The model of all of the above: (scope, hash) to bytes, nothing ever changed or removed."""
        handles = [place.open(), place.open()]
        model: dict[tuple[Scope, str], bytes] = {}
        scopes = st.sampled_from([ACME, GLOBEX])
        content = st.binary(max_size=6)
        calls = st.lists(st.tuples(st.sampled_from(["put", "get", "part", "size"]), scopes, content), max_size=8)

        @settings(max_examples=40)
        @given(calls, st.data())
        def check(steps: list[tuple[str, Scope, bytes]], data: st.DataObject) -> None:
            for verb, scope, given_bytes in steps:
                handle = data.draw(st.sampled_from(handles))
                sha256 = keys.sha256_hex(given_bytes)
                held = model.get((scope, sha256))
                if verb == "put":
                    assert handle.put(scope, given_bytes) == sha256
                    model[scope, sha256] = given_bytes
                elif verb == "size":
                    assert handle.size(scope, sha256) == (None if held is None else len(held))
                elif held is None:
                    with pytest.raises(BlobMissingError):
                        handle.get(scope, sha256)
                elif verb == "get":
                    assert handle.get(scope, sha256) == held
                else:
                    start = data.draw(st.integers(0, len(held)))
                    size = data.draw(st.integers(0, len(held) - start))
                    with handle.open(scope, sha256, start, size) as file:
                        assert file.read(size) == held[start : start + size]

        check()
        wanted = sorted((keys.blob_key(scope, sha256), len(held)) for (scope, sha256), held in model.items())
        assert [tuple(file) for file in handles[0].files()] == wanted


def together(actions: Sequence[Callable[[], None]]) -> None:
    """Run all at once, and fail with the first failure."""
    failures: list[BaseException] = []

    def work(action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - it is raised again below, in the thread of the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "a call never came back"
    if failures:
        raise failures[0]
