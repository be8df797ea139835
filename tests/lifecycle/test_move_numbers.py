"""Moving numbers between subscriptions: both balances, no quarantine, and who learns of it."""

import pytest

from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from fusion.lifecycle.change_numbers import Choice, move_numbers
from fusion.tenancy.models import Subscription
from tests.contract.stage import trunk_of
from tests.lifecycle.moving import audited, move, moved_events, neighbour, second
from tests.numbers.stock import (
    assigned,
    balance,
    entitle,
    entries,
    events_of,
    number,
    path,
    refused,
    statuses,
    stock,
)
from tests.users.staff import created, equip, licences, linked, seen
from tests.world import World, answer, make_subscription

UNTIL = "2027-01-01T00:00:00.000000Z"


def test_numbers_move_with_their_entitlements(world: World) -> None:
    one, other, stays = stock(world, 3)
    entitle(world, 3)
    target = second(world, 2)
    assigned(world, one, stays)
    assigned(world, other, status="reserved", until=UNTIL)
    response = move(world, target, one, other)
    assert response.status_code == 200, response.content
    items = answer(response)["items"]
    assert items == [number(world, one), number(world, other)]
    assert [(each["status"], each["until"]) for each in items] == [
        ("assigned", None),
        ("reserved", UNTIL),
    ]
    assert {each["subscription_id"] for each in items} == {str(target.id)}
    assert (balance(world), balance(world, target)) == ((3, 1), (2, 2))
    assert entries(world, one) == ["consume", "release", "consume"]
    assert statuses(stays) == ["assigned"]
    assert [type for type, _ in events_of(world, one)] == ["number.assigned", *["number.moved"] * 2]
    listed = answer(world.call("GET", path(world, subscription=target), by=world.tenant))
    assert [each["e164"] for each in listed["items"]] == [one, other]


def test_a_tenant_moves_its_own_and_learns_both_sides(world: World) -> None:
    [one] = stock(world, 1)
    entitle(world, 1)
    target = second(world, 1)
    assigned(world, one)
    assert move(world, target, one, by=world.tenant).status_code == 200
    for reader in (world.tenant, world.reseller, world.group):
        left, arrived = moved_events(world, reader)
        assert (left["direction"], left["subscription_id"], left["to_subscription_id"]) == (
            "left",
            str(world.subscription.id),
            str(target.id),
        )
        assert (arrived["direction"], arrived["subscription_id"]) == ("arrived", str(target.id))
        assert arrived["from_subscription_id"] == str(world.subscription.id)
        assert "shared_path" not in left | arrived
    assert [(path, detail["direction"]) for path, detail in audited(world)] == [
        (world.tenant.path, "left"),
        (world.tenant.path, "arrived"),
    ]
    assert {detail["to_subscription_id"] for _, detail in audited(world)} == {str(target.id)}


def test_each_tenant_learns_its_own_side_only(world: World) -> None:
    [one] = stock(world, 1)
    entitle(world, 1)
    target = neighbour(world, 1)
    assigned(world, one)
    before = world.fingerprint()
    refused(world, before, move(world, target, one, by=world.tenant), 404, "not-found")
    response = move(world, target, one, by=target.tenant)
    refused(world, before, response, 404, "not-found")
    assert move(world, target, one, by=world.reseller).status_code == 200

    [left] = moved_events(world, world.tenant)
    assert left["subscription_id"] == str(world.subscription.id)
    [arrived] = moved_events(world, target.tenant)
    assert arrived["subscription_id"] == str(target.id)
    assert str(target.id) not in str(left) and str(world.subscription.id) not in str(arrived)
    for reader in (world.reseller, world.distributor, world.group):
        left, arrived = moved_events(world, reader)
        assert left["to_subscription_id"] == str(target.id)
        assert arrived["from_subscription_id"] == str(world.subscription.id)
    records = audited(world)
    assert [path for path, _ in records] == [
        world.tenant.path,
        target.path,
        world.reseller.path,
    ]
    assert str(target.id) not in str(records[0]) and "from_subscription_id" not in records[1][1]
    assert records[2][1]["from_subscription_id"] == str(world.subscription.id)


def test_nobody_moves_to_another_provider(world: World) -> None:
    [one] = stock(world, 1)
    entitle(world, 1)
    assigned(world, one)
    elsewhere = World()
    entitle(elsewhere, 1)
    before = world.fingerprint(), elsewhere.fingerprint()
    for to in (elsewhere.subscription, Subscription(id=new_id())):
        refused(world, before[0], move(world, to, one), 404, "not-found")
    assert elsewhere.fingerprint() == before[1]


def test_the_target_needs_entitlements(world: World) -> None:
    numbers = stock(world, 3)
    entitle(world, 3)
    target = second(world, 2)
    assigned(world, *numbers)
    before = world.fingerprint()
    problem = refused(world, before, move(world, target, *numbers), 409, "no-entitlement")
    assert problem["refusals"] == [
        {"sku": "fr-geographic", "granted": 2, "used": 0, "requested": 3, "missing": 1}
    ]
    assert "No number was moved" in problem["detail"]


def test_what_cannot_be_moved(world: World) -> None:
    free, resting, foreign, mine, user_s = stock(world, 5)
    entitle(world, 3)
    target, third = second(world, 9), make_subscription(world.tenant, "Third")
    entitle(world, 1, third)
    assigned(world, resting, mine, user_s)
    assigned(world, foreign, subscription=third)
    world.call("DELETE", path(world, resting))
    before = world.fingerprint()
    for e164 in (free, resting, foreign):
        problem = refused(
            world, before, move(world, target, mine, e164), 409, "number-not-assigned"
        )
        assert problem["numbers"] == [{"e164": e164, "code": "number-not-assigned"}]
        assert e164 in problem["detail"] and mine not in problem["detail"]
    refused(world, before, move(world, world.subscription, mine), 422, "invalid-fields")
    for body in ({}, {"sku": "x"}, {"sku": "x", "quantity": 1}, {"sku": "user", "quantity": 0}):
        refused(world, before, move(world, target, **body), 422, "invalid-fields")
    refused(world, before, move(world, target, mine, mine), 422, "invalid-fields")
    refused(world, before, move(world, target, mine, quantity=1), 422, "invalid-fields")


def test_links_are_refused_or_end(world: World) -> None:
    of_user, of_trunk, loose = equip(world, 1, 3)
    target = second(world, 3)
    user = linked(world, created(world), of_user)
    trunk = trunk_of(world, world.subscription)
    routed = f"/subscriptions/{world.subscription.id}/trunks/{trunk}/numbers/{of_trunk}"
    assert world.call("PUT", routed).status_code == 200
    before = world.fingerprint()
    problem = refused(
        world, before, move(world, target, loose, of_trunk, of_user), 409, "number-in-use"
    )
    assert [each["e164"] for each in problem["numbers"]] == [of_trunk, of_user]
    response = move(world, target, loose, of_trunk, of_user, unlink=True)
    assert response.status_code == 200, response.content
    assert {(each["user_id"], each["trunk_id"]) for each in answer(response)["items"]} == {
        (None, None)
    }
    assert seen(world, user)["number"] is None
    assert licences(world) == (1, 0)
    assert (balance(world), balance(world, target)) == ((3, 0), (3, 3))


def test_the_first_of_a_type(world: World) -> None:
    numbers = equip(world, 1, 4)
    target = second(world, 4)
    linked(world, created(world), numbers[0])
    before = world.fingerprint()
    problem = refused(
        world,
        before,
        move(world, target, sku="fr-geographic", quantity=4),
        409,
        "number-not-assigned",
    )
    assert "only 3 such numbers without a link, fewer than 4" in problem["detail"]
    response = move(world, target, sku="fr-geographic", quantity=2)
    assert [each["e164"] for each in answer(response)["items"]] == numbers[1:3]
    response = move(world, target, sku="fr-geographic", quantity=2, unlink=True)
    assert [each["e164"] for each in answer(response)["items"]] == [numbers[0], numbers[3]]


def test_states(world: World) -> None:
    """The source may be suspended, the target must be active."""
    one, two = stock(world, 2)
    entitle(world, 2)
    target = second(world, 2)
    assigned(world, one, two)
    world.call("POST", f"/subscriptions/{world.subscription.id}/suspend")
    assert move(world, target, one).status_code == 200
    before = world.fingerprint()
    response = move(world, world.subscription, one, subscription=target)
    refused(world, before, response, 409, "subscription-suspended")
    world.call("POST", f"/subscriptions/{target.id}/terminate")
    before = world.fingerprint()
    refused(world, before, move(world, target, two), 409, "subscription-terminated")


def test_a_repeated_move(world: World) -> None:
    one, two = stock(world, 2)
    entitle(world, 2)
    target = second(world, 2)
    assigned(world, one, two)
    first = move(world, target, one, key="m")
    before = world.fingerprint()
    again = move(world, target, one, key="m")
    assert (again.status_code, again.content) == (200, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert world.fingerprint() == before
    refused(world, before, move(world, target, two, key="m"), 422, "idempotency-key-reused")
    back = move(world, world.subscription, one, subscription=target)
    assert back.status_code == 200
    assert (balance(world), balance(world, target)) == ((2, 2), (2, 0))


def test_a_viewer_moves_nothing(world: World) -> None:
    target = second(world)
    before = world.fingerprint()
    with pytest.raises(Problem) as refusal:
        move_numbers(
            world.actor(role="viewer"),
            subscription_id=world.subscription.id,
            to_subscription_id=target.id,
            choice=Choice(numbers=["+33199000000"]),
        )
    assert refusal.value.code == "forbidden"
    assert world.fingerprint() == before
