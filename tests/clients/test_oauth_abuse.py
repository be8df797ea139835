"""Two authentications at once, wrong secrets, tokens that are given back, and clients' clients."""

import base64
import re
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from fusion.clients.attempts import MOST_WRONG, WINDOW
from fusion.clients.oauth import MOST_TOKENS
from fusion.clients.retention import purge_attempts
from fusion.kernel.ids import new_id
from tests.tenancy.acting import at_once, audited, client_of, closing, somebody_waits, token_of
from tests.world import World, answer

NEAR, FAR = "192.0.2.7", "2001:db8:1:2::3"


@pytest.fixture
def client(world: World) -> dict[str, Any]:
    return client_of(world, world.group, ["tenancy:write", "orders:read"])


def post(
    path: str,
    fields: dict[str, str] | list[tuple[str, str]],
    headers: dict[str, str] | None = None,
    address: str = NEAR,
) -> HttpResponse:
    return cast(
        "HttpResponse",
        Client(raise_request_exception=False).generic(
            "POST",
            path,
            urlencode(fields).encode(),
            "application/x-www-form-urlencoded",
            headers=headers or {},
            REMOTE_ADDR=address,
        ),
    )


def ask(
    client: dict[str, Any], secret: str | None = None, address: str = NEAR, **more: str
) -> HttpResponse:
    fields = {
        "grant_type": "client_credentials",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"] if secret is None else secret,
    }
    return post("/oauth/token", {**fields, **more}, address=address)


def basic(id: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{id}:{secret}'.encode()).decode()}"}


def error(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, answer(response)["error"]


def test_two_authorization_headers(client: dict[str, Any]) -> None:
    """The server joins them with a comma; a lenient decoder reads the first alone."""
    one, two = basic(client["client_id"], client["client_secret"]), basic("other", "x")
    joined = {"Authorization": f"{one['Authorization']},{two['Authorization']}"}
    fields = {"grant_type": "client_credentials"}
    for path in ("/oauth/token", "/oauth/revoke"):
        assert error(post(path, {**fields, "token": "t"}, joined)) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize("secret", ["right", "wrong"])
@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_two_authentications_are_refused(
    client: dict[str, Any], path: str, secret: str, scheme: str
) -> None:
    id, right = client["client_id"], client["client_secret"]
    headers = basic(id, right if secret == "right" else "wrong")
    headers["Authorization"] = headers["Authorization"].replace("Basic", scheme)
    fields = {"grant_type": "client_credentials", "client_id": id, "token": "x"}
    response = post(path, {**fields, "client_secret": right}, headers)
    assert error(response) == (400, "invalid_request")
    response = post(path, {**fields, "client_assertion": "x"}, headers)
    assert error(response) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_ids_that_differ_are_refused(client: dict[str, Any], path: str) -> None:
    headers = basic(client["client_id"], client["client_secret"])
    for other in (str(new_id()), "x", "ü", client["client_id"] + " "):
        fields = {"grant_type": "client_credentials", "client_id": other, "token": "x"}
        assert error(post(path, fields, headers)) == (400, "invalid_request")
    same = {"grant_type": "client_credentials", "client_id": client["client_id"], "token": "x"}
    assert post(path, same, headers).status_code == 200


READ = ["grant_type", "client_id", "client_secret", "scope", "token", "token_type_hint"]
UNKNOWN = ["resource", "audience", "client_assertion_type", "Scope", 'an "odd" \\ name', ""]


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize("name", [*READ, "client_assertion", *UNKNOWN])
def test_a_parameter_given_twice_is_refused(
    world: World, client: dict[str, Any], path: str, name: str
) -> None:
    """RFC 6749, 3.2: no parameter more than once; with equal and with empty values too."""
    fields = {"grant_type": "client_credentials", "token": "x"}
    fields |= {field: client[field] for field in ("client_id", "client_secret")}
    before = world.fingerprint()
    for values in (("x", "y"), ("x", "x"), ("", "x"), ("", "")):
        given = [*((key, text) for key, text in fields.items() if key != name)]
        response = post(path, [*given, (name, values[0]), (name, values[1])])
        assert error(response) == (400, "invalid_request")
        assert re.fullmatch(r"[ !#-\[\]-~]+", answer(response)["error_description"])
    assert world.fingerprint() == before


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_an_unknown_parameter_is_ignored(client: dict[str, Any], path: str) -> None:
    fields = {"grant_type": "client_credentials", "token": "x"}
    fields |= {field: client[field] for field in ("client_id", "client_secret")}
    assert post(path, {**fields, **dict.fromkeys(UNKNOWN, "x")}).status_code == 200


@pytest.mark.parametrize("spaces", ["{}  {}", " {} {}", "{} {} ", "{}   {}"])
def test_spaces_between_scopes(client: dict[str, Any], spaces: str) -> None:
    response = ask(client, scope=spaces.format("orders:read", "tenancy:write"))
    assert response.status_code == 200
    assert sorted(answer(response)["scope"].split()) == ["orders:read", "tenancy:write"]


@pytest.mark.parametrize("scope", [" ", "   ", "\t", "orders:read\torders:write"])
def test_blank_scope_does_not_grant_all_scopes(client: dict[str, Any], scope: str) -> None:
    assert error(ask(client, scope=scope)) == (400, "invalid_scope")


# Wrong secrets.


def test_wrong_secrets_are_throttled_by_client_and_address(
    world: World, client: dict[str, Any]
) -> None:
    for _ in range(MOST_WRONG):
        assert error(ask(client, "wrong")) == (401, "invalid_client")
    response = ask(client, "wrong")
    assert error(response) == (429, "temporarily_unavailable")
    assert 1 <= int(response["Retry-After"]) <= WINDOW
    # Neither the right secret nor another way to present it is looked at from there.
    assert ask(client).status_code == 429
    headers = basic(client["client_id"], client["client_secret"])
    assert post("/oauth/revoke", {"token": "x"}, headers).status_code == 429
    # Other addresses, and other clients of this one, are not concerned.
    assert ask(client, address=FAR).status_code == 200
    assert ask(client_of(world, world.tenant, ["orders:read"])).status_code == 200
    # The time passes.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tenancy_clientattempt SET since = since - interval '1 hour'")
    assert ask(client).status_code == 200
    assert error(ask(client, "wrong")) == (401, "invalid_client")


def test_wrong_secrets_from_elsewhere_do_not_lock_out_a_known_address(
    client: dict[str, Any],
) -> None:
    """As where all callers come from one proxy."""
    assert ask(client).status_code == 200
    statuses = [ask(client, "wrong").status_code for _ in range(MOST_WRONG + 3)]
    assert statuses == [401] * MOST_WRONG + [429] * 3
    assert ask(client).status_code == 200


def test_a_network_of_ipv6_counts_as_one_address(client: dict[str, Any]) -> None:
    for n in range(MOST_WRONG):
        assert ask(client, "wrong", address=f"2001:db8:5:5::{n:x}").status_code == 401
    assert ask(client, address="2001:db8:5:5:ffff::1").status_code == 429
    assert ask(client, address="2001:db8:5:6::1").status_code == 200


def test_wrong_secrets_at_once_are_all_counted(client: dict[str, Any]) -> None:
    at_once(*[closing(lambda: ask(client, "wrong"))] * MOST_WRONG)
    assert ask(client, "wrong").status_code == 429


@pytest.mark.parametrize("id", ["nobody", "", "ü" * 300, "a:b"])
def test_an_unknown_client_is_throttled_in_the_same_way(id: str) -> None:
    unknown = {"client_id": f"{id}{new_id()}", "client_secret": "x"}
    for _ in range(MOST_WRONG):
        assert error(ask(unknown)) == (401, "invalid_client")
    assert ask(unknown).status_code == 429


def test_expired_counts_are_deleted(client: dict[str, Any]) -> None:
    ask(client, "wrong")
    ask(client, address=FAR)
    purge_attempts()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tenancy_clientattempt SET since = since - interval '2 hours'")
    assert purge_attempts() >= 1
    assert purge_attempts() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tenancy_clientattempt SET right_at = right_at - interval '60 days'")
    assert purge_attempts() >= 1


# Tokens that are given back (RFC 7009).


def revoke(
    client: dict[str, Any], token: str, headers: dict[str, str] | None = None, **more: str
) -> HttpResponse:
    fields = {"token": token, **more}
    if headers is None:
        fields |= {name: client[name] for name in ("client_id", "client_secret")}
    return post("/oauth/revoke", fields, headers)


@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])
def test_a_token_is_revoked_at_once(world: World, client: dict[str, Any], hint: str) -> None:
    token, other = token_of(client), token_of(client)
    response = revoke(client, token, token_type_hint=hint)
    assert (response.status_code, response.content) == (200, b"")
    assert response["Cache-Control"] == "no-store"
    assert world.call("GET", "/organizations", by=token).status_code == 401
    assert world.call("GET", "/organizations", by=other).status_code == 200
    assert revoke(client, token).status_code == 200  # again, and what never was
    assert revoke(client, "nonsense").status_code == 200
    headers = basic(client["client_id"], client["client_secret"])
    assert revoke(client, other, headers).status_code == 200
    assert world.call("GET", "/organizations", by=other).status_code == 401


def test_a_client_cannot_revoke_another_clients_token(world: World, client: dict[str, Any]) -> None:
    token = token_of(client)
    other = client_of(world, world.group, ["tenancy:write"])
    assert revoke(other, token).status_code == 200
    assert error(revoke({**client, "client_secret": "wrong"}, token)) == (401, "invalid_client")
    assert error(post("/oauth/revoke", {"token": token})) == (401, "invalid_client")
    assert error(revoke(client, "")) == (400, "invalid_request")
    assert world.call("GET", "/organizations", by=token).status_code == 200


@pytest.mark.parametrize("token", ["\ud800", "x" * 10_000, "ü", "a b"], ids=ascii)
def test_odd_tokens(client: dict[str, Any], token: str) -> None:
    fields = {name: client[name] for name in ("client_id", "client_secret")}
    body = urlencode({**fields, "token": token}, errors="surrogatepass").encode()
    response = Client(raise_request_exception=False).generic(
        "POST", "/oauth/revoke", body, "application/x-www-form-urlencoded"
    )
    assert response.status_code == 200


def test_live_tokens_are_bounded(world: World, client: dict[str, Any]) -> None:
    oldest, newer = token_of(client), token_of(client)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO oauth2_provider_accesstoken"
            " (token, token_checksum, expires, scope, application_id, created, updated, resource)"
            " SELECT '', %s || n, now() + interval '1 hour', '', %s, now(), now(), '[]'"
            " FROM generate_series(1, %s) n",
            [str(new_id()), client["id"], MOST_TOKENS - 2],
        )
    newest = token_of(client)
    statuses = [
        world.call("GET", "/organizations", by=token).status_code
        for token in (oldest, newer, newest)
    ]
    assert statuses == [401, 200, 200]


# Clients that clients have created.


def create(world: World, by: str, organization: Any) -> dict[str, Any]:
    path = f"/organizations/{organization.id}/api-clients"
    response = world.call("POST", path, {"name": "n", "scopes": ["tenancy:write"]}, by=by)
    assert response.status_code == 201, response.content
    made: dict[str, Any] = answer(response)
    return made


def path_of(client: dict[str, Any]) -> str:
    return f"/organizations/{client['organization_id']}/api-clients/{client['id']}"


def test_a_client_ends_with_the_one_that_created_it(world: World, client: dict[str, Any]) -> None:
    child = create(world, token_of(client), world.reseller)
    grandchild = create(world, token_of(child), world.tenant)
    other = client_of(world, world.group, ["tenancy:write"])
    tokens = [token_of(each) for each in (client, child, grandchild)]
    # A new secret ends nothing but the client's own tokens.
    assert world.call("POST", f"{path_of(client)}/rotate").status_code == 200
    assert world.call("GET", path_of(grandchild), by=tokens[2]).status_code == 200
    assert world.call("DELETE", path_of(client)).status_code == 204
    for each, token in zip((client, child, grandchild), tokens, strict=True):
        assert error(ask(each, address=FAR)) == (401, "invalid_client")
        assert world.call("GET", "/organizations", by=token).status_code == 401
        assert world.call("GET", path_of(each)).status_code == 404
    assert ask(other).status_code == 200
    revoked = [id for verb, id, _ in audited(world) if verb == "client.revoke"]
    assert sorted(revoked) == sorted(each["id"] for each in (client, child, grandchild))


def test_a_client_that_is_being_revoked_creates_no_other(
    world: World, client: dict[str, Any]
) -> None:
    token = token_of(client)
    path = f"/organizations/{world.group.id}/api-clients"
    body = {"name": "n", "scopes": ["tenancy:write"]}
    world.token(world.group)

    def create_late() -> HttpResponse:
        _wait_for_revocation(client)
        return world.call("POST", path, body, by=token)

    def revoke_first() -> None:
        with transaction.atomic():
            assert world.call("DELETE", path_of(client)).status_code == 204
            somebody_waits()

    late, _ = at_once(closing(create_late), closing(revoke_first))
    assert late.status_code == 401
    assert late["WWW-Authenticate"].startswith("Bearer")
    listed = answer(world.call("GET", path))["items"]
    assert [each for each in listed if each["name"] == "n"] == []


def _wait_for_revocation(client: dict[str, Any]) -> None:
    """Until the client's row is locked by its revocation, which has not ended yet."""
    for _ in range(1_000):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT FROM tenancy_apiclient WHERE id = %s FOR SHARE SKIP LOCKED", [client["id"]]
            )
            if cursor.rowcount == 0:
                return
    raise AssertionError("nobody revokes it")


def test_a_client_id_is_the_same_in_capital_letters(client: dict[str, Any]) -> None:
    id, secret = client["client_id"].upper(), client["client_secret"]
    assert ask(client, client_id=id).status_code == 200
    grant = {"grant_type": "client_credentials"}
    assert post("/oauth/token", grant, basic(id, secret)).status_code == 200
    both = {**grant, "client_id": client["client_id"]}
    assert post("/oauth/token", both, basic(id, secret)).status_code == 200


def test_spellings_of_a_client_id_share_their_wrong_secrets(client: dict[str, Any]) -> None:
    spellings = [client["client_id"], client["client_id"].upper(), client["client_id"].title()]
    for number in range(MOST_WRONG):
        assert ask(client, "wrong", client_id=spellings[number % 3]).status_code == 401
    assert [ask(client, "wrong", client_id=each).status_code for each in spellings] == [429] * 3
