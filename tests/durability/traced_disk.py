"""What may a disk hold after a power cut? Records what a real run asks of the system, and gives what may be left of it.

`Tracer` listens to the calls of `os` below one folder while real files are written. `Disk` carries the recorded calls
out again on a model that promises what POSIX promises and no more:

- what was written to a file is durable after a sync of that file; before, each sector of 512 bytes of each write arrives
  or not, whatever the others do, at most one of them is torn, and new space that nothing arrived in reads as zeros or
  as stale bytes;
- a name that was made or changed is durable after a sync of its folder; before, the first so many changes are.
"""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fake_storage import Write, apply_write, sectors

Files = dict[str, bytes]
"""The files of a ledger, by their names relative to its folder; without the lock, which holds nothing."""


class Call(NamedTuple):
    """One call: `kind` is make, write, cut, sync, rename, unlink, folder, or note for a word of the test.

    `target` is the number of a file for write, cut and sync, otherwise a name.
    """

    kind: str
    target: Any
    value: Any = None
    data: bytes = b""


def files_of(root: Path) -> Files:
    """Read all files of a ledger."""
    paths = (path for path in root.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(paths)}


class Tracer:
    """Records the calls that change what lies below `root`, from the files `start` on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.start = files_of(root) if root.exists() else {}
        self.calls: list[Call] = []
        self._numbers = {name: number for number, name in enumerate(self.start)}
        self._made = len(self._numbers)
        self._opened: dict[int, int | str] = {}

    def note(self, kind: str, value: object = None) -> None:
        """Put a word between the calls."""
        self.calls.append(Call("note", kind, value))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Record what happens in the block; fails if files were changed by calls that are not listened to."""
        with pytest.MonkeyPatch.context() as patch:
            for verb in ("open", "close", "pwrite", "ftruncate", "fdatasync", "fsync", "rename", "replace", "unlink"):
                patch.setattr(os, verb, self._heard(getattr(os, verb), getattr(self, f"_hear_{verb}")))
            yield
        disk = Disk(self.start)
        for call in self.calls:
            disk.carry_out(call)
        assert disk.live() == files_of(self.root), "something was written in a way that the tracer does not hear"

    @staticmethod
    def _heard(original: Callable[..., Any], hear: Callable[..., None]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            result = original(*arguments, **named)
            hear(result, *arguments, **named)
            return result

        return call

    def _name(self, path: Any) -> str | None:
        """Spell `path` relative to the root, None for what is not ours."""
        relative = os.path.relpath(os.fspath(path), self.root)
        return None if relative.startswith("..") or relative == "lock" else relative

    def _hear_open(self, file: int, path: Any, flags: int, *_: Any, **__: Any) -> None:
        name = self._name(path)
        if name is None:
            return
        if name not in self._numbers:
            if not flags & os.O_CREAT:
                self._opened[file] = "" if name == "." else name
                return
            self._numbers[name] = self._made
            self._made += 1
            self.calls.append(Call("make", name, self._numbers[name]))
        self._opened[file] = self._numbers[name]
        if flags & os.O_TRUNC:
            self.calls.append(Call("cut", self._numbers[name], 0))

    def _hear_close(self, _: None, file: int) -> None:
        self._opened.pop(file, None)

    def _hear_pwrite(self, count: int, file: int, data: bytes, offset: int) -> None:
        if file in self._opened:
            self.calls.append(Call("write", self._opened[file], offset, bytes(data[:count])))

    def _hear_ftruncate(self, _: None, file: int, size: int) -> None:
        if file in self._opened:
            self.calls.append(Call("cut", self._opened[file], size))

    def _hear_fsync(self, _: None, file: int) -> None:
        if file in self._opened:
            target = self._opened[file]
            self.calls.append(Call("folder" if isinstance(target, str) else "sync", target))

    _hear_fdatasync = _hear_fsync

    def _hear_rename(self, _: None, old: Any, new: Any, **__: Any) -> None:
        one, two = self._name(old), self._name(new)
        if one is not None and two is not None:
            self._numbers[two] = self._numbers.pop(one)
            self.calls.append(Call("rename", two, one))

    _hear_replace = _hear_rename

    def _hear_unlink(self, _: None, path: Any, **__: Any) -> None:
        name = self._name(path)
        if name in self._numbers:
            del self._numbers[name]
            self.calls.append(Call("unlink", name))


class Disk:
    """A disk while calls are carried out on it: what is durable, and what is still under way."""

    def __init__(self, start: Files) -> None:
        self.durable = dict(enumerate(start.values()))
        self.dirty: dict[int, list[Write]] = {}
        self.names = {name: number for number, name in enumerate(start)}
        self.changes: dict[str, list[Call]] = {}

    def carry_out(self, call: Call) -> None:
        """Go one call further."""
        match call:
            case Call("write", file, offset, data):
                self.dirty.setdefault(file, []).append(("", offset, data))
            case Call("cut", file, size):
                self.dirty.setdefault(file, []).append(("", size, None))
            case Call("sync", file):
                self.durable[file] = arrived(self.durable[file], self.dirty.pop(file, []))
            case Call("make" | "rename" | "unlink", name):
                if call.kind == "make":
                    self.durable[call.value] = b""
                self.changes.setdefault(_folder(name), []).append(call)
            case Call("folder", folder):
                for change in self.changes.pop(folder, []):
                    rename(self.names, change)

    def live(self) -> Files:
        """What programs see while the power is on."""
        content = {file: arrived(data, self.dirty.get(file, [])) for file, data in self.durable.items()}
        names = self.names_left({folder: len(changes) for folder, changes in self.changes.items()})
        return {name: content[number] for name, number in names.items()}

    def names_left(self, counts: dict[str, int]) -> dict[str, int]:
        """The names after the first so many changes in each folder."""
        names = dict(self.names)
        for folder, count in counts.items():
            for change in self.changes[folder][:count]:
                rename(names, change)
        return names

    def cuts(self, chance: random.Random, count: int) -> Iterator[Files]:
        """Yield up to `count` states, not all different, that a power cut at this moment may leave; the plain first."""
        plain = [self._contents(chance, plan) for plan in (_nothing, _everything)]
        every = {folder: len(changes) for folder, changes in self.changes.items()}
        for contents in plain:
            for names in (self.names, self.names_left(every)):
                yield {name: contents[number] for name, number in names.items()}
        if not self.dirty and not self.changes:
            return
        for _ in range(count - 4):
            contents = self._contents(chance, None)
            names = self.names_left({folder: chance.randint(0, most) for folder, most in every.items()})
            yield {name: contents[number] for name, number in names.items()}

    def _contents(self, chance: random.Random, plan: "Plan | None") -> dict[int, bytes]:
        """What each file holds; without a `plan` each draws its own, and at most one sector of all is torn."""
        contents = dict(self.durable)
        torn = chance.choice(sorted(self.dirty)) if self.dirty and chance.random() < 0.3 else None
        for file, writes in self.dirty.items():
            pieces = [piece for write in writes for piece in sectors(write)]
            chosen = (plan or chance.choice(PLANS))(chance, pieces)
            contents[file] = arrived(self.durable[file], _torn(chance, chosen) if file == torn else chosen)
            if plan is None:
                contents[file] = _new_space(chance, contents[file], len(arrived(self.durable[file], writes)))
        return contents


Plan = Callable[[random.Random, Sequence[Write]], list[Write]]


def _nothing(_: random.Random, __: Sequence[Write]) -> list[Write]:
    return []


def _everything(_: random.Random, pieces: Sequence[Write]) -> list[Write]:
    return list(pieces)


def _first_ones(chance: random.Random, pieces: Sequence[Write]) -> list[Write]:
    return list(pieces[: chance.randint(0, len(pieces))])


def _last_ones(chance: random.Random, pieces: Sequence[Write]) -> list[Write]:
    return list(pieces[chance.randint(0, len(pieces)) :])


def _all_but_one(chance: random.Random, pieces: Sequence[Write]) -> list[Write]:
    missing = chance.randrange(len(pieces))
    return [*pieces[:missing], *pieces[missing + 1 :]]


def _any(chance: random.Random, pieces: Sequence[Write]) -> list[Write]:
    share = chance.choice((0.1, 0.5, 0.9))
    return [piece for piece in pieces if chance.random() < share]


PLANS: tuple[Plan, ...] = (_nothing, _everything, _first_ones, _last_ones, _all_but_one, _any, _any)
"""Ways of choosing what arrives: in order, the last first, with a hole, anything."""


def _torn(chance: random.Random, pieces: list[Write]) -> list[Write]:
    """Let one sector arrive in part only: its first bytes are new and the others are what they were."""
    whole = [at for at, (_, _, data) in enumerate(pieces) if data is not None and len(data) > 1]
    if whole:
        at = chance.choice(whole)
        name, offset, data = pieces[at]
        assert data is not None, "only writes were looked for"
        # What is damaged in the mark lies in its first bytes, the rest of the sector is zero anyway.
        pieces = [*pieces[:at], (name, offset, data[: chance.randrange(1, min(len(data), 100))]), *pieces[at + 1 :]]
    return pieces


def _new_space(chance: random.Random, content: bytes, size: int) -> bytes:
    """Let a file have grown further than its bytes arrived: what lies there is zero, or what lay there long ago."""
    missing = size - len(content)
    if missing <= 0 or chance.random() < 0.5:
        return content
    return content + (bytes(missing) if chance.random() < 0.5 else chance.randbytes(missing))


def arrived(content: bytes, writes: Sequence[Write]) -> bytes:
    """Return `content` after `writes`, in their order."""
    files = {"": bytearray(content)}
    for write in writes:
        apply_write(files, write)
    return bytes(files[""])


def rename(names: dict[str, int], change: Call) -> None:
    """Carry out one change of a name; a name whose making was lost cannot be changed."""
    if change.kind == "make":
        names[change.target] = change.value
    elif change.kind == "unlink":
        names.pop(change.target, None)
    elif change.value in names:
        names[change.target] = names.pop(change.value)


def _folder(name: str) -> str:
    return name.rpartition("/")[0]
