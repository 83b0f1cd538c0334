"""How does a drawing take the pictures that it refers to from the artifacts of its scope?

A map says which artifact each name stands for, as `resources.file_name` reads names. The artifacts that were put into a
drawing are its parents. Only pictures and drawings of the same scope; nothing is fetched by a name that is not in the map.
"""

from collections.abc import Iterable, Mapping

from engines.errors import RequestError
from engines.media_v2.catalog import usable
from engines.media_v2.models import Kind
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.vector_core import embedded
from engines.vector_core.guard_external import RESOURCES_MAX
from engines.vector_core.resources import RESOURCE_BYTES_MAX, Resources, file_name

PICTURE_KINDS: tuple[Kind, ...] = ("source_asset", "image_render", "vector_render", "text_render", "vector_scene")
"""What a drawing may show of a store."""


class ResourceMapError(RequestError):
    """An artifact cannot stand for `name` in a drawing; `reason` says why."""

    type = "resource-map"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"resource {name!r}: {reason}", name=name, reason=reason)


class ArtifactResources:
    """Pictures of `scope` by the names that a drawing has for them."""

    def __init__(self, registry: Registry, scope: Scope, ids: Mapping[str, str]) -> None:
        """Take name -> artifact id. Raises ResourceMapError, `UnknownArtifactError`, `WrongKindError`, `RetractedArtifactError` before
        anything is read."""
        if len(ids) > RESOURCES_MAX:
            raise ResourceMapError(next(iter(ids)), f"one of {len(ids)} names; {RESOURCES_MAX} may be given")
        self._registry = registry
        self._artifacts = {}
        for name, artifact_id in ids.items():
            if file_name(name) is None:
                raise ResourceMapError(name, "no relative path, as drawings spell it")
            artifact = usable(registry.artifact(scope, artifact_id, *PICTURE_KINDS))
            if artifact.bytes > RESOURCE_BYTES_MAX:
                raise ResourceMapError(name, f"{artifact.bytes} bytes; {RESOURCE_BYTES_MAX} fit into a drawing")
            self._artifacts[file_name(name)] = artifact

    def read(self, name: str) -> bytes | None:
        """Return the artifact's bytes, checked against their hash. Raises ResourceMapError for what drawings cannot show."""
        artifact = self._artifacts.get(name)
        if artifact is None:
            return None
        data = self._registry.content(artifact)
        if embedded.mime(data) is None:
            raise ResourceMapError(name, f"{artifact.meta.format}; drawings show PNG, JPEG, GIF, WebP and SVG")
        return data

    def parents(self, used: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of the artifacts with these names, each once."""
        return tuple(dict.fromkeys(self._artifacts[name].artifact_id for name in used))


def parents(resources: Resources | None, used: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of what a drawing was made from: the artifacts among its `used` resources, none for files."""
    return resources.parents(used) if isinstance(resources, ArtifactResources) else ()
