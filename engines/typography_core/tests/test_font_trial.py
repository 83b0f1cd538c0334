"""Tests of the trial that a tenant's font stands before it is registered."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.isolation.errors import WorkerDiedError, WorkerTimeLimitError
from engines.isolation.pool import Pool
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.media_v2.stores import init_store
from engines.typography_core import font_trial, fonts
from engines.typography_core.errors import FontRefusedError, TextLimitError
from engines.typography_core.font_assets import add_font
from engines.typography_core.font_trial import examine, examine_apart
from engines.typography_core.tests import forged_fonts as forged
from engines.workspace import Workspace

ACME = Scope("acme", "prod")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Workers that examine fonts."""
    with Pool(font_trial.TASKS, workers=1) as made:
        yield made


def test_a_worker_says_what_the_caller_would_have_found(pool: Pool) -> None:
    """Names, axes, numbers: all of it travels."""
    font = fonts.find("Inter").font
    content = fonts.load(font.package, font.path)
    assert examine_apart(pool, content) == examine(content)


def test_what_a_worker_refuses_is_refused_as_before(pool: Pool) -> None:
    """Programs tell errors apart by type and fields; where the work is done is not theirs to know."""
    with pytest.raises(FontRefusedError) as caught:
        examine_apart(pool, b"GIF89a")
    assert caught.value.fields["part"] == "signature"


def test_letters_are_tried_not_only_tables() -> None:
    """A font whose letters cannot be drawn is told to who adds it, not to who sets a text in it."""
    content = forged.font_file({"A": forged.zigzag(100, 16_000)}, {65: "A"}, units_per_em=16)
    with pytest.raises(TextLimitError, match="coverage"):
        examine(content)


def test_a_font_that_takes_too_long_is_killed(pool: Pool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And nothing of it is registered."""
    monkeypatch.setattr(font_trial, "EXAMINE_S_MAX", 0.001)
    init_store(tmp_path / "store")
    with Registry.open(tmp_path / "store") as registry:
        size = registry.head().size
        with pytest.raises(WorkerTimeLimitError) as caught:
            add_font(registry, ACME, forged.plain_file(), "slow.ttf", functools.partial(examine_apart, pool))
        assert (caught.value.fields["field"], registry.head().size) == (font_trial.TASK, size)


def test_workspaces_read_fonts_in_a_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command line and the HTTP service go through here; with workers of their own, or without."""

    def never(_: bytes) -> None:
        raise AssertionError("read in the caller's process")

    monkeypatch.setattr(font_trial, "examine", never)
    content = forged.plain_file("Brand")
    with Workspace.open(tmp_path / "store", tenant="acme", env="prod", create=True) as work:
        assert work.add_font(content).created
        assert not Workspace(work.registry, work.scope).add_font(content).created


def test_a_crash_while_reading_leaves_the_caller_alive() -> None:
    """A hole in a font library is what workers are for."""
    crash = {font_trial.TASK: "engines.isolation.tests.tasks:crash"}
    with Pool(crash, workers=1) as pool, pytest.raises(WorkerDiedError, match="SIGSEGV"):
        examine_apart(pool, forged.plain_file())
