"""From a bearer token to an actor: one indexed look-up, so that revocation takes effect at once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest

from fusion.access.actor import ADMINISTRATOR, Actor, Request, including_reads
from fusion.access.permissions import Permission
from fusion.kernel.database import first_row
from fusion.kernel.errors import Problem

TOKEN = """
SELECT {read}, c.id, c.connector, t.scope, c.scopes, o.id, o.kind, o.path, o.group_id
FROM oauth2_provider_accesstoken t
JOIN tenancy_apiclient c ON c.id = t.application_id
JOIN tenancy_organization o ON o.id = c.organization_id
WHERE t.token_checksum = %s AND t.expires > now() AND o.status = 'active'
"""

CLIENT_ROLE = ADMINISTRATOR
"""The role with which API clients act; their scopes limit them."""

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
class TokenQuery:
    """An expression that is evaluated in the round trip of the token's look-up.

    In `sql`, `t` is the token, `c` the client and `o` its organization. It is evaluated only for
    clients that have `permission`; for others its value is null, and the caller refuses them.
    """

    permission: Permission
    sql: str


@dataclass(frozen=True, slots=True)
class Read:
    """A value that a read-only route gets in the same round trip as the token's look-up.

    `sql` is an expression whose parameters are ids; `o` is the caller's organization, and the
    expression must be null for objects outside `o.path`. `names` are the path parameters that hold
    the ids.
    """

    sql: str
    names: tuple[str, ...]


def authenticate(
    request: HttpRequest,
    info: Request,
    query: TokenQuery | None = None,
    parameters: Sequence[Any] = (),
) -> tuple[Actor, Any]:
    """The API client whose valid token the request carries, and the value of `query`.

    The actor's scopes are those of the token that the client still has. Problem `unauthenticated`
    without a valid token.
    """
    token = bearer_token(request)
    row: tuple[Any, ...] | None = None
    if len(token) <= MAX_TOKEN:
        checksum = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        row = first_row(token_statement(query), [*parameters, checksum])
    if row is None:
        raise unauthenticated(
            "The token is unknown, revoked or expired. Request a new one with POST /oauth/token.",
            INVALID_TOKEN,
        )
    found, client, connector, granted, held, organization, kind, path, group = row
    actor = Actor(
        label=f"client:{client}",
        organization_id=organization,
        kind=kind,
        path=path,
        group_id=group,
        role=CLIENT_ROLE,
        scopes=frozenset(granted.split()) & including_reads(held.split()),
        request=info,
        connector=connector,
    )
    return actor, found


@cache
def token_statement(query: TokenQuery | None) -> str:
    """The look-up of a token with the value of `query`."""
    if query is None:
        return TOKEN.format(read="NULL")
    return TOKEN.format(read=f"CASE WHEN {condition(query.permission)} THEN {query.sql} END")


def condition(permission: Permission) -> str:
    """SQL: whether `Permission.require` accepts the client `c` in `o`, with the token `t`."""
    if CLIENT_ROLE not in permission.roles:
        return "false"
    kinds = ", ".join(f"'{kind}'" for kind in permission.kinds)
    return f"o.kind IN ({kinds}) AND ({' OR '.join(map(_has_scope, permission.scopes))})"


def _has_scope(scope: str) -> str:
    noun, _, access = scope.partition(":")
    both = _both_have(scope, scope)
    if access == "write":
        return both
    write = f"{noun}:write"
    return f"{both} OR {_both_have(scope, write)} OR {_both_have(write, write)}"


def _both_have(of_token: str, of_client: str) -> str:
    return (
        f"'{of_token}' = ANY (string_to_array(t.scope, ' '))"
        f" AND '{of_client}' = ANY (string_to_array(c.scopes, ' '))"
    )
