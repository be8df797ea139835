"""Release, quarantine, restore, porting: each way a number goes, and each that it does not."""

from typing import Any

import pytest
from django.http import HttpResponse

from fusion.kernel.ids import new_id
from fusion.numbers.models import Number
from tests.numbers.stock import (
    assign,
    assigned,
    balance,
    block,
    entitle,
    entries,
    events_of,
    french,
    link,
    number,
    path,
    refused,
    statuses,
    stock,
)
from tests.world import World, answer, make_subscription

SOON = "2026-12-24T00:00:00Z"


def release(world: World, e164: str, **more: Any) -> HttpResponse:
    return world.call("DELETE", path(world, e164, **more))


def restore(world: World, e164: str, key: str | None = None, **more: Any) -> HttpResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return world.call("POST", path(world, e164, "restore", **more), headers=headers)


def port_in(world: World, *numbers: str, key: str | None = None, **more: Any) -> HttpResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    there = path(world, "port-in", subscription=more.pop("subscription", None))
    return world.call("POST", there, {"numbers": list(numbers), **more}, headers=headers)


def port_out(world: World, e164: str, key: str | None = None, **more: Any) -> HttpResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return world.call("POST", path(world, e164, "port-out", **more), headers=headers)


def test_release_and_restore(world: World) -> None:
    e164, *_ = stock(world, 2)
    entitle(world, 1)
    assigned(world, e164)
    response = release(world, e164)
    assert (response.status_code, response.content) == (204, b"")
    resting = number(world, e164)
    assert (resting["status"], resting["subscription_id"]) == (
        "quarantined",
        str(world.subscription.id),
    )
    assert resting["until"] > SOON
    assert balance(world) == (1, 0)

    response = restore(world, e164)
    assert (response.status_code, answer(response)["status"]) == (200, "assigned")
    assert answer(response) == number(world, e164)
    assert balance(world) == (1, 1)
    assert entries(world, e164) == ["consume", "release", "consume"]
    assert list(events_of(world, e164)) == [
        ("number.assigned", "assigned"),
        ("number.released", "quarantined"),
        ("number.restored", "assigned"),
    ]


def test_a_reserved_number_is_free_at_once(world: World) -> None:
    e164, *_ = stock(world, 2)
    entitle(world, 1)
    assigned(world, e164, status="reserved", until="2027-01-01T00:00:00+14:00")
    assert release(world, e164).status_code == 204
    free = number(world, e164)
    assert (free["status"], free["subscription_id"], free["until"]) == ("free", None, None)
    assert balance(world) == (1, 0)
    assert list(events_of(world, e164))[-1] == ("number.released", "free")


def test_numbers_of_other_subscriptions_are_not_released(world: World) -> None:
    free, mine, resting, *_ = stock(world, 4)
    entitle(world, 3)
    assigned(world, mine, resting)
    release(world, resting)
    other, elsewhere = make_subscription(world.tenant, "Other"), World()
    entitle(elsewhere, 1)
    [foreign] = stock(elsewhere, 1)
    assigned(elsewhere, foreign)
    before = world.fingerprint(), elsewhere.fingerprint()
    unknown = block(1)[0]
    details = set()
    for deed in (release, port_out):
        for e164 in (free, resting, foreign, unknown):
            problem = refused(world, before[0], deed(world, e164), 409, "number-not-assigned")
            details.add(problem["detail"].replace(e164, ""))
        refused(world, before[0], deed(world, mine, subscription=other), 409, "number-not-assigned")
    assert len(details) == 2  # one for each deed: nothing of whose the others are
    assert (world.fingerprint(), elsewhere.fingerprint()) == before


def test_a_linked_number_stays(world: World) -> None:
    of_user, of_trunk = stock(world, 2)
    entitle(world, 2)
    assigned(world, of_user, of_trunk)
    user, trunk = new_id(), new_id()
    link(of_user, user=user)
    link(of_trunk, trunk=trunk)
    before = world.fingerprint()
    for deed in (release, port_out):
        problem = refused(world, before, deed(world, of_user), 409, "number-in-use")
        assert (problem["user_id"], problem["trunk_id"]) == (str(user), None)
        assert "linked to a user" in problem["detail"]
        problem = refused(world, before, deed(world, of_trunk), 409, "number-in-use")
        assert (problem["user_id"], problem["trunk_id"]) == (None, str(trunk))
    link(of_user)
    link(of_trunk)


def test_only_the_previous_subscription_can_restore(world: World) -> None:
    free, mine, resting = stock(world, 3)
    entitle(world, 2)
    other = make_subscription(world.tenant, "Other")
    entitle(world, 2, other)
    assigned(world, mine, resting)
    release(world, resting)
    before = world.fingerprint()
    for e164 in (free, mine, block(1)[0]):
        refused(world, before, restore(world, e164), 409, "number-not-available")
    response = restore(world, resting, subscription=other)
    refused(world, before, response, 409, "number-not-available")
    refused(world, before, assign(world, resting), 409, "number-not-available")


def test_restoring_needs_an_entitlement(world: World) -> None:
    first, second = stock(world, 2)
    entitle(world, 1)
    assigned(world, first)
    release(world, first)
    assigned(world, second)
    before = world.fingerprint()
    problem = refused(world, before, restore(world, first), 409, "no-entitlement")
    assert problem["refusals"][0] == {
        "sku": "fr-geographic",
        "granted": 1,
        "used": 1,
        "requested": 1,
        "missing": 1,
    }


def test_keys_of_restore_and_port_out(world: World) -> None:
    first, second = stock(world, 2)
    entitle(world, 2)
    assigned(world, first, second)
    release(world, first)
    once = restore(world, first, key="r")
    release(world, first)
    before = world.fingerprint()
    again = restore(world, first, key="r")
    assert (again.status_code, again.content) == (200, once.content)
    assert again["Idempotency-Replayed"] == "true"
    assert world.fingerprint() == before
    assert port_out(world, second, key="o").status_code == 204
    before = world.fingerprint()
    again = port_out(world, second, key="o")
    assert (again.status_code, again["Idempotency-Replayed"]) == (204, "true")
    refused(world, before, port_out(world, first, key="o"), 422, "idempotency-key-reused")


def test_suspended(world: World) -> None:
    mine, resting, third = stock(world, 3)
    entitle(world, 3)
    assigned(world, mine, resting, third)
    release(world, resting)
    world.call("POST", f"/subscriptions/{world.subscription.id}/suspend")
    before = world.fingerprint()
    refused(world, before, restore(world, resting), 409, "subscription-suspended")
    refused(world, before, port_in(world, *block(1)), 409, "subscription-suspended")
    assert release(world, mine).status_code == 204
    assert port_out(world, third).status_code == 204
    assert statuses(mine, third) == ["quarantined", "ported_out"]


def test_port_in(world: World) -> None:
    french(world)
    numbers = block(2)
    entitle(world, 2)
    response = port_in(world, *numbers, key="p")
    assert response.status_code == 201
    assert response["Location"] == f"/api/v1{path(world)}"
    for item, e164 in zip(answer(response)["items"], numbers, strict=True):
        assert (item["e164"], item["origin"], item["status"]) == (e164, "ported", "assigned")
        assert number(world, e164) == item
        assert list(events_of(world, e164)) == [("number.ported", "assigned")]
    assert balance(world) == (2, 2)
    before = world.fingerprint()
    again = port_in(world, *numbers, key="p")
    assert (again.content, again["Idempotency-Replayed"]) == (response.content, "true")
    assert world.fingerprint() == before
    refused(world, before, port_in(world, *block(1)), 409, "no-entitlement")


def test_a_number_that_is_somewhere_is_not_ported_in(world: World) -> None:
    elsewhere = World()
    entitle(elsewhere, 1)
    entitle(world, 9)
    [foreign] = block(1)
    assert port_in(elsewhere, foreign).status_code == 201
    [foreign_free], [own] = stock(elsewhere, 1), stock(world, 1)
    before = world.fingerprint()
    details = set()
    for e164 in (foreign, foreign_free, own):
        problem = refused(
            world, before, port_in(world, *block(1), e164), 409, "number-not-available"
        )
        assert problem["numbers"] == [{"e164": e164, "status": "taken"}]
        details.add(problem["detail"].replace(e164, ""))
    assert len(details) == 1


@pytest.mark.parametrize(
    ("e164", "message"),
    [
        ("+33199", "“+33199” has too few digits for a phone number"),
        ("+3319900", "is not a valid phone number"),
        ("+999123456789", "is not a valid phone number"),
        ("+447700900123", "is not a valid phone number"),
        ("+442079460000", "geographic number of GB, but no matching SKU exists"),
        ("+61491570156", "mobile number of AU"),
    ],
)
def test_wrong_numbers_to_port_in(world: World, e164: str, message: str) -> None:
    good = block(1)[0]
    entitle(world, 2)
    before = world.fingerprint()
    problem = refused(world, before, port_in(world, good, e164), 422, "invalid-fields")
    [error] = problem["errors"]
    assert error["field"] == "numbers.1"
    assert message in error["message"]


def test_the_sku_of_a_ported_number(world: World) -> None:
    """By country and type; where a number may be of two types, the first, or the one named."""
    geographic = world.sku("us-geographic", "entitlement", "number", "US", "geographic")
    mobile = world.sku("us-mobile", "entitlement", "number", "US", "mobile")
    toll_free = world.sku("ca-toll-free", "entitlement", "number", "CA", "toll_free")
    skus = (geographic, mobile, toll_free)
    for sku in skus:
        entitle(world, 2, sku=sku)
    numbers = ["+12025550171", "+12025550172", "+18005550199"]  # set aside for fiction
    Number.objects.unscoped("test").filter(e164__in=numbers).delete()
    response = port_in(world, numbers[0], numbers[2])
    assert [item["sku"] for item in answer(response)["items"]] == ["us-geographic", "ca-toll-free"]
    response = port_in(world, numbers[1], sku="us-mobile")
    assert [item["sku"] for item in answer(response)["items"]] == ["us-mobile"]
    before = world.fingerprint()
    refused(world, before, port_in(world, "+12025550173", sku="x"), 422, "invalid-fields")
    refused(world, before, port_in(world, "+12025550173", sku="user"), 422, "invalid-fields")
    response = port_in(world, "+12025550173", sku="ca-toll-free")
    refused(world, before, response, 422, "invalid-fields")
    for e164 in numbers:
        assert port_out(world, e164).status_code == 204


def test_port_out(world: World) -> None:
    e164, kept = stock(world, 2)
    entitle(world, 2)
    assigned(world, e164, kept)
    assert port_out(world, e164).status_code == 204
    assert number(world, e164)["status"] == "ported_out"
    assert balance(world) == (2, 1)
    assert list(events_of(world, e164))[-1] == ("number.ported", "assigned")
    before = world.fingerprint()
    refused(world, before, port_out(world, e164), 409, "number-not-assigned")
    # It may come back one day, as a ported number, also to another provider.
    elsewhere = World()
    entitle(elsewhere, 1)
    assert port_in(elsewhere, e164).status_code == 201


@pytest.mark.parametrize("e164", ["33199000001", "+0199000001", "+33", "+3319900000x", "%00", "+"])
def test_a_malformed_number_in_a_path_is_nowhere(world: World, e164: str) -> None:
    world.token(world.group)
    before = world.fingerprint()
    for method, there in [
        ("GET", f"/numbers/{e164}"),
        ("DELETE", path(world, e164)),
        ("POST", path(world, e164, "restore")),
        ("POST", path(world, e164, "port-out")),
    ]:
        refused(world, before, world.call(method, there), 404, "not-found")


def test_a_number_in_a_path_may_be_encoded(world: World) -> None:
    e164, *_ = stock(world, 1)
    response = world.call("GET", f"/numbers/%2B{e164[1:]}")
    assert (response.status_code, answer(response)["e164"]) == (200, e164)


def test_terminate(world: World) -> None:
    mine, reserved, resting, other_s = stock(world, 4)
    entitle(world, 5)
    other = make_subscription(world.tenant, "Other")
    entitle(world, 1, other)
    assigned(world, mine, resting)
    assigned(world, reserved, status="reserved", until="2027-01-01T00:00:00Z")
    assigned(world, other_s, subscription=other)
    [ported] = block(1)
    assert port_in(world, ported).status_code == 201
    release(world, resting)
    response = world.call("POST", f"/subscriptions/{world.subscription.id}/terminate")
    assert response.status_code == 200
    assert statuses(mine, reserved, resting, ported, other_s) == [
        "quarantined",
        "free",
        "quarantined",
        "quarantined",
        "assigned",
    ]
    assert (balance(world), balance(world, other)) == ((0, 0), (1, 1))
    assert list(events_of(world, mine))[-1] == ("number.released", "quarantined")
    assert len(list(events_of(world, resting))) == 2
    before = world.fingerprint()
    refused(world, before, restore(world, mine), 409, "subscription-terminated")


def test_terminate_with_thousands_of_numbers(world: World) -> None:
    numbers = stock(world, 1500)
    entitle(world, 1500)
    for quantity in (1000, 500):
        assigned(world, sku="fr-geographic", quantity=quantity)
    response = world.call("POST", f"/subscriptions/{world.subscription.id}/terminate")
    assert response.status_code == 200
    assert set(statuses(*numbers)) == {"quarantined"}
    assert balance(world) == (0, 0)
