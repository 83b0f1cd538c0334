"""What travels between a coordinator and its workers: ids and facts, never pixels.

All are plain values for MessagePack and pickle, so that any scheduler can carry them. Errors travel as facts, too: an exception need not
survive pickling, and a worker with other code must not decide what its coordinator raises.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

Standing = Literal["row", "store", "lost", "bug"]
"""Whose fault a failure is: the row's, which fails again wherever it is tried; the store's or the machine's, which may have passed when it
is tried again; nobody's, when a worker died on it; ours."""


class Place(msgspec.Struct, frozen=True):
    """One scope of one store. `store` is an address as `Workspace.open` takes it; a path is absolute, as workers stand elsewhere."""

    store: str
    tenant: str
    env: str


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told before its first task; `versions` are those of its coordinator (`versions.versions`)."""

    place: Place
    versions: dict[str, str]
    threads: int = 1
    """Of the compositor in each task: workers share a machine's cores, and must not fight for them."""


class Task(msgspec.Struct, frozen=True):
    """One export of one stored composition. `number` counts the tasks of a batch from 0 on; `overrides` are plain values."""

    number: int
    composition_id: str
    preset_id: str
    overrides: dict[str, Any]


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """A task that is in the store."""

    number: int
    artifact_id: str
    uri: str
    sha256: str
    bytes: int
    cache: Literal["hit", "miss"]
    elapsed_us: int
    worker: str


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """A task that is not. `cause` is the type of the error, `fields` are its fields; `attempts` says for how many tries this answer
    stands."""

    number: int
    standing: Standing
    cause: str
    message: str
    fields: dict[str, Any]
    worker: str
    attempts: int = 1


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """A worker has opened the store and waits for tasks."""

    worker: str


class NotReady(msgspec.Struct, frozen=True, kw_only=True, tag="not-ready"):
    """A worker cannot do this batch: `differences` of versions (name -> here, there), or else the error that opening the store raised."""

    worker: str
    cause: str
    message: str
    differences: dict[str, tuple[str, str]] = {}


class Preparing(msgspec.Struct, frozen=True, tag="preparing"):
    """A worker gets its kernels from the disk or the compiler: `done` of `total`."""

    done: int
    total: int


Answer = Done | Failed
Source = Callable[[], Task | None]
"""Returns the next task; None when there is none now. A failed task may come back later, so ask again after each answer."""

Tell = Callable[[str, int, int], None]
"""Told (what, done, of how many)."""


def address(store: Path | str) -> str:
    """The same store for a process that stands elsewhere: paths become absolute, URLs stay as they are."""
    return str(store) if "://" in str(store) else str(Path(store).absolute())
