"""What does the HTTP service say about itself? The generated tables of its guide, made from the routes, the errors and the limits."""

import ast
import inspect
from collections.abc import Callable

import msgspec

from docs import program
from docs.tables import limits, markdown
from engines.http import problems
from engines.http.endpoints import FileBody, JsonBody
from engines.http.errors import ServiceError
from engines.http.metrics import Metrics
from engines.http.routes import ENDPOINTS
from engines.http.settings import Settings

_ELSEWHERE = ("engines.cli.", "engines.image_core.convert", "engines.http.settings", "engines.http.server")
"""What is raised here never reaches a request."""


def routes() -> str:
    """Table: every route, what it takes and how it answers."""
    rows = []
    for one in ENDPOINTS:
        takes = [f"?{field}=" for field in one.query.__struct_fields__] + [f"{name}:" for name in one.headers]
        match one.body:
            case JsonBody(type=kind):
                takes.insert(0, f"JSON {kind.__name__}")
            case FileBody():
                takes.insert(0, "a file")
            case None:
                pass
        answers = ", ".join(str(status) for status in one.replies)
        shown = " ".join(f"`{word}`" if word[0] == "?" or word[-1] == ":" else word for word in takes)
        rows.append([f"`{one.method} {one.path}`", one.summary.rstrip("."), shown, answers])
    return markdown(["route", "what it does", "takes", "answers"], rows)


def problem_types() -> str:
    """Table: every problem that a request may be answered with, by status."""
    kinds = [kind for kind in program.leaf_errors() if not kind.__module__.startswith(_ELSEWHERE)]
    rows = []
    for kind in kinds:
        error = kind.__new__(kind)
        status = problems.status_of(error)
        if status < problems.SERVER_FAULT or isinstance(error, ServiceError):
            rows.append((status, problems.slug_of(error), _first_sentence(kind)))
    rows = [row for row in rows if row[1] != problems.NOT_DRAWABLE]
    rows.append((422, problems.NOT_DRAWABLE, "The compositor refuses what the documents let through."))
    rows.append(
        (
            500,
            problems.INTERNAL,
            "Something failed on our side; other types of this status name a damaged or unusable store.",
        )
    )
    rows.append((503, problems.STORE_BUSY, "Another writer held the store for too long."))
    return markdown(
        ["status", "type", "meaning"], ([str(status), f"`{slug}`", text] for status, slug, text in sorted(rows))
    )


def service_limits() -> str:
    """Table: the limits of one process."""
    told = _field_docs(Settings)
    info = msgspec.inspect.type_info(Settings)
    assert isinstance(info, msgspec.inspect.StructType)
    rows = (
        [
            f"`{one.name}`",
            f"{one.default:,}" if not isinstance(one.default, bool) else "no",
            limits(one.type),
            told[one.name],
        ]
        for one in info.fields
    )
    return markdown(["limit", "default", "may be", "meaning"], rows)


def metrics() -> str:
    """Table: the metrics, without those that Prometheus adds to a histogram."""
    families = Metrics().families()
    return markdown(
        ["metric", "type", "labels", "meaning"],
        ([f"`{one.name}`", one.type, ", ".join(f"`{label}`" for label in one.labels), one.told] for one in families),
    )


def _first_sentence(kind: type[Exception]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


def _field_docs(model: type[msgspec.Struct]) -> dict[str, str]:
    """The docstrings below the fields of a Struct."""
    (definition,) = [node for node in ast.parse(inspect.getsource(model)).body if isinstance(node, ast.ClassDef)]
    pairs = zip(definition.body, definition.body[1:], strict=False)
    return {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


BLOCKS: dict[str, Callable[[], str]] = {
    "http routes": routes,
    "http problems": problem_types,
    "http limits": service_limits,
    "http metrics": metrics,
}
"""Name of a generated part -> the function that makes it."""
