"""No answer names an actor outside the reader's subtree: it has the kind of its organization.

Every reading route of the API, and its file, for each level of the tree, before and after moves.
"""

from dataclasses import replace
from typing import Any

import pytest

from fusion.access.shown_actors import LABEL
from fusion.clients.models import ApiClient
from fusion.tenancy.models import Organization
from tests.contract.stage import Stage
from tests.contract.table import TABLE
from tests.contract.test_authorization import KNOWN, ask, own_ids
from tests.lifecycle.tree_moves import moved_to
from tests.ordering.placing import line, placed
from tests.world import World, answer, make_organization, make_token

READS = [route for route in KNOWN if route[0] == "GET" and not TABLE[route].headers]


def text_of(response: Any) -> str:
    """The whole answer."""
    content: bytes = response.getvalue() if response.streaming else response.content
    return content.decode(errors="replace")


def outside(labels: set[str], reader: Organization) -> set[str]:
    """The labels of clients that do not belong to the reader's subtree."""
    rows = ApiClient.scoped.unscoped("test").filter(
        id__in=[label.partition(":")[2] for label in labels],
    )
    seen = rows.filter(organization__path__startswith=reader.path)
    return {f"client:{id}" for id in rows.values_list("id", flat=True)} - {
        f"client:{id}" for id in seen.values_list("id", flat=True)
    }


def named_outside(stage: Stage, reader: Organization) -> dict[str, set[str]]:
    """Route → labels outside that its answer or its file has."""
    found = {}
    for route in READS:
        request = ask(route, own_ids(stage, reader.kind))
        for query in (request.query, {**request.query, "format": "csv"}, {}):
            text = text_of(replace(request, query=query).send(stage, reader))
            if labels := outside(set(LABEL.findall(text)), reader):
                found[f"{route[1]}?{query}"] = labels
    return found


def test_no_answer_names_an_actor_outside() -> None:
    stage = Stage()
    world = stage.world
    readers = (world.distributor, world.reseller, world.tenant)
    for reader in readers:
        assert named_outside(stage, reader) == {}
    other = make_organization("distributor", world.group, "Other")
    moved_to(world, world.reseller, other)
    for organization in (world.reseller, world.tenant):
        organization.refresh_from_db(from_queryset=Organization.objects.unscoped("test"))
    for reader in (*readers, other):
        assert named_outside(stage, reader) == {}


def actors(world: World, by: Organization) -> dict[str, set[str]]:
    """Verb or object → the actors that the reader sees, of the subscription's records."""
    of = f"/subscriptions/{world.subscription.id}"
    records = answer(world.call("GET", f"{of}/audit", by=by))["items"]
    orders = answer(world.call("GET", "/orders", by=by))["items"]
    entries = answer(world.call("GET", f"{of}/entries", by=by))["items"]
    return {
        **{each["verb"]: {each["actor"]} for each in records},
        "orders": {each["placed_by"] for each in orders},
        "entries": {each["actor"] for each in entries},
    }


def create_user(world: World, login: str, by: Organization) -> None:
    """A user, created by the organization's client."""
    body = {"login": login, "display_name": login, "kind": "user"}
    path = f"/subscriptions/{world.subscription.id}/users"
    assert world.call("POST", path, body, by=by).status_code == 201


def label(world: World, organization: Organization) -> str:
    """The label of the organization's client."""
    client = ApiClient.scoped.unscoped("test").get(organization_id=organization.id)
    return f"client:{client.id}"


def test_actors_are_named_to_whom_they_belong_to(world: World) -> None:
    placed(world, line(world.seat, 2))
    create_user(world, "ann", world.distributor)
    group, distributor = label(world, world.group), label(world, world.distributor)
    assert actors(world, world.group)["orders"] == {group}
    for reader in (world.distributor, world.reseller, world.tenant):
        found = actors(world, reader)
        assert (found["orders"], found["entries"]) == ({"group"}, {"group"})
        own = reader == world.distributor
        assert found["user.create"] == {distributor if own else "distributor"}
    feed = answer(world.call("GET", "/events", by=world.tenant))["items"]
    by_type = {each["type"]: each for each in feed}
    assert by_type["order.completed"]["actor"] == "group"
    assert by_type["order.completed"]["data"]["placed_by"] == "group"


def test_a_move_changes_who_is_named(world: World) -> None:
    create_user(world, "ann", world.distributor)
    create_user(world, "bob", world.reseller)
    reseller = label(world, world.reseller)
    other = make_organization("distributor", world.group, "Other")
    moved_to(world, world.reseller, other)

    def creators(by: Organization) -> list[str]:
        feed = answer(world.call("GET", "/events", by=by))["items"]
        return [each["actor"] for each in feed if each["type"] == "user.created"]

    assert creators(world.distributor)[1:] == ["reseller"]
    assert creators(world.distributor)[0] == label(world, world.distributor)
    assert creators(world.reseller) == ["distributor", reseller]
    assert creators(other) == []


def test_a_former_actor_keeps_its_kind(world: World) -> None:
    placed(world, line(world.seat, 1))
    client = label(world, world.group).partition(":")[2]
    revoke = f"/organizations/{world.group.id}/api-clients/{client}"
    assert world.call("DELETE", revoke, by=make_token(world.group)).status_code == 204
    assert actors(world, world.tenant)["orders"] == {"group"}


@pytest.mark.parametrize("kind", ["distributor", "tenant"])
def test_who_decided_a_request_is_said_by_kind(world: World, kind: str) -> None:
    body = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
    }
    request = answer(world.call("POST", "/order-requests", body, by=world.tenant))
    path = f"/order-requests/{request['id']}"
    assert world.call("POST", f"{path}/reject", {"reason": "No"}).status_code == 200
    refused = world.call("POST", f"{path}/withdraw", by=world.tenant)
    assert refused.status_code == 409 and " by group at " in answer(refused)["detail"]
    shown = answer(world.call("GET", path, by=getattr(world, kind)))
    assert shown["decided_by"] == "group"
    assert shown["requested_by"] == label(world, world.tenant)
