"""The profile names its parts and adds up."""

import numpy as np
import pytest

from bench import floor
from bench.cases import cases
from compositor import BlendModeError, Layer, execute, plan

SIZE = (48, 40)


def test_the_parts_of_a_call_add_up() -> None:
    report = floor.run(quick=True, modes=["normal"], size=SIZE)
    assert {"read in a line", "write fresh memory", "plan", "start two threads"} <= {p["part"] for p in report["parts"]}
    assert [(call["case"], call["mode"]) for call in report["calls"]] == [
        ("opaque", "normal"),
        ("translucent", "normal"),
    ]
    for call in report["calls"]:
        parts = call["from_cache_ms"] + call["around_ms"] + call["rest_ms"]
        assert parts == pytest.approx(call["best_ms"], abs=0.01)


@pytest.mark.parametrize("hopping", [False, True])
def test_every_word_is_read_once(hopping: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that leaves out the rest of a picture would make the floor too low."""
    sources = [np.arange(start, start + 50, dtype=np.uint32) for start in (0, 50)]
    read: list[int] = []
    job = floor._reader(sources, 16 * 4, hopping=hopping)
    monkeypatch.setattr(floor.np, "copyto", lambda _target, run: read.extend(run.tolist()))
    job()
    assert sorted(read) == list(range(100))
    assert (read[16] == 50) is hopping


@pytest.mark.parametrize("size", [(48, 40), (1920, 70)])
def test_hot_tiles_do_the_work_of_the_whole_canvas(size: tuple[int, int]) -> None:
    """Fewer stages, or other ones, would be another job; more pixels than one tile's would not stay in the cache."""
    case = cases(*size, layers=3)[0]
    whole, hot = (
        [stage.kernel for tile in _work(layers, size) for stage in tile.stages]
        for layers in (floor._layers(case.backdrop, case.layers, "screen"), floor._hot(case, "screen"))
    )
    assert hot == whole
    assert len({id(layer.pixels) for layer in floor._hot(case, "screen")}) == 2


def _work(layers: list[Layer], size: tuple[int, int]) -> list[plan.Tile]:
    return list(plan.plan(execute.build_scene(layers, *size, None), execute.TILE_SIDE_PX))


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(BlendModeError):
        floor.run(modes=["glow"], size=SIZE)
