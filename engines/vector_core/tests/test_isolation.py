"""No document makes an engine read a file, call a host, end the process or run on: each hostile one, against both engines in workers."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.errors import EngineError, RequestError
from engines.isolation.errors import IsolationError, WorkerTimeLimitError
from engines.isolation.pool import Pool
from engines.vector_core import guard, painter, rasterize
from engines.vector_core.errors import CairoMissingError, SvgRefusedError, VectorError
from engines.vector_core.guard import External
from engines.vector_core.paint_orders import PaintOrder
from engines.vector_core.tasks import TASKS, Engine
from engines.vector_core.tests.hostile import HEAVY, HOSTILE, HOSTILE_AT_SIZE, LEGAL, SLOW, image, svg
from engines.vector_core.tests.watched import CANARY_COLOUR, Watched, watched


def _has_cairo() -> bool:
    try:
        rasterize.engine_version("cairosvg")
    except CairoMissingError:
        return False
    return True


both_engines = pytest.mark.parametrize(
    "engine", ["resvg", pytest.param("cairosvg", marks=pytest.mark.skipif(not _has_cairo(), reason="needs libcairo"))]
)

_BOX = '<rect width="20" height="20" {}/>'
REACHING: dict[str, str] = {
    "image": '<image width="20" height="20" href="{}"/>',
    "image by xlink": '<image width="20" height="20" xlink:href="{}"/>',
    "image by both": '<image width="20" height="20" href="#a" xlink:href="{}"/>',
    "image in a pattern": '<pattern id="p" width="1" height="1"><image width="20" height="20" href="{}"/></pattern>'
    + _BOX.format('fill="url(#p)"'),
    "feImage": '<filter id="f"><feImage href="{}"/></filter>' + _BOX.format('filter="url(#f)"'),
    "use": '<use href="{}#a"/>',
    "gradient": '<linearGradient id="g" href="{}"/>' + _BOX.format('fill="url(#g)"'),
    "fill": _BOX.format('fill="url({})"'),
    "fill of a style": _BOX.format("style=\"fill:url('{}')\""),
    "filter": _BOX.format('filter="url({}#a)"'),
    "mask": _BOX.format('mask="url({}#a)"'),
    "cursor": _BOX.format('cursor="url({})"'),
    "stylesheet": "<style>rect{{fill:url({})}}</style>" + _BOX.format(""),
    "import": '<style>@import "{}";</style>' + _BOX.format(""),
    "import by url": "<style>@import url({});</style>" + _BOX.format(""),
    "font": "<style>@font-face{{font-family:x;src:url({})}}</style>" + _BOX.format('style="font-family:x"'),
    "text path": '<text font-size="9"><textPath href="{}#a">aaa</textPath></text>',
    "base": '<g xml:base="{}"><image width="20" height="20" href="#a"/></g>',
    "xinclude": '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{}"/>',
}
"""How a document can ask for another file."""

NAMES = [
    "{folder}/canary.{{}}",
    "file://{folder}/canary.{{}}",
    "canary.{{}}",
    "../canary.{{}}",
    "http://127.0.0.1:{port}/canary.{{}}",
]


def _endings(kind: str) -> str:
    return (
        "css"
        if "import" in kind
        else "svg"
        if kind in ("use", "filter", "mask", "gradient", "base", "xinclude")
        else "png"
    )


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Watched":  # type: ignore[misc]  # a generator
    if not sys.platform.startswith("linux"):
        pytest.skip("inotify is Linux's")
    with watched(tmp_path) as found:
        monkeypatch.chdir(found.folder)  # so that relative names would be found
        yield found


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One worker for all of them, replaced whenever one of them ends it."""
    with Pool(TASKS, workers=1) as made:
        yield made


def _drawn(document: bytes, engine: Engine, external: External, pool: Pool) -> rasterize.RgbaPixels | EngineError:
    try:
        return rasterize.draw(guard.admit(document, external=external), 20, 20, engine=engine, isolation=pool)
    except (VectorError, IsolationError) as error:
        return error


def _canary_shown(pixels: rasterize.RgbaPixels) -> bool:
    return bool((pixels == CANARY_COLOUR).all(axis=2).any())


def test_the_watch_notices_readers_and_callers(watch: Watched, pool: Pool) -> None:
    """An alarm that cannot ring proves nothing; resvg, left alone, reads any file it is told of, in a worker as well."""
    assert watch.touched() == []
    (watch.folder / "canary.png").read_bytes()
    with socket.create_connection(("127.0.0.1", watch.port)):
        assert watch.touched() == ["read", "connect"]
    asked = svg(f'<image width="20" height="20" href="{watch.folder}/canary.png"/>')
    order = PaintOrder(size=(20, 20), sheet=(20, 20))
    pixels = painter.paint("resvg", asked, order, None, guard.check(svg("")), pool)
    assert _canary_shown(pixels)
    assert watch.touched() == ["read"]


@both_engines
@pytest.mark.parametrize("external", ["refuse", "ignore"])
@pytest.mark.parametrize("kind", REACHING)
def test_nothing_outside_is_read_or_called(
    engine: Engine, external: External, kind: str, watch: Watched, pool: Pool
) -> None:
    """Each way to ask for a file, by each way to name one: refused, or drawn as if nothing were there."""
    for name in NAMES:
        target = name.format(folder=watch.folder, port=watch.port).format(_endings(kind))
        for document in (svg(REACHING[kind].format(target)), svg(image(svg(REACHING[kind].format(target)), "svg+xml"))):
            drawn = _drawn(document, engine, external, pool)
            assert external == "ignore" or isinstance(drawn, SvgRefusedError)
            assert isinstance(drawn, EngineError) or not _canary_shown(drawn)
    assert watch.touched() == []


@both_engines
@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE svg SYSTEM "{}">',
        '<!DOCTYPE svg PUBLIC "-//X//DTD X//EN" "{}">',
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "{}">]>',
        '<!DOCTYPE svg [<!ENTITY % x SYSTEM "{}"> %x;]>',
        '<?xml-stylesheet type="text/css" href="{}"?>',
    ],
)
def test_nothing_that_a_prologue_names_is_read_or_called(
    engine: Engine, before: str, watch: Watched, pool: Pool
) -> None:
    """DTDs, entities and stylesheets beside the document."""
    for name in NAMES:
        target = name.format(folder=watch.folder, port=watch.port).format("css")
        document = svg(
            _BOX.format("") + ("<desc>&x;</desc>" if "ENTITY x" in before else ""), before=before.format(target)
        )
        outcomes = [_drawn(document, engine, external, pool) for external in ("refuse", "ignore")]
        assert not any(isinstance(drawn, np.ndarray) and _canary_shown(drawn) for drawn in outcomes)
    assert watch.touched() == []


@both_engines
@pytest.mark.parametrize("name", HOSTILE | HOSTILE_AT_SIZE)
def test_hostile_documents_never_reach_an_engine(
    engine: Engine, name: str, watch: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard stands in front of both, whoever calls."""

    def reached(*_: object) -> None:
        raise AssertionError("an engine was called")

    monkeypatch.setattr(painter, "paint", reached)
    rule, document = (HOSTILE | HOSTILE_AT_SIZE)[name]
    with pytest.raises(SvgRefusedError) as caught:
        rasterize.rasterize(document, 100, 100, engine=engine)
    assert caught.value.fields["rule"] == rule
    assert watch.touched() == []


@both_engines
@pytest.mark.parametrize("name", HEAVY)
def test_heavy_documents_end_in_pixels_or_a_typed_error(engine: Engine, name: str, watch: Watched, pool: Pool) -> None:
    """Each once hung or ended some engine, or looks as if it would. Few elements: little more than a second."""
    drawn = _drawn(HEAVY[name], engine, "refuse", pool)
    assert isinstance(drawn, RequestError) or drawn.shape == (20, 20, 4)
    assert watch.touched() == []
    facts = guard.check(HEAVY[name])
    given = painter.seconds_for(engine, PaintOrder(size=(20, 20), sheet=(20, 20)), facts)
    assert given <= (1.1 if facts.elements < 1000 else 3.1)


@both_engines
@pytest.mark.parametrize("name", SLOW)
def test_slow_documents_that_are_legal_are_ended(
    engine: Engine, name: str, watch: Watched, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in them tells the guard that they take seconds: only a clock can. The next drawing finds a new worker.

    A tenth of the time that such a drawing is given, so that no machine is fast enough for it.
    """
    given = painter.seconds_for

    def tenth(*asked: object) -> float:
        return given(*asked) / 10  # type: ignore[arg-type]

    monkeypatch.setattr(painter, "seconds_for", tenth)
    with pytest.raises(WorkerTimeLimitError) as caught:
        rasterize.rasterize(SLOW[name], 1000, 1000, engine=engine, isolation=pool)
    assert caught.value.fields["field"] == f"paint_{engine}"
    monkeypatch.undo()
    assert rasterize.rasterize(svg(_BOX.format("")), 20, 20, engine=engine, isolation=pool)[..., 3].all()
    assert watch.touched() == []


@both_engines
def test_ignoring_leaves_the_rest_of_a_picture_as_it_was(engine: Engine) -> None:
    """What is taken out must not take its neighbours with it."""
    plain = _BOX.format('fill="#00f" opacity="0.5"')
    expected = rasterize.rasterize(svg(plain), 20, 20, engine=engine)
    for kind in REACHING:
        asked = REACHING[kind].format("http://h.invalid/a.png").partition("<rect")[0]
        if engine == "cairosvg" and "<text" in asked:
            continue
        admitted = guard.admit(svg(asked + plain), external="ignore")
        if kind not in ("stylesheet", "xinclude"):
            assert np.array_equal(rasterize.draw(admitted, 20, 20, engine=engine), expected), kind


def test_no_legal_document_touches_anything(watch: Watched, pool: Pool) -> None:
    """Those that are drawn, too."""
    for document in LEGAL.values():
        rasterize.rasterize(document, 20, 20, isolation=pool)
    assert watch.touched() == []
