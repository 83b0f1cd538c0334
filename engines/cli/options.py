"""Options that several commands share, and what it means when they are missing."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from engines.media_v2.errors import MissingOptionError
from engines.media_v2.scope import NAME_RULE, Scope, scope_of

Store = Annotated[
    Path | None, Parameter(name="--store", env_var="IMPASTO_STORE", help="Folder of the store; there is no default.")
]
Tenant = Annotated[str | None, Parameter(name="--tenant", help=f"Whose artifacts these are; matches {NAME_RULE}.")]
Env = Annotated[str | None, Parameter(name="--env", help="Environment, such as dev or prod; same rule as tenant.")]
Vkey = Annotated[
    str | None,
    Parameter(
        name="--vkey",
        help="Verifier key of the ledger that you got elsewhere, or a file that holds it; the store's own proves less.",
    ),
]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON document to stdout.")]


def need_store(store: Path | None) -> Path:
    """Return the store's folder. Raises `MissingOptionError`: state is never kept in a place that nobody named."""
    if store is None or not str(store).strip():
        raise MissingOptionError(
            "store", "name the store's folder with --store DIR or IMPASTO_STORE; there is no default place"
        )
    return store


def need_scope(tenant: str | None, env: str | None) -> Scope:
    """Return the scope. Raises `MissingOptionError` when tenant or env is missing, `ScopeError` when one breaks the rule."""
    for name, value in (("tenant", tenant), ("env", env)):
        if value is None or value == "":
            raise MissingOptionError(name, f"--{name} is required; it must match {NAME_RULE}")
    return scope_of(tenant, env)
