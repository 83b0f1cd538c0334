"""How does the service tell what it does? One JSON object a line on stderr, by structlog, which only this file knows.

Every answer is a line `answered`; what failed on our side is a line `failed` with its traceback; both carry the request's id.
"""

import logging
import sys
from typing import Any, TextIO

import structlog

Log = structlog.typing.FilteringBoundLogger
"""Where events go: `log.info("answered", status=200)`."""


def json_log(stream: TextIO | None = None) -> Log:
    """Return a logger that writes JSON lines to `stream`, by default to what is stderr now. Nothing global is configured."""
    logger: Log = structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stderr),
        processors=_processors(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return logger


def _processors() -> list[Any]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ]


class JsonFormatter(logging.Formatter):
    """Lines of other libraries in the same form."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON line."""
        event: dict[str, Any] = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        for processor in _processors()[1:]:
            event = processor(None, record.levelname.lower(), event)
        return str(event)


def server_log_config() -> dict[str, object]:
    """Return the `logging` configuration for the server's own lines, which go to stderr in the same form."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": JsonFormatter},
            "generic": {"()": JsonFormatter},
            "access": {"()": JsonFormatter},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "json"}},
        "loggers": {"_granian": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
    }
