"""The static files of the installed apps, served from where they are installed.

No step collects them, no other host is asked for any: the documentation works without a network.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from whitenoise import WhiteNoise

MAX_AGE = 3600
"""Seconds for which a browser keeps a file; their names do not change with their content."""


def with_static_files(application: Callable[..., Any]) -> WhiteNoise:
    """`application`, behind a look-up of the path among the files' names."""
    static = WhiteNoise(application, max_age=MAX_AGE, add_headers_function=_add_headers)
    for finder in get_finders():
        for storage in getattr(finder, "storages", {}).values():
            static.add_files(storage.location, prefix=settings.STATIC_URL)
    return static


def _add_headers(headers: Any, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
