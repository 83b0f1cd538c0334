"""Is the work of a process bounded, in order, and fair to tenants?"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from engines.http.admission import Admission, Room
from engines.http.errors import OverloadedError, StoppingError, TenantBusyError
from engines.http.settings import Settings, SettingsError, check_settings


class _Held:
    """A creation on a thread of its own, which holds its part of the budget until it is told to go."""

    def __init__(self, threads: ThreadPoolExecutor, admission: Admission, tenant: str, megapixels: float) -> None:
        self.started, self.go = threading.Event(), threading.Event()
        self._admission, self._tenant, self._megapixels = admission, tenant, megapixels
        self.done = threads.submit(self._run)

    def _run(self) -> None:
        with self._admission.hold(self._tenant, self._megapixels):
            self.started.set()
            assert self.go.wait(30)

    def finish(self) -> None:
        self.go.set()
        self.done.result(30)


def _waiting(threads: ThreadPoolExecutor, admission: Admission, tenant: str, megapixels: float) -> _Held:
    """Start one that has to wait, and return when it does."""
    with admission._changed:
        before = admission.waiting
        held = _Held(threads, admission, tenant, megapixels)
        assert admission._changed.wait_for(lambda: admission.waiting > before, 30)
    return held


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def test_the_budget_is_never_exceeded_and_comes_back(threads: ThreadPoolExecutor) -> None:
    """Two renders that fit run together; a third waits until there is room."""
    admission = Admission(Settings(megapixels=10, queue=4))
    first, second = (_Held(threads, admission, "a", 5) for _ in range(2))
    assert first.started.wait(30)
    assert second.started.wait(30)
    assert (admission.running, admission.megapixels) == (2, 10)
    third = _waiting(threads, admission, "a", 1)
    assert not third.started.is_set()
    first.finish()
    assert third.started.wait(30)
    second.finish()
    third.finish()
    assert (admission.running, admission.waiting, admission.megapixels) == (0, 0, 0)


def test_a_render_heavier_than_the_budget_runs_alone(threads: ThreadPoolExecutor) -> None:
    """It could never run otherwise; what one render may weigh is another limit."""
    admission = Admission(Settings(megapixels=10, queue=4))
    heavy = _Held(threads, admission, "a", 1000)
    assert heavy.started.wait(30)
    light = _waiting(threads, admission, "a", 0)
    assert not light.started.is_set()
    heavy.finish()
    assert light.started.wait(30)
    light.finish()


def test_a_large_render_is_not_overtaken_for_ever(threads: ThreadPoolExecutor) -> None:
    """First come, first served: a small one behind a large one waits, though there were room for it."""
    admission = Admission(Settings(megapixels=10, queue=4))
    running = _Held(threads, admission, "a", 5)
    assert running.started.wait(30)
    large = _waiting(threads, admission, "a", 8)
    small = _waiting(threads, admission, "b", 1)
    assert not large.started.is_set()
    assert not small.started.is_set()
    running.finish()
    assert large.started.wait(30)
    assert small.started.wait(30)
    large.finish()
    small.finish()


def test_how_many_run_is_bounded_however_small_they_are(threads: ThreadPoolExecutor) -> None:
    """Each holds a thread."""
    admission = Admission(Settings(running=1, queue=1))
    first = _Held(threads, admission, "a", 0)
    assert first.started.wait(30)
    second = _waiting(threads, admission, "a", 0)
    assert not second.started.is_set()
    first.finish()
    second.finish()


def test_a_full_queue_refuses_at_once(threads: ThreadPoolExecutor) -> None:
    """Better told now than after a minute of waiting."""
    admission = Admission(Settings(running=1, queue=0))
    first = _Held(threads, admission, "a", 1)
    assert first.started.wait(30)
    with pytest.raises(OverloadedError, match="nothing was done"), admission.hold("b", 1):
        raise AssertionError("must not run")
    first.finish()


def test_one_tenant_cannot_fill_the_queue(threads: ThreadPoolExecutor) -> None:
    """The other half of the queue is for the others."""
    admission = Admission(Settings(running=1, queue=2))
    held = [_Held(threads, admission, "a", 1)]
    assert held[0].started.wait(30)
    held.append(_waiting(threads, admission, "a", 1))
    with pytest.raises(TenantBusyError), admission.hold("a", 1):
        raise AssertionError("must not run")
    held.append(_waiting(threads, admission, "b", 1))
    assert admission.waiting == 2
    for one in held:
        one.finish()


def test_waiting_ends_after_its_limit(threads: ThreadPoolExecutor) -> None:
    """A caller that waits too long is told so, and its place is free again."""
    admission = Admission(Settings(running=1, queue=2, queue_wait_s=0))
    first = _Held(threads, admission, "a", 1)
    assert first.started.wait(30)
    with pytest.raises(OverloadedError, match="waited 0 s"), admission.hold("b", 1):
        raise AssertionError("must not run")
    assert admission.waiting == 0
    first.finish()


def test_stopping_refuses_whoever_waits_or_comes(threads: ThreadPoolExecutor) -> None:
    """What runs may finish; the store is closed after it."""
    admission = Admission(Settings(running=1, queue=2))
    first = _Held(threads, admission, "a", 1)
    assert first.started.wait(30)
    second = _waiting(threads, admission, "b", 1)
    admission.stop()
    with pytest.raises(StoppingError):
        second.done.result(30)
    first.finish()
    with pytest.raises(StoppingError), admission.hold("c", 1):
        raise AssertionError("must not run")


def test_a_failing_creation_gives_its_room_back() -> None:
    """An error must not eat the budget."""
    admission = Admission(Settings(megapixels=10))
    for _ in range(3):
        with pytest.raises(ValueError, match="drawn"), admission.hold("a", 10):
            raise ValueError("cannot be drawn")
    assert (admission.running, admission.megapixels) == (0, 0)


def test_bodies_in_memory_are_bounded_but_one_always_fits() -> None:
    """Many large uploads at once are refused before they are read."""
    bodies = Room("bytes", 100, 2)
    assert bodies.take(150) == 150
    with pytest.raises(OverloadedError):
        bodies.take(1)
    bodies.give(150)
    bodies.take(60)
    bodies.take(40)
    with pytest.raises(OverloadedError):
        bodies.take(1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("megapixels", 0),
        ("queue", -1),
        ("time_limit_s", 0),
        ("upload_bytes", 0),
        ("running", 0),
        ("running", "x"),
        ("speed", 1),
    ],
)
def test_limits_have_limits(field: str, value: object) -> None:
    """A service that admits nothing, or everything, is told when it starts."""
    with pytest.raises(SettingsError):
        check_settings({field: value})
