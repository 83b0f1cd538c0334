"""How fast does a text become pixels, and against whom?

The job: 1,000 different headlines of 40 characters, laid out and rasterized at 64 px, beside Pillow with raqm and skia-python's paragraph,
who get the same font file and fill the same kind of picture (`text_peers`). What a peer draws is compared with ours before anything is
timed, and there is no number for another picture. A page of 200 lines in eight scripts is measured by itself.

`python -m bench.text --quick` prints JSON.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from bench import text_cases as says
from bench import text_ours, text_peers
from bench.environment import environment
from bench.rates import Contender, Rates, race
from bench.targets import Target, judged
from bench.text_peers import Ink, Peer
from engines.errors import EnvironmentFault
from engines.typography_core import raster
from ledger import OutOfRangeError

TURNS, TURNS_QUICK = 9, 3
COMPARED: Final = 25
"""Headlines whose pictures are compared."""
DIFFERENCE_MAX: Final = 12.0
"""Mean of 255 over the box of the ink. Letters up to half a pixel off, as Pillow's are, change 6.5; a weight of 420 instead of 400 changes
31, a quarter of a pixel in size 35, another text 70."""
_OURS: Final = "ours"
_PEERS: Final[dict[str, tuple[str, Callable[[Path], Peer]]]] = {
    "pillow": ("pillow", text_peers.pillow),
    "skia": ("skia-python", text_peers.skia),
}
"""Distribution of each, and how it is made ready."""

Tell = Callable[[str, int, int], None]


class FontMissingError(EnvironmentFault):
    """All draw with one file, which a font package brings."""

    type = "bench-font-missing"

    def __init__(self) -> None:
        super().__init__("the font of the race is missing: pip install fontpkg-inter")


class Case(NamedTuple):
    """`prepare` makes our caches what the case says, and returns the headlines of a turn."""

    name: str
    says: str
    prepare: Callable[[], Sequence[str]]


TARGETS: Final = (
    Target("new_vs_faster", "at least", 1.0, "times the faster peer, headlines never seen, shaped-run cache off"),
    Target("again_vs_faster", "at least", 3.0, "times the faster peer, the same headlines again"),
    Target("page_ms", "at most", 50.0, "ms to set a page of 200 lines in 8 scripts, runs shaped before"),
)


def run(quick: bool = False, peers: Sequence[str] | None = None, tell: Tell | None = None) -> dict[str, Any]:
    """Measure headlines beside `peers` (all that can be imported), and a page.

    Returns `rows` `{case, says, ours_us, ours_median_us, others_us, others_median_us: {name: us a headline}, ratio, ratio_median: {name:
    other / ours}, cpu_us: {name: least CPU time}, turns}`, `difference` {name: mean of 255}, `page` {name: ms}, `summary`, `targets`,
    `skipped` {name: reason}, `environment`. Times are the best and the median of interleaved turns. Raises `OutOfRangeError` for an unknown
    peer, `FontMissingError`, and AssertionError for a peer whose picture is another one.
    """
    for name in peers or ():
        if name not in _PEERS:
            raise OutOfRangeError("peer", name, ", ".join(_PEERS))
    font_file = says.font_file()
    if font_file is None:
        raise FontMissingError
    say = tell or (lambda *_: None)
    turns = TURNS_QUICK if quick else TURNS
    usable, skipped = _ready(font_file, peers)
    difference = {name: _difference(peer) for name, peer in usable.items()}
    for name, off in difference.items():
        assert off <= DIFFERENCE_MAX, f"{name} draws another picture: {off:.1f} of 255 off"
    rows = []
    cases = _cases()
    for done, case in enumerate(cases):
        say("measuring", done, len(cases) + 1)
        rows.append(_headlines(case, usable, turns))
    say("measuring", len(cases), len(cases) + 1)
    page = _page(turns)
    say("measuring", len(cases) + 1, len(cases) + 1)
    summary = _summary(rows, page)
    packages = {name: _PEERS[name][0] for name in usable} | {"uharfbuzz": "uharfbuzz"}
    return {
        "rows": rows,
        "difference": difference,
        "page": page,
        "summary": summary,
        "targets": _judged(summary),
        "skipped": skipped,
        "environment": environment(packages, turns=turns),
    }


def _ready(font_file: Path, peers: Sequence[str] | None) -> tuple[dict[str, Peer], dict[str, str]]:
    usable: dict[str, Peer] = {}
    skipped: dict[str, str] = {}
    for name, (package, make) in _PEERS.items():
        if peers is not None and name not in peers:
            continue
        try:
            usable[name] = make(font_file)
        except (ImportError, OSError) as error:
            skipped[name] = f"{package} cannot be used: {error}"
    return usable, skipped


def _difference(peer: Peer) -> float:
    """Mean difference of the pixels of some headlines within the boxes that hold both inks, of 255."""
    texts = says.headlines()[:COMPARED]
    pairs = zip(text_ours.inks(texts), peer.inks(texts), strict=True)
    return round(float(np.mean([_off(ours, theirs) for ours, theirs in pairs])), 2)


def _off(one: Ink, other: Ink) -> float:
    left, top = min(one.x, other.x), min(one.y, other.y)
    right = max(ink.x + ink.coverage.shape[1] for ink in (one, other))
    bottom = max(ink.y + ink.coverage.shape[0] for ink in (one, other))
    both = np.zeros((2, bottom - top, right - left), np.int16)
    for canvas, ink in zip(both, (one, other), strict=True):
        rows, columns = ink.coverage.shape
        canvas[ink.y - top : ink.y - top + rows, ink.x - left : ink.x - left + columns] = ink.coverage
    inked = both.any(axis=0)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    box = both[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return float(np.abs(box[0] - box[1]).mean())


def _cases() -> list[Case]:
    known, batches = says.headlines(), itertools.count(1)

    def first() -> Sequence[str]:
        text_ours.forget_all()
        return known

    def new() -> Sequence[str]:
        text_ours.forget_texts()
        return known

    return [
        Case("first", "nothing kept at all, as in a new process; peers keep their letters", first),
        Case("new", "letters kept, but no text was set or shaped before", new),
        Case(
            "others",
            "other headlines of the same words each turn, all caches on",
            lambda: says.headlines(next(batches)),
        ),
        Case("again", "the same headlines again, all caches on", lambda: known),
    ]


def _headlines(case: Case, peers: dict[str, Peer], turns: int) -> dict[str, Any]:
    jobs = {_OURS: text_ours.draw} | {name: peer.draw for name, peer in peers.items()}
    texts = case.prepare()
    for job in jobs.values():
        job(texts)
    contenders = [
        Contender(name, says.HEADLINES, case.prepare if name == _OURS else lambda: texts, job)
        for name, job in jobs.items()
    ]
    return _row(case, race(contenders, turns))


def _row(case: Case, rates: dict[str, Rates]) -> dict[str, Any]:
    best = {name: 1e6 / one.best_per_s for name, one in rates.items()}
    median = {name: 1e6 / one.median_per_s for name, one in rates.items()}
    others = [name for name in rates if name != _OURS]
    return {
        "case": case.name,
        "says": case.says,
        "ours_us": round(best[_OURS], 1),
        "ours_median_us": round(median[_OURS], 1),
        "others_us": {name: round(best[name], 1) for name in others},
        "others_median_us": {name: round(median[name], 1) for name in others},
        "ratio": {name: round(best[name] / best[_OURS], 3) for name in others},
        "ratio_median": {name: round(median[name] / median[_OURS], 3) for name in others},
        "cpu_us": {name: round(one.cpu_us, 1) for name, one in rates.items()},
        "turns": {name: one.turns for name, one in rates.items()},
    }


def _page(turns: int) -> dict[str, float]:
    """Milliseconds: to set the page without anything kept, with its runs shaped before, and to cover it with its letters kept."""
    request = text_ours.page_of(says.PAGE_LINES)
    made = text_ours.set_page(request)
    assert len(made.lines) >= says.PAGE_LINES, "the page has fewer lines"
    assert not made.missing, f"no font for {made.missing}: pip install 'impasto[fonts]'"
    raster.cover(made.runs)
    contenders = [
        Contender("set_first_ms", 1, text_ours.forget_texts, lambda _: text_ours.set_page(request)),
        Contender("set_ms", 1, lambda: text_ours.set_page(request), lambda _: text_ours.set_page(request)),
        Contender("cover_ms", 1, lambda: made.runs, raster.cover),
    ]
    found = {name: round(1e3 / one.best_per_s, 2) for name, one in race(contenders, turns).items()}
    return found | {"lines": len(made.lines), "characters": len(request.text)}


def _summary(rows: Sequence[dict[str, Any]], page: dict[str, float]) -> dict[str, float | None]:
    """The figures that targets are about; None where no peer is here."""
    ratios = {row["case"]: row["ratio"] for row in rows}
    found = {f"{case}_vs_faster": min(ratio.values(), default=None) for case, ratio in ratios.items()}
    named = {f"{case}_vs_{name}": value for case, ratio in ratios.items() for name, value in ratio.items()}
    return found | named | {"page_ms": page["set_ms"]}


def _judged(summary: dict[str, float | None]) -> list[dict[str, Any]]:
    """See `targets.judged`."""
    return [judged(one, summary[one.figure]) for one in TARGETS]


def main() -> None:
    """Print the result of `run` as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", nargs="*", choices=tuple(_PEERS))
    options = parser.parse_args()
    sys.stdout.write(json.dumps(run(options.quick, options.peers), indent=1) + "\n")


if __name__ == "__main__":
    main()
