"""What becomes of references in a drawing that a command stores: options that several commands share, and how they are followed."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from engines.media_v2.errors import MissingOptionError

if TYPE_CHECKING:
    from engines.media_v2.registry import Registered
    from engines.vector_core.resources import Resources
    from engines.workspace import Workspace


@Parameter(name="*")
@dataclasses.dataclass(frozen=True, kw_only=True)
class References:
    """Where pictures come from that an SVG refers to, and what is done about other references."""

    resources: Annotated[
        Path | None,
        Parameter(
            help="Folder that pictures are read from which an SVG refers to, by paths relative to it; they are put in."
        ),
    ] = None
    resource: Annotated[
        tuple[str, ...],
        Parameter(
            negative="", help="NAME=ARTIFACT instead: what an SVG calls a picture that is an artifact; may be repeated."
        ),
    ] = ()
    external: Annotated[
        Literal["refuse", "ignore"],
        Parameter(
            help="Refuse an SVG that refers to anything else, or ignore the references, which its meta then lists."
        ),
    ] = "refuse"


NO_REFERENCES = References()


def store_file(work: "Workspace", file: Path, references: References) -> "Registered":
    """Store a picture or a drawing. Raises `MissingOptionError`, `UnsupportedMediaError`, and what storing it raises."""
    from engines.image_core.decode import read_file
    from engines.image_core.service import looks_like_svg

    resources = _resources(file, references)
    content = read_file(file)
    if looks_like_svg(content):
        return work.add_vector(content, file.name, resources=resources, external=references.external)
    return work.add_asset(content, file.name)


def _resources(file: Path, references: References) -> "Resources | dict[str, str] | None":
    from engines.vector_core.resources import FolderResources

    if references.resources is not None and references.resource:
        raise MissingOptionError("resources", "--resources DIR and --resource NAME=ARTIFACT do not go together")
    if references.resources is not None:
        return FolderResources(references.resources, file.parent)
    pairs = [pair.rpartition("=") for pair in references.resource]
    if not all(name and artifact_id for name, _, artifact_id in pairs):
        raise MissingOptionError("resource", "--resource is NAME=ARTIFACT")
    return {name: artifact_id for name, _, artifact_id in pairs} or None
