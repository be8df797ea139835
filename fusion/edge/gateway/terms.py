"""Limits of size and time for reading a body, and whether its sender must be known first."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.handlers.wsgi import WSGIRequest
from django.db import Error, close_old_connections

from fusion.access.actor import Request
from fusion.access.authenticate import authenticate
from fusion.edge.gateway.environ import Environ
from fusion.edge.limits import ARRIVED
from fusion.kernel.environment import setting
from fusion.kernel.errors import Problem
from fusion.kernel.http import MAX_BODY, body_limit
from fusion.kernel.postgresql import budget

WITHOUT_BODY = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"))
"""Methods whose bodies are read only below `/api/`, where they are refused."""

SMALL = 64 * 1024
"""Largest body that is read before its sender is known, in bytes: for forms without a sign-in."""

TOKEN_FORM = 16 * 1024
"""Largest form accepted below `/oauth/`, in bytes."""

UPLOAD_FACTOR = 15
"""Factor of the time limit for bodies whose size limit is above `MAX_BODY`."""

Check = Callable[[Environ], bool]


@dataclass(frozen=True, slots=True)
class Terms:
    """Size and time limits of the body, and how to check whether its sender is known, if needed."""

    limit: int
    seconds: float
    check: Check | None


def terms_of(environ: Environ) -> Terms | None:
    """The terms for reading the request's body; None if it is not read.

    If a token is required, a request without one is answered after its headers.
    """
    path: str = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] in WITHOUT_BODY and not path.startswith("/api/"):
        return None
    seconds = float(setting("FUSION_BODY_SECONDS"))
    if path.startswith("/oauth/"):
        declared = environ.get("CONTENT_LENGTH", "0")
        # Larger forms are refused there with an OAuth error.
        return Terms(TOKEN_FORM, seconds, None) if int(declared) <= TOKEN_FORM else None
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    limit = body_limit(path, media_type)
    allowed = seconds * UPLOAD_FACTOR if limit > MAX_BODY else seconds
    if path.startswith("/api/"):
        bearer = environ.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "
        return Terms(limit, allowed, has_valid_token) if bearer else None
    if f"{settings.SESSION_COOKIE_NAME}=" in environ.get("HTTP_COOKIE", ""):
        return Terms(limit, allowed, is_signed_in)
    return Terms(min(limit, SMALL), seconds, None)


def has_valid_token(environ: Environ) -> bool:
    """Whether the request's token belongs to a client; False if the database cannot answer."""
    budget.begin(environ[ARRIVED])
    try:
        authenticate(WSGIRequest(environ), Request(id=""))
    except (Problem, Error):
        return False
    finally:
        close_old_connections()
        budget.end()
    return True


def is_signed_in(environ: Environ) -> bool:
    """Whether the request's session belongs to a person; False if the database cannot answer."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    budget.begin(environ[ARRIVED])
    try:
        key = WSGIRequest(environ).COOKIES.get(settings.SESSION_COOKIE_NAME)
        return SESSION_KEY in store(key)
    except Error:
        return False
    finally:
        close_old_connections()
        budget.end()
