"""How does one task become a render, and what does a worker keep between tasks?

`do` renders one task in a workspace, whoever opened it. `ready` and `do_in` are for workers: the store is opened and the libraries are made
warm once for each process, whatever number of tasks and threads it has. A task that comes twice changes nothing: the store's turn for its
render_key lets one process draw, and the others find what it made.
"""

import os
import platform
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import msgspec

from compositor.errors import CompositorError
from engines.batch.tasks import Answer, Done, Failed, NotReady, Place, Ready, Standing, Task, Terms
from engines.batch.versions import differences, versions
from engines.batch.warming import warm
from engines.errors import EngineError, RequestError
from engines.image_core.backend import OnKernel
from engines.media_v2.presets import check_overrides
from engines.workspace import Workspace
from ledger import LedgerError

STORES_MAX = 4
"""Stores that a worker process keeps open: a cluster serves several batches, and each store costs its catalog in memory."""

MESSAGE_CHARS_MAX = 4_000
"""Of an error that travels: more than any of ours says."""

ROW_FAULTS = (RequestError, CompositorError)
"""What may be wrong with one row: the same everywhere and always. Everything else is the store's, the machine's or ours."""

_STORE_FAULTS = (EngineError, LedgerError, OSError, MemoryError)


def do(work: Workspace, task: Task, on_kernel: OnKernel | None = None) -> Answer:
    """Render `task` in the scope of `work`. Never raises an Exception: what went wrong is the answer."""
    try:
        rendered = work.render(
            task.composition_id, task.preset_id, check_overrides(task.overrides), on_kernel=on_kernel
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, the coordinator is told
        return failed(task.number, error)
    artifact = rendered.artifact
    return Done(
        number=task.number,
        artifact_id=artifact.artifact_id,
        uri=artifact.uri,
        sha256=artifact.sha256,
        bytes=artifact.bytes,
        cache=rendered.cache,
        elapsed_us=rendered.elapsed_us,
        worker=name(),
    )


def ready(terms: Terms, on_kernel: OnKernel | None = None) -> Ready | NotReady:
    """Compare versions with the coordinator's, open the store and warm up, once for each process. Never raises an Exception."""
    try:
        if told := differences(terms.versions, versions()):
            return NotReady(worker=name(), cause="worker-version", message="other versions", differences=told)
        with _opened(terms, on_kernel):
            return Ready(name())
    except Exception as error:  # noqa: BLE001 - whatever it is, the coordinator is told
        return NotReady(worker=name(), cause=_slug(error), message=str(error)[:MESSAGE_CHARS_MAX])


def do_in(terms: Terms, task: Task, on_kernel: OnKernel | None = None) -> Answer | NotReady:
    """Render `task` on a worker that may not have heard of `terms` yet. Several threads may call it at once."""
    if isinstance(answer := ready(terms), NotReady):
        return answer
    with _opened(terms) as work:
        return do(work, task, on_kernel)


def close(place: Place | None = None) -> int:
    """Close the stores that this process opened for tasks, those at `place` if one is named, and return how many. One that a task uses
    stays open."""
    with _LOCK:
        _forget_foreign()
        idle = [key for key, kept in _OPEN.items() if kept.users == 0 and place in (None, key[0])]
        closing = [_OPEN.pop(key) for key in idle]
    for kept in closing:
        kept.opening.__exit__(None, None, None)
    return len(closing)


def name() -> str:
    """This process, for people who look for a log: host and process id."""
    return f"{platform.node()}:{os.getpid()}"


def failed(number: int, error: BaseException) -> Failed:
    """Describe `error`, which ended the task with this number."""
    standing: Standing = "bug"
    if isinstance(error, ROW_FAULTS):
        standing = "row"
    elif isinstance(error, _STORE_FAULTS):
        standing = "store"
    message = str(error) if standing != "bug" else _trace(error)
    return Failed(
        number=number,
        standing=standing,
        cause=_slug(error),
        message=message[-MESSAGE_CHARS_MAX:],
        fields=_plain(getattr(error, "fields", {})),
        worker=name(),
    )


class _Kept:
    """A store that stays open between tasks, and how many tasks are using it."""

    def __init__(self, opening: AbstractContextManager[Workspace], on_kernel: OnKernel | None) -> None:
        self.opening = opening
        self.users = 0
        self.owner = os.getpid()
        self.work = opening.__enter__()
        try:
            warm(self.work, on_kernel)
        except BaseException:
            opening.__exit__(None, None, None)
            raise


_LOCK = threading.RLock()
_OPEN: dict[tuple[Place, int], _Kept] = {}
"""Oldest first. The only state of a worker process; a coordinator has none of it."""


@contextmanager
def _opened(terms: Terms, on_kernel: OnKernel | None = None) -> Iterator[Workspace]:
    """The workspace for `terms`, opened by the first who asks in this process."""
    key = (terms.place, terms.threads)
    with _LOCK:
        _forget_foreign()
        kept = _OPEN.pop(key, None)
        if kept is None:
            _make_room()
            place = terms.place
            opening = Workspace.open(place.store, tenant=place.tenant, env=place.env, threads=terms.threads)
            kept = _Kept(opening, on_kernel)
        _OPEN[key] = kept
        kept.users += 1
    try:
        yield kept.work
    finally:
        with _LOCK:
            kept.users -= 1


def _make_room() -> None:
    for key in [key for key, kept in _OPEN.items() if kept.users == 0]:
        if len(_OPEN) < STORES_MAX:
            return
        _OPEN.pop(key).opening.__exit__(None, None, None)


def _forget_foreign() -> None:
    """After a fork the open stores are the other process's, whose locks and files are not ours to close."""
    for key in [key for key, kept in _OPEN.items() if kept.owner != os.getpid()]:
        del _OPEN[key]


def _slug(error: BaseException) -> str:
    return str(getattr(error, "type", None) or type(error).__name__)


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    plain = msgspec.to_builtins(fields, enc_hook=repr)
    assert isinstance(plain, dict)
    return plain


def _trace(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(error))
