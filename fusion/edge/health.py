"""`/healthz`: this process is alive. `/readyz`: it can answer, because the database can."""

from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

from fusion.edge.readiness import find_obstacle
from fusion.kernel.errors import Problem
from fusion.kernel.http import json_response, problem_response

_seen: dict[str, bool] = {}


def healthz(request: HttpRequest) -> HttpResponse:
    """200 without asking anybody: a server whose database is away need not be restarted."""
    return json_response({"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200, or the 503 problem that says what is missing.

    Once found right, tables and functions are not compared again: while the next release is being
    rolled out they are newer than this process, which goes on serving.
    """
    if not _seen.get("ready"):
        obstacle = find_obstacle()
        if obstacle:
            detail = f"{obstacle} Run: fusion migrate"
            return problem_response(Problem("unavailable", detail, headers={"Retry-After": "5"}))
        _seen["ready"] = True
    _ping()
    return json_response({"status": "ready"})


def _ping() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()
