"""What operators ask a server: is it alive, is it ready, what are its numbers."""

import psycopg
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST

from fusion.edge import metrics, state
from fusion.edge.readiness import find_obstacle
from fusion.kernel.errors import Problem
from fusion.kernel.http import json_response, problem_response

_seen: set[str] = set()


def healthz(request: HttpRequest) -> HttpResponse:
    """200 without asking anybody: a server whose database is away need not be restarted."""
    return json_response({"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200, or the 503 problem that says what is missing.

    Once found right, tables and functions are not compared again: while the next release is being
    rolled out they are newer than this process, which goes on serving.
    """
    try:
        with state.direct_connection() as direct:
            direct.execute("SELECT 1")
    except psycopg.Error as error:
        return _not_ready(f"The database cannot be reached: {' '.join(str(error).split())}")
    if "ready" not in _seen:
        obstacle = find_obstacle()
        if obstacle:
            return _not_ready(f"{obstacle} Run: fusion migrate")
        _seen.add("ready")
    return json_response({"status": "ready"})


def prometheus(request: HttpRequest) -> HttpResponse:
    """What the server processes have counted, and what the database tells."""
    return HttpResponse(metrics.render() + state.render(), CONTENT_TYPE_LATEST)


def _not_ready(detail: str) -> HttpResponse:
    return problem_response(Problem("unavailable", detail, headers={"Retry-After": "5"}))
