"""What does a ledger ask of the place where its bytes lie? The protocol alone; `storage_file` keeps it with files.

Names are relative, with `/` between folder and file. Seven verbs move the bytes of the log, four those of files beside it
(`replace` and `remove` for the checkpoint, `put` and `settle` for tiles, which can be computed anew and are therefore not
synced one by one), and two stand around them: `lock` and `close`. Whoever implements this must keep five promises, since
the ledger's own promises rest on them:

- after `sync(name)` returns, all that was written to `name` before survives a power cut;
- `create` is atomic: afterwards, even after a power cut at any moment, the file is absent or whole and durable; so is
  `replace`, which leaves the old file or the new one;
- what `put` and `remove` did is seen by everybody at once, but survives a power cut only after `settle`, and until then
  the file may be absent, torn or as it was;
- `write` and `truncate` change nothing durable by themselves, and what they changed may reach the disk in any order;
- any refusal raises StorageError, and nothing is tried again behind the caller's back: a failed sync that is repeated
  reports success for bytes that the kernel has already dropped.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol


class Storage(Protocol):
    """A folder of named byte strings with one writer at a time and any number of readers."""

    @property
    def path(self) -> str:
        """Say where this is, for messages."""
        ...

    def names(self, folder: str = "") -> list[str]:
        """List what lies directly in `folder`, sorted, as full relative names; empty when there is no such folder."""
        ...

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes, None when there is none."""
        ...

    def read(self, name: str, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset` on; fewer only at the end of the file."""
        ...

    def create(self, name: str, data: bytes) -> None:
        """Make the file `name` hold `data`, atomically and durably. Only called under the lock for a free name."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Make the file `name` hold `data` instead of what it held, if anything, atomically and durably."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Make the file `name` hold `data`, making its folders where needed; not durable, see `settle`.

        A reader meets the file as it was or whole, but a power cut may leave anything.
        """
        ...

    def settle(self, names: Sequence[str]) -> None:
        """Make the files that were `put` under `names` durable, their names included."""
        ...

    def remove(self, name: str) -> None:
        """Take the file `name` away; that it is not there is no error."""
        ...

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Put all of `data` at `offset` of an existing file, growing it where needed."""
        ...

    def truncate(self, name: str, size: int) -> None:
        """Cut an existing file to `size` bytes."""
        ...

    def sync(self, name: str) -> None:
        """Make all that was written to `name` durable."""
        ...

    def lock(self, wait_s: float) -> AbstractContextManager[None]:
        """Hold the writer lock, against other threads and other processes. Raises BusyError after `wait_s`.

        Where the lock can be lost while it is held, the next `sync` refuses.
        """
        ...

    def close(self) -> None:
        """Let go of every open file. Reading afterwards is an error."""
        ...
