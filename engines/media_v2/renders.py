"""Render once: the same job asked for again is answered from the ledger, whichever service draws it.

Main path: `render_once(registry, scope, job, draw)`. The job says what would be drawn and by which code; `draw` is
called only when no artifact of the
scope has that identity yet.
"""

import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from engines.media_v2 import keys
from engines.media_v2.exports import Export, ExportPlan, Planned
from engines.media_v2.models import Artifact, Kind
from engines.media_v2.registry import Registration, Registry
from engines.media_v2.scope import Scope

FONT_PREFIX = "font:"
PLAIN = "plain"
"""Stands in file names for the preset of a render that was asked for without one."""


class RenderJob(NamedTuple):
    """All that can change a render's bytes, and how to name the result."""

    kind: Kind
    content: object
    """What is drawn, as JSON-able values, without names and without ids of one scope."""
    inputs: dict[str, str]
    """sha256 of every font that may be used, as `font:<name>`; files are in `content`, by hash."""
    planned: Planned
    producers: dict[str, str]
    name: str
    parents: tuple[str, ...] = ()
    source_id: str = ""
    extra_meta: dict[str, object] = {}  # noqa: RUF012 - never written

    @property
    def plan(self) -> ExportPlan:
        """How it is exported."""
        return self.planned.plan

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


Draw = Callable[[str], Export]
"""Draws and encodes; told the artifact_id that the result will have."""


def render_once(registry: Registry, scope: Scope, job: RenderJob, draw: Draw) -> Rendered:
    """Return the artifact of `job` in `scope`, drawing it with `draw` when it is new. Both answers are recorded as events.

    When several threads or processes ask at once, one draws and the others wait for it. Raises `RetractedArtifactError`.
    """
    key = job.render_key

    def make(artifact_id: str) -> Registration:
        return _registration(scope, job, key, draw(artifact_id))

    return make_once(registry, scope, Identity(job.kind, key, job.source_id, job.plan.preset_id or ""), make)


class Identity(NamedTuple):
    """What is made, under which key, from what; `preset_id` is empty where there is none."""

    kind: Kind
    render_key: str
    source_id: str
    preset_id: str = ""


def make_once(registry: Registry, scope: Scope, wanted: Identity, make: Callable[[str], Registration]) -> Rendered:
    """Return the artifact that `wanted` identifies, registering what `make` returns (told the artifact_id) when it is new.

    As `render_once`, for what is not exported by a plan.
    """
    started = time.perf_counter_ns()
    _, key, source_id, preset_id = wanted
    if (known := registry.reuse(scope, key, preset_id)) is not None:
        return Rendered(known, "hit", _elapsed_us(started))
    artifact_id = keys.artifact_id(scope, wanted.kind, key)
    with registry.turn(artifact_id):
        if (known := registry.reuse(scope, key, preset_id)) is not None:
            return Rendered(known, "hit", _elapsed_us(started))
        request = make(artifact_id)
        elapsed_us = _elapsed_us(started)
        registered = registry.register_render(scope, request, source_id, preset_id, elapsed_us)
    return Rendered(registered.artifact, "miss" if registered.created else "hit", elapsed_us)


def _registration(scope: Scope, job: RenderJob, key: str, export: Export) -> Registration:
    plan = job.plan
    uri = keys.export_key(scope, job.kind, key, job.name, plan.preset_id or PLAIN, plan.width, plan.height, plan.ext)
    asked = {
        "preset_id": plan.preset_id,
        "preset_version": plan.preset_version,
        "overrides": job.planned.overrides,
        "fonts": {name.removeprefix(FONT_PREFIX): sha256 for name, sha256 in job.inputs.items()},
    }
    return Registration(job.kind, export.content, export.meta | asked | job.extra_meta, uri, job.parents, key)


def _elapsed_us(started_ns: int) -> int:
    return (time.perf_counter_ns() - started_ns) // 1000
