"""Linking many numbers to a trunk, by list and by selection: a result for each number."""

from typing import Any

from django.db import connection

from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from tests.concurrency.actors import at_once
from tests.contract.stage import trunk_of
from tests.lifecycle.moving import changed, outcomes, second
from tests.numbers.stock import (
    assigned,
    balance,
    block,
    entitle,
    events_of,
    number,
    path,
    refused,
    stock,
)
from tests.users.staff import created, equip, licences, linked, seen
from tests.world import World, answer


def link(world: World, trunk: str, **more: Any) -> list[dict[str, Any]]:
    """The results of linking numbers to the trunk."""
    return changed(world, "link", trunk_id=trunk, **more)


def audited(world: World) -> list[Any]:
    """(object, numbers or number) of the audit records of routes, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT object_id, coalesce(detail -> 'numbers', detail -> 'e164')"
            " FROM tenancy_auditrecord WHERE group_id = %s AND verb = 'trunk.route' ORDER BY id",
            [world.group.id],
        )
        return list(cursor.fetchall())


def test_each_number_has_its_result(world: World) -> None:
    loose, of_user, of_other, already = equip(world, 1, 4)
    [free] = stock(world, 1)
    entitle(world, 1)
    [reserved] = stock(world, 1)
    assigned(world, reserved, status="reserved", until="2027-01-01T00:00:00Z")
    linked(world, created(world), of_user)
    trunk, other = (trunk_of(world, world.subscription) for _ in range(2))
    assert outcomes(link(world, other, numbers=[of_other])) == [200]
    assert outcomes(link(world, trunk, numbers=[already])) == [200]
    events = list(events_of(world, already))
    numbers = [loose, of_user, of_other, already, free, reserved, "letters", *block(1)]
    results = link(world, trunk, numbers=numbers)
    assert outcomes(results) == [
        200,
        "number-in-use",
        "number-in-use",
        200,
        "number-not-assigned",
        "number-not-assigned",
        "invalid-fields",
        "number-not-assigned",
    ]
    assert [each["e164"] for each in results] == numbers
    assert results[0]["number"] == number(world, loose)
    assert number(world, loose)["trunk_id"] == trunk
    assert list(events_of(world, already)) == events  # no effect
    assert [type for type, _ in events_of(world, loose)][-1] == "number.routed"
    assert [id for id, _ in audited(world)] == [other, trunk, trunk]
    assert (licences(world), differences()) == ((1, 1), [])


def test_other_links_end_on_request(world: World) -> None:
    of_user, of_other, already = equip(world, 1, 3)
    user = linked(world, created(world), of_user)
    trunk, other = (trunk_of(world, world.subscription) for _ in range(2))
    link(world, other, numbers=[of_other])
    link(world, trunk, numbers=[already])
    results = link(world, trunk, numbers=[of_user, of_other, already], unlink=True)
    assert outcomes(results) == [200, 200, 200]
    assert [number(world, each["e164"])["trunk_id"] for each in results] == [trunk] * 3
    assert seen(world, user)["number"] is None
    assert [type for type, _ in events_of(world, of_other)][-2:] == [
        "number.unrouted",
        "number.routed",
    ]
    assert (licences(world), balance(world), differences()) == ((1, 0), (3, 3), [])


def test_a_selection(world: World) -> None:
    numbers = equip(world, 1, 5)
    linked(world, created(world), numbers[0])
    trunk = trunk_of(world, world.subscription)
    assert outcomes(link(world, trunk, selection={"linked": False, "quantity": 2})) == [200, 200]
    assert outcomes(link(world, trunk, selection={"linked": False})) == [200, 200]
    assert sorted(outcomes(link(world, trunk, selection={})), key=str) == [200] * 4 + [
        "number-in-use"
    ]
    shown = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/trunks/{trunk}"))
    assert shown["numbers"] == 4
    assert len(audited(world)) == 2


def test_what_a_link_must_say(world: World) -> None:
    [one] = equip(world, 1, 1)
    trunk, target = trunk_of(world, world.subscription), second(world)
    before = world.fingerprint()
    bodies: tuple[dict[str, Any], ...] = (
        {"numbers": [one]},
        {"trunk_id": trunk},
        {"trunk_id": trunk, "numbers": [one], "selection": {}},
        {"trunk_id": trunk, "links": [{"number": one, "login": "anna"}]},
        {"trunk_id": None, "selection": {}},
        {"trunk_id": trunk, "numbers": [one], "to_subscription_id": str(target.id)},
        {"action": "release", "trunk_id": trunk, "numbers": [one]},
        {
            "action": "move",
            "trunk_id": trunk,
            "numbers": [one],
            "to_subscription_id": str(target.id),
        },
    )
    for body in bodies:
        response = world.call("POST", path(world, "batch"), {"action": "link", **body})
        refused(world, before, response, 422, "invalid-fields")


def test_trunks_of_others_look_like_unknown_ones(world: World) -> None:
    [one] = equip(world, 1, 1)
    elsewhere = World()
    foreign = [
        trunk_of(world, second(world)),
        trunk_of(elsewhere, elsewhere.subscription),
        str(new_id()),
    ]
    before = world.fingerprint()
    answers = set()
    for trunk in foreign:
        for more in ({}, {"surely": "unknown"}):
            body = {"action": "link", "trunk_id": trunk, "numbers": [one], **more}
            if more and trunk == foreign[0]:
                continue  # it is visible, so the unknown field comes first
            response = world.call("POST", path(world, "batch"), body, by=world.tenant)
            answers.add(refused(world, before, response, 404, "not-found")["detail"])
    assert answers == {"The trunk does not exist, or you cannot see it."}


def test_a_suspended_subscription_links_nothing(world: World) -> None:
    [one] = equip(world, 1, 1)
    trunk = trunk_of(world, world.subscription)
    there = f"/subscriptions/{world.subscription.id}"
    assert world.call("POST", f"{there}/suspend").status_code == 200
    before = world.fingerprint()
    body = {"action": "link", "trunk_id": trunk, "numbers": [one]}
    response = world.call("POST", path(world, "batch"), body)
    refused(world, before, response, 409, "subscription-suspended")


def test_a_repeated_link_has_the_same_answer(world: World) -> None:
    [one] = equip(world, 1, 1)
    trunk = trunk_of(world, world.subscription)
    body = {"action": "link", "trunk_id": trunk, "numbers": [one, "x"]}
    headers = {"Idempotency-Key": "t"}
    first = world.call("POST", path(world, "batch"), body, headers=headers)
    before = world.fingerprint()
    again = world.call("POST", path(world, "batch"), body, headers=headers)
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert world.fingerprint() == before
    assert outcomes(answer(again)["results"]) == [200, "invalid-fields"]


def test_links_routes_and_releases_at_once(world: World) -> None:
    numbers = equip(world, 4, 8)
    for i in range(4):
        created(world, f"u{i}")
    trunks = [trunk_of(world, world.subscription) for _ in range(2)]
    world.token(world.group)
    links = [{"number": e164, "login": f"u{i}"} for i, e164 in enumerate(numbers[:4])]

    def route(i: int) -> set[Any]:
        there = f"/subscriptions/{world.subscription.id}/trunks/{trunks[i]}/numbers/{numbers[i]}"
        response = world.call("PUT", there)
        return {200 if response.status_code == 200 else answer(response)["code"]}

    for _ in range(3):
        done = at_once(
            *(lambda t=t: set(outcomes(link(world, t, numbers=numbers))) for t in trunks),
            lambda: set(outcomes(changed(world, "link", links=links))),
            lambda: set(outcomes(changed(world, "unlink", numbers=numbers))),
            *(lambda i=i: route(i) for i in range(2)),
        )
        assert set().union(*done) <= {200, "number-in-use"}
        for e164 in numbers:
            shown = number(world, e164)
            assert None in (shown["user_id"], shown["trunk_id"])
    assert differences() == []
