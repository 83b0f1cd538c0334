"""What do all requests of one process share? The open store, the limits, the threads, the counters and the log.

A `Service` is made closed and does nothing; `with service:` opens its store and closes it, which signs what has grown.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from engines.http.admission import Admission, Room
from engines.http.errors import StoppingError
from engines.http.logs import Log
from engines.http.metrics import Metrics
from engines.http.settings import Settings
from engines.image_core.picture_cache import PictureCache
from engines.isolation.pool import Pool
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.workspace import ISOLATED_TASKS, Workspace

QUESTION_THREADS = 16
"""Threads that no creation can take, running or waiting: questions are answered while creations wait."""


class Service:
    """One store, served. Use it from any thread."""

    def __init__(self, store: Path | str, settings: Settings, log: Log) -> None:
        self.store = store
        self.settings = settings
        self.log = log
        self.metrics = Metrics()
        self.admission = Admission(settings)
        self.bodies = Room("bytes of bodies", settings.bodies_bytes, settings.retry_after_s)
        self.requests = Room("requests", settings.requests, settings.retry_after_s)
        self._pictures = PictureCache()
        self._isolation: Pool | None = None
        self._registry: Registry | None = None
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        self._registry = Registry.open(self.store)
        self._isolation = Pool(ISOLATED_TASKS)
        self._pictures = PictureCache(isolation=self._isolation)
        self.admission = Admission(self.settings)
        count = self.settings.running + self.settings.queue + QUESTION_THREADS
        self._threads = ThreadPoolExecutor(count, "impasto-http")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Let what runs finish, refuse what waits, then close the store."""
        threads, self._threads = self._threads, None
        self.admission.stop()
        if threads is not None:
            threads.shutdown(wait=True)
        isolation, self._isolation = self._isolation, None
        if isolation is not None:
            isolation.close()
        registry, self._registry = self._registry, None
        if registry is not None:
            registry.close()

    @property
    def registry(self) -> Registry:
        """The open store. Raises `StoppingError` when it is not open."""
        if self._registry is None:
            raise StoppingError
        return self._registry

    @property
    def threads(self) -> ThreadPoolExecutor:
        """Where requests are worked on. Raises `StoppingError`."""
        if self._threads is None:
            raise StoppingError
        return self._threads

    def workspace(self, scope: Scope) -> Workspace:
        """One scope of the store."""
        return Workspace(self.registry, scope, pictures=self._pictures, isolation=self._isolation)
