"""What operators ask a server: is it alive, is it ready, what are its numbers."""

import gzip
from time import monotonic

import psycopg
import structlog
from django.db import DatabaseError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST
from psycopg_pool import PoolTimeout

from fusion.edge import metrics, state
from fusion.edge.readiness import find_obstacle
from fusion.kernel.database import first_row
from fusion.kernel.errors import Problem
from fusion.kernel.http import accepts_gzip, json_response, problem_response
from fusion.kernel.postgresql import budget
from fusion.kernel.recent import Recent

log = structlog.get_logger(__name__)

AGE = 1.0
"""Seconds for which readiness and the numbers are those of an earlier answer: each takes a
connection, and callers need no credentials."""

WAIT = 2.0
"""Seconds that the question whether the server is ready waits for a connection."""

_known: dict[str, str | None] = {"mismatch": "The database has not been asked yet."}
"""What was found last, for when the pool is busy."""

READ_ONLY = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"


def healthz(request: HttpRequest) -> HttpResponse:
    """200 without asking anybody: a server whose database is away need not be restarted."""
    return json_response({"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200, or the 503 problem that says what is missing; the log says more."""
    obstacle = _obstacle.get()
    if obstacle is None:
        return json_response({"status": "ready"})
    return problem_response(Problem("unavailable", obstacle, headers={"Retry-After": "5"}))


def prometheus(request: HttpRequest) -> HttpResponse:
    """What the server processes have counted, and what the database tells."""
    text, packed = _numbers.get()
    if accepts_gzip(request):
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return HttpResponse(packed, CONTENT_TYPE_LATEST, headers=headers)
    return HttpResponse(text, CONTENT_TYPE_LATEST, headers={"Vary": "Accept-Encoding"})


def _find_obstacle() -> str | None:
    try:
        takes_changes = _takes_changes()
    except (DatabaseError, psycopg.Error) as error:
        log.warning("the database cannot be reached", error=" ".join(str(error).split()))
        return "The database cannot be reached."
    if not takes_changes:
        return "The database takes no changes: it is a standby, or set to read-only."
    return _find_mismatch()


def _find_mismatch() -> str | None:
    """What the database lacks; while the pool is busy, what it lacked last."""
    try:
        with budget.within(WAIT):
            _known["mismatch"] = find_obstacle()
    except DatabaseError as error:
        if not isinstance(error.__cause__, PoolTimeout):
            log.warning("the database cannot be asked", error=" ".join(str(error).split()))
            return "The database cannot be reached."
    return _known["mismatch"]


def _takes_changes() -> bool:
    """Asked as a request would: other users may have taken up all connections but those of the
    pool. A pool that is in use all the time has no need to be asked."""
    try:
        with budget.within(WAIT):
            row = first_row(READ_ONLY)
    except OperationalError as error:
        if not isinstance(error.__cause__, PoolTimeout):
            raise
        if monotonic() - connection.pool.served < WAIT:  # type: ignore[attr-defined]
            return True
        with state.direct_connection() as direct:
            row = direct.execute(READ_ONLY.encode()).fetchone()
    return row == (False,)


def _render() -> tuple[bytes, bytes]:
    text = metrics.render() + state.render()
    return text, gzip.compress(text, 1)


_obstacle = Recent(_find_obstacle, AGE)
_numbers = Recent(_render, AGE)
