"""The only middleware of the API: what happens around every request.

It gives the request its id, refuses requests that name another host, are too large or too frequent,
turns every error response into a problem, and counts and logs the outcome.
"""

import re
from collections.abc import Callable
from time import monotonic, perf_counter

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
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
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if _SANE_ID.fullmatch(sent) else str(new_id())
        request.request_id = request_id  # type: ignore[attr-defined]
        REQUEST_ID.set(request_id)
        ADDRESS.set(client_address(request))
        budget.begin(request.META.get(ARRIVED, monotonic()))
        try:
            _admit(request)
            response = self.get_response(request)
        except Problem as problem:
            response = problem_response(problem)
        if response.status_code >= 400:
            response = as_problem(request, response)
        _add_headers(response, request_id)
        _record(request, response, perf_counter() - started)
        ADDRESS.set("")
        budget.end()
        return response


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


def _add_headers(response: HttpResponseBase, request_id: str) -> None:
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


def _record(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    method, status = request.method or "", response.status_code
    match = request.resolver_match
    route = match.route if match else UNKNOWN
    metrics.count(method, route, status, seconds)
    code = None
    if status >= 400 and isinstance(response, HttpResponse):
        code = code_of(response)
        if code:
            metrics.refusals.labels(code).inc()
    actor = getattr(request, "actor", None)
    (log.debug if request.path in PROBES else log.info)(
        "request",
        method=method,
        route=route,
        status=status,
        code=code,
        duration_ms=round(seconds * 1000, 2),
        address=ADDRESS.get(),
        actor=actor.label if actor else None,
    )
