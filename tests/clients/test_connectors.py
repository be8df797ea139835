"""Connectors: API clients of the group whose name is the origin of what they order."""

from typing import Any

import pytest
from django.db import IntegrityError, connection

from fusion.clients.models import ApiClient
from fusion.lifecycle.apply_due import apply_due_orders
from tests.lifecycle.dating import at
from tests.ordering.placing import draft, fall_due, line, placed, seen
from tests.tenancy.acting import token_of
from tests.world import World, answer, make_token

SCOPES = ["orders:write", "tenancy:write"]


def created(world: World, connector: str | None = "acme-billing", **more: Any) -> Any:
    """POST a client of the group."""
    path = f"/organizations/{world.group.id}/api-clients"
    body = {"name": "Billing", "scopes": SCOPES, "connector": connector, **more}
    return world.call("POST", path, body)


def path_of(client: dict[str, Any]) -> str:
    """The route of the client."""
    return f"/organizations/{client['organization_id']}/api-clients/{client['id']}"


def ordered(world: World, token: str, **more: Any) -> dict[str, Any]:
    """An order that this token places."""
    response = world.call("POST", "/orders", draft(world, **more), by=token)
    assert response.status_code == 201, response.content
    document: dict[str, Any] = answer(response)
    return document


def found(world: World, origin: str, by: Any = None) -> set[str]:
    """The orders of that origin."""
    return {
        each["id"] for each in answer(world.call("GET", f"/orders?origin={origin}", by=by))["items"]
    }


def test_the_origin_of_orders_is_the_connector(world: World) -> None:
    client = answer(created(world))
    assert client["connector"] == "acme-billing"
    token = token_of(client)
    first = ordered(world, token)
    assert (first["origin"], first["placed_by"]) == (
        "connector:acme-billing",
        f"client:{client['id']}",
    )
    assert placed(world, line(world.seat))["origin"] == "api"
    shown = answer(world.call("GET", f"/orders/{first['id']}", by=world.tenant))
    assert (shown["origin"], shown["placed_by"]) == ("connector:acme-billing", "group")
    assert found(world, "connector:acme-billing") == {first["id"]}
    assert found(world, "connector:acme-billing", world.tenant) == {first["id"]}
    assert first["id"] not in found(world, "api") and found(world, "connector:other") == set()
    table = world.call("GET", "/orders?format=csv&origin=connector:acme-billing")
    assert b"connector:acme-billing" in table.getvalue()


def test_every_kind_of_order_has_it(world: World) -> None:
    token = token_of(answer(created(world)))
    trial = ordered(world, token, ends_at=at(48))
    batch = world.call("POST", "/orders/batch", {"orders": [draft(world)]}, by=token)
    later = ordered(world, token, effective_at=at(1))
    reversal = world.call("POST", f"/orders/{trial['id']}/reverse", by=token)
    base = f"/subscriptions/{world.subscription.id}"
    world.call("POST", f"{base}/suspend", by=token)
    dated = world.call("POST", f"{base}/resume", {"effective_at": at(24)}, by=token)
    fall_due(later)
    apply_due_orders()
    world.call("POST", f"{base}/terminate", by=token)
    restored = world.call("POST", f"{base}/restore", by=token)
    assert {response.status_code for response in (batch, reversal, dated, restored)} == {200, 201}
    orders = answer(world.call("GET", "/orders?limit=100"))["items"]
    kinds = {each["kind"] for each in orders}
    assert kinds == {"change", "expiry", "reversal", "suspension", "resumption", "termination"}
    assert {each["origin"] for each in orders} == {"connector:acme-billing"}


def test_it_is_the_clients_name_of_the_time_and_no_header(world: World) -> None:
    client = answer(created(world, None))
    token = token_of(client)
    headers = {"X-Connector": "acme", "X-Fusion-Origin": "connector:acme", "Origin": "connector:a"}
    body = draft(world)
    plain = answer(world.call("POST", "/orders", body, by=token, headers=headers))
    assert plain["origin"] == "api"
    named = answer(world.call("PATCH", path_of(client), {"connector": "acme"}))
    assert (named["connector"], named["name"]) == ("acme", "Billing")
    order = ordered(world, token)
    assert order["origin"] == "connector:acme"
    world.call("PATCH", path_of(client), {"connector": None, "name": "Former"})
    assert answer(world.call("GET", path_of(client)))["connector"] is None
    assert ordered(world, token)["origin"] == "api"
    assert seen(world, order)["origin"] == "connector:acme"
    assert seen(world, plain)["origin"] == "api"


def test_only_the_group_makes_connectors_of_its_clients(world: World) -> None:
    body = {"name": "X", "scopes": ["orders:read"], "connector": "acme"}
    mine = {"name": "X", "scopes": ["orders:read"]}
    for organization in (world.distributor, world.reseller, world.tenant):
        path = f"/organizations/{organization.id}/api-clients"
        client = answer(world.call("POST", path, mine, by=organization))
        before = world.fingerprint()
        responses = (
            world.call("POST", path, body, by=organization),
            world.call("PATCH", path_of(client), {"connector": "acme"}, by=organization),
        )
        assert {response.status_code for response in responses} == {403}
        assert "Only administrators of the group" in answer(responses[0])["detail"]
        responses = (
            world.call("POST", path, body),
            world.call("PATCH", path_of(client), {"connector": "acme"}),
        )
        for response in responses:
            assert response.status_code == 422
            assert answer(response)["errors"][0]["field"] == "connector"
        assert world.fingerprint() == before
        renamed = world.call("PATCH", path_of(client), {"name": "Y"}, by=organization)
        assert answer(renamed)["name"] == "Y"
    reader = make_token(world.group, ("tenancy:read",))
    client = answer(created(world))
    assert world.call("PATCH", path_of(client), {"name": "Y"}, by=reader).status_code == 403
    assert World().call("PATCH", path_of(client), {"name": "Y"}).status_code == 404


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a b", "a" * 41, "é", "a_b", 5, "a\n"])
def test_odd_names_are_refused(world: World, name: Any) -> None:
    client = answer(created(world))
    before = world.fingerprint()
    for response in (
        created(world, name),
        world.call("PATCH", path_of(client), {"connector": name}),
    ):
        if name == "a\n" and response.status_code in (200, 201):
            continue  # cleaned, as all texts
        assert response.status_code == 422
        assert answer(response)["errors"][0]["field"] == "connector"
    if name != "a\n":
        assert world.fingerprint() == before


@pytest.mark.parametrize("origin", ["connector", "connector:", "connector:A", "web", "client:x"])
def test_odd_origins_are_refused(world: World, origin: str) -> None:
    response = world.call("GET", f"/orders?origin={origin}")
    assert (response.status_code, answer(response)["errors"][0]["field"]) == (422, "origin")


def test_the_database_keeps_names(world: World) -> None:
    client = ApiClient.scoped.unscoped("test").first()
    assert client is not None
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE tenancy_apiclient SET connector = 'A b' WHERE id = %s", [client.id])
