"""Sealed fields and erasure: unreadable without the key, unmovable, and forgotten without touching a byte of the log."""

import hashlib
import itertools
import os
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import (
    BrokenSealError,
    DamagedKeyError,
    Erased,
    InvalidEventError,
    Keys,
    Ledger,
    Locked,
    Opener,
    OutOfRangeError,
    ProjectionError,
    Sealed,
    Snapshots,
    StorageError,
    SubjectErased,
    UnknownSubjectError,
    Upcaster,
    Upcasters,
    erase,
    replay,
    seal,
    verify,
)
from ledger.erasure import finish_erasures
from ledger.sealed import sealed_fields, unseal


class Ordered(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """Somebody ordered something."""

    order: int
    customer: Sealed[str]
    address: Sealed[dict[str, int]] | None = None


class Shipped(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """It was sent to somebody."""

    order: int
    customer: Sealed[str]
    note: Sealed | None = None  # type: ignore[type-arg]


Event = Ordered | Shipped | SubjectErased


class Customers:
    """What each order says of its customer."""

    name, version = "customers", 1
    state_type = dict[int, Any]

    def initial(self) -> dict[int, Any]:
        return {}

    def apply(self, state: dict[int, Any], _: int, event: Any) -> dict[int, Any]:
        if isinstance(event, Ordered):
            state[event.order] = event.customer
        return state


def counted_random():
    """Return a source of bytes that are different each time and the same in every run."""
    count = itertools.count()
    return lambda size: hashlib.sha256(str(next(count)).encode()).digest()[:size]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Keys that are the same in every run."""
    return Keys(tmp_path / "keys", random=counted_random())


@pytest.fixture
def ledger(tmp_path: Path):
    """Yield an empty ledger."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as opened:
        yield opened


def order(number: int, name: str, subject: str, keys: Keys) -> Ordered:
    """Return an order whose customer is sealed."""
    return Ordered(number, seal(name, event=Ordered, field="customer", subject=subject, keys=keys))


@given(st.text(), st.text(min_size=1, max_size=255), st.dictionaries(st.text(), st.integers(0, 9), max_size=3))
def test_what_was_sealed_opens(tmp_path_factory: pytest.TempPathFactory, name: str, subject: str, address: Any) -> None:
    """`read(seal(value)) == value`, through the log and any value of the declared type."""
    folder = tmp_path_factory.mktemp("seal")
    keys = Keys(folder / "keys")
    with Ledger.open(folder / "ledger", events=Event, create=True) as ledger:
        sealed = [
            seal(value, event=Ordered, field=field, subject=subject, keys=keys)
            for field, value in (("customer", name), ("address", address))
        ]
        ledger.append([Ordered(1, *sealed)])
        ((_, event),) = ledger.read()
        opener = Opener.of(ledger, keys)
        assert (opener.read(event, "customer"), opener.read(event, "address")) == (name, address)
        assert opener.opened(event) == Ordered(1, name, address)  # type: ignore[arg-type]


def test_nothing_of_the_value_is_in_the_files(ledger: Ledger, keys: Keys) -> None:
    """The point of it all; and equal values look different."""
    ledger.append([order(1, "ada@example.org", "s", keys), order(2, "ada@example.org", "s", keys)])
    stored = b"".join(path.read_bytes() for path in Path(ledger.path).rglob("*") if path.is_file())
    assert b"ada" not in stored
    one, two = (event.customer for _, event in ledger.read())
    assert one.key_id == two.key_id
    assert one.nonce != two.nonce
    assert one.ciphertext != two.ciphertext


def test_the_bytes_of_a_sealed_value(tmp_path: Path) -> None:
    """Golden: AES-256-GCM over canonical MessagePack with the documented associated data, whoever computes it."""
    keys = Keys(tmp_path / "keys", random=lambda size: bytes(range(size)))
    address = {"b": 2, "a": 1}
    sealed = seal(address, event=Ordered, field="address", subject="s", keys=keys, nonce=bytes)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    plain = bytes.fromhex("82a16101a16202")
    context = msgspec.msgpack.encode(["ledger sealed field 1", 1, "address", "s"])
    assert sealed == Sealed(
        "s", bytes(range(16)), bytes(12), AESGCM(bytes(range(32))).encrypt(bytes(12), plain, context)
    )
    assert sealed.ciphertext.hex() == "8c1dd4df144e817ab0cb0c853449ce4206981cab99768d"
    assert msgspec.msgpack.encode(SubjectErased("s", b"k")).hex() == "93cd0385a173c4016b"


def test_a_sealed_value_opens_only_where_it_was_sealed(keys: Keys) -> None:
    """Otherwise one customer's address could be passed off as another's, by copying bytes that nobody can read."""
    sealed = seal("ada", event=Ordered, field="customer", subject="s", keys=keys)
    key = keys.get("s")
    assert unseal(sealed, key, event=Ordered, field="customer") == "ada"
    moved = msgspec.structs.replace(sealed, subject="t")
    for value, event, field in (
        (sealed, Shipped, "customer"),
        (sealed, Ordered, "address"),
        (moved, Ordered, "customer"),
    ):
        with pytest.raises(BrokenSealError, match="changed or moved") as caught:
            unseal(value, key, event=event, field=field)
        assert (caught.value.type_name, caught.value.field) == (event.__name__, field)


def test_every_flipped_bit_of_a_sealed_value_is_found(keys: Keys) -> None:
    """Tampering is an error, and never a value."""
    sealed = seal("ada", event=Ordered, field="customer", subject="s", keys=keys)
    for part in ("key_id", "nonce", "ciphertext"):
        data = getattr(sealed, part)
        for bit in range(8 * len(data)):
            bad = data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]
            with pytest.raises(BrokenSealError):
                unseal(msgspec.structs.replace(sealed, **{part: bad}), keys.get("s"), event=Ordered, field="customer")
    for short in (b"", b"x"):
        damaged = msgspec.structs.replace(sealed, nonce=short)
        with pytest.raises(BrokenSealError):
            unseal(damaged, keys.get("s"), event=Ordered, field="customer")


def test_an_upcaster_may_carry_a_sealed_value_along(tmp_path: Path, keys: Keys) -> None:
    """The version is not bound to it, since the value stays what and where it was."""

    class Ordered2(msgspec.Struct, frozen=True, array_like=True, tag=1001):
        customer: Sealed[str]
        order: str

    with Ledger.open(tmp_path / "ledger", events=Ordered, create=True) as ledger:
        ledger.append([order(1, "ada", "s", keys)])
    steps = Upcasters([Upcaster(Ordered, Ordered2, lambda old: Ordered2(old.customer, str(old.order)))])
    with Ledger.open(tmp_path / "ledger", events=Ordered2, upcasters=steps) as ledger:
        ((_, event),) = ledger.read()
        assert Opener.of(ledger, keys).read(event, "customer") == "ada"


def test_erasing_leaves_every_entry_and_gives_a_typed_answer(ledger: Ledger, keys: Keys, tmp_path: Path) -> None:
    """Proofs are over entries: as long as these stay, the proofs do."""
    ledger.append([order(1, "ada", "ada-1", keys), order(2, "bob", "bob-2", keys)])
    before = list(ledger.entries())
    assert erase(ledger, keys, "ada-1") == 2
    opener = Opener.of(ledger, keys)
    erased = {1: Erased("ada-1", 2), 2: "bob"}
    assert replay(ledger, opener.reading(Customers())) == erased
    assert replay(ledger, opener.reading(Customers()), 1) == {1: Erased("ada-1", 2)}
    assert list(ledger.entries(0, 2)) == before
    assert [event for _, event in ledger.read(2)] == [SubjectErased("ada-1", before_key(before[0][1]))]
    assert verify(ledger.path, events=Event).ok
    assert keys.find("ada-1") is None
    assert len(list((tmp_path / "keys").glob("*.key*"))) == 1


def before_key(entry: bytes) -> bytes:
    """Return the key id in the entry of an order."""
    return msgspec.msgpack.decode(entry, type=Ordered).customer.key_id


def test_a_crash_between_the_event_and_the_key_is_finished_later(ledger: Ledger, keys: Keys, monkeypatch: Any) -> None:
    """What the log says is erased must not be readable, even before the key is gone."""
    ledger.append([order(1, "ada", "s", keys)])
    with monkeypatch.context() as crash:
        crash.setattr(Keys, "destroy", lambda *_: (_ for _ in ()).throw(StorageError("keys", "destroy", "power cut")))
        with pytest.raises(StorageError):
            erase(ledger, keys, "s")
        assert keys.find("s") is not None
    ((_, event), _) = ledger.read()
    key = keys.get("s")
    assert Opener(keys, {key.key_id: Erased("s", 1)}).read(event, "customer") == Erased("s", 1)
    assert Opener.of(ledger, keys).read(event, "customer") == Erased("s", 1)
    assert keys.find("s") is None


def test_nothing_is_destroyed_that_the_log_does_not_tell(ledger: Ledger, keys: Keys, tmp_path: Path) -> None:
    """The other order would leave an unreadable field that no event explains."""
    ledger.append([order(1, "ada", "s", keys)])
    with Ledger.open(ledger.path, events=Ordered) as narrow, pytest.raises(InvalidEventError, match="SubjectErased"):
        erase(narrow, keys, "s")
    with pytest.raises(UnknownSubjectError):
        erase(ledger, keys, "nobody")
    assert keys.find("s") is not None
    assert ledger.head().size == 1
    inside = Keys(tmp_path / "ledger" / "keys")
    for call in (lambda: erase(ledger, inside, "s"), lambda: Opener.of(ledger, inside)):
        with pytest.raises(OutOfRangeError, match="outside of"):
            call()


def test_a_subject_may_come_back_and_leave_again(ledger: Ledger, keys: Keys) -> None:
    """A new consent is a new key; the old erasure stays what it was. Erasing twice is once."""
    ledger.append([order(1, "ada", "s", keys)])
    assert erase(ledger, keys, "s") == erase(ledger, keys, "s") == 1
    ledger.append([order(2, "ada again", "s", keys)])
    assert replay(ledger, Opener.of(ledger, keys).reading(Customers())) == {1: Erased("s", 1), 2: "ada again"}
    assert erase(ledger, keys, "s") == erase(ledger, keys, "s") == 3
    assert replay(ledger, Opener.of(ledger, keys).reading(Customers())) == {1: Erased("s", 1), 2: Erased("s", 3)}


def test_a_key_that_is_not_here_is_no_erasure(ledger: Ledger, keys: Keys, tmp_path: Path) -> None:
    """Somebody without the keys sees that there is something, and a wrong key is not taken for a missing one."""
    ledger.append([order(1, "ada", "s", keys)])
    elsewhere = Keys(tmp_path / "elsewhere")
    ((_, event),) = ledger.read()
    locked = Opener.of(ledger, elsewhere).read(event, "customer")
    assert locked == Locked("s", event.customer.key_id)
    elsewhere.make("s")
    with pytest.raises(BrokenSealError, match="it was sealed with"):
        Opener.of(ledger, elsewhere).read(event, "customer")


def test_opened_states_are_not_kept(ledger: Ledger, keys: Keys, tmp_path: Path) -> None:
    """A snapshot of them would remember what is to be forgotten; erasures themselves may be kept."""
    kept = Snapshots(tmp_path / "kept", events_between=1)
    ledger.append([order(1, "ada", "s", keys)])
    with pytest.raises(ProjectionError, match="state_type"):
        replay(ledger, Opener.of(ledger, keys).reading(Customers()), snapshots=kept)
    erase(ledger, keys, "s")
    erased = finish_erasures(ledger, keys, snapshots=kept)
    assert finish_erasures(ledger, keys, snapshots=kept) == erased
    assert list(erased.values()) == [Erased("s", 1)]
    assert len(list((tmp_path / "kept").glob("*.snapshot"))) == 1


def test_what_cannot_be_sealed_is_refused_without_telling_it(keys: Keys, tmp_path: Path) -> None:
    """The message of an error ends in a log file, where the value must not be."""
    for field, value, subject in (
        ("order", 1, "s"),
        ("nothing", 1, "s"),
        ("customer", {"secret": 1}, "s"),
        ("customer", object(), "s"),
        ("customer", "secret", ""),
        ("customer", "secret", "s" * 256),
    ):
        with pytest.raises(OutOfRangeError) as caught:
            seal(value, event=Ordered, field=field, subject=subject, keys=keys)
        assert "secret" not in str(caught.value)
    assert not (tmp_path / "keys").exists()
    assert sealed_fields(Shipped) == {"customer": (str,), "note": (Any,)}
    with pytest.raises(OutOfRangeError):
        Opener(keys, {}).read(Ordered(1, "in the clear"), "customer")  # type: ignore[arg-type]
    assert Opener(keys, {}).read(Shipped(1, "", None), "note") is None  # type: ignore[arg-type]


def test_key_files_are_private_and_checked(keys: Keys, tmp_path: Path) -> None:
    """Whoever reads a key reads the person; and a damaged key must not look like a missing or a wrong one."""
    key = keys.make("s")
    assert keys.make("s").secret == keys.get("s").secret == key.secret
    assert key.secret.hex() not in repr(key)
    (path,) = (tmp_path / "keys").glob("*.key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(DamagedKeyError):
            keys.find("s")
    path.write_bytes(whole)
    path.rename(path.with_name(hashlib.sha256(b"t").hexdigest() + ".key"))
    with pytest.raises(DamagedKeyError, match="another subject"):
        keys.find("t")
    with pytest.raises(UnknownSubjectError):
        keys.get("s")


def test_a_destroyed_key_is_overwritten_first(keys: Keys, tmp_path: Path, monkeypatch: Any) -> None:
    """Removing a name leaves the bytes on the disk. Zeros are written and synced before the name goes."""
    key = keys.make("s")
    (path,) = (tmp_path / "keys").glob("*.key")
    os.link(path, tmp_path / "beside")
    assert not keys.destroy("s", b"another key")
    assert keys.find("s") is not None
    synced: list[bytes] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (synced.append((tmp_path / "beside").read_bytes()), real(file)))
    assert keys.destroy("s", key.key_id)
    assert synced[0] == bytes((tmp_path / "beside").stat().st_size)
    assert not path.exists()
    assert not keys.destroy("s", key.key_id)


def test_a_damaged_key_can_still_be_destroyed(keys: Keys, ledger: Ledger, tmp_path: Path) -> None:
    """An erasure that the log tells must be finished whatever became of the file."""
    ledger.append([order(1, "ada", "s", keys)])
    ledger.append([SubjectErased("s", keys.get("s").key_id)])
    (path,) = (tmp_path / "keys").glob("*.key")
    path.write_bytes(b"damaged")
    Opener.of(ledger, keys)
    assert not path.exists()
