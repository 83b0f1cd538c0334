"""What the tests of the service share: a client of an empty store that signs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.http.tests.served import Client, served
from engines.media_v2.stores import init_store


@pytest.fixture
def signed_store(tmp_path: Path) -> Path:
    init_store(tmp_path / "signed", with_key=True)
    return tmp_path / "signed"


@pytest.fixture
def client(signed_store: Path) -> Iterator[Client]:
    with served(signed_store) as opened:
        yield opened
