"""The endpoints for operators: liveness, readiness, metrics."""

import gzip
from time import monotonic

import psycopg
import structlog
from django.db import DatabaseError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST
from psycopg_pool import PoolTimeout

from fusion.edge import database_metrics, metrics
from fusion.edge.readiness import find_obstacle
from fusion.kernel.database import first_row
from fusion.kernel.errors import Problem
from fusion.kernel.http import accepts_gzip, json_response, problem_response
from fusion.kernel.postgresql import budget
from fusion.kernel.recent import Recent

log = structlog.get_logger(__name__)

AGE = 1.0
"""Seconds for which readiness and metrics are cached: each takes a connection, and requests need no
credentials.
"""

WAIT = 2.0
"""Seconds that the readiness check waits for a connection."""

_known: dict[str, str | None] = {"mismatch": "The server has not checked the database yet."}
"""The last result, for when the pool is busy."""

ALIVE = {"status": "alive"}

READ_ONLY = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 without a query: a server whose database is unavailable need not be restarted."""
    return json_response(ALIVE)


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200, or the 503 problem that says what is missing; the log has details."""
    obstacle = _obstacle.get()
    if obstacle is None:
        return json_response({"status": "ready"})
    return problem_response(Problem("unavailable", obstacle, headers={"Retry-After": "5"}))


@require_safe
def prometheus(request: HttpRequest) -> HttpResponse:
    """The counters of the server processes, and the gauges read from the database."""
    text, packed = _numbers.get()
    if accepts_gzip(request):
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return HttpResponse(packed, CONTENT_TYPE_LATEST, headers=headers)
    return HttpResponse(text, CONTENT_TYPE_LATEST, headers={"Vary": "Accept-Encoding"})


def _find_obstacle() -> str | None:
    try:
        takes_changes = _takes_changes()
    except (DatabaseError, psycopg.Error) as error:
        log.warning("the database is unreachable", error=" ".join(str(error).split()))
        return "The database is unreachable."
    if not takes_changes:
        return "The database is read-only: it is a standby, or it is set to read-only."
    return _find_mismatch()


def _find_mismatch() -> str | None:
    """What the database lacks; while the pool is busy, the last result."""
    try:
        with budget.within(WAIT):
            _known["mismatch"] = find_obstacle()
    except DatabaseError as error:
        if not isinstance(error.__cause__, PoolTimeout):
            log.warning("the database query failed", error=" ".join(str(error).split()))
            return "The database is unreachable."
    return _known["mismatch"]


def _takes_changes() -> bool:
    """Checked like a request: other users may have taken all connections except the pool's. A pool
    in constant use needs no check.
    """
    try:
        with budget.within(WAIT):
            row = first_row(READ_ONLY)
    except OperationalError as error:
        if not isinstance(error.__cause__, PoolTimeout):
            raise
        if monotonic() - connection.pool.served < WAIT:  # type: ignore[attr-defined]
            return True
        with database_metrics.direct_connection() as direct:
            row = direct.execute(READ_ONLY.encode()).fetchone()
    return row == (False,)


def _render() -> tuple[bytes, bytes]:
    text = metrics.render() + database_metrics.render()
    return text, gzip.compress(text, 1)


_obstacle = Recent(_find_obstacle, AGE)
_numbers = Recent(_render, AGE)
