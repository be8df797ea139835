"""Organizations move under another parent, and subscriptions to another tenant."""

from typing import Any

import pytest
from django.http import HttpResponse

from fusion.tenancy.models import Organization
from tests.contract.stage import port_requested, requested, trunk_of
from tests.lifecycle.tree_moves import feed, move, moved_to, moves_seen
from tests.numbers.stock import entitle, stock
from tests.ordering.placing import line, placed
from tests.users.staff import created, equip, linked
from tests.world import World, answer, make_organization


@pytest.fixture
def other(world: World) -> Organization:
    """Another distributor of the group."""
    return make_organization("distributor", world.group, "Other")


def status(world: World, path: str, by: Organization) -> int:
    return world.call("GET", path, by=by).status_code


def used(world: World) -> dict[str, Any]:
    """A subscription with an order, a linked user, a trunk, and requests of every level."""
    free = equip(world, 2, 2)
    user = created(world)
    linked(world, user, free[0])
    order = placed(world, line(world.seat, 1))
    for by in (world.distributor, world.reseller, world.tenant):
        requested(world, world.subscription, by)
    return {
        "number": free[0],
        "user": user,
        "order": order,
        "trunk": trunk_of(world, world.subscription),
    }


def test_a_reseller_moves_with_all_below_it(world: World, other: Organization) -> None:
    has = used(world)
    document = moved_to(world, world.reseller, other)
    assert (document["id"], document["parent_id"]) == (str(world.reseller.id), str(other.id))
    subscription = f"/subscriptions/{world.subscription.id}"
    seen = [
        f"/organizations/{world.tenant.id}",
        subscription,
        f"{subscription}/balances",
        f"{subscription}/entries",
        f"{subscription}/holdings",
        f"{subscription}/users/{has['user']['id']}",
        f"{subscription}/trunks",
        f"/orders/{has['order']['id']}",
    ]
    assert status(world, f"/organizations/{world.reseller.id}", world.distributor) == 404
    assert status(world, f"/organizations/{world.reseller.id}", other) == 200
    for path in seen:
        assert status(world, path, world.distributor) == 404, path
        for reader in (world.group, other, world.reseller, world.tenant):
            assert status(world, path, reader) == 200, (path, reader.kind)
    for path, name in (
        ("/orders?limit=500", "id"),
        ("/numbers?limit=500", "e164"),
        ("/order-requests?limit=500", "id"),
    ):
        items = {each[name] for each in answer(world.call("GET", path, by=world.reseller))["items"]}
        assert items
        there = {each[name] for each in answer(world.call("GET", path, by=other))["items"]}
        assert there >= items
        assert not answer(world.call("GET", path, by=world.distributor))["items"]


def test_a_subscription_moves_to_another_tenant(world: World) -> None:
    has = used(world)
    tenant = make_organization("tenant", world.group, "Merged")
    document = moved_to(world, world.subscription, tenant)
    assert (document["id"], document["tenant_id"]) == (str(world.subscription.id), str(tenant.id))
    path = f"/subscriptions/{world.subscription.id}"
    for reader, code in (
        (world.group, 200),
        (tenant, 200),
        (world.tenant, 404),
        (world.reseller, 404),
    ):
        assert status(world, path, reader) == code
        assert status(world, f"/orders/{has['order']['id']}", reader) == code


def test_a_move_to_where_it_is_changes_nothing(world: World, other: Organization) -> None:
    before = world.fingerprint()
    assert moved_to(world, world.reseller, world.distributor)["parent_id"] == str(
        world.distributor.id
    )
    assert moved_to(world, world.subscription, world.tenant)["tenant_id"] == str(world.tenant.id)
    left = {name for name, rows in world.fingerprint().items() if rows != before[name]}
    assert left == {"tenancy_auditrecord"}
    assert not moves_seen(world, world.group)


def test_each_side_learns_of_its_half(world: World, other: Organization) -> None:
    used(world)
    before = feed(world, world.reseller)
    moved_to(world, world.reseller, other)
    ids = [
        ("organization.moved", str(world.reseller.id)),
        ("organization.moved", str(world.tenant.id)),
        ("subscription.moved", str(world.subscription.id)),
    ]
    left = [(*each, "left") for each in ids]
    arrived = [(*each, "arrived") for each in ids]
    assert moves_seen(world, world.distributor) == left
    assert moves_seen(world, other) == arrived
    for both in (world.group, world.reseller):
        assert moves_seen(world, both) == left + arrived
    assert feed(world, world.reseller)[: len(before)] == before, "its own backlog stays"
    for event in feed(world, world.distributor):
        assert str(other.id) not in str(event), "the former side learns of the new one"
    for event in feed(world, other):
        assert str(world.distributor.id) not in str(event), "the new side learns of the former one"
    last = feed(world, other)[-1]["data"]
    balances = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/balances"))
    shown = [{**each} for each in balances["items"]]
    assert all(each.pop("pending") == [] for each in shown)
    assert last["balances"] == shown
    assert last["tenant_id"] == str(world.tenant.id)


def test_later_events_are_the_new_side_s(world: World, other: Organization) -> None:
    moved_to(world, world.reseller, other)
    former, new = len(feed(world, world.distributor)), len(feed(world, other))
    placed(world, line(world.seat))
    assert len(feed(world, world.distributor)) == former
    assert [each["type"] for each in feed(world, other)[new:]] == ["order.completed"]


def test_references_and_requests_of_those_who_lose_sight(world: World, other: Organization) -> None:
    used(world)
    port_requested(world, world.subscription, world.distributor)
    path = f"/subscriptions/{world.subscription.id}"
    organization = f"/organizations/{world.tenant.id}"
    for there, by in ((path, world.distributor), (organization, world.reseller)):
        response = world.call("PATCH", there, {"external_reference": "ours"}, by=by)
        assert response.status_code == 200, response.content
    preview = answer(move(world, world.reseller, other, dry_run=True))
    assert preview == {
        "allowed": True,
        "organizations": 2,
        "subscriptions": 1,
        "will_see": [{"id": str(other.id), "kind": "distributor", "name": "Other"}],
        "will_no_longer_see": [
            {
                "id": str(world.distributor.id),
                "kind": "distributor",
                "name": world.distributor.name,
            }
        ],
        "references_cleared": 1,
        "requests_withdrawn": 2,
        "as_job": False,
        "refusals": [],
    }
    moved_to(world, world.reseller, other)
    assert answer(world.call("GET", path))["external_reference"] is None
    assert answer(world.call("GET", organization))["external_reference"] == "ours"
    states = {
        each["organization_id"]: each["state"]
        for each in answer(world.call("GET", "/order-requests"))["items"]
    }
    assert states == {
        str(world.distributor.id): "withdrawn",
        str(world.reseller.id): "open",
        str(world.tenant.id): "open",
    }
    (port,) = answer(world.call("GET", "/port-requests"))["items"]
    assert port["state"] == "withdrawn"
    seen = feed(world, world.distributor)
    assert [
        each["data"]["reference_cleared"] for each in seen if each["type"].endswith("moved")
    ] == [
        False,
        False,
        True,
    ]
    types = [each["type"] for each in seen]
    assert types.index("order-request.withdrawn") < types.index("organization.moved")


@pytest.mark.parametrize("kind", ["distributor", "reseller", "tenant"])
def test_only_the_group_moves(world: World, other: Organization, kind: str) -> None:
    before = world.fingerprint()
    by = getattr(world, kind)
    response = move(world, world.tenant, world.tenant, by=by)
    assert (response.status_code, answer(response)["code"]) == (403, "forbidden")
    response = move(world, world.subscription, world.tenant, by=by, dry_run=True)
    assert (response.status_code, answer(response)["code"]) == (403, "forbidden")
    assert world.fingerprint() == before


def test_what_cannot_be_there_is_refused(world: World, other: Organization) -> None:
    moved_to(world, world.reseller, other)
    before = world.fingerprint()
    beside = make_organization("reseller", world.group)
    below = make_organization("tenant", beside)
    before = world.fingerprint()
    for moved, to, message in (
        (world.reseller, beside, "is a reseller, but the parent of a reseller must be a group or"),
        (world.tenant, below, "is a tenant, but the parent of a tenant must be a group or"),
        (world.distributor, other, "is a distributor, but the parent of a distributor must be"),
        (world.group, other, "does not apply"),
        (world.subscription, beside, "is a reseller; only a tenant can have subscriptions"),
    ):
        for dry_run in (True, False):
            response = move(world, moved, to, dry_run=dry_run)
            assert response.status_code == 422, response.content
            assert message in answer(response)["errors"][0]["message"]
    assert world.fingerprint() == before


def test_a_terminated_subscription_stays(world: World) -> None:
    assert (
        world.call("POST", f"/subscriptions/{world.subscription.id}/terminate").status_code == 200
    )
    tenant = make_organization("tenant", world.group)
    before = world.fingerprint()
    preview = answer(move(world, world.subscription, tenant, dry_run=True))
    assert not preview["allowed"]
    assert [each["code"] for each in preview["refusals"]] == ["subscription-terminated"]
    response = move(world, world.subscription, tenant)
    assert (response.status_code, answer(response)["code"]) == (409, "subscription-terminated")
    assert world.fingerprint() == before


def test_a_replay_by_the_former_side_finds_nothing(world: World, other: Organization) -> None:
    entitle(world, 1)
    stock(world, 1)
    path = f"/subscriptions/{world.subscription.id}/numbers"
    body = {"sku": "fr-geographic", "quantity": 1}
    headers = {"Idempotency-Key": "k"}
    first = world.call("POST", path, body, by=world.distributor, headers=headers)
    assert first.status_code == 201, first.content
    moved_to(world, world.reseller, other)
    before = world.fingerprint()
    replay = world.call("POST", path, body, by=world.distributor, headers=headers)
    assert replay.status_code == 404
    assert world.fingerprint() == before


def test_a_repeated_creation_by_the_former_side_finds_nothing(
    world: World, other: Organization
) -> None:
    for path, body, to in (
        (
            "/organizations",
            {"kind": "reseller", "parent_id": str(world.distributor.id), "name": "Made"},
            other,
        ),
        (
            "/subscriptions",
            {"tenant_id": str(world.tenant.id), "name": "Made"},
            make_organization("tenant", other),
        ),
    ):
        key = {"Idempotency-Key": f"made {path}"}

        def ask(path: str = path, body: Any = body, key: dict[str, str] = key) -> HttpResponse:
            return world.call("POST", path, body, by=world.distributor, headers=key)

        first = ask()
        assert first.status_code == 201, first.content
        again = ask()
        assert (again.status_code, again.content) == (201, first.content)
        noun = "parent_id" if path == "/organizations" else "tenant_id"
        there = f"{path}/{answer(first)['id']}/move"
        assert world.call("POST", there, {noun: str(to.id)}).status_code == 200
        before = world.fingerprint()
        again = ask()
        assert (again.status_code, answer(again)["code"]) == (404, "not-found")
        assert world.fingerprint() == before


def test_a_repeated_move_is_a_replay(world: World, other: Organization) -> None:
    first = move(world, world.reseller, other, key="m")
    assert first.status_code == 200
    before = world.fingerprint()
    again = move(world, world.reseller, other, key="m")
    assert (again.status_code, again.content) == (200, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert world.fingerprint() == before


def test_audit_records_are_read_where_they_were_written(world: World, other: Organization) -> None:
    path = f"/audit?subscription_id={world.subscription.id}"
    placed(world, line(world.seat))
    moved_to(world, world.subscription, make_organization("tenant", other, "Next"))
    verbs = [each["verb"] for each in answer(world.call("GET", path))["items"]]
    assert verbs == ["subscription.move", "subscription.move", "order.place"]
    details = [each["detail"] for each in answer(world.call("GET", path))["items"]]
    assert details[1] == {"direction": "left"}
    there = answer(world.call("GET", f"{path}&organization_id={world.tenant.id}"))
    assert [each["verb"] for each in there["items"]] == ["subscription.move", "order.place"]
