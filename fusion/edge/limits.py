"""How large a request may be, and how often tokens may be asked for."""

from io import BytesIO
from typing import Any

from django.http import HttpRequest

from fusion.kernel.environment import setting
from fusion.kernel.errors import Problem
from fusion.kernel.http import body_limit, media_type_of
from fusion.kernel.rate import RateLimit

TOKEN_PATHS = ("/oauth/token", "/oauth/revoke")

_token_requests = RateLimit(setting("FUSION_TOKEN_RATE_LIMIT"))


def admit_token_request(request: HttpRequest) -> None:
    """Problem `rate-limited` when this address has asked for tokens too often.

    The address is the one that the connection comes from: behind a proxy, limit there.
    """
    if _token_requests.per_minute and request.path in TOKEN_PATHS:
        _token_requests.admit(request.META.get("REMOTE_ADDR", ""))


def limit_body(request: HttpRequest) -> None:
    """Problem `too-large` for a body beyond the limit of its path, before it is read.

    One that does not declare its length (chunked) is read here, up to the limit: Django takes it
    for an empty one.
    """
    declared = request.META.get("CONTENT_LENGTH") or ""
    limit = body_limit(request.path, media_type_of(request))
    if declared.isdigit():
        if int(declared) > limit:
            raise _too_large(limit)
    elif "HTTP_TRANSFER_ENCODING" in request.META:
        _read_chunked(request, limit)


def _read_chunked(request: Any, limit: int) -> None:
    body = request.META["wsgi.input"].read(limit + 1)
    if len(body) > limit:
        raise _too_large(limit)
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)
    request._read_started = False


def _too_large(limit: int) -> Problem:
    return Problem("too-large", f"The body has more than {limit} bytes, the most taken here.")
