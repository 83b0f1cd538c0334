"""What can go wrong with a batch as a whole, and with one row of it.

RequestError
  BatchRowError            a row cannot be rendered
  SchedulerAddressError    no scheduler is called that
  ResultsFileError         the result file cannot be written as asked
EnvironmentFault
  SchedulerMissingError    the library that a scheduler needs is not installed
  SchedulerLostError       a cluster cannot be reached, or has no workers
  WorkerVersionError       a worker would draw other pixels than its coordinator
  WorkerNotReadyError      a worker cannot open the store
EngineError
  BatchStoppedError        the store, or the machine of a worker, failed
"""

from collections.abc import Mapping

from engines.errors import EngineError, EnvironmentFault, RequestError


class BatchRowError(RequestError):
    """A row of a batch cannot be rendered; `reason` is the fault itself, whose type is `cause`."""

    type = "batch-row"

    def __init__(self, row: int, cause: str, reason: str, details: Mapping[str, object]) -> None:
        text = reason if details.get("row") is not None else f"row {row}: {reason}"
        super().__init__(text, row=row, cause=cause, reason=reason, details=dict(details))


class SchedulerAddressError(RequestError):
    """No scheduler is called `value`, or it does not go with another option."""

    type = "unknown-scheduler"

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"--{field} {value}: {rule}", field=field, value=value, rule=rule)


class ResultsFileError(RequestError):
    """The result file cannot be written at `path`."""

    type = "results-file"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"result file {path}: {reason}", path=path, reason=reason)


class SchedulerMissingError(EnvironmentFault):
    """Dask's scheduler and workers are an extra."""

    type = "scheduler-missing"

    def __init__(self) -> None:
        super().__init__("Dask is not installed: pip install 'impasto[scale]'", package="distributed")


class SchedulerLostError(EnvironmentFault):
    """The cluster at `address` does not answer any more, or has had no workers for `limit` seconds. What was rendered is in the store."""

    type = "scheduler-lost"

    def __init__(self, address: str, reason: str, limit_s: float) -> None:
        super().__init__(f"scheduler {address}: {reason}", address=address, reason=reason, limit=limit_s, unit="s")


class WorkerVersionError(EnvironmentFault):
    """A worker has other versions than its coordinator, so that its renders would be others; `differences` is name -> [here, there]."""

    type = "worker-version"

    def __init__(self, worker: str, differences: Mapping[str, tuple[str, str]]) -> None:
        told = ", ".join(f"{name} {here} here, {there} there" for name, (here, there) in sorted(differences.items()))
        super().__init__(
            f"worker {worker} would draw other pixels: {told}", worker=worker, differences=dict(differences)
        )


class WorkerNotReadyError(EnvironmentFault):
    """A worker cannot open the store, or did not start; `reason` is the fault itself, whose type is `cause`."""

    type = "worker-not-ready"

    def __init__(self, worker: str, cause: str, reason: str) -> None:
        super().__init__(f"worker {worker} is not ready: {reason}", worker=worker, cause=cause, reason=reason)


class BatchStoppedError(EngineError):
    """The store or a machine failed while `row` was rendered, more often than it is tried again; it is not the row's fault."""

    type = "batch-stopped"

    def __init__(self, row: int, worker: str, cause: str, reason: str) -> None:
        super().__init__(
            f"the batch stopped at row {row}, on worker {worker}: {reason}",
            row=row,
            worker=worker,
            cause=cause,
            reason=reason,
        )
