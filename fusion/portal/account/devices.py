"""Browsers from which a person has signed in before.

Wrong passwords from elsewhere must not lock a person out of their own account. So a browser that
has signed in keeps a signed cookie, and its attempts are counted by that cookie, apart from all
others (OWASP: "Slow Down Online Guessing Attacks with Device Cookies"). It grants no rights.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from fusion.accounts.models import User
from fusion.kernel.ids import new_id, parse_id

NAME = "__Host-device" if settings.HTTPS else "device"
SALT = "fusion.portal.account.device"
YEAR = 365 * 24 * 3600

MOST = 5
"""Most people that one browser remembers."""


def known_device(request: HttpRequest, email: str) -> str | None:
    """The name of this browser if the person with this e-mail has signed in from it before, else
    None.
    """
    devices = _devices(request)
    if not devices:
        return None
    for id in User.objects.known_as(email).values_list("id", flat=True)[:1]:
        return devices.get(str(id))
    return None


def remember_device(request: HttpRequest, response: HttpResponseBase, user_id: UUID) -> None:
    """Remember this browser for the person."""
    devices = _devices(request)
    name = devices.pop(str(user_id), None) or new_id().hex
    kept = dict(list(devices.items())[-(MOST - 1) :])
    response.set_cookie(
        NAME,
        signing.dumps({**kept, str(user_id): name}, salt=SALT),
        max_age=YEAR,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _devices(request: HttpRequest) -> dict[str, str]:
    """Person's id → name of this browser, the newest last."""
    try:
        found: Any = signing.loads(request.COOKIES.get(NAME, ""), salt=SALT, max_age=YEAR)
    except signing.BadSignature:
        return {}
    return {key: str(name) for key, name in found.items() if parse_id(key)}
