"""Which routes are there? All of them, in the order in which the documents list them."""

from engines.http import artifact_routes, creation_routes, ledger_routes, preset_routes, system_routes
from engines.http.endpoints import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *creation_routes.ENDPOINTS,
    *artifact_routes.ENDPOINTS,
    *preset_routes.ENDPOINTS,
    *ledger_routes.ENDPOINTS,
    *system_routes.ENDPOINTS,
)
