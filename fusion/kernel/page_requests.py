"""Which requests are for pages, and which are for programs."""

from django.http import HttpRequest

MACHINES = ("/api/", "/oauth/", "/healthz", "/readyz", "/metrics")
"""Path prefixes that are not pages."""


def is_page(request: HttpRequest) -> bool:
    """Whether `request` passes through the middleware of pages."""
    return not request.path.startswith(MACHINES)


def wants_page(request: HttpRequest) -> bool:
    """Whether to render a refusal of `request` as a page: the request comes from a browser."""
    return is_page(request) and "text/html" in request.headers.get("Accept", "")
