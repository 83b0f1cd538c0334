"""Which entities may a document declare? Few, small and internal ones, as Illustrator does for its namespaces."""

import functools
import re

from engines.vector_core.errors import SvgRefusedError

ENTITIES_MAX = 64
ENTITY_CHARS_MAX = 4096
ENTITY_TOTAL_CHARS_MAX = 64 * 1024 * 1024
"""Internal entities: Illustrator declares about ten, each a namespace of 60 characters. The total is an upper bound:
every ampersand of the document times the longest entity."""

_USED = re.compile(r"&([^#;\s][^;\s]*);")


class Entities:
    """Checks each declaration of the document `svg` as it is read."""

    def __init__(self, svg: bytes) -> None:
        self._svg = svg
        self._sizes: dict[str, int] = {}

    @functools.cached_property
    def _ampersands(self) -> int:
        return self._svg.count(b"&")

    def declare(self, name: str, value: str | None, elsewhere: bool, place: str) -> None:
        """Note an entity of text `value`; `elsewhere` if it is a parameter entity or stands in another file.

        Raises SvgRefusedError. An entity may only build on those before it; then its size is known here, and no bomb
        needs to go off.
        """
        if elsewhere or value is None:
            raise SvgRefusedError("entity", place, name, "internal general entities")
        if len(value) > ENTITY_CHARS_MAX:
            raise SvgRefusedError("entity", place, f"{name}: {len(value)} characters", ENTITY_CHARS_MAX)
        inner = _USED.findall(value)
        if not all(used in self._sizes for used in inner):
            raise SvgRefusedError("entity", place, name, "entities made of entities declared before")
        size = len(value) + sum(self._sizes[used] for used in inner)
        self._sizes[name] = size
        if len(self._sizes) > ENTITIES_MAX or size > ENTITY_CHARS_MAX:
            limit = f"{ENTITIES_MAX} entities of {ENTITY_CHARS_MAX} characters"
            raise SvgRefusedError("entity", place, f"{name}: number {len(self._sizes)}, {size} characters", limit)
        total = max(self._sizes.values()) * self._ampersands
        if total > ENTITY_TOTAL_CHARS_MAX:
            raise SvgRefusedError("entity", place, f"{total} characters expanded", ENTITY_TOTAL_CHARS_MAX)
