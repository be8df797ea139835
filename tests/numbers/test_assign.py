"""Assigning and reserving: by list or the next free ones, all or none, never more than ordered."""

from datetime import timedelta
from typing import Any

import pytest

from fusion.access.actor import AGENT, VIEWER
from fusion.kernel.clock import instant, now
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from fusion.numbers.assign import assign_numbers
from tests.numbers.stock import (
    assign,
    assigned,
    balance,
    block,
    entitle,
    entries,
    events_of,
    french,
    number,
    path,
    refused,
    statuses,
    stock,
)
from tests.server import wait_for
from tests.world import World, answer, make_subscription

SOON = instant(now() + timedelta(days=7))


def test_named_numbers(world: World) -> None:
    numbers = stock(world)
    entitle(world, 3)
    response = assign(world, numbers[4], numbers[1])
    assert response.status_code == 201
    assert response["Location"] == f"/api/v1{path(world)}"
    assert answer(response)["items"] == [
        {
            "e164": e164,
            "sku": "fr-geographic",
            "country": "FR",
            "number_type": "geographic",
            "status": "assigned",
            "origin": "inventory",
            "subscription_id": str(world.subscription.id),
            "user_id": None,
            "trunk_id": None,
            "until": None,
            "accepted": False,
            "port_request_id": None,
        }
        for e164 in (numbers[1], numbers[4])
    ]
    assert answer(response)["items"][0] == number(world, numbers[1])
    assert balance(world) == (3, 2)
    assert entries(world, numbers[4]) == ["consume"]
    assert list(events_of(world, numbers[4])) == [("number.assigned", "assigned")]


def test_the_next_free_ones(world: World) -> None:
    numbers = stock(world, 5)
    entitle(world, 5)
    assigned(world, numbers[1])
    items = assigned(world, sku="fr-geographic", quantity=2)
    assert [item["e164"] for item in items] == [numbers[0], numbers[2]]
    before = world.fingerprint()
    problem = refused(
        world, before, assign(world, sku="fr-geographic", quantity=3), 409, "no-entitlement"
    )
    assert problem["refusals"] == [
        {"sku": "fr-geographic", "granted": 5, "used": 3, "requested": 3, "missing": 1}
    ]
    entitle(world, 10)
    before = world.fingerprint()
    response = assign(world, sku="fr-geographic", quantity=3)
    problem = refused(world, before, response, 409, "no-free-number")
    assert "Fewer than 3 numbers of fr-geographic are free" in problem["detail"]


def test_consecutive_ones(world: World) -> None:
    first, second = stock(world, 6), stock(world, 8)
    entitle(world, 20)
    assigned(world, first[2], second[0], second[4])
    assert _next(world, 3) == first[3:6]
    assert _next(world, 3) == second[1:4]
    assert _next(world, 2) == first[:2]
    before = world.fingerprint()
    response = assign(world, sku="fr-geographic", quantity=4, contiguous=True)
    refused(world, before, response, 409, "no-free-number")
    assert _next(world, 1) == second[5:6]


def _next(world: World, quantity: int) -> list[str]:
    items = assigned(world, sku="fr-geographic", quantity=quantity, contiguous=True)
    return [item["e164"] for item in items]


def test_a_range_s_end_is_not_followed_by_the_next_range(world: World) -> None:
    """Neighbours in number, but of two ranges."""
    numbers = stock(world, 4) + stock(world, 4)
    assert int(numbers[4][1:]) == int(numbers[3][1:]) + 1
    entitle(world, 8)
    assigned(world, numbers[0], numbers[7])
    before = world.fingerprint()
    response = assign(world, sku="fr-geographic", quantity=4, contiguous=True)
    refused(world, before, response, 409, "no-free-number")


def test_a_reserved_number_has_consumed_its_entitlement(world: World) -> None:
    numbers = stock(world)
    entitle(world, 2)
    [item] = assigned(world, numbers[0], status="reserved", until=SOON)
    assert (item["status"], item["until"]) == ("reserved", SOON)
    later = instant(now() + timedelta(days=30))
    [item] = assigned(world, numbers[0], status="reserved", until=later)
    assert item["until"] == later
    items = assigned(world, numbers[0], numbers[1])
    assert [(item["status"], item["until"]) for item in items] == [("assigned", None)] * 2
    assert balance(world) == (2, 2)
    assert entries(world, numbers[0]) == ["consume"]
    assert [type for type, _ in events_of(world, numbers[0])] == [
        "number.reserved",
        "number.reserved",
        "number.assigned",
    ]


def test_numbers_of_others_are_not_available(world: World) -> None:
    numbers = stock(world)
    other, elsewhere = make_subscription(world.tenant, "Other"), World()
    foreign = stock(elsewhere, 1)
    entitle(world, 9)
    entitle(world, 9, other)
    assigned(world, numbers[0])
    assigned(world, numbers[1], status="reserved", until=SOON)
    before = world.fingerprint()
    wanted = [*numbers[:3], *foreign, *block(1)]
    response = assign(world, *wanted, subscription=other)
    problem = refused(world, before, response, 409, "number-not-available")
    assert [each["status"] for each in problem["numbers"]] == [
        "taken",
        "taken",
        "unknown",
        "unknown",
    ]
    problem = refused(world, before, assign(world, numbers[0]), 409, "number-not-available")
    assert problem["numbers"] == [{"e164": numbers[0], "status": "assigned"}]


def test_several_skus_in_one_list(world: World) -> None:
    other = french(world, "fr-other")
    first, second = stock(world, 2), stock(world, 2, other)
    entitle(world, 1)
    entitle(world, 2, sku=other)
    before = world.fingerprint()
    problem = refused(world, before, assign(world, *first, *second), 409, "no-entitlement")
    assert [each["sku"] for each in problem["refusals"]] == ["fr-geographic"]
    assigned(world, first[0], *second)
    assert (balance(world), balance(world, sku=other)) == ((1, 1), (2, 2))


def test_a_key_is_answered_again(world: World) -> None:
    stock(world)
    entitle(world, 9)
    wanted: dict[str, Any] = {"sku": "fr-geographic", "quantity": 2}
    first = assign(world, key="k", **wanted)
    again = assign(world, key="k", **wanted)
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    assert balance(world) == (9, 2)
    before = world.fingerprint()
    other = assign(world, key="k", sku="fr-geographic", quantity=1)
    refused(world, before, other, 422, "idempotency-key-reused")


def test_a_reservation_is_answered_again_when_its_time_is_over(world: World) -> None:
    numbers = stock(world)
    entitle(world, 1)
    soon = now() + timedelta(seconds=0.3)
    asked: dict[str, Any] = {"status": "reserved", "until": instant(soon)}
    first = assign(world, numbers[0], key="k", **asked)
    assert first.status_code == 201
    wait_for(lambda: now() > soon, "the instant to pass")
    before = world.fingerprint()
    again = assign(world, numbers[0], key="k", **asked)
    assert (again.status_code, again.content) == (201, first.content)
    response = assign(world, numbers[1], key="l", **asked)
    problem = refused(world, before, response, 422, "invalid-fields")
    assert problem["errors"] == [{"field": "until", "message": "must be in the future"}]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "body"),
    ({"numbers": []}, "numbers"),
    ({"numbers": ["+33199000001", "+33199000001"]}, "numbers"),
    ({"numbers": ["33199000001"]}, "numbers.0"),
    ({"numbers": ["+0199000001"]}, "numbers.0"),
    ({"numbers": ["+331990000011234567"]}, "numbers.0"),
    ({"numbers": ["+33199\n000001"]}, "numbers.0"),
    ({"numbers": ["+3319900000\u00b9"]}, "numbers.0"),
    ({"numbers": [33199000001]}, "numbers.0"),
    ({"numbers": [f"+{33199000000 + i}" for i in range(1001)]}, "numbers"),
    ({"numbers": ["+33199000001"], "sku": "fr-geographic"}, "body"),
    ({"numbers": ["+33199000001"], "contiguous": True}, "body"),
    ({"sku": "fr-geographic"}, "body"),
    ({"quantity": 1}, "body"),
    ({"sku": "fr-geographic", "quantity": 0}, "quantity"),
    ({"sku": "fr-geographic", "quantity": 1001}, "quantity"),
    ({"sku": "fr-geographic", "quantity": True}, "quantity"),
    ({"sku": "fr-geographic", "quantity": "1"}, "quantity"),
    ({"sku": "fr-geographic", "quantity": 1, "contiguous": "yes"}, "contiguous"),
    ({"sku": "fr-geographic", "quantity": 1, "status": "free"}, "status"),
    ({"sku": "fr-geographic", "quantity": 1, "status": "reserved"}, "until"),
    ({"sku": "fr-geographic", "quantity": 1, "until": SOON}, "until"),
    ({"sku": "fr-geographic", "quantity": 1, "status": "reserved", "until": "soon"}, "until"),
    (
        {
            "sku": "fr-geographic",
            "quantity": 1,
            "status": "reserved",
            "until": "2040-01-01T00:00:00Z",
        },
        "until",
    ),
    ({"sku": "nothing", "quantity": 1}, "sku"),
    ({"sku": "user", "quantity": 1}, "sku"),
    ({"sku": "fr-geographic", "quantity": 1, "colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
def test_wrong_fields(world: World, body: dict[str, Any], field: str) -> None:
    french(world)
    world.token(world.group)
    before = world.fingerprint()
    problem = refused(world, before, assign(world, **body), 422, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(("deed", "state"), [("suspend", "suspended"), ("terminate", "terminated")])
def test_only_an_active_subscription_takes_numbers(world: World, deed: str, state: str) -> None:
    numbers = stock(world)
    entitle(world, 2)
    world.call("POST", f"/subscriptions/{world.subscription.id}/{deed}")
    before = world.fingerprint()
    code = f"subscription-{state}"
    refused(world, before, assign(world, numbers[0]), 409, code)
    refused(world, before, assign(world, sku="fr-geographic", quantity=1), 409, code)
    assert statuses(numbers[0]) == ["free"]


def test_allowed_roles(world: World) -> None:
    stock(world, 4)
    entitle(world, 4)
    for by in (world.group, world.distributor, world.reseller, world.tenant):
        assigned(world, sku="fr-geographic", quantity=1, by=by)
    asked: dict[str, Any] = {"sku": "fr-geographic", "quantity": 1}
    before = world.fingerprint()
    with pytest.raises(Problem, match="Only the role"):
        assign_numbers(
            world.actor("tenant", VIEWER), subscription_id=world.subscription.id, **asked
        )
    with pytest.raises(Problem, match="subscription does not exist"):
        assign_numbers(World().actor("tenant"), subscription_id=world.subscription.id, **asked)
    refused(
        world,
        before,
        world.call("POST", f"/subscriptions/{new_id()}/numbers", asked),
        404,
        "not-found",
    )
    entitle(world, 1)
    stock(world, 1)
    assign_numbers(world.actor("tenant", AGENT), subscription_id=world.subscription.id, **asked)
