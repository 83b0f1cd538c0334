"""Which artifacts of a scope fit a question, page by page?"""

from engines.media_v2.catalog import Catalog
from engines.media_v2.errors import UnknownArtifactError
from engines.media_v2.models import Artifact, check_kind
from engines.media_v2.scope import Scope


def list_artifacts(
    catalog: Catalog,
    scope: Scope,
    *,
    kind: str | None = None,
    preset_id: str | None = None,
    parent: str | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> list[Artifact]:
    """Artifacts of `scope`, oldest first: of a kind, made with a preset, made from `parent` directly; at most `limit` of those
    that were registered later than `after`. Raises `UnknownKindError`, and `UnknownArtifactError` for `parent` and `after`."""
    wanted = check_kind(kind) if kind is not None else None
    for one in (parent, after):
        if one is not None and catalog.find(scope, one) is None:
            raise UnknownArtifactError(one, str(scope))
    ids = catalog.scope(scope).artifacts
    found = []
    for one in ids[ids.index(after) + 1 :] if after is not None else list(ids):
        artifact = catalog.artifacts[one]
        if (
            wanted in (None, artifact.kind)
            and preset_id in (None, getattr(artifact.meta, "preset_id", None))
            and (parent is None or parent in artifact.parents)
        ):
            found.append(artifact)
            if len(found) == limit:
                break
    return found
