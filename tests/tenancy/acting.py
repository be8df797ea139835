"""Concurrent actors, members with a role, tokens, and the contents of the books."""

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

import orjson
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from oauth2_provider.models import get_access_token_model

from fusion.kernel.clock import now
from fusion.tenancy.models import Organization
from tests.world import World


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The result or exception of each call; all start together, each with its own connection."""
    gate = threading.Barrier(len(calls))

    def act(call: Callable[[], Any]) -> Any:
        try:
            gate.wait(10)
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(act, calls))


def somebody_waits(seconds: float = 5) -> None:
    """Return when another connection of this database waits for a lock."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted")
            if cursor.rowcount:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def closing(call: Callable[[], Any]) -> Callable[[], Any]:
    """The call, for a thread: it closes its own connection behind it."""

    def run() -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    return run


def refused(world: World, response: HttpResponse, status: int, code: str, before: Any) -> Any:
    """The problem's document; checks that the refusal changed nothing."""
    problem = orjson.loads(response.content)
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert response["Content-Type"] == "application/problem+json"
    assert problem["detail"]
    assert world.fingerprint() == before
    return problem


def events(world: World) -> list[tuple[str, str, str, Any]]:
    """Type, subject, path and data of the group's events, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, subject, path, data FROM events_event WHERE group_id = %s ORDER BY id",
            [world.group.id],
        )
        return [
            (type, subject, path, orjson.loads(data) if isinstance(data, str) else data)
            for type, subject, path, data in cursor.fetchall()
        ]


def audited(world: World) -> list[tuple[str, str, Any]]:
    """Verb, object and detail of the group's audit records, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT verb, object_id, detail::text FROM tenancy_auditrecord WHERE group_id = %s"
            " ORDER BY id",
            [world.group.id],
        )
        return [(verb, id, orjson.loads(detail)) for verb, id, detail in cursor.fetchall()]


def client_of(world: World, organization: Organization, scopes: list[str]) -> dict[str, Any]:
    """A new API client with its secret, from the API."""
    response = world.call(
        "POST",
        f"/organizations/{organization.id}/api-clients",
        {"name": "A client", "scopes": scopes},
    )
    assert response.status_code == 201, response.content
    made: dict[str, Any] = orjson.loads(response.content)
    return made


def ask_token(
    fields: dict[str, str] | bytes,
    *,
    headers: dict[str, str] | None = None,
    content_type: str = "application/x-www-form-urlencoded",
    method: str = "POST",
    query: str = "",
) -> HttpResponse:
    """The answer of the token endpoint."""
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    response: Any = Client(raise_request_exception=False).generic(
        method, f"/oauth/token{query}", body, content_type, headers=headers or {}
    )
    return cast("HttpResponse", response)


def token_of(client: dict[str, Any], **more: str) -> str:
    """An access token of a client."""
    response = ask_token(
        {
            "grant_type": "client_credentials",
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
            **more,
        }
    )
    assert response.status_code == 200, response.content
    token: str = orjson.loads(response.content)["access_token"]
    return token


def narrowed(world: World, organization: Organization, *scopes: str) -> str:
    """A token of the organization's client with only these scopes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT application_id FROM oauth2_provider_accesstoken WHERE token_checksum = %s",
            [hashlib.sha256(world.token(organization).encode()).hexdigest()],
        )
        row = cursor.fetchone()
    token = f"narrow-{organization.id}-{'-'.join(scopes)}"
    get_access_token_model().objects.create(
        application_id=row[0],
        token="",
        token_checksum=hashlib.sha256(token.encode()).hexdigest(),
        expires=now() + timedelta(hours=1),
        scope=" ".join(scopes),
    )
    return token
