"""The number link: one licence, one number, one user."""

import pytest

from fusion.cli.verify import differences
from tests.ordering.placing import events
from tests.users.staff import (
    at,
    created,
    equip,
    licences,
    link,
    linked,
    refused,
    seen,
    unlink,
)
from tests.world import World, answer, make_subscription


def test_the_first_number_takes_a_licence_and_another_one_moves_the_link(world: World) -> None:
    first, second = equip(world, 1, 2)
    user = created(world)
    assert linked(world, user, first) == {**user, "number": first}
    assert licences(world) == (1, 1)
    assert linked(world, user, second)["number"] == second
    assert licences(world) == (1, 1)
    result = [(event["type"], event["subject"]) for event in events(world, "user.")]
    types = ("user.created", "user.linked", "user.linked")
    assert result == [(type, user["id"]) for type in types]
    number = answer(world.call("GET", f"/numbers/{first}"))
    assert (number["status"], number["user_id"]) == ("assigned", None)
    # Linking what is linked changes nothing.
    before = world.fingerprint()
    assert linked(world, user, second) == seen(world, user)
    assert world.fingerprint() == before


def test_unlinking_gives_the_licence_back_and_is_harmless_again(world: World) -> None:
    (number,) = equip(world, 1, 1)
    user = linked(world, created(world), number)
    assert unlink(world, user).status_code == 204
    assert (licences(world), seen(world, user)["number"]) == ((1, 0), None)
    assert unlink(world, user).status_code == 204
    types = ["user.created", "user.linked", "user.unlinked"]
    assert [event["type"] for event in events(world, "user.")] == types
    linked(world, created(world, "berta"), number)
    assert differences() == []


def test_no_licence(world: World) -> None:
    first, second = equip(world, 1, 2)
    linked(world, created(world), first)
    user = created(world, "berta")
    before = world.fingerprint()
    problem = refused(world, before, link(world, user, second), 409, "no-license")
    assert problem["refusals"] == [
        {"sku": "user", "granted": 1, "used": 1, "requested": 1, "missing": 1}
    ]


def test_no_licence_was_ever_ordered(world: World) -> None:
    (number,) = equip(world, 0, 1)
    world.user_sku.code = "seat-licence"  # no other SKU, of any group, has this code
    world.user_sku.save(update_fields=["code"])
    user = created(world)
    before = world.fingerprint()
    problem = refused(world, before, link(world, user, number), 409, "no-license")
    assert problem["refusals"] == [
        {"sku": "seat-licence", "granted": 0, "used": 0, "requested": 1, "missing": 1}
    ]


def test_a_number_that_is_linked_is_not_linked_again(world: World) -> None:
    (number,) = equip(world, 2, 1)
    user = linked(world, created(world), number)
    other = created(world, "berta")
    before = world.fingerprint()
    problem = refused(world, before, link(world, other, number), 409, "number-in-use")
    assert problem["user_id"] == user["id"]
    path = f"/subscriptions/{world.subscription.id}/numbers/{number}"
    refused(world, before, world.call("DELETE", path), 409, "number-in-use")


def test_numbers_that_are_not_assigned_here(world: World) -> None:
    equip(world, 1, 1)
    elsewhere = make_subscription(world.tenant, "Other")
    (foreign,) = equip(world, 1, 1, elsewhere)
    outsider = World()
    (unseen,) = equip(outsider, 1, 1)
    user = created(world)
    before = world.fingerprint()
    for number in (foreign, unseen, "+33199999999"):
        problem = refused(world, before, link(world, user, number), 409, "number-not-assigned")
        assert str(elsewhere.id) not in str(problem)


def test_a_released_number_is_not_linked(world: World) -> None:
    (number,) = equip(world, 1, 1)
    user = created(world)
    path = f"/subscriptions/{world.subscription.id}/numbers/{number}"
    assert world.call("DELETE", path).status_code == 204
    before = world.fingerprint()
    refused(world, before, link(world, user, number), 409, "number-not-assigned")


@pytest.mark.parametrize("number", ["", "33199000000", "+0331990", "+33 199", "+33\0199", 5, None])
def test_invalid_numbers_are_refused(world: World, number: str) -> None:
    user = created(world)
    before = world.fingerprint()
    refused(world, before, link(world, user, number), 422, "invalid-fields")


def test_suspended_no_new_link_but_unlinking(world: World) -> None:
    first, second = equip(world, 2, 2)
    user = linked(world, created(world), first)
    other = created(world, "berta")
    world.call("POST", f"/subscriptions/{world.subscription.id}/suspend")
    before = world.fingerprint()
    for who in (user, other):
        refused(world, before, link(world, who, second), 409, "subscription-suspended")
    assert linked(world, user, first)["number"] == first  # as it is
    assert unlink(world, user).status_code == 204
    assert licences(world) == (2, 0)


def test_termination_ends_every_link_and_keeps_the_users(world: World) -> None:
    numbers = equip(world, 3, 3)
    users = [linked(world, created(world, f"u{n}"), number) for n, number in enumerate(numbers)]
    path = f"/subscriptions/{world.subscription.id}/terminate"
    assert world.call("POST", path).status_code == 200
    assert licences(world) == (0, 0)
    assert [seen(world, user)["number"] for user in users] == [None] * 3
    assert answer(world.call("GET", f"/numbers/{numbers[0]}"))["status"] == "quarantined"
    before = world.fingerprint()
    refused(world, before, link(world, users[0], numbers[0]), 409, "subscription-terminated")
    assert world.call("DELETE", at(world, users[0]["id"], "number")).status_code == 204
    assert differences() == []
