"""Limits on the size of requests and on the rate of token requests."""

from django.http import HttpRequest

from fusion.kernel.client_address import ADDRESS
from fusion.kernel.environment import setting
from fusion.kernel.errors import Problem
from fusion.kernel.http import body_limit, media_type_of
from fusion.kernel.rate import RateLimit

TOKEN_PATHS = ("/oauth/token", "/oauth/revoke")

REFUSAL = "fusion.refusal"
"""The key in the WSGI environment for the Problem of a body that the gateway could not read."""

ARRIVED = "fusion.arrived"
"""The key for the time when the request was complete, by `time.monotonic()`."""

_token_requests = RateLimit(setting("FUSION_TOKEN_RATE_LIMIT"))


def admit_token_request(request: HttpRequest) -> None:
    """Problem `rate-limited` if this address has requested tokens too often.

    The address is the client's: behind proxies, see `FUSION_TRUSTED_PROXIES`.
    """
    if _token_requests.per_minute and request.path in TOKEN_PATHS:
        _token_requests.admit(ADDRESS.get())


def limit_body(request: HttpRequest) -> None:
    """Problem for a body beyond the limit of its path, or the gateway's Problem."""
    refusal = request.META.get(REFUSAL)
    if refusal is not None:
        raise refusal
    declared = request.META.get("CONTENT_LENGTH") or ""
    limit = body_limit(request.path, media_type_of(request))
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)


def too_large(limit: int) -> Problem:
    """The refusal of a body larger than `limit` bytes."""
    return Problem("too-large", f"The request body is too large: the limit is {limit} bytes.")
