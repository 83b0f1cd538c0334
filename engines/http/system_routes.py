"""Routes about the service itself: health, metrics, and its OpenAPI document."""

import importlib.metadata

from engines.http import metrics
from engines.http.documents import Health
from engines.http.endpoints import JSON, Answer, Call, Endpoint, Reply, json_answer
from engines.http.service import Service


def version() -> str:
    """The version of the distribution."""
    return importlib.metadata.version("impasto")


def read_health(service: Service, call: Call) -> Answer:
    """Whether the process can read its store."""
    del call
    service.registry.head()
    return json_answer(Health(status="ok", version=version()))


def read_metrics(service: Service, call: Call) -> Answer:
    """All counters as Prometheus reads them."""
    del call
    return Answer(200, service.metrics.exposition(service.admission), metrics.MEDIA_TYPE)


def read_schema(service: Service, call: Call) -> Answer:
    """The OpenAPI document of all routes."""
    del service, call
    from engines.http.openapi import document  # knows all routes, this one included

    return json_answer(document())


ENDPOINTS = (
    Endpoint(
        "GET",
        "/healthz",
        "read_health",
        "Whether the service runs and can read its store.",
        read_health,
        {200: Reply("It does.", Health)},
    ),
    Endpoint(
        "GET",
        "/metrics",
        "read_metrics",
        "Prometheus metrics.",
        read_metrics,
        {200: Reply("The metrics.", None, (metrics.MEDIA_TYPE,))},
    ),
    Endpoint(
        "GET",
        "/schema/openapi.json",
        "read_schema",
        "This document.",
        read_schema,
        {200: Reply("OpenAPI 3.1.", dict, (JSON,))},
    ),
)
