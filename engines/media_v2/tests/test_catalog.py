"""The catalog is the ledger replayed: live state and replay never differ, at any moment of any history."""

import contextlib
import itertools
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engines.image_core import composition
from engines.image_core.service import ImageService
from engines.media_v2.catalog import summarize
from engines.media_v2.errors import RetractedArtifactError
from engines.media_v2.presets import Overrides
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope, scope_of
from engines.media_v2.stores import init_store
from ledger import fold, replay
from tests.fixtures import png

SCOPES = (scope_of("acme", "test"), scope_of("acme", "prod"), scope_of("globex", "test"))
STEP = st.tuples(
    st.sampled_from(["asset", "compose", "render", "preset", "retract"]), st.sampled_from(SCOPES), st.integers(0, 3)
)


def _walk(registry: Registry, steps: list[tuple[str, Scope, int]]) -> None:
    """Do what the steps say; what needs something that is not there yet makes it first, and what is retracted is refused."""
    images = ImageService(registry, threads=1)
    for action, scope, number in steps:
        with contextlib.suppress(RetractedArtifactError):
            _step(registry, images, action, scope, number)


def _step(registry: Registry, images: ImageService, action: str, scope: Scope, number: int) -> None:
    if action == "preset":
        definition = {"preset_id": "own", "format": "png", "size": "scale_to_width", "width": 1 + number}
        registry.define_preset(scope, definition)
        return
    asset = images.add_asset(scope, png(4, 3, seed=number), f"{number}.png").artifact
    if action == "asset":
        return
    layers = [{"type": "raster", "src": f"artifact:{asset.artifact_id}"}]
    document = composition.from_builtins({"version": 1, "width": 4, "height": 3, "layers": layers})
    made = images.create_composition(scope, document, f"card {number}").artifact
    if action == "render":
        images.render(scope, made.artifact_id, "web_small", Overrides(format="png"))
    if action == "retract":
        registry.retract(scope, asset.artifact_id, "no rights")


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, max_size=12), st.data())
def test_replay_equals_the_live_catalog_at_every_index(
    steps: list[tuple[str, Scope, int]], data: st.DataObject
) -> None:
    """Prefix + rest = whole, and both equal what the writer held in memory and what a second process would read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store"
        init_store(path)
        clock = itertools.count(1)
        with Registry.open(path, clock_us=lambda: next(clock)) as registry:
            _walk(registry, steps)
            live = registry.catalog()
            projection = registry.projection
            assert replay(registry.ledger, projection) == live
            cut = data.draw(st.integers(0, live.events))
            rest = [event for _, event in registry.ledger.read(cut)]
            assert fold(projection, replay(registry.ledger, projection, cut), rest, cut) == live
            assert replay(registry.ledger, projection, cut).events == cut
        with Registry.open(path, read_only=True) as second:
            assert second.catalog() == live


def test_a_second_registry_sees_what_the_first_one_wrote(store: Path) -> None:
    """Two processes may serve one store."""
    scope = SCOPES[0]
    with Registry.open(store) as one, Registry.open(store) as two:
        made = ImageService(one).add_asset(scope, png(), "a.png")
        again = ImageService(two).add_asset(scope, png(), "a.png")
        assert not again.created
        assert again.artifact == made.artifact
        assert one.head() == two.head()


def test_the_summary_counts_by_kind_and_tenant(registry: Registry) -> None:
    _walk(registry, [("render", SCOPES[0], 1), ("render", SCOPES[0], 1), ("asset", SCOPES[2], 1)])
    summary = summarize(registry.catalog())
    assert summary.by_kind == {"image_composition": 1, "image_render": 1, "source_asset": 2}
    assert summary.by_tenant == {"acme": 3, "globex": 1}
    assert (summary.completed, summary.reused) == (1, 1)
