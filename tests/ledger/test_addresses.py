"""Which addresses does a ledger have beside folders?"""

from pathlib import Path
from typing import Any

import pytest
from sample_events import Event

from ledger import Ledger, MissingExtraError, OutOfRangeError
from ledger.addresses import OPENERS, scheme_of


def test_a_path_has_no_scheme_whatever_it_looks_like(tmp_path: Path) -> None:
    """A folder named like a server is still a folder."""
    assert scheme_of(tmp_path) is None
    assert scheme_of("postgresql:cards") is None
    assert [scheme_of(f"{scheme}://x") for scheme in OPENERS] == list(OPENERS)


def test_an_unknown_scheme_is_refused_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not taken for a folder of that name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutOfRangeError, match="'mysql', allowed is a folder, or one of postgresql, s3"):
        Ledger.open("mysql://host/db", events=Event, create=True)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than a traceback that names a module nobody has heard of."""

    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name="psycopg")

    monkeypatch.setattr("ledger.addresses.import_module", missing)
    with pytest.raises(MissingExtraError, match=r"needs the module psycopg: pip install 'impasto\[scale\]'"):
        Ledger.open("postgresql://localhost/nowhere#x", events=Event)
