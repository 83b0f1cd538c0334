"""Where a drawing is painted changes no byte of it, and what goes wrong in a worker stays there."""

import importlib.resources
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.isolation.errors import WorkerDiedError, WorkerFaultError, WorkerMemoryLimitError
from engines.isolation.pool import Pool
from engines.vector_core import painter, rasterize, svg_fonts
from engines.vector_core.errors import CairoMissingError, RasterValueError, SvgEngineError, VectorError
from engines.vector_core.glyphs import GlyphDrawer
from engines.vector_core.guard import SvgFacts
from engines.vector_core.guard_costs import FilterCost
from engines.vector_core.paint_orders import PACKAGED, PaintOrder, with_fonts
from engines.vector_core.svg_fonts import FontSet
from engines.vector_core.tasks import PAINT, TASKS, Engine
from engines.vector_core.tests.hostile import HEAVY, LEGAL, SLOW, svg

ROOT = Path(__file__).parents[3]
TEXT = svg('<text x="2" y="30" font-size="30" font-family="serif">Hello</text>', 'width="100" height="40"')


def _has_cairo() -> bool:
    try:
        rasterize.engine_version("cairosvg")
    except CairoMissingError:
        return False
    return True


both_engines = pytest.mark.parametrize(
    "engine", ["resvg", pytest.param("cairosvg", marks=pytest.mark.skipif(not _has_cairo(), reason="needs libcairo"))]
)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One worker, which draws with both engines."""
    with Pool(TASKS, workers=1) as made:
        yield made


def _assets() -> dict[str, bytes]:
    """The drawings that come with the package, and those of the example folders."""
    folder = importlib.resources.files("engines.cli") / "demo_assets"
    found = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.endswith(".svg")}
    return found | {str(path): path.read_bytes() for path in sorted((ROOT / "docs" / "examples").rglob("*.svg"))}


def _pixels(document: bytes, engine: Engine, isolation: Pool | None) -> bytes | str:
    """What comes out, or how it fails."""
    try:
        drawn = rasterize.rasterize(document, 64.5, 48, dx=0.25, fit="cover", engine=engine, isolation=isolation)
    except VectorError as error:
        return type(error).__name__
    assert drawn.flags.writeable, "the caller's to change, wherever it was drawn"
    return drawn.tobytes()


@both_engines
def test_workers_draw_the_same_bytes_as_the_caller(engine: Engine, pool: Pool) -> None:
    """Renders are made again years later and compared bit for bit: it must not matter which way they went."""
    documents = _assets() | LEGAL | HEAVY | {"text": TEXT}
    assert len(_assets()) >= 1
    drawn = 0
    for name, document in documents.items():
        apart = _pixels(document, engine, pool)
        assert apart == _pixels(document, engine, None), name
        drawn += isinstance(apart, bytes)
    assert drawn > 30


def test_the_callers_process_never_loads_an_engine() -> None:
    """What is not there cannot crash it."""
    code = (
        "import sys\n"
        "from engines.isolation.pool import Pool\n"
        "from engines.vector_core import rasterize, tasks\n"
        "with Pool(tasks.TASKS, workers=1) as pool:\n"
        f"    rasterize.rasterize({TEXT!r}, 100, 40, isolation=pool)\n"
        "print([name for name in ('resvg', 'cairosvg', 'svg2pdf_py') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_fonts_are_sent_once_to_each_worker(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of fonts may have hundreds of MB; an icon has some kB. A new worker is sent them again."""
    sent: list[int] = []
    sound = Pool.call

    def counted(self: Pool, task: str, value: object, buffers: list[bytes], **more: float) -> object:
        sent.append(len(buffers) - 1)
        return sound(self, task, value, buffers, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Pool, "call", counted)
    upright, italic = svg_fonts.packaged().files
    house = FontSet((svg_fonts.rename(italic, "House Serif"), upright), (("serif", "House Serif"),))
    here = rasterize.rasterize(TEXT, 100, 40, fonts=house)
    assert not np.array_equal(here, rasterize.rasterize(TEXT, 100, 40)), "these fonts look different"
    for _ in range(3):
        assert np.array_equal(rasterize.rasterize(TEXT, 100, 40, fonts=house, isolation=pool), here)
    assert sent == [0, 2, 0, 0]
    with Pool(TASKS, workers=1) as fresh:
        assert np.array_equal(rasterize.rasterize(TEXT, 100, 40, fonts=house, isolation=fresh), here)
    assert sent[4:] == [0, 2]
    rasterize.rasterize(TEXT, 100, 40, isolation=pool)
    assert sent[6:] == [0], "the packaged fonts are everywhere already"


def test_fonts_of_different_sets_are_never_taken_for_each_other(pool: Pool) -> None:
    """One file in another role is another set of fonts."""
    upright, italic = svg_fonts.packaged().files
    one, two = (svg_fonts.rename(data, name) for data, name in ((upright, "House One"), (italic, "House Two")))
    sets = [FontSet((one, two), (("serif", name),)) for name in ("House One", "House Two")] * 2
    drawn = [rasterize.rasterize(TEXT, 100, 40, fonts=fonts, isolation=pool).tobytes() for fonts in sets]
    assert drawn[0] == drawn[2] != drawn[1] == drawn[3]
    with pytest.raises(RasterValueError, match="nobody"):
        rasterize.rasterize(TEXT, 100, 40, fonts=FontSet((one,), (("serif", "nobody"),)), isolation=pool)


def test_an_order_names_its_fonts() -> None:
    order = PaintOrder(size=(1, 1), sheet=(1, 1))
    assert with_fonts(order, None) == order
    assert with_fonts(order, svg_fonts.packaged()).fonts == PACKAGED
    copied = FontSet(svg_fonts.packaged().files)
    assert len({with_fonts(order, fonts).fonts for fonts in (copied, FontSet(copied.files[:1]))}) == 2


def _children() -> set[int]:
    return set(map(int, Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()))


def test_a_worker_killed_in_the_middle_is_told_and_replaced() -> None:
    """By the kernel when memory is short, say: the caller goes on, and so does the next drawing."""
    with Pool(TASKS, workers=1) as pool:
        before = _children()
        expected = rasterize.rasterize(LEGAL["clip"], 20, 20, isolation=pool)
        (worker,) = _children() - before

        def kill() -> None:
            status = Path(f"/proc/{worker}/stat")
            used = int(status.read_text(encoding="utf-8").split()[13])
            while (
                int(status.read_text(encoding="utf-8").split()[13]) < used + 5
            ):  # in the midst of drawing: 0.05 s of it
                time.sleep(0.001)
            os.kill(worker, signal.SIGKILL)

        with ThreadPoolExecutor(1) as threads:
            killing = threads.submit(kill)
            with pytest.raises(WorkerDiedError) as caught:
                rasterize.rasterize(SLOW["thousands of clips"], 1000, 1000, isolation=pool)
            killing.result()
        assert (caught.value.fields["field"], caught.value.fields["value"]) == ("paint_resvg", "SIGKILL")
        assert np.array_equal(rasterize.rasterize(LEGAL["clip"], 20, 20, isolation=pool), expected)
        assert not _children() & {worker}


@both_engines
def test_a_drawing_beyond_its_memory_is_told_and_the_next_one_drawn(
    engine: Engine, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet of 36 MB in 20 MB: whatever the engine makes of that, the caller hears a typed error and lives."""
    expected = rasterize.rasterize(LEGAL["clip"], 20, 20, engine=engine, isolation=pool)
    monkeypatch.setattr(painter, "bytes_for", lambda *_: 20_000_000)
    with pytest.raises((WorkerMemoryLimitError, SvgEngineError)) as caught:
        rasterize.rasterize(LEGAL["clip"], 3000, 3000, engine=engine, isolation=pool)
    if engine == "resvg":
        assert caught.value.fields["limit"] == 20_000_000
    assert np.array_equal(rasterize.rasterize(LEGAL["clip"], 20, 20, engine=engine, isolation=pool), expected)


@both_engines
def test_a_large_picture_fits_into_what_it_may_take(
    engine: Engine, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that refuses what is allowed is no limit but a fault: what each pixel adds is enough for it, whatever is drawn."""
    monkeypatch.setattr(painter, "BYTES_MIN", 48 * 1024 * 1024)
    document = svg('<rect width="20" height="20" fill="#08f"/>')
    drawn = rasterize.rasterize(document, 4000, 4000, engine=engine, isolation=pool)
    assert drawn[::333, ::333].reshape(-1, 4).tolist() == [[0, 0x88, 0xFF, 255]] * 169


def test_a_worker_that_answers_with_other_pixels_is_not_believed() -> None:
    """It may have been taken over; the sheet's size is known here."""
    with Pool({PAINT["resvg"]: "engines.vector_core.tests.noisy:paint_too_little"}, workers=1) as pool:
        with pytest.raises(WorkerFaultError, match="pixels"):
            rasterize.rasterize(LEGAL["clip"], 20, 20, isolation=pool)
        assert rasterize.rasterize(LEGAL["clip"], 1, 1, isolation=pool).shape == (1, 1, 4)


def test_threads_draw_side_by_side() -> None:
    """Each gets its own picture, from as many workers as there are."""
    documents = [svg(f'<rect width="20" height="20" fill="#{index:02x}0000"/>') for index in range(40)]
    with Pool(TASKS, workers=2) as pool, ThreadPoolExecutor(4) as threads:
        painter.announce(pool, workers=2)
        made = list(threads.map(lambda one: rasterize.rasterize(one, 20, 20, isolation=pool), documents))
        assert len(pool._idle) == 2
    assert [int(pixels[5, 5, 0]) for pixels in made] == list(range(40))


def test_glyphs_are_drawn_in_workers_as_well(pool: Pool) -> None:
    """Fonts come from strangers, and some glyphs are SVG documents. What is remembered of one drawer holds for another."""
    apart, here = GlyphDrawer(pool), GlyphDrawer()
    assert np.array_equal(apart(LEGAL["gradient"], 33, 20), here(LEGAL["gradient"], 33, 20))
    assert (apart, hash(apart)) == (here, hash(here))
    with Pool(TASKS, workers=1) as closed:
        pass
    with pytest.raises(AssertionError, match="closed"):
        GlyphDrawer(closed)(LEGAL["gradient"], 33, 20)


def _facts(elements: int, passes: float, by_area: float, region: float) -> SvgFacts:
    return SvgFacts(
        width_px=20, height_px=20, view_box=None, has_text=False, elements=1, expanded_elements=elements,
        filters=FilterCost(passes=passes, passes_by_area=by_area), region_area=region,
    )  # fmt: skip


@given(
    st.sampled_from(["resvg", "cairosvg"]),
    st.integers(1, 10_000),
    st.integers(0, 10**6),
    st.floats(0, 1e3),
    st.floats(0, 1e3),
    st.floats(0, 1e8),
)
def test_more_work_is_given_more_time_and_memory(
    engine: Engine, side: int, elements: int, passes: float, by_area: float, region: float
) -> None:
    """And never less than any drawing has: large pictures must not be ended for being large."""
    small, large = (PaintOrder(size=(20, 20), sheet=(edge, edge)) for edge in (side, side + 1000))
    facts, more = _facts(elements, passes, by_area, region), _facts(elements + 100, passes, by_area, region)
    times = [painter.seconds_for(engine, *one) for one in ((small, facts), (large, facts), (small, more))]
    assert painter.SECONDS_MIN < times[0] < min(times[1:])
    assert painter.BYTES_MIN < painter.bytes_for(small, facts) < painter.bytes_for(large, facts)
