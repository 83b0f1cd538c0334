"""Options that several commands share, and what it means when they are missing."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from engines.media_v2.errors import MissingOptionError
from engines.media_v2.scope import NAME_RULE, Scope, scope_of

if TYPE_CHECKING:
    from engines.media_v2.presets import Overrides

Store = Annotated[
    str | None,
    Parameter(
        name="--store",
        env_var="IMPASTO_STORE",
        help="The store: a folder, a store file (.toml) or postgresql://host/database#ledger; there is no default.",
    ),
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


@Parameter(name="*")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Changes:
    """What a request changes about its presets; numbers are clamped to each preset's limits."""

    format: Annotated[
        str | None, Parameter(help="Another format that the preset offers, such as png for web_small.")
    ] = None
    width: Annotated[int | None, Parameter(help="Width in px.")] = None
    height: Annotated[int | None, Parameter(help="Height in px; with it the picture goes into a box, by --fit.")] = None
    fit: Annotated[
        Literal["contain", "cover", "stretch"] | None, Parameter(help="Show all and pad, fill and crop, or distort.")
    ] = None
    focal: Annotated[
        tuple[float, float] | None,
        Parameter(help="Two parts of 1 across and down: the point that cover keeps in view."),
    ] = None
    quality: Annotated[int | None, Parameter(help="Quality of lossy formats.")] = None
    dpi: Annotated[int | None, Parameter(help="Resolution to write into the file.")] = None
    color_profile: Annotated[
        Literal["sRGB", "Display P3", "Adobe RGB (1998)"] | None, Parameter(help="Colour space of the file.")
    ] = None
    bit_depth: Annotated[Literal[8, 16] | None, Parameter(help="Bits a channel; 16 for PNG.")] = None
    background: Annotated[str | None, Parameter(help="A colour behind everything, or transparent.")] = None


NO_CHANGES = Changes()


def overrides_of(changes: Changes) -> "Overrides":
    """The same for services. Raises `OverrideError`."""
    from engines.media_v2.presets import check_overrides

    return check_overrides(dataclasses.asdict(changes))


def need_store(store: Path | str | None) -> str:
    """Return what the store is called. Raises `MissingOptionError`: state is never kept in a place that nobody named."""
    if store is None or not str(store).strip():
        raise MissingOptionError("store", "name the store with --store or IMPASTO_STORE; there is no default place")
    return str(store)


def need_scope(tenant: str | None, env: str | None) -> Scope:
    """Return the scope. Raises `MissingOptionError` when tenant or env is missing, `ScopeError` when one breaks the rule."""
    for name, value in (("tenant", tenant), ("env", env)):
        if value is None or value == "":
            raise MissingOptionError(name, f"--{name} is required; it must match {NAME_RULE}")
    return scope_of(tenant, env)
