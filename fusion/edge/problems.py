"""Every error is answered as a problem: unknown paths, wrong methods, faults, database outages.

Django calls `handler400` and the others (see `fusion.urls`).
"""

import sys
from http import HTTPStatus

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from fusion.edge import metrics
from fusion.kernel.errors import Problem
from fusion.kernel.http import problem_response
from fusion.kernel.page_requests import wants_page
from fusion.kernel.postgresql.outage import READ_ONLY, REASONS, outage_of

log = structlog.get_logger(__name__)

RETRY_AFTER = "2"
"""Seconds after which a client may retry when the database was unavailable."""


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A malformed request."""
    return _render(request, Problem("invalid-json", "The request is unreadable."))


def handler403(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """A refusal raised by a library."""
    return _render(
        request, Problem("forbidden", str(exception) or "You do not have permission to do this.")
    )


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An unknown path."""
    detail = f"No route matches {request.path[:200]}. See /api/v1/docs for all routes."
    return _render(request, Problem("not-found", detail))


def _render(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Render as HTML if a browser made the request, else as problem+json."""
    if wants_page(request):
        response: HttpResponse = import_string(settings.PROBLEM_PAGE)(request, problem)
        return response
    return problem_response(problem)


def handler500(request: HttpRequest) -> HttpResponse:
    """An uncaught exception: a database outage, or our fault."""
    error = sys.exc_info()[1]
    reason = outage_of(error) if error is not None else None
    if reason is not None:
        return _unavailable(request, reason, " ".join(str(error).split()))
    if isinstance(error, UnreadablePostError):
        return handler400(request, error)
    log.exception("fault")
    request_id = getattr(request, "request_id", "")
    detail = f"Internal error. Report it with the request id {request_id}."
    return _render(request, Problem("internal-error", detail))


def _unavailable(request: HttpRequest, reason: str, error: str) -> HttpResponse:
    log.error("database not available", reason=reason, error=error)
    metrics.outages.labels(reason).inc()
    if reason == READ_ONLY:
        connection.pool.renew()  # type: ignore[attr-defined]  # another host may be primary by now
    detail = (
        f"{REASONS[reason]} Probably nothing was changed. Send the same request again with "
        "the same idempotency key."
    )
    return _render(request, Problem("unavailable", detail, headers={"Retry-After": RETRY_AFTER}))


def as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The error response as a problem, unless it is already one, or a page."""
    media_type = response.headers.get("Content-Type", "")
    if "json" in media_type:
        return response
    status = response.status_code
    if status == HTTPStatus.METHOD_NOT_ALLOWED and not hasattr(response, "problem_code"):
        allowed = response.headers.get("Allow", "")
        detail = f"This route does not support {request.method}. It supports {allowed}."
        return _render(request, Problem("method-not-allowed", detail, headers={"Allow": allowed}))
    if status == HTTPStatus.NOT_FOUND and "html" not in media_type:
        return handler404(request, Exception())
    return response


def code_of(response: HttpResponseBase) -> str | None:
    """The problem code of `response`, or None."""
    code: str | None = getattr(response, "problem_code", None)
    return code
