"""A call that the permission refuses is not live: the statement decides before it admits."""

from dataclasses import replace
from typing import Any

import pytest

from fusion.access.actor import AGENT, GROUP, TENANT
from fusion.access.permissions import ADMIT_CALLS
from fusion.hot.application import HotApplication
from fusion.hot.routes import ROUTES
from fusion.trunks import calls_api
from tests.hot import client as hot_client
from tests.trunks.calling import admitted, live, order_channels, outcomes, put, trunk_id
from tests.world import World, answer, make_token

LIMITS: dict[str, dict[str, Any]] = {
    "kind": {"kinds": (GROUP,)},
    "role": {"roles": (AGENT,)},
    "scope": {"scopes": ("reports:write",)},
}


@pytest.fixture(params=LIMITS)
def limited(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The permission to admit calls refuses clients of the tenant, by its kind, role or scope."""
    limit(monkeypatch, **LIMITS[request.param])
    return str(request.param)


def limit(monkeypatch: pytest.MonkeyPatch, **limits: Any) -> None:
    """Change the permission to admit calls, in the described routes and in the hot ones."""
    permission = replace(ADMIT_CALLS, **limits)
    monkeypatch.setattr(calls_api.CALLING, "permission", permission)
    routes = [
        replace(route, permission=permission) if route.permission is ADMIT_CALLS else route
        for route in ROUTES
    ]
    monkeypatch.setattr(hot_client, "APPLICATION", HotApplication(hot_client.never, routes))


def client(world: World, limit: str) -> str:
    """A token of the tenant that lacks what the permission requires."""
    return (
        make_token(world.tenant, ("calls:write",))
        if limit == "scope"
        else world.token(world.tenant)
    )


def test_a_refused_call_is_not_live(world: World, limited: str) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    token = client(world, limited)
    before = world.fingerprint()
    response = put(world, trunk, "a", by=token)
    assert (response.status_code, answer(response)["code"]) == (403, "forbidden")
    assert world.fingerprint() == before
    assert live(world) == []


def test_a_refused_end_leaves_the_call_live(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", by=world.tenant)
    limit(monkeypatch, kinds=(GROUP,))
    response = world.call("DELETE", f"/trunks/{trunk}/calls/inbound/a", by=world.tenant)
    assert response.status_code == 403
    assert (live(world), outcomes(world)) == (["a"], {})


def test_a_permission_for_tenants_admits_calls_of_tenants(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    limit(monkeypatch, kinds=(TENANT,))
    assert put(world, trunk, "a", by=world.tenant).status_code == 201
