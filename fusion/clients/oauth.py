"""OAuth 2: `POST /oauth/token`, client credentials only (RFC 6749, 4.4), and `POST /oauth/revoke`.

django-oauth-toolkit decides; requests that it cannot handle are refused before. Errors have the
shape of RFC 6749, `{"error": …, "error_description": …}`, which OAuth libraries read.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

import orjson
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.oauth2 import BackendApplicationServer, InvalidClientError

from fusion.clients.attempts import Attempts, attempts_of
from fusion.clients.models import ApiClient
from fusion.kernel.database import execute, fetch_value
from fusion.kernel.ids import parse_id

FIELDS = ("grant_type", "scope", "client_id", "client_secret", "token")
"""The parameters that are read.

RFC 6749 (3.2): others are ignored, and no parameter may occur twice.
"""

METHODS = ("client_secret", "client_assertion")
"""Fields that authenticate a client; the second is not supported."""

FORM = "application/x-www-form-urlencoded"
MAX_BODY = 16 * 1024
"""Largest request, in bytes."""

MOST_TOKENS = 1_000
"""Most tokens of one client. Issuing one more deletes the oldest."""


class Core(OAuthLibCore):
    """Extracts from a request the parameters of the client credentials grant."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The known fields of the form; a field without a value counts as missing."""
        values = {name: request.POST[name] for name in FIELDS if request.POST.get(name)}
        # Scopes may be separated by several spaces. A value of only spaces is kept: it names no
        # scope.
        if names := values.get("scope", "").split():
            values["scope"] = " ".join(names)
        if "client_id" in values:
            values["client_id"] = _same_id(values["client_id"])
        return list(values.items())


class Validator(OAuth2Validator):
    """Authenticates API clients, and ties each token to the secret used to get it."""

    def _extract_basic_auth(self, request: Any) -> str | None:
        header = request.headers.get("HTTP_AUTHORIZATION") or ""
        scheme, _, credentials = header.partition(" ")
        if scheme.lower() != "basic" or not credentials.isascii():
            return None
        return _with_same_id(credentials.strip()) or None

    def _load_application(self, client_id: Any, request: Any) -> ApiClient | None:
        # PostgreSQL cannot store NUL and would raise an error; no client has such an id.
        if not isinstance(client_id, str) or not client_id.isprintable():
            return None
        client: ApiClient | None = super()._load_application(client_id, request)
        return client

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        # The secret may have been rotated, or the client revoked, since the check. Neither may
        # leave a token behind that was being issued. Both lock the row exclusively, so this waits.
        sql = "SELECT client_secret FROM tenancy_apiclient WHERE id = %s FOR SHARE"
        if fetch_value(sql, [request.client.pk]) != request.client.client_secret:
            raise InvalidClientError(request=request)
        super()._save_bearer_token(token, request, *args, **kwargs)
        execute(END_OLDEST, [request.client.pk, MOST_TOKENS])

    def revoke_token(
        self, token: str, token_type_hint: Any, request: Any, *args: Any, **kwargs: Any
    ) -> None:
        """Delete the client's own token; another client's token counts as unknown."""
        checksum = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        execute(REVOKE, [checksum, request.client.pk])


END_OLDEST = """
DELETE FROM oauth2_provider_accesstoken WHERE id IN (
    SELECT id FROM oauth2_provider_accesstoken WHERE application_id = %s
    ORDER BY id DESC OFFSET %s FOR UPDATE SKIP LOCKED)
"""

REVOKE = """
DELETE FROM oauth2_provider_accesstoken WHERE token_checksum = %s AND application_id = %s
"""

CORE = Core(
    BackendApplicationServer(
        Validator(), token_expires_in=oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS
    )
)
NO_STORE = {"Content-Type": "application/json", "Cache-Control": "no-store"}


@csrf_exempt
def token(request: HttpRequest) -> HttpResponse:
    """A token for an API client, or an error of RFC 6749."""
    return _answer(request, CORE.create_token_response)


@csrf_exempt
def revoke(request: HttpRequest) -> HttpResponse:
    """Revoke a token of the client (RFC 7009): 200, also for an unknown token."""
    return _answer(request, CORE.create_revocation_response)


def _answer(request: HttpRequest, respond: Callable[[HttpRequest], Any]) -> HttpResponse:
    wrong = _unreadable(request)
    if wrong:
        status, detail = wrong
        headers = {"Allow": "POST"} if status == 405 else {}
        return _error(status, "invalid_request", detail, headers)
    # This must be the first query on its connection: a dead connection is then replaced.
    client_id = _client_id(request)
    attempts = attempts_of(client_id, request)
    if attempts.refused:
        return _too_often(attempts)
    _, headers, text, status = respond(request)
    if status == 401 and client_id:
        attempts.count_wrong()
        if attempts.wait:
            return _too_often(attempts)
    elif status == 200:
        attempts.note_right()
    return HttpResponse(text, status=status, headers={**NO_STORE, **headers})


def _error(status: int, error: str, detail: str, headers: dict[str, str]) -> HttpResponse:
    body = {"error": error, "error_description": detail}
    return HttpResponse(orjson.dumps(body), status=status, headers={**NO_STORE, **headers})


def _too_often(attempts: Attempts) -> HttpResponse:
    detail = f"Too many wrong secrets from this address. Wait {attempts.wait} seconds."
    headers = {"Retry-After": str(attempts.wait)}
    return _error(429, "temporarily_unavailable", detail, headers)


def _unreadable(request: HttpRequest) -> tuple[int, str] | None:
    """Status and reason, if the request is not a readable form."""
    if request.method != "POST":
        return 405, "Use POST."
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_BODY:
        return 413, f"A token request must have at most {MAX_BODY} bytes."
    if request.META.get("QUERY_STRING"):
        return 400, "Send the parameters in the body, not in the URL."
    if request.content_type != FORM:
        return 400, f"Send the parameters as {FORM}."
    return _misused(request)


def _misused(request: HttpRequest) -> tuple[int, str] | None:
    try:
        fields = request.POST
    except (BadRequest, SuspiciousOperation, ValueError):
        return 400, f"The body is not valid {FORM}."
    doubled = [name for name, values in fields.lists() if len(values) > 1]
    if doubled:
        return 400, f"{_named(doubled[0])} appears more than once."
    for name in FIELDS:
        if "\0" in fields.get(name, ""):
            return 400, f"{name} contains a NUL character."
    return _ambiguous(request)


def _named(name: str) -> str:
    """The name, if it has only characters allowed in error descriptions (RFC 6749, 5.2)."""
    return name if re.fullmatch("[A-Za-z0-9_.-]{1,50}", name) else "A parameter"


def _ambiguous(request: HttpRequest) -> tuple[int, str] | None:
    """RFC 6749, 2.3: a client authenticates in one way, as one client."""
    methods = [name for name in METHODS if request.POST.get(name)]
    header = request.headers.get("Authorization", "")
    if "," in header:  # the server joins the values of a repeated header
        return 400, "The Authorization header appears more than once."
    if header:
        methods.append("the Authorization header")
    if len(methods) > 1:
        return 400, f"Use only one authentication method, not {' and '.join(methods)}."
    in_header, in_body = _basic_id(request), _same_id(request.POST.get("client_id", ""))
    if in_header and in_body and in_header != in_body:
        return 400, "The client_id in the Authorization header differs from the one in the body."
    return None


def _client_id(request: HttpRequest) -> str:
    """The id of the client that the request names; empty if it names none."""
    return _basic_id(request) or _same_id(request.POST.get("client_id", ""))


def _basic_id(request: HttpRequest) -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(credentials.strip()).decode()
    except (binascii.Error, ValueError):
        return ""
    return _same_id(unquote_plus(text.partition(":")[0]))


def _same_id(client_id: str) -> str:
    """The client's id in lower case: an id is the same in any case of its letters, and a guess at
    another spelling counts as one at the same client. Text that is no id is returned unchanged.
    """
    return str(parse_id(client_id) or client_id)


def _with_same_id(credentials: str) -> str:
    """The credentials of HTTP Basic, with the client's id in lower case."""
    try:
        name, colon, secret = base64.b64decode(credentials).partition(b":")
        id = parse_id(unquote_plus(name.decode()))
    except (binascii.Error, ValueError):
        return credentials
    return base64.b64encode(str(id).encode() + colon + secret).decode() if id else credentials
