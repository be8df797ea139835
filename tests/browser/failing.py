"""The project's settings for the server of the browser tests, with URLs that fail on purpose.

`/failing/<code>` raises that problem within a page, so that tests can check its page.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.http import HttpRequest, HttpResponse
from django.urls import path

from fusion.kernel.errors import Problem
from fusion.settings import *  # noqa: F403 - all of them, and one other

ROOT_URLCONF = "tests.browser.failing_urls"

FAILURES: Mapping[str, int] = {
    "forbidden": 403,
    "not-found": 404,
    "method-not-allowed": 405,
    "conflict": 409,
    "too-large": 413,
    "rate-limited": 429,
    "internal-error": 500,
    "unavailable": 503,
}
"""Problem code → the status of its page."""


def fail(request: HttpRequest, code: str) -> HttpResponse:
    """Fail as `code` says; a fault and an outage are real ones."""
    if code == "internal-error":
        raise RuntimeError("a fault of ours")
    if code == "unavailable":
        psycopg.connect("host=127.0.0.1 port=1 connect_timeout=2")
    raise Problem(code, "It was tried, and refused.")


addresses: list[Any] = [path("failing/<str:code>", fail)]
