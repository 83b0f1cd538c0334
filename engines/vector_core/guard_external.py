"""What becomes of a reference that leaves its document: is it read, refused, or left out?

Only pictures are read, through `resources`; a picture that is a drawing itself loads nothing more, as in browsers (SVG
Integration, secure static mode). All else, and what `resources` does not have, is refused or left out by `external`. Keeps the
account of both for whoever must tell.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from engines.vector_core import embedded
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.resources import Resources, file_name

External = Literal["refuse", "ignore"]

RESOURCES_MAX = 256
"""Files that one document may have read: more are a folder, not a drawing."""

IGNORED_MAX = 64
"""References left out that are told one by one; counted beyond."""


class Outside:
    """The decision for one document and the drawings within it, and what was decided so far."""

    def __init__(self, resources: Resources | None = None, external: External = "refuse") -> None:
        self._resources = resources
        self._external = external
        self.used: dict[str, str] = {}
        self.ignored: dict[str, None] = {}
        self.ignored_count = 0

    @contextmanager
    def within_picture(self) -> Iterator[None]:
        """Give out no pictures meanwhile."""
        kept, self._resources = self._resources, None
        try:
            yield
        finally:
            self._resources = kept

    def picture(self, reference: str, place: str) -> bytes | None:
        """Return the picture that `reference` names; None where there is none to be had. Raises SvgRefusedError past `RESOURCES_MAX`."""
        name = file_name(reference) if self._resources is not None else None
        data = self._resources.read(name) if self._resources is not None and name is not None else None
        if name is None or data is None or embedded.mime(data) is None:
            return None
        if name not in self.used and len(self.used) == RESOURCES_MAX:
            raise SvgRefusedError("external-reference", place, reference, f"{RESOURCES_MAX} files")
        self.used[name] = hashlib.sha256(data).hexdigest()
        return data

    def leave_out(self, reference: str, place: str) -> None:
        """Note that `reference` is left out. Raises SvgRefusedError where nothing may be."""
        if self._external == "refuse":
            inside = "#id or data:image/..."
            limit = inside if self._resources is None else f"{inside}, or a picture among the resources"
            raise SvgRefusedError("external-reference", place, reference, limit)
        self.ignored_count += 1
        if len(self.ignored) < IGNORED_MAX:
            self.ignored[reference] = None
