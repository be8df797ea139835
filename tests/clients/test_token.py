"""The token endpoint: client credentials and nothing else, and no body that breaks it."""

import base64
import time
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tests.tenancy.acting import ask_token, client_of, token_of
from tests.world import World, answer


@pytest.fixture
def client(world: World) -> dict[str, Any]:
    return client_of(world, world.group, ["tenancy:write", "orders:read"])


def body_of(client: dict[str, Any], **more: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        **more,
    }


def basic(text: str | bytes, scheme: str = "Basic") -> dict[str, str]:
    raw = text if isinstance(text, bytes) else text.encode()
    return {"Authorization": f"{scheme} {base64.b64encode(raw).decode()}"}


def test_credentials_in_the_body(world: World, client: dict[str, Any]) -> None:
    response = ask_token(body_of(client))
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    result = answer(response)
    assert sorted(result) == ["access_token", "expires_in", "scope", "token_type"]
    assert result["token_type"] == "Bearer"
    assert result["expires_in"] == settings.OAUTH2_PROVIDER["ACCESS_TOKEN_EXPIRE_SECONDS"]
    assert result["scope"].split() == ["tenancy:write", "orders:read"]
    assert world.call("GET", "/organizations", by=result["access_token"]).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
def test_credentials_in_the_header(client: dict[str, Any], scheme: str) -> None:
    headers = basic(f"{client['client_id']}:{client['client_secret']}", scheme)
    response = ask_token({"grant_type": "client_credentials"}, headers=headers)
    assert response.status_code == 200


def test_scopes(client: dict[str, Any]) -> None:
    assert answer(ask_token(body_of(client, scope="orders:read")))["scope"] == "orders:read"
    assert len(answer(ask_token(body_of(client, scope="")))["scope"].split()) == 2
    for scope in ("orders:write", "orders:read reports:read", "nonsense", "*"):
        response = ask_token(body_of(client, scope=scope))
        assert (response.status_code, answer(response)["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {"client_id": "nobody"},
        {"client_id": ""},
        {"client_id": "a\u0007b"},
        {"client_id": "ü" * 300},
    ],
)
def test_wrong_credentials(client: dict[str, Any], wrong: dict[str, str]) -> None:
    response = ask_token(body_of(client, **wrong))
    assert (response.status_code, answer(response)["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Basic"},
        {"Authorization": "Basic "},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic ÿÿÿ"},
        {"Authorization": "Bearer abc"},
        basic("no colon"),
        basic("a\0b:secret"),
        basic(b"\xff\xfe:\xff"),
        basic("%00:%00"),
        basic("%ff%fe:x"),
        basic(":" * 1000),
    ],
)
def test_garbage_in_the_header(headers: dict[str, str]) -> None:
    response = ask_token({"grant_type": "client_credentials"}, headers=headers)
    assert (response.status_code, answer(response)["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "grant",
    [
        "password",
        "refresh_token",
        "authorization_code",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "nonsense",
        "",
    ],
)
def test_other_grants(client: dict[str, Any], grant: str) -> None:
    response = ask_token(body_of(client, grant_type=grant, username="u", password="p", code="c"))
    assert response.status_code == 400
    assert answer(response)["error"] in ("unsupported_grant_type", "invalid_request")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\x00", 400),
        (b"\xff\xfe\xfd", 400),
        (b"grant_type", 400),
        (b"&&&===", 400),
        (b"%zz=%", 400),
        (b"grant_type=client_credentials&client_id=%00&client_secret=x", 400),
        (b"grant_type=client_credentials&client_id=a&client_id=b", 400),
        (b"grant_type=client_credentials&client_id=%ff&client_secret=%fe", 401),
        (b"grant_type=client_credentials&client_id=%ud800", 401),
        (b"a=1&" * 3000, 400),
        (b"x" * 20_000, 413),
    ],
)
def test_garbage_bodies(body: bytes, status: int) -> None:
    response = ask_token(body)
    assert response.status_code == status, response.content
    assert answer(response)["error"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=nonsense",
    ],
)
def test_other_content_types(client: dict[str, Any], content_type: str) -> None:
    response = ask_token(body_of(client), content_type=content_type)
    if "nonsense" in content_type:  # an unknown charset is read as UTF-8
        assert response.status_code == 200
    else:
        assert (response.status_code, answer(response)["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(client: dict[str, Any], method: str) -> None:
    response = ask_token(body_of(client), method=method)
    assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.parametrize("query", ["?a", "?grant_type=client_credentials", "?%zz", "?a=%00"])
def test_no_query(client: dict[str, Any], query: str) -> None:
    response = ask_token(body_of(client), query=query)
    assert (response.status_code, answer(response)["error"]) == (400, "invalid_request")


def test_expired_and_unknown_tokens(world: World, client: dict[str, Any]) -> None:
    token = token_of(client)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE oauth2_provider_accesstoken SET expires = now() - interval '1 second'"
            " WHERE application_id = %s",
            [client["id"]],
        )
    for wrong in (token, token + "x", "x" * 2000, "ü"):
        response = world.call("GET", "/organizations", by=wrong)
        assert (response.status_code, answer(response)["code"]) == (401, "unauthenticated")
        assert response["WWW-Authenticate"].startswith("Bearer")


def test_only_hashes_are_stored(client: dict[str, Any]) -> None:
    token_of(client)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.client_secret, t.token, t.token_checksum FROM tenancy_apiclient c"
            " JOIN oauth2_provider_accesstoken t ON t.application_id = c.id WHERE c.id = %s",
            [client["id"]],
        )
        [(secret, token, checksum)] = cursor.fetchall()
    algorithm, salt, digest = secret.split("$")
    assert algorithm == "client_secret_sha256"
    assert (len(salt), len(digest), token, len(checksum)) == (22, 64, "", 64)


def test_issuing_takes_milliseconds(client: dict[str, Any]) -> None:
    took = []
    for _ in range(15):
        start = time.process_time()
        token_of(client)
        took.append(time.process_time() - start)
    # One round of a password hasher would take more than this alone.
    assert sorted(took)[7] < 0.05
