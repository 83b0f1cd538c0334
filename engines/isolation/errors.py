"""What a worker process does not survive, and how its caller is told.

EngineError
  IsolationError             base of this package
    WorkerTimeLimitError     the input takes longer than its task may                  (RequestError)
    WorkerMemoryLimitError   the input needs more memory than a worker has             (RequestError)
    WorkerDiedError          a library crashed on the input                            (RequestError)
    WorkerFaultError         a task failed in a way that nobody foresaw: a fault of ours
    WorkerStartError         no worker can be started on this machine                  (EnvironmentFault)
"""

from engines.errors import EngineError, EnvironmentFault, RequestError


class IsolationError(EngineError):
    """Base of every error that is about a worker process itself; `fields["field"]` is the task."""

    type = "isolation"


class WorkerTimeLimitError(IsolationError, RequestError):
    """`field` (a task) took longer than `limit` seconds, so that its worker was killed."""

    type = "worker-time-limit"

    def __init__(self, task: str, limit_s: float) -> None:
        super().__init__(f"{task}: takes longer than the limit of {limit_s:g} s", field=task, limit=limit_s, unit="s")


class WorkerMemoryLimitError(IsolationError, RequestError):
    """`field` (a task) needs more than `limit` bytes."""

    type = "worker-memory-limit"

    def __init__(self, task: str, limit_bytes: int) -> None:
        message = f"{task}: needs more memory than the limit of {limit_bytes:,} bytes"
        super().__init__(message, field=task, limit=limit_bytes, unit="bytes")


class WorkerDiedError(IsolationError, RequestError):
    """The worker died at `field` (a task): `value` is the signal that ended it, or its exit code. The input crashes a library."""

    type = "worker-died"

    def __init__(self, task: str, how: str) -> None:
        super().__init__(f"{task}: the input crashed the worker process ({how})", field=task, value=how)


class WorkerFaultError(IsolationError):
    """A task raised what is no typed error; `value` is the last line of it."""

    type = "worker-fault"

    def __init__(self, task: str, told: str) -> None:
        super().__init__(f"{task}: {told}", field=task, value=told)


class WorkerStartError(IsolationError, EnvironmentFault):
    """A worker process did not start; `value` is what it said last."""

    type = "worker-start"

    def __init__(self, told: str) -> None:
        super().__init__(f"a worker process does not start: {told}", value=told)
