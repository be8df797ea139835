"""The only middleware of the API: what happens around every request.

It gives the request its id, refuses requests that name another host, are too large or too frequent,
turns every error response into a problem, and counts and logs the outcome.
"""

import re
from collections.abc import Callable, Mapping
from time import monotonic, perf_counter
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from fusion.edge import metrics
from fusion.edge.limits import ARRIVED, admit_token_request, limit_body
from fusion.edge.logs import REQUEST_ID
from fusion.edge.problems import as_problem, code_of
from fusion.kernel.client_address import ADDRESS, client_address
from fusion.kernel.errors import InvalidFields, Problem
from fusion.kernel.http import problem_response
from fusion.kernel.ids import new_id
from fusion.kernel.page_requests import wants_page
from fusion.kernel.postgresql import budget

log = structlog.get_logger("fusion.access")

PROBES = frozenset(("/healthz", "/readyz", "/metrics"))
"""Called by monitoring on the machine itself, by any host name; logged for debugging only."""

UNKNOWN = "unknown"
"""The label in metrics and logs for every path without a route."""

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

STRICT_TRANSPORT = "max-age=31536000"
"""A year. Without subdomains, because they may not be Fusion's."""

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class Edge:
    """The only middleware on the API path; kept minimal for latency."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer `request`."""
        started = perf_counter()
        request_id = begin(request.META)
        request.request_id = request_id  # type: ignore[attr-defined]
        try:
            _admit(request)
            response = self.get_response(request)
        except Problem as problem:
            response = problem_response(problem)
        if response.status_code >= 400:
            response = as_problem(request, response)
        add_headers(response, request_id)
        match = request.resolver_match
        actor = getattr(request, "actor", None)
        record(
            response.status_code,
            code_of(response),
            method=request.method or "",
            route=match.route if match else UNKNOWN,
            is_probe=request.path in PROBES,
            actor=actor.label if actor else None,
            seconds=perf_counter() - started,
        )
        end()
        return response


def begin(meta: Mapping[str, Any]) -> str:
    """Begin to answer a request with this WSGI environment: returns its id, the caller's or ours.

    The thread knows the request's id, the client's address and its budget until `end`.
    """
    sent = meta.get("HTTP_X_REQUEST_ID", "")
    request_id = sent if _SANE_ID.fullmatch(sent) else str(new_id())
    REQUEST_ID.set(request_id)
    ADDRESS.set(client_address(meta))
    budget.begin(meta.get(ARRIVED, monotonic()))
    return request_id


def end() -> None:
    """The request has been answered."""
    ADDRESS.set("")
    budget.end()


def _admit(request: HttpRequest) -> None:
    """Refuse requests with an unknown host, an oversized body or too high a rate, before routing.

    A refused page request gets the attribute `refusal`: the middleware of pages renders it as a
    page.
    """
    if request.path in PROBES:
        return
    try:
        request.get_host()
    except DisallowedHost:
        unknown = InvalidFields(
            Host="is not an allowed host name of this server; FUSION_ALLOWED_HOSTS lists them"
        )
        unknown.status = 400
        raise unknown from None
    try:
        limit_body(request)
    except Problem as problem:
        if not wants_page(request):
            raise
        request.refusal = problem  # type: ignore[attr-defined]
    admit_token_request(request)


def add_headers(response: HttpResponseBase, request_id: str) -> None:
    """Add the headers that every response has."""
    headers = response.headers
    headers["X-Request-Id"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    if settings.HTTPS:
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    is_page = headers.get("Content-Type", "").startswith("text/html")
    # Without a referrer policy that sends one, browsers omit the origin of forms, and they are
    # refused.
    headers["Referrer-Policy"] = "same-origin" if is_page else "no-referrer"
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = PAGE_POLICY if is_page else API_POLICY
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"


def record(
    status: int,
    code: str | None,
    *,
    method: str,
    route: str,
    actor: str | None,
    seconds: float,
    is_probe: bool = False,
) -> None:
    """Count and log an answered request.

    `code` is that of the problem, `actor` the label of who sent the request.
    """
    metrics.count(method, route, status, seconds)
    if code:
        metrics.refusals.labels(code).inc()
    (log.debug if is_probe else log.info)(
        "request",
        method=method,
        route=route,
        status=status,
        code=code,
        duration_ms=round(seconds * 1000, 2),
        address=ADDRESS.get(),
        actor=actor,
    )
