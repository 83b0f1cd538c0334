"""Has every error a status, and is it told without saying too much?"""

import importlib
import json
import pkgutil
from collections.abc import Iterator

import pytest

import compositor
import engines
import ledger
from compositor.errors import CompositorError
from engines.errors import EngineError, RequestError
from engines.http import errors, problems
from engines.http.openapi import document
from engines.media_v2.errors import BlobDamagedError, ScopeError, UnknownArtifactError
from engines.typography_core.errors import TextLimitError
from ledger.errors import BusyError, LedgerError, StorageError

KNOWN = {400, 404, 405, 408, 410, 413, 415, 416, 422, 429, 500, 503, 504}


def _below(base: type[Exception]) -> Iterator[type[Exception]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _below(kind)


def _kinds(base: type[Exception]) -> list[type[Exception]]:
    for package in (compositor, engines, ledger):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".tests" not in module.name and not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
    return [kind for kind in (base, *_below(base)) if ".tests" not in kind.__module__]


@pytest.mark.parametrize("base", [EngineError, LedgerError, CompositorError])
def test_every_error_has_a_status(base: type[Exception]) -> None:
    """An error that is added and forgotten must not be told as a fault of ours: mistakes of callers are 4xx."""
    for kind in _kinds(base):
        error = kind.__new__(kind)
        status = problems.status_of(error)
        assert status in KNOWN, kind
        if kind.__module__ == errors.__name__ and issubclass(kind, RequestError):
            assert status < 500, kind
        if issubclass(kind, LedgerError):
            assert status in (500, 503), f"{kind}: no fault of the ledger is a mistake of who asked"


def test_no_row_of_the_table_hides_behind_an_earlier_one() -> None:
    """The first row that fits counts, so a base above its own leaf would make the leaf's row a lie."""
    for at, (kind, _) in enumerate(problems.STATUS):
        above = [other for other, _ in problems.STATUS[:at] if issubclass(kind, other)]
        assert above == [], kind


def test_a_problem_has_the_members_of_rfc_9457_and_the_fields_of_the_error() -> None:
    """Programs branch on `type`, people read `detail`, operators find `instance` in the log."""
    told = problems.tell(TextLimitError("size", 20_000, 10_000, "px"), "abc", 2)
    assert told.status == 422
    assert json.loads(told.content) == {
        "type": "urn:impasto:problem:text-limit",
        "title": "Text limit",
        "status": 422,
        "detail": "size: 20,000 px is more than the limit of 10,000 px",
        "instance": "urn:impasto:request:abc",
        "field": "size",
        "value": 20_000,
        "limit": 10_000,
        "unit": "px",
    }


@pytest.mark.parametrize(
    "error",
    [
        StorageError("/srv/store/ledger", "write", "no space left", 28),
        BusyError("/srv/store/ledger", 10.0),
        BlobDamagedError("tenants/acme/prod/media_v2/blobs/ab/abcd", "00" * 32),
        ValueError("secret of /srv/store"),
        KeyError("secret"),
    ],
)
def test_faults_of_ours_are_told_without_details(error: Exception) -> None:
    """Paths, keys and texts of exceptions are for the operator's log, not for whoever can provoke them."""
    told = problems.tell(error, "abc", 2)
    assert told.status >= 500
    assert told.is_ours
    text = told.content.decode()
    assert "srv" not in text
    assert "secret" not in text
    assert "tenants" not in text
    assert set(json.loads(text)) == {"type", "title", "status", "detail", "instance"}


def test_busy_answers_say_when_to_come_back() -> None:
    """A client that retries at once makes it worse."""
    for error in (errors.OverloadedError("full", 1, 7), errors.TenantBusyError(1, 1, 7), errors.TimeLimitError(1, 7)):
        told = problems.tell(error, "abc", 7)
        assert told.headers["Retry-After"] == "7"
        assert not told.is_ours
    assert problems.tell(BusyError("x", 1.0), "abc", 7).headers["Retry-After"] == "7"


def test_a_wrong_method_names_the_right_ones() -> None:
    """RFC 9110 §15.5.6 requires Allow."""
    assert problems.tell(errors.MethodError("PUT", ["POST", "GET"]), "abc", 2).headers["Allow"] == "GET, POST"


def test_long_values_are_cut_and_half_pairs_replaced() -> None:
    """An answer is never as large as the request, and always valid UTF-8."""
    told = problems.tell(ScopeError("tenant", "\ud800" + "x" * 100_000, "rule"), "abc", 2)
    assert len(told.content) < 5_000
    assert json.loads(told.content)["value"].startswith("?xxx")


def test_no_field_of_an_error_takes_the_place_of_a_member() -> None:
    """`status` or `type` of some error must not change what the document says of itself."""
    error = EngineError("no", type="x", status=1, detail="y", instance="z", title="t", other=1)
    class_error = RequestError("no", **error.fields)
    assert json.loads(problems.tell(class_error, "abc", 2).content)["status"] == 400


def test_the_document_knows_every_status_of_the_table() -> None:
    """A status that no route documents would surprise generated clients."""
    described = {
        int(status)
        for path in document()["paths"].values()
        for operation in path.values()
        for status in operation["responses"]
    }
    assert {status for _, status in problems.STATUS} <= described | {405}


def test_another_tenants_artifact_is_told_like_none() -> None:
    """The problem for a foreign id and for an id that nobody has differ in nothing but the id."""
    told = [json.loads(problems.tell(UnknownArtifactError(one, "acme/test"), "r", 2).content) for one in ("a", "b")]
    assert told[0] | {"detail": "", "artifact_id": ""} == told[1] | {"detail": "", "artifact_id": ""}
