"""Render once: the same job asked for again is answered from the ledger, whichever service draws it.

Main path: `render_once(registry, scope, job, draw)`. The job says what would be drawn and by which code; `draw` is
called only when no artifact of the
scope has that identity yet.
"""

import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from engines.media_v2 import keys
from engines.media_v2.exports import Export, ExportPlan
from engines.media_v2.models import Artifact, Kind
from engines.media_v2.registry import Registration, Registry
from engines.media_v2.scope import Scope

PLAIN = "plain"
"""Stands in file names for the preset of a render that was asked for without one."""


class RenderJob(NamedTuple):
    """All that can change a render's bytes, and how to name the result."""

    kind: Kind
    content: object
    """What is drawn, as JSON-able values, without names and without ids of one scope."""
    inputs: dict[str, str]
    """sha256 of every font that may be used, as `font:<name>`; files are in `content`, by hash."""
    plan: ExportPlan
    producers: dict[str, str]
    name: str
    parents: tuple[str, ...] = ()
    source_id: str = ""
    extra_meta: dict[str, object] = {}  # noqa: RUF012 - never written

    @property
    def render_key(self) -> str:
        """The identity of the render; see `keys.render_key`."""
        content_sha256 = keys.sha256_hex(keys.canonical(self.content))
        return keys.render_key(content_sha256, self.inputs, self.plan, self.producers)


class Rendered(NamedTuple):
    """A render's artifact, and whether it was there already."""

    artifact: Artifact
    cache: Literal["hit", "miss"]
    elapsed_us: int


def render_once(registry: Registry, scope: Scope, job: RenderJob, draw: Callable[[], Export]) -> Rendered:
    """Return the artifact of `job` in `scope`, drawing it with `draw` when it is new. Both answers are recorded as events."""
    started = time.perf_counter_ns()
    key = job.render_key
    preset_id = job.plan.preset_id or ""
    if (known := registry.reuse(scope, key, preset_id)) is not None:
        return Rendered(known, "hit", _elapsed_us(started))
    export = draw()
    plan = job.plan
    uri = keys.export_key(scope, job.kind, key, job.name, preset_id or PLAIN, plan.width, plan.height, plan.ext)
    meta = export.meta | {"preset_id": plan.preset_id} | job.extra_meta
    request = Registration(job.kind, export.content, meta, uri, job.parents, key)
    elapsed_us = _elapsed_us(started)
    registered = registry.register_render(scope, request, job.source_id, preset_id, elapsed_us)
    return Rendered(registered.artifact, "miss" if registered.created else "hit", elapsed_us)


def _elapsed_us(started_ns: int) -> int:
    return (time.perf_counter_ns() - started_ns) // 1000
