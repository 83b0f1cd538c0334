"""A scope is one tenant in one env: required everywhere, and the prefix of every key.

There is no default scope and no fallback. Nothing made in one scope is visible in another.
"""

import re

import msgspec

from engines.media_v2.errors import KeyOutsideScopeError, ScopeError

NAME_RULE = "^[a-z0-9][a-z0-9_-]{0,62}$"
"""What tenants and envs may be called: what every file system, URL and object store spells alike, at most 63 characters."""

KEY_BYTES_MAX = 1024
"""Object stores accept keys of at most 1,024 bytes."""

_NAME = re.compile(NAME_RULE.removeprefix("^").removesuffix("$"))
_KEY_PART = re.compile(r"[A-Za-z0-9_.-]+")


class Scope(msgspec.Struct, frozen=True, order=True):
    """One tenant in one env. Build it with `scope_of`, which checks the names."""

    tenant: str
    env: str

    @property
    def prefix(self) -> str:
        """The start of every key of this scope, slash included."""
        return f"tenants/{self.tenant}/{self.env}/media_v2/"

    def __str__(self) -> str:
        return f"{self.tenant}/{self.env}"


def scope_of(tenant: str | None, env: str | None) -> Scope:
    """Return the scope of `tenant` and `env`. Raises `ScopeError` when either is missing or breaks `NAME_RULE`."""
    for field, value in (("tenant", tenant), ("env", env)):
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise ScopeError(field, value, NAME_RULE)
    assert tenant is not None
    assert env is not None
    return Scope(tenant, env)


def check_key(scope: Scope, key: str) -> str:
    """Return `key` when it is a plain path under the scope's prefix.

    Plain means: ASCII letters, digits and `_.-` between single slashes, no part `.` or `..`, at most `KEY_BYTES_MAX`
    bytes. Raises `KeyOutsideScopeError`.
    """
    parts = key.split("/")
    plain = all(_KEY_PART.fullmatch(part) and part not in (".", "..") for part in parts)
    if not (plain and key.startswith(scope.prefix) and len(key) <= KEY_BYTES_MAX):
        raise KeyOutsideScopeError(key, scope.prefix)
    return key
