"""What do all routes that create artifacts share? Room for the work, the idempotency key, and the answer.

The order matters: room first, so that whoever waits for another request with its key is bounded too.
"""

from collections.abc import Callable

import msgspec

from engines.http.documents import Created, created_document
from engines.http.endpoints import JSON, Answer, Call, Handler, Reply
from engines.http.errors import ServiceError
from engines.http.idempotency import HEADER, REPLAYED_HEADER, Made, key_of, made_once
from engines.http.service import Service
from engines.media_v2.registry import Registered
from engines.media_v2.renders import Rendered

Weigh = Callable[[Service, Call], float]
Make = Callable[[Service, Call], Registered | Rendered]

REPLIES = {
    201: Reply("Made.", Created, headers=("Location",)),
    200: Reply("It was there already: the same content, or the same render.", Created, headers=("Location",)),
}
PROBLEMS = (404, 410, 422, 429)
HEADERS = (HEADER,)


def creating(weigh: Weigh, make: Make) -> Handler:
    """Return the handler of a route that creates an artifact by `make`, whose work is `weigh` megapixels."""

    def handle(service: Service, call: Call) -> Answer:
        key = key_of(call.headers)
        megapixels = weigh(service, call)
        try:
            with service.admission.hold(str(call.scope), megapixels):
                made = made_once(
                    service.registry, call.scope, key, call.fingerprint, lambda: _made(make(service, call))
                )
        except ServiceError as error:
            service.metrics.refused.labels(error.type).inc()
            raise
        return _answer(service, call, made, megapixels)

    return handle


def _made(result: Registered | Rendered) -> Made:
    created = result.created if isinstance(result, Registered) else result.cache == "miss"
    return Made(result.artifact, created)


def _answer(service: Service, call: Call, made: Made, megapixels: float) -> Answer:
    document = created_document(made.artifact, created=made.created)
    service.metrics.created.labels(document.kind, "replayed" if made.replayed else document.cache).inc()
    headers = {"Location": f"/v1/{call.scope.tenant}/{call.scope.env}/artifacts/{document.artifact_id}"}
    if made.replayed:
        headers[REPLAYED_HEADER] = "true"
    facts = {"artifact_id": document.artifact_id, "cache": document.cache, "megapixels": round(megapixels, 3)}
    return Answer(201 if made.created else 200, msgspec.json.encode(document), JSON, headers, facts)
