"""What does the service count? Prometheus metrics of one process, or of all workers where they share a folder.

The only file that knows prometheus_client. Tenants are no label: there may be thousands, and what they do is their own matter.
"""

import os
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from engines.http.admission import Admission
from engines.http.settings import SHARED_FOLDER_VARIABLE

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Family(NamedTuple):
    """A metric: its name as it is scraped, its type, its labels and what it counts."""

    name: str
    type: str
    labels: tuple[str, ...]
    told: str


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        by_route = ("method", "route")
        self.requests = Counter("impasto_http_requests", "Requests answered.", (*by_route, "status"), registry=own)
        self.seconds = Histogram(
            "impasto_http_request_seconds", "Time until an answer was sent.", by_route, buckets=_SECONDS, registry=own
        )
        self.sent = Counter("impasto_http_response_bytes", "Bytes of bodies sent.", ("route",), registry=own)
        told = "Creations answered, by kind of artifact, and whether it was there or the answer repeated."
        self.created = Counter("impasto_creations", told, ("kind", "cache"), registry=own)
        self.refused = Counter("impasto_creations_refused", "Creations without room.", ("reason",), registry=own)
        self._running = _gauge("impasto_creations_running", "Creations that run now.", own)
        self._waiting = _gauge("impasto_creations_waiting", "Creations that wait for room.", own)
        self._megapixels = _gauge("impasto_megapixels_running", "Megapixels of those that run now.", own)

    def families(self) -> list[Family]:
        """What is counted, for the guide."""
        suffixes = {"counter": "_total"}
        return [
            Family(one.name + suffixes.get(one.type, ""), one.type, metric._labelnames, one.documentation)
            for metric in vars(self).values()
            if isinstance(metric, Counter | Gauge | Histogram)
            for one in metric.describe()
        ]

    def exposition(self, admission: Admission) -> bytes:
        """Return all metrics as Prometheus reads them. What runs and waits is as of each worker's last answer to this."""
        self._running.set(admission.running)
        self._waiting.set(admission.waiting)
        self._megapixels.set(admission.megapixels)
        if SHARED_FOLDER_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library's own gap
        return generate_latest(together)


def _gauge(name: str, told: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, told, registry=registry, multiprocess_mode="livesum")
