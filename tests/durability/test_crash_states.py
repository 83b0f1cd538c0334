"""Power cuts at every call of real runs, and at every call of the repairs after them: no promise is ever broken."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash_check import FULL, Moment, Told, append_story, hidden_damage, judge, moments, repair_story, rotten, violation

STORIES, STATES_PER_STORY, STORY_STATES_MIN = (60, 1_000, 50_000) if FULL else (6, 850, 4_500)
REPAIRS, STATES_PER_REPAIR, REPAIR_STATES_MIN = (250, 60, 7_500) if FULL else (45, 50, 1_500)
CUTS_PER_CALL = 60
ROTTEN_PER_STORY = 3_000 if FULL else 600
NOTHING = Told([], 0)


def story_moments(path: Path, seed: int) -> Iterator[Moment]:
    """Crashes of one story of 30 appends."""
    tracer = append_story(path / f"story-{seed}", seed, 30)
    return moments(tracer, NOTHING, random.Random(seed), CUTS_PER_CALL)


@pytest.mark.slow
def test_power_cuts_at_every_call_break_no_promise(quick_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything acknowledged is there, whole batches only, without gaps; one opening puts the ledger right."""
    seen: set[bytes] = set()
    for seed in range(STORIES):
        found = judge(story_moments(quick_path, seed), STATES_PER_STORY, seen, violation)
        assert found == [], f"story {seed}"
    with capsys.disabled():
        print(f"\n{len(seen):,} states of {STORIES} stories, no promise broken")  # noqa: T201 - the figure of this run
    assert len(seen) >= STORY_STATES_MIN


@pytest.mark.slow
def test_power_cuts_during_repairs_break_no_promise(quick_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Machines that have just lost power lose it again, most likely while they start."""
    seen: set[bytes] = set()
    chance = random.Random(9)
    torn = [moment for moment in story_moments(quick_path, 77) if moment.shown is None]
    for number, moment in enumerate(chance.sample(torn, REPAIRS)):
        tracer = repair_story(quick_path / f"repair-{number}", moment)
        found = judge(moments(tracer, moment.told, chance, 24), STATES_PER_REPAIR, seen, violation)
        assert found == [], f"repair {number}"
    with capsys.disabled():
        print(f"\n{len(seen):,} states of {REPAIRS} repairs, no promise broken")  # noqa: T201 - the figure of this run
    assert len(seen) >= REPAIR_STATES_MIN


@pytest.mark.slow
def test_damage_below_the_mark_is_never_taken_for_a_crash(quick_path: Path) -> None:
    """A repair that cuts too much destroys what was acknowledged, and the evidence with it."""
    chance = random.Random(3)
    for seed in range(4):
        seen: set[bytes] = set()
        damaged = (rotten(moment, chance) for moment in story_moments(quick_path, seed))
        assert judge((moment for moment in damaged if moment), ROTTEN_PER_STORY, seen, hidden_damage) == []
        assert len(seen) >= 0.5 * ROTTEN_PER_STORY
