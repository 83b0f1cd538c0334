"""A small signed log as strangers get it, and the ways in which somebody might tamper with it."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ledger import Ledger, Signer, export

ORIGIN = "ledger.example/foreign"
SEED = bytes(range(32))
OLDER, SIZE = 300, 600
"""Two full bundles of 256 and a partial one of 88; the older checkpoint ends inside the second."""


class Noted(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """An event of some size; `text` makes each of them different."""

    text: str


class Exported(NamedTuple):
    """An exported folder, the verifier key, and a checkpoint that somebody kept when the log was younger."""

    folder: Path
    vkey: str
    older: Path


def entries_of(count: int) -> list[Noted]:
    """The events of the log; one in ten is longer than most."""
    return [Noted(f"event {number} " * (1 + 9 * (number % 10 == 0))) for number in range(count)]


def export_log(
    root: Path, events: Sequence[Noted], older: int, *, origin: str = ORIGIN, seed: bytes = SEED
) -> Exported:
    """Append `events` to a new ledger below `root`, keeping its checkpoint at `older` events, and export it."""
    signer = Signer(origin, seed)
    with Ledger.open(root / "ledger", events=Noted, create=True, signer=signer) as ledger:
        if older:
            ledger.append(events[:older])
        kept = ledger.checkpoint()
        if older < len(events):
            ledger.append(events[older:])
        export(ledger, root / "export")
    (root / "older").write_bytes(kept.text)
    return Exported(root / "export", signer.vkey, root / "older")


def copy_of(log: Exported, root: Path) -> Exported:
    """A copy to tamper with."""
    shutil.copytree(log.folder, root / "export")
    return log._replace(folder=root / "export")


Tampering = Callable[[Exported, Path], Exported]
"""Changes a copy of the log, in place; gets a folder to work in. Returns what is handed to the verifier."""


def flip(name: str, at: float) -> Tampering:
    """One bit of the file `name`, at `at` of its length, is another."""

    def tamper(log: Exported, _: Path) -> Exported:
        data = bytearray((log.folder / name).read_bytes())
        data[int(at * (len(data) - 1))] ^= 1
        (log.folder / name).write_bytes(data)
        return log

    return tamper


def cut(name: str, left_out: int) -> Tampering:
    """The last bytes of the file `name` are gone."""

    def tamper(log: Exported, _: Path) -> Exported:
        data = (log.folder / name).read_bytes()
        (log.folder / name).write_bytes(data[:-left_out])
        return log

    return tamper


def missing(name: str) -> Tampering:
    """The file `name` is gone."""

    def tamper(log: Exported, _: Path) -> Exported:
        (log.folder / name).unlink()
        return log

    return tamper


def rebundled(name: str, change: Callable[[list[bytes]], list[bytes]]) -> Tampering:
    """The entries of the bundle `name` are others, in the proper form."""

    def tamper(log: Exported, _: Path) -> Exported:
        rest, entries = (log.folder / name).read_bytes(), []
        while rest:
            end = 2 + int.from_bytes(rest[:2], "big")
            entries.append(rest[2:end])
            rest = rest[end:]
        changed = b"".join(len(one).to_bytes(2, "big") + one for one in change(entries))
        (log.folder / name).write_bytes(changed)
        return log

    return tamper


def exchanged(one: str, other: str) -> Tampering:
    """Two files have changed places."""

    def tamper(log: Exported, _: Path) -> Exported:
        first, second = (log.folder / one).read_bytes(), (log.folder / other).read_bytes()
        (log.folder / one).write_bytes(second)
        (log.folder / other).write_bytes(first)
        return log

    return tamper


def rewritten_checkpoint(old: str, new: str) -> Tampering:
    """The text of the checkpoint says something else, under the same signature."""

    def tamper(log: Exported, _: Path) -> Exported:
        text = (log.folder / "checkpoint").read_text(encoding="utf-8")
        assert old in text
        (log.folder / "checkpoint").write_text(text.replace(old, new, 1), encoding="utf-8")
        return log

    return tamper


def signed_anew(old: str, new: str) -> Tampering:
    """The text of the checkpoint says something else, and the owner of the key has signed that."""

    def tamper(log: Exported, _: Path) -> Exported:
        text = (log.folder / "checkpoint").read_text(encoding="utf-8").partition("\n\n")[0] + "\n"
        assert old in text
        (log.folder / "checkpoint").write_bytes(Signer(ORIGIN, SEED).sign(text.replace(old, new, 1)))
        return log

    return tamper


def unsigned(log: Exported, _: Path) -> Exported:
    """The checkpoint has lost its signature."""
    text = (log.folder / "checkpoint").read_text(encoding="utf-8")
    (log.folder / "checkpoint").write_text(text.partition("\n\n")[0] + "\n\n", encoding="utf-8")
    return log


def signed_by_another_key(log: Exported, root: Path) -> Exported:
    """Everything is whole, but the key is not the one that was published, though it has the same name."""
    return log._replace(folder=export_log(root / "k", entries_of(SIZE), OLDER, seed=bytes(32)).folder)


def of_another_origin(log: Exported, root: Path) -> Exported:
    """The same key has signed another log under another name."""
    return log._replace(folder=export_log(root / "o", entries_of(SIZE), OLDER, origin="ledger.example/other").folder)


def forked(log: Exported, root: Path) -> Exported:
    """The owner has signed a second history, in which event 7 never was; it is whole, signed and longer."""
    return log._replace(folder=export_log(root / "f", [*entries_of(7), *entries_of(SIZE + 9)[8:]], OLDER).folder)


def forked_after(log: Exported, root: Path) -> Exported:
    """The histories differ in the last event that the kept checkpoint covers, and in nothing else."""
    events = entries_of(SIZE)
    events[OLDER - 1] = Noted("something else")
    return log._replace(folder=export_log(root / "f", events, OLDER).folder)


def rolled_back(log: Exported, root: Path) -> Exported:
    """The owner shows the log as it was before: whole, signed, and shorter than what was kept."""
    return log._replace(folder=export_log(root / "r", entries_of(OLDER - 1), 1).folder)


def _swapped(entries: list[bytes]) -> list[bytes]:
    return [entries[1], entries[0], *entries[2:]]


TAMPERINGS: dict[str, Tampering] = {
    "entry byte in a full bundle": flip("tile/entries/001", 0.5),
    "entry byte in the partial bundle": flip("tile/entries/002.p/88", 1),
    "length of an entry": flip("tile/entries/000", 0),
    "byte of a full tile": flip("tile/0/001", 0.25),
    "byte of a partial tile": flip("tile/0/002.p/88", 0.75),
    "byte of an upper tile": flip("tile/1/000.p/2", 0),
    "size in the checkpoint": rewritten_checkpoint(f"\n{SIZE}\n", f"\n{SIZE - 1}\n"),
    "origin in the checkpoint": rewritten_checkpoint(ORIGIN, "ledger.example/foreigm"),
    "root in the checkpoint": rewritten_checkpoint("=\n\n", "A=\n\n"),
    "line added to the checkpoint": rewritten_checkpoint("=\n\n", "=\nmore\n\n"),
    "origin in a signed checkpoint": signed_anew(ORIGIN, "ledger.example/other"),
    "line added to a signed checkpoint": signed_anew("=\n", "=\nmore\n"),
    "size in a signed checkpoint": signed_anew(f"\n{SIZE}\n", f"\n{SIZE - 1}\n"),
    "leading zero in a signed checkpoint": signed_anew(f"\n{SIZE}\n", f"\n0{SIZE}\n"),
    "signature": flip("checkpoint", 0.95),
    "no signature": unsigned,
    "another key": signed_by_another_key,
    "another origin": of_another_origin,
    "truncated bundle": cut("tile/entries/002.p/88", 1),
    "truncated tile": cut("tile/0/002.p/88", 32),
    "missing bundle": missing("tile/entries/001"),
    "missing tile": missing("tile/0/000"),
    "last entry gone": rebundled("tile/entries/002.p/88", lambda entries: entries[:-1]),
    "entry gone": rebundled("tile/entries/000", lambda entries: entries[:9] + entries[10:]),
    "entries reordered": rebundled("tile/entries/001", _swapped),
    "bundles reordered": exchanged("tile/entries/000", "tile/entries/001"),
    "tiles reordered": exchanged("tile/0/000", "tile/0/001"),
    "entry duplicated": rebundled("tile/entries/001", lambda entries: [*entries[:4], entries[3], *entries[4:]]),
    "entry replaced by its neighbour": rebundled("tile/entries/001", lambda entries: [entries[1], *entries[1:]]),
    "entry added": rebundled("tile/entries/002.p/88", lambda entries: [*entries, b"\x92\x01\xa1x"]),
    "fork": forked,
    "fork at the kept checkpoint": forked_after,
    "roll back": rolled_back,
}
ONLY_WITH_THE_OLDER = ("fork", "fork at the kept checkpoint", "roll back")
"""What nobody can see who kept no checkpoint: the log is whole in itself and signed by the right key."""

REASONS: dict[str, str] = {
    "entry byte in a full bundle": "the entries have root",
    "entries reordered": "the entries have root",
    "byte of a full tile": "tile/0/001 does not follow",
    "byte of an upper tile": "tile/1/000.p/2 does not follow",
    "truncated bundle": "tile/entries/002.p/88 ends within entry",
    "missing tile": "tile/0/000",
    "entry added": "after its last entry",
    "origin in a signed checkpoint": "the checkpoint is of",
    "line added to a signed checkpoint": "three lines",
    "leading zero in a signed checkpoint": "no plain decimal number",
    "another key": "no verifiable signatures",
    "fork": "does not extend",
    "fork at the kept checkpoint": "does not extend",
    "roll back": "has only 299",
}
"""What a verifier must say of some of them: a refusal for another reason would hide that a check is missing."""
