"""Numbers on trunks: which may be routed, and what holds them there."""

from datetime import timedelta

import pytest

from fusion.kernel.clock import instant, now
from fusion.kernel.ids import new_id
from tests.numbers.stock import assigned, balance, entitle, number, path, refused, stock
from tests.ordering.placing import terminate
from tests.trunks.calling import make_trunk, trunk_id, trunks_path
from tests.trunks.test_trunks import suspend
from tests.users.staff import equip
from tests.world import World, answer, make_subscription


@pytest.fixture
def numbers(world: World) -> list[str]:
    """Three numbers of the world's subscription."""
    entitle(world, 5)
    found = stock(world, 5)
    assigned(world, *found[:3])
    return found


def test_routed_and_taken_off(world: World, numbers: list[str]) -> None:
    trunk = make_trunk(world)["id"]
    for e164 in numbers[:2] * 2:  # the second time it is there already
        response = world.call("PUT", trunks_path(world, trunk, "numbers", e164), by=world.tenant)
        assert response.status_code == 200, response.content
        assert answer(response) == number(world, e164)
        assert answer(response)["trunk_id"] == trunk
    assert answer(world.call("GET", trunks_path(world, trunk)))["numbers"] == 2
    listed = answer(world.call("GET", trunks_path(world, trunk, "numbers") + "?limit=1"))
    rest = answer(
        world.call("GET", trunks_path(world, trunk, f"numbers?limit=1&cursor={listed['next']}"))
    )
    assert [item["e164"] for item in [*listed["items"], *rest["items"]]] == numbers[:2]
    assert rest["next"] is None

    before = balance(world)
    for _ in range(2):
        response = world.call("DELETE", trunks_path(world, trunk, "numbers", numbers[0]))
        assert response.status_code == 204
    assert number(world, numbers[0])["trunk_id"] is None
    assert number(world, numbers[0])["status"] == "assigned"
    assert balance(world) == before


def test_it_takes_no_user_licence(world: World, numbers: list[str]) -> None:
    trunk = make_trunk(world)["id"]
    world.call("PUT", trunks_path(world, trunk, "numbers", numbers[0]))
    items = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/balances"))["items"]
    assert {item["sku"]: item["used"] for item in items} == {"fr-geographic": 3}


def test_only_assigned_numbers_of_the_subscription(world: World, numbers: list[str]) -> None:
    trunk = make_trunk(world)["id"]
    assigned(world, numbers[3], status="reserved", until=instant(now() + timedelta(days=9)))
    assert world.call("DELETE", path(world, numbers[2])).status_code == 204  # quarantined
    other = make_subscription(world.tenant, "Another")
    entitle(world, 1, subscription=other)
    [theirs] = stock(world, 1)
    assigned(world, theirs, subscription=other)
    before = world.fingerprint()
    for e164 in (numbers[2], numbers[3], numbers[4], theirs, "+33199009999"):
        response = world.call("PUT", trunks_path(world, trunk, "numbers", e164))
        refused(world, before, response, 409, "number-not-assigned")
    for e164 in ("33199000000", "+0123456789", "anna", "+1234567890123456"):
        response = world.call("PUT", trunks_path(world, trunk, "numbers", e164))
        refused(world, before, response, 404, "not-found")


def test_linked_elsewhere(world: World) -> None:
    first, second = equip(world, licences=1, numbers=2)
    user = answer(
        world.call(
            "POST",
            f"/subscriptions/{world.subscription.id}/users",
            {"login": "anna", "display_name": "Anna"},
        )
    )["id"]
    link = f"/subscriptions/{world.subscription.id}/users/{user}/number"
    assert world.call("PUT", link, {"number": first}).status_code == 200
    one, two = trunk_id(world), trunk_id(world)
    assert world.call("PUT", trunks_path(world, one, "numbers", second)).status_code == 200
    before = world.fingerprint()

    there = {
        trunks_path(world, one, "numbers", first): (user, None, "a user"),
        trunks_path(world, two, "numbers", second): (None, one, "another trunk"),
    }
    for where, (its_user, its_trunk, holder) in there.items():
        problem = refused(world, before, world.call("PUT", where), 409, "number-in-use")
        assert (problem["user_id"], problem["trunk_id"]) == (its_user, its_trunk)
        assert f"is linked to {holder}." in problem["detail"]
    response = world.call("PUT", link, {"number": second})
    problem = refused(world, before, response, 409, "number-in-use")
    assert "is linked to a trunk." in problem["detail"]


def test_a_routed_number_blocks_release_porting_and_trunk_deletion(
    world: World, numbers: list[str]
) -> None:
    trunk = make_trunk(world)["id"]
    world.call("PUT", trunks_path(world, trunk, "numbers", numbers[0]))
    before = world.fingerprint()
    for method, where in (
        ("DELETE", path(world, numbers[0])),
        ("POST", path(world, numbers[0], "port-out")),
        ("DELETE", trunks_path(world, trunk)),
    ):
        refused(world, before, world.call(method, where), 409, "number-in-use")
    world.call("DELETE", trunks_path(world, trunk, "numbers", numbers[0]))
    assert world.call("DELETE", path(world, numbers[0])).status_code == 204
    assert world.call("DELETE", trunks_path(world, trunk)).status_code == 204


def test_unrouting_an_unrouted_number_has_no_effect(world: World, numbers: list[str]) -> None:
    one, two = trunk_id(world), trunk_id(world)
    world.call("PUT", trunks_path(world, one, "numbers", numbers[0]))
    assert world.call("DELETE", trunks_path(world, two, "numbers", numbers[0])).status_code == 204
    assert number(world, numbers[0])["trunk_id"] == one
    before = world.fingerprint()
    for trunk, e164 in ((one, numbers[4]), (one, "+33199009999"), (new_id(), numbers[0])):
        response = world.call("DELETE", trunks_path(world, trunk, "numbers", e164))
        refused(world, before, response, 404, "not-found")


def test_a_suspended_subscription_keeps_its_routes(world: World, numbers: list[str]) -> None:
    trunk = make_trunk(world)["id"]
    world.call("PUT", trunks_path(world, trunk, "numbers", numbers[0]))
    suspend(world)
    again = world.call("PUT", trunks_path(world, trunk, "numbers", numbers[0]))
    assert again.status_code == 200
    before = world.fingerprint()
    response = world.call("PUT", trunks_path(world, trunk, "numbers", numbers[1]))
    refused(world, before, response, 409, "subscription-suspended")
    off = world.call("DELETE", trunks_path(world, trunk, "numbers", numbers[0]))
    assert off.status_code == 204


def test_termination_unroutes_the_numbers_of_its_subscription_only(
    world: World, numbers: list[str]
) -> None:
    other = make_subscription(world.tenant, "Another")
    entitle(world, 1, subscription=other)
    [theirs] = stock(world, 1)
    assigned(world, theirs, subscription=other)
    kept = trunk_id(world, subscription=other)
    path_of_it = trunks_path(world, kept, "numbers", theirs, subscription=other)
    assert world.call("PUT", path_of_it).status_code == 200
    world.call("PUT", trunks_path(world, trunk_id(world), "numbers", numbers[0]))
    terminate(world)
    assert number(world, theirs)["trunk_id"] == kept
    assert number(world, numbers[0])["trunk_id"] is None
