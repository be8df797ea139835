"""`POST /oauth/token`: OAuth 2 client credentials (RFC 6749, 4.4), and no other grant.

django-oauth-toolkit decides; what could make it stumble is refused before. Errors have the shape
of RFC 6749, `{"error": …, "error_description": …}`, which OAuth libraries read.
"""

from typing import Any

import orjson
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.oauth2 import BackendApplicationServer, InvalidClientError

from fusion.kernel.database import first_row
from fusion.tenancy.models import ApiClient

FIELDS = ("grant_type", "scope", "client_id", "client_secret")
"""What is read of the body; other fields are ignored, as RFC 6749 wants it."""

FORM = "application/x-www-form-urlencoded"
MAX_BODY = 16 * 1024
"""Bytes of a token request."""


class Core(OAuthLibCore):
    """Takes from a request what the client credentials grant knows of."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The fields of the form that matter; one without a value counts as left out."""
        return [(name, request.POST[name]) for name in FIELDS if request.POST.get(name)]


class Validator(OAuth2Validator):
    """Authenticates API clients, and ties each token to the secret that it was got with."""

    def _extract_basic_auth(self, request: Any) -> str | None:
        header = request.headers.get("HTTP_AUTHORIZATION") or ""
        scheme, _, credentials = header.partition(" ")
        if scheme.lower() != "basic" or not credentials.isascii():
            return None
        return credentials.strip() or None

    def _load_application(self, client_id: Any, request: Any) -> ApiClient | None:
        # PostgreSQL stores no NUL and fails on one; no client is called so.
        if not isinstance(client_id, str) or not client_id.isprintable():
            return None
        client: ApiClient | None = super()._load_application(client_id, request)
        return client

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        # The secret may have been rotated, or the client revoked, since it was looked at: neither
        # may leave behind a token that was under way. Both take the row alone, so this waits.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT client_secret FROM tenancy_apiclient WHERE id = %s FOR SHARE",
                [request.client.pk],
            )
            row = cursor.fetchone()
        if row is None or row[0] != request.client.client_secret:
            raise InvalidClientError(request=request)
        super()._save_bearer_token(token, request, *args, **kwargs)


CORE = Core(
    BackendApplicationServer(
        Validator(), token_expires_in=oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS
    )
)
NO_STORE = {"Content-Type": "application/json", "Cache-Control": "no-store"}


@csrf_exempt
def token(request: HttpRequest) -> HttpResponse:
    """A token for an API client, or an error of RFC 6749."""
    wrong = _unreadable(request)
    if wrong:
        status, detail = wrong
        body = {"error": "invalid_request", "error_description": detail}
        headers = {**NO_STORE, "Allow": "POST"} if status == 405 else NO_STORE
        return HttpResponse(orjson.dumps(body), status=status, headers=headers)
    first_row("SELECT 1")  # the look-ups that follow are not ours to ask twice
    _, headers, text, status = CORE.create_token_response(request)
    return HttpResponse(text, status=status, headers={**NO_STORE, **headers})


def _unreadable(request: HttpRequest) -> tuple[int, str] | None:
    """Status and reason, where the request is no readable form."""
    if request.method != "POST":
        return 405, "Use POST."
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_BODY:
        return 413, f"A token request has {MAX_BODY} bytes at most."
    if request.META.get("QUERY_STRING"):
        return 400, "Parameters belong into the body, none into the address."
    if request.content_type != FORM:
        return 400, f"Send the parameters as {FORM}."
    return _misused(request)


def _misused(request: HttpRequest) -> tuple[int, str] | None:
    try:
        fields = request.POST
    except (BadRequest, SuspiciousOperation, ValueError):
        return 400, f"The body is not readable as {FORM}."
    for name in FIELDS:
        if len(fields.getlist(name)) > 1:
            return 400, f"{name} is given more than once."
        if "\0" in fields.get(name, ""):
            return 400, f"{name} contains a NUL character."
    return None
