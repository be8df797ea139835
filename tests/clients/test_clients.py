"""API clients: their scopes, their secrets, and that revoking counts at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from fusion.access.actor import AGENT, SCOPES, VIEWER
from fusion.clients.create_client import create_client
from fusion.clients.rotate_secret import rotate_secret
from fusion.kernel.errors import Problem
from tests.bounds import PATIENCE
from tests.tenancy.acting import (
    ask_token,
    at_once,
    audited,
    client_of,
    closing,
    narrowed,
    refused,
    somebody_waits,
    token_of,
)
from tests.world import World, answer


def path_of(world: World, client: dict[str, Any], action: str = "") -> str:
    return f"/organizations/{client['organization_id']}/api-clients/{client['id']}{action}"


def test_the_secret_is_shown_once_and_kept_nowhere(world: World) -> None:
    path = f"/organizations/{world.tenant.id}/api-clients"
    body = {"name": "Sync", "scopes": ["orders:read", "tenancy:write", "orders:read"]}
    key = {"Idempotency-Key": "client"}
    response = world.call("POST", path, body, headers=key)
    made = answer(response)
    assert response.status_code == 201
    assert made == {
        "id": made["id"],
        "client_id": made["id"],
        "organization_id": str(world.tenant.id),
        "name": "Sync",
        "scopes": ["tenancy:write", "orders:read"],
        "connector": None,
        "created_at": made["created_at"],
        "client_secret": made["client_secret"],
    }
    assert len(made["client_secret"]) == 43
    shown = {name: value for name, value in made.items() if name != "client_secret"}
    assert answer(world.call("GET", path_of(world, made))) == shown
    assert answer(world.call("GET", path))["items"] == [shown]
    again = world.call("POST", path, body, headers=key)
    assert (again.status_code, answer(again)) == (201, {**shown, "client_secret": None})
    token = token_of(made)
    assert readable_anywhere(made["client_secret"]) == []
    assert readable_anywhere(token) == []
    assert [verb for verb, _, _ in audited(world)] == ["client.create"]


def readable_anywhere(secret: str) -> list[str]:
    """The columns of the database in which a text is found."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            " AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea')"
        )
        found = []
        for table, column in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" WHERE position(%s in "{column}"::text) > 0'
                f' OR position(%s in "{column}"::text) > 0',
                [secret, secret.encode().hex()],
            )
            if cursor.fetchone() != (0,):
                found.append(f"{table}.{column}")
    return found


@pytest.mark.parametrize("kind", ["distributor", "reseller", "tenant"])
def test_scopes_below_the_group(world: World, kind: str) -> None:
    organization = getattr(world, kind)
    allowed = [scope for scope in SCOPES if scope != "catalogue:write"]
    assert client_of(world, organization, allowed)["scopes"] == allowed
    path = f"/organizations/{organization.id}/api-clients"
    before = world.fingerprint()
    response = world.call("POST", path, {"name": "C", "scopes": ["catalogue:write"]})
    problem = refused(world, response, 422, "invalid-fields", before)
    assert problem["errors"][0]["field"] == "scopes"


def test_scopes_of_the_group(world: World) -> None:
    assert client_of(world, world.group, list(SCOPES))["scopes"] == list(SCOPES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []},
        {"scopes": ["orders:delete"]},
        {"scopes": "orders:read"},
        {"scopes": [1]},
        {"scopes": None},
        {"name": ""},
        {"name": "n" * 201},
        {"client_secret": "chosen"},
    ],
)
def test_bad_fields(world: World, wrong: dict[str, Any]) -> None:
    world.token(world.group)
    before = world.fingerprint()
    body = {"name": "C", "scopes": ["orders:read"], **wrong}
    response = world.call("POST", f"/organizations/{world.tenant.id}/api-clients", body)
    refused(world, response, 422, "invalid-fields", before)


def test_a_token_grants_only_its_own_scopes(world: World) -> None:
    strong = client_of(world, world.group, ["orders:write", "tenancy:write"])
    weak = narrowed(world, world.group, "tenancy:write")
    path = f"/organizations/{world.group.id}/api-clients"
    before = world.fingerprint()
    body = {"name": "C", "scopes": ["tenancy:read", "orders:read"]}
    refused(world, world.call("POST", path, body, by=weak), 403, "forbidden", before)
    response = world.call("POST", path_of(world, strong, "/rotate"), by=weak)
    refused(world, response, 403, "forbidden", before)
    body["scopes"] = ["tenancy:read"]
    assert world.call("POST", path, body, by=weak).status_code == 201


@pytest.mark.parametrize("role", [AGENT, VIEWER])
def test_only_administrators(world: World, role: str) -> None:
    before = world.fingerprint()
    with pytest.raises(Problem, match="Only the role"):
        create_client(
            world.actor(role=role),
            organization_id=world.group.id,
            name="C",
            scopes=["orders:read"],
        )
    assert world.fingerprint() == before


def test_invisible_clients_are_404(world: World) -> None:
    other = World()
    foreign = client_of(other, other.group, ["orders:read"])
    above = client_of(world, world.group, ["orders:read"])
    own = client_of(world, world.tenant, ["orders:read"])
    world.token(world.tenant)
    before = world.fingerprint()
    for by, client in [(world.group, foreign), (world.tenant, above), (world.tenant, foreign)]:
        for method, action in [("GET", ""), ("DELETE", ""), ("POST", "/rotate")]:
            response = world.call(method, path_of(world, client, action), by=by)
            refused(world, response, 404, "not-found", before)
    # One that is seen, but is another organization's.
    wrong = f"/organizations/{world.reseller.id}/api-clients/{own['id']}"
    for method, action in [("GET", ""), ("DELETE", ""), ("POST", "/rotate")]:
        refused(world, world.call(method, wrong + action), 404, "not-found", before)
    missing = f"/organizations/{world.tenant.id}/api-clients/{uuid4()}"
    refused(world, world.call("DELETE", missing), 404, "not-found", before)
    assert token_of(foreign)


def test_revoked_at_once(world: World) -> None:
    client = client_of(world, world.reseller, ["tenancy:read"])
    token = token_of(client)
    assert world.call("GET", "/organizations", by=token).status_code == 200
    assert world.call("DELETE", path_of(world, client), by=world.reseller).status_code == 204
    assert world.call("GET", "/organizations", by=token).status_code == 401
    refusal = ask_token({**_credentials(client)})
    assert (refusal.status_code, answer(refusal)["error"]) == (401, "invalid_client")
    assert world.call("GET", path_of(world, client)).status_code == 404
    assert [verb for verb, _, _ in audited(world)][-1] == "client.revoke"


def _credentials(client: dict[str, Any]) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
    }


def test_rotated_at_once(world: World) -> None:
    client = client_of(world, world.reseller, ["tenancy:read"])
    token = token_of(client)
    key = {"Idempotency-Key": "rotate"}
    response = world.call("POST", path_of(world, client, "/rotate"), headers=key)
    rotated = answer(response)
    assert response.status_code == 200
    assert rotated["client_secret"] != client["client_secret"]
    assert rotated == {**client, "client_secret": rotated["client_secret"]}
    assert world.call("GET", "/organizations", by=token).status_code == 401
    assert ask_token(_credentials(client)).status_code == 401
    assert world.call("GET", "/organizations", by=token_of(rotated)).status_code == 200
    again = world.call("POST", path_of(world, client, "/rotate"), headers=key)
    assert answer(again) == {**rotated, "client_secret": None}
    assert token_of(rotated)
    assert readable_anywhere(rotated["client_secret"]) == []


@pytest.mark.parametrize("action", ["DELETE", "POST"])
def test_no_token_survives_a_revocation_under_way(world: World, action: str) -> None:
    world.token(world.group)
    for _ in range(4):
        client = client_of(world, world.tenant, ["tenancy:read"])
        path = path_of(world, client, "/rotate" if action == "POST" else "")

        def revoke(path: str = path) -> Any:
            return world.call(action, path)

        def ask(client: dict[str, Any] = client) -> Any:
            return ask_token(_credentials(client))

        revoked, *wanted = at_once(revoke, ask, ask, ask)
        assert revoked.status_code in (200, 204)
        for response in wanted:
            assert response.status_code in (200, 401)
            if response.status_code == 200:
                token = answer(response)["access_token"]
                assert world.call("GET", "/organizations", by=token).status_code == 401


def test_a_token_requested_during_rotation_is_refused(world: World) -> None:
    client = client_of(world, world.tenant, ["tenancy:read"])
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            rotate_secret(
                world.actor(), organization_id=world.tenant.id, client_id=UUID(client["id"])
            )
            late = pool.submit(closing(lambda: ask_token(_credentials(client))))
            somebody_waits()
        response = late.result(PATIENCE)
    assert (response.status_code, answer(response)["error"]) == (401, "invalid_client")


def test_a_scope_of_write_reads_too(world: World) -> None:
    client = client_of(world, world.group, ["tenancy:write"])
    for token in (token_of(client), token_of(client, scope="tenancy:read")):
        assert world.call("GET", "/organizations", by=token).status_code == 200
    reader = token_of(client, scope="tenancy:read")
    before = world.fingerprint()
    response = world.call("PATCH", f"/organizations/{world.tenant.id}", {}, by=reader)
    refused(world, response, 403, "forbidden", before)


def test_ids_are_uuids_and_the_same(world: World) -> None:
    client = client_of(world, world.group, ["orders:read"])
    assert UUID(client["id"]).version == 7
    assert client["id"] == client["client_id"]
