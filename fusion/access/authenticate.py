"""From a bearer token to an actor: one indexed look-up, so that revocation takes effect at once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from fusion.access.actor import ADMINISTRATOR, Actor, Request, including_reads
from fusion.kernel.database import first_row
from fusion.kernel.errors import Problem

TOKEN = """
SELECT {read}, c.id, t.scope, c.scopes, o.id, o.kind, o.path, o.group_id
FROM oauth2_provider_accesstoken t
JOIN tenancy_apiclient c ON c.id = t.application_id
JOIN tenancy_organization o ON o.id = c.organization_id
WHERE t.token_checksum = %s AND t.expires > now() AND o.status = 'active'
"""

MAX_TOKEN = 512
"""Longest token that is looked up, in characters."""


INVALID_TOKEN = ', error="invalid_token"'


def unauthenticated(detail: str, error: str = "") -> Problem:
    """401 with its challenge (RFC 6750); `error` is part of the challenge."""
    challenge = f'Bearer realm="fusion"{error}'
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": challenge})


def bearer_token(request: HttpRequest) -> str:
    """The token of the `Authorization` header; Problem `unauthenticated` without one."""
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated(
            "Send `Authorization: Bearer <token>`. POST /oauth/token issues a token."
        )
    return token.strip()


@dataclass(frozen=True, slots=True)
class Read:
    """A value that a read-only route gets in the same round trip as the token's look-up.

    `sql` is an expression with one parameter, an id; `o` is the caller's organization, and the
    expression must be null for objects outside `o.path`. `name` is the path parameter that holds
    the id.
    """

    sql: str
    name: str


def authenticate(
    request: HttpRequest, info: Request, also: str = "NULL", parameters: Sequence[Any] = ()
) -> tuple[Actor, Any]:
    """The API client whose valid token the request carries, and the value of the expression `also`.

    In that expression `t` is the token, `c` the client and `o` its organization. It is evaluated
    for every valid token whatever its scopes: an expression that needs a scope must test it. The
    actor's scopes are those of the token that the client still has. Problem `unauthenticated`
    without a valid token.
    """
    token = bearer_token(request)
    row: tuple[Any, ...] | None = None
    if len(token) <= MAX_TOKEN:
        checksum = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        row = first_row(TOKEN.format(read=also), [*parameters, checksum])
    if row is None:
        raise unauthenticated(
            "The token is unknown, revoked or expired. Request a new one with POST /oauth/token.",
            INVALID_TOKEN,
        )
    found, client, granted, held, organization, kind, path, group = row
    actor = Actor(
        label=f"client:{client}",
        organization_id=organization,
        kind=kind,
        path=path,
        group_id=group,
        role=ADMINISTRATOR,
        scopes=frozenset(granted.split()) & including_reads(held.split()),
        request=info,
    )
    return actor, found
