"""The command line as a fixture: called with arguments, it answers with exit code, stdout and stderr."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from engines.cli.app import run


class Answer(NamedTuple):
    """What one call gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.out)


Cli = Callable[..., Answer]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The program, in this process, without a store of its own."""
    monkeypatch.delenv("IMPASTO_STORE", raising=False)
    monkeypatch.setenv("COLUMNS", "300")

    def call(*arguments: object) -> Answer:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Answer(code, out, err)

    return call
