"""The tree of errors is complete, drawn, exported, and each message says what its fields say."""

import doctest
import subprocess
import sys

import pytest

import ledger
from ledger import LedgerError, errors, layout

LEAVES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LedgerError)]
NUMBERS = {"offset", "index", "size", "limit", "position", "errno", "wait_s", "expected_index", "actual_index"}


@pytest.mark.parametrize("kind", LEAVES)
def test_every_error_is_drawn_and_exported(kind: type[LedgerError]) -> None:
    """Whoever translates errors for a command or a service walks this tree."""
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.__name__ in ledger.__all__
    assert kind is LedgerError or kind.__bases__ == (LedgerError,)


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if kind is not LedgerError])
def test_every_field_is_kept_and_told(kind: type[LedgerError]) -> None:
    """A message without its values sends people to a debugger."""
    names = kind.__init__.__code__.co_varnames[1 : kind.__init__.__code__.co_argcount]
    values = {name: 10 + at if name in NUMBERS else f"<{name}>" for at, name in enumerate(names)}
    error = kind(**values)
    assert {name: getattr(error, name) for name in names} == values
    assert all(str(value) in str(error) for name, value in values.items() if name != "errno")


def test_the_examples_in_the_layout_hold() -> None:
    """Documentation that runs stays true."""
    assert doctest.testmod(layout) == (0, 1)


def test_importing_the_ledger_brings_nothing_heavy() -> None:
    """Whoever only wants to audit must not wait for pictures, progress bars or package metadata."""
    code = "import sys, ledger; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "numba", "PIL", "rich", "crc32c", "importlib.metadata", "dataclasses"}
    assert not (heavy | {"cryptography", "subprocess", "tempfile", "asyncio", "hypothesis"}) & set(loaded)
