"""Logs: one JSON object per line on stderr, or lines for people; each with its request's id.

Django calls `configure` during setup. Messages of libraries get the same form. Bodies, headers and
query strings are never logged, because they may contain secrets.
"""

import contextlib
import logging
import sys
from contextvars import ContextVar
from typing import Any, BinaryIO, cast

import orjson
import structlog
from structlog.types import EventDict, Processor

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that this thread is answering."""

QUIET = {
    "django.request": logging.CRITICAL,
    "django.security.DisallowedHost": logging.CRITICAL,
    "procrastinate": logging.ERROR,
    "procrastinate.worker": logging.CRITICAL,  # the outcome of a job, with its arguments
    "procrastinate.worker.worker": logging.ERROR,
}
"""Logger → minimum level; below it, the logger repeats what we log ourselves."""

REPETITIVE = {"psycopg.pool": 10.0}
"""Logger → seconds between two of its lines.

The pool tries four times a second to reach an unavailable database, and logs each attempt.
"""


class Sparse(logging.Filter):
    """Passes one line per `seconds`; the next one says how many were suppressed."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self._passed: float | None = None
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if self._passed is not None and record.created - self._passed < self.seconds:
            self._left_out += 1
            return False
        if self._left_out:
            record.msg = f"{record.getMessage()} ({self._left_out} similar lines left out)"
            record.args = ()
        self._passed, self._left_out = record.created, 0
        return True


def configure(options: dict[str, str]) -> None:
    """Set up structlog and the standard library's logging.

    `options`: `level` (DEBUG, INFO, WARNING, ERROR) and `format` (`json`, `console`).
    """
    level = logging.getLevelNamesMapping()[options["level"]]
    console = options["format"] == "console"
    shared: list[Processor] = [
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    _configure_ours(shared, level, console)
    _configure_libraries(shared, level, console)


class _Output:
    """stderr; a closed reader or a full disk must not turn responses into faults."""

    def write(self, line: bytes) -> None:
        """Write one line, if possible."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.buffer.write(line)

    def flush(self) -> None:
        """Have it read now."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.buffer.flush()


def _configure_ours(shared: list[Processor], level: int, console: bool) -> None:
    """Writes to stderr directly: the standard library would cost three times as much."""
    structlog.configure(
        processors=[*shared, *_render(console)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr)
        if console
        else structlog.BytesLoggerFactory(cast(BinaryIO, _Output())),
        cache_logger_on_first_use=True,
    )


def _configure_libraries(shared: list[Processor], level: int, console: bool) -> None:
    *formatting, renderer = _render(console)
    if not console:
        renderer = _as_text
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *formatting,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(level, least))
    for name, seconds in REPETITIVE.items():
        logging.getLogger(name).filters[:] = [Sparse(seconds)]


def _render(console: bool) -> list[Processor]:
    if console:
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_as_bytes)]


def _add_request_id(logger: Any, method: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id:
        event.setdefault("request_id", request_id)
    return event


def _as_bytes(event: Any, **options: Any) -> bytes:
    return orjson.dumps(event, default=str)


def _as_text(logger: Any, method: str, event: EventDict) -> str:
    return _as_bytes(event).decode()
