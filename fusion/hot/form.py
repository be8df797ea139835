"""The usual form of a request. Django reads every other form, and refuses what is wrong with it."""

from functools import lru_cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from fusion.access.idempotency import HEADER, check_key
from fusion.edge.limits import REFUSAL
from fusion.kernel.errors import Problem
from fusion.kernel.http import MAX_MEMBERS, parse_json

Environ = dict[str, Any]

LARGEST = 64 * 1024
"""Largest body that is read here, in bytes: an order of a hundred lines takes a quarter."""

JSON = frozenset(
    ("application/json", "application/json; charset=utf-8", "application/json;charset=utf-8")
)

KEY = "HTTP_IDEMPOTENCY_KEY"

UNUSUAL = ("HTTP_IF_MATCH", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", REFUSAL)
"""What no usual request has."""

FILES = ("csv", "spreadsheet")
"""In an Accept header: the client may want a file."""


def has_usual_form(environ: Environ) -> bool:
    """Whether headers and query are those of most clients, for a host that this server serves."""
    if environ["QUERY_STRING"] or any(name in environ for name in UNUSUAL):
        return False
    accepted: str = environ.get("HTTP_ACCEPT", "")
    if accepted and any(word in accepted.lower() for word in FILES):
        return False
    return environ["PATH_INFO"].isascii() and _is_allowed(environ.get("HTTP_HOST", ""))


@lru_cache(100)
def _is_allowed(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def body_of(environ: Environ) -> Any:
    """The parsed JSON body. Problem for everything that `kernel.http.read_json` might refuse."""
    read = environ["wsgi.input"]
    if environ.get("CONTENT_TYPE", "").lower() not in JSON or not isinstance(read, BytesIO):
        raise Problem("unsupported-media-type", "")
    text = read.getvalue()
    if len(text) > LARGEST or text.count(b":") > MAX_MEMBERS:
        raise Problem("too-large", "")
    return parse_json(text)


def key_of(environ: Environ) -> str | None:
    """The idempotency key; a Problem if it is malformed."""
    key: str | None = environ.get(KEY)
    if key is not None:
        check_key(key, HEADER)
    return key
