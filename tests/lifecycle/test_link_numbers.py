"""Linking many numbers at once: a result for each row, exchanges, races, and ten thousand."""

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from fusion.numbers.models import Number, Range
from fusion.users.link_many import MAX_LINKS
from tests.concurrency.actors import at_once
from tests.contract.stage import trunk_of
from tests.lifecycle.moving import changed, outcomes, second
from tests.numbers.porting import port_in_on, soon
from tests.numbers.stock import (
    assigned,
    balance,
    block,
    entitle,
    events_of,
    french,
    number,
    path,
    refused,
    stock,
)
from tests.users.staff import create, created, equip, licences, linked, row, seen
from tests.users.staff import done as uploaded
from tests.world import World, answer

FIRST = 33263_000000
"""Numbers that no other test has."""


def by_login(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """Rows of (number, login)."""
    return [{"number": e164, "login": login} for e164, login in pairs]


def test_each_row_has_its_result(world: World) -> None:
    one, two, three, routed, mine = equip(world, 3, 5)
    [free] = stock(world, 1)
    anna, ben, cleo, _ = (created(world, login) for login in ("anna", "ben", "cleo", "dora"))
    linked(world, anna, mine)
    trunk = trunk_of(world, world.subscription)
    there = f"/subscriptions/{world.subscription.id}/trunks/{trunk}/numbers/{routed}"
    assert world.call("PUT", there).status_code == 200
    links: list[dict[str, Any]] = [
        {"number": f"00{one[1:3]} {one[3:]}", "login": " BEN "},
        {"number": two, "user_id": anna["id"].upper()},
        {"number": free, "login": "cleo"},
        {"number": routed, "login": "dora"},
        {"number": mine, "login": "nobody"},
        {"number": three, "user_id": str(new_id())},
    ]
    results = changed(world, "link", links=links)
    assert outcomes(results) == [
        200,
        200,
        "number-not-assigned",
        "number-in-use",
        "not-found",
        "not-found",
    ]
    assert [each["status"] for each in results] == [200, 200, 409, 409, 404, 404]
    assert [each["e164"] for each in results] == [one, two, free, routed, mine, three]
    assert results[0]["number"] == number(world, one)
    assert number(world, one)["user_id"] == ben["id"]
    assert (seen(world, anna)["number"], number(world, mine)["user_id"]) == (two, None)
    assert "nobody" in results[4]["problem"]["detail"]
    assert changed(world, "link", links=[{"number": routed, "login": "cleo"}])[0]["problem"][
        "detail"
    ].startswith(f"{routed} is linked to a trunk")
    assert seen(world, cleo)["number"] is None
    assert (licences(world), balance(world)) == ((3, 2), (5, 5))
    assert differences() == []


def test_users_and_numbers_of_others_look_like_unknown_ones(world: World) -> None:
    [mine] = equip(world, 2, 1)
    created(world)
    neighbour, elsewhere = second(world), World()
    [theirs] = equip(world, 0, 1, neighbour)
    [foreign] = equip(elsewhere, 0, 1)
    strangers = (create(world, "ben", subscription=neighbour), create(elsewhere, "cleo"))
    details = set()
    for id in (*(answer(each)["id"] for each in strangers), str(new_id())):
        [result] = changed(world, "link", links=[{"number": mine, "user_id": id}])
        assert result["status"] == 404
        details.add(result["problem"]["detail"].replace(id, "ID"))
    for e164 in (theirs, foreign, *block(1)):
        [result] = changed(world, "link", links=by_login((e164, "anna")))
        assert result["status"] == 409
        details.add(result["problem"]["detail"].replace(e164, "NUMBER"))
    assert len(details) == 2
    assert differences() == []


def test_what_is_written_is_that_of_single_links(world: World) -> None:
    one, two = equip(world, 2, 2)
    anna, ben = created(world), created(world, "ben")
    linked(world, anna, one)
    linked(world, anna, two)
    linked(world, anna, one)
    changed(world, "link", links=by_login((two, "ben")))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT object_id, ARRAY(SELECT json_object_keys(detail) ORDER BY 1)"
            " FROM tenancy_auditrecord WHERE group_id = %s AND verb = 'user.link' ORDER BY id",
            [world.group.id],
        )
        assert cursor.fetchall() == [
            (each["id"], ["former_number", "number"]) for each in (anna, anna, anna, ben)
        ]
    assert [type for type, _ in events_of(world, ben["id"])].count("user.linked") == 1


def test_repeated_links_change_nothing(world: World) -> None:
    one, two = equip(world, 2, 2)
    for login in ("anna", "ben"):
        created(world, login)
    links = by_login((one, "anna"), (two, "ben"))
    body = {"action": "link", "links": links}
    headers = {"Idempotency-Key": "k"}
    first = world.call("POST", path(world, "batch"), body, headers=headers)
    before = world.fingerprint()
    again = world.call("POST", path(world, "batch"), body, headers=headers)
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert changed(world, "link", links=links) == answer(first)["results"]
    assert world.fingerprint() == before


def test_users_exchange_their_numbers(world: World) -> None:
    one, two, three = equip(world, 3, 3)
    for login, e164 in (("anna", one), ("ben", two), ("cleo", three)):
        linked(world, created(world, login), e164)
    results = changed(world, "link", links=by_login((two, "anna"), (one, "ben")))
    assert outcomes(results) == [200, 200]
    assert outcomes(changed(world, "link", links=by_login((three, "anna")))) == ["number-in-use"]
    assert (licences(world), differences()) == ((3, 3), [])


def test_a_user_in_several_rows_is_linked_by_none(world: World) -> None:
    one, two, three = equip(world, 2, 3)
    anna, ben = created(world, "anna"), created(world, "ben")
    links = [
        {"number": one, "login": "anna"},
        {"number": two, "login": "ben"},
        {"number": three, "user_id": anna["id"]},
    ]
    first, second, third = changed(world, "link", links=links)
    for result, field in ((first, "login"), (third, "user_id")):
        assert result["status"] == 422
        [error] = result["problem"]["errors"]
        assert error["field"] == field
        assert "“anna” is in several rows of the list: 1, 3" in error["message"]
    assert (second["status"], seen(world, anna)["number"]) == (200, None)
    assert seen(world, ben)["number"] == two


def test_licences_run_out(world: World) -> None:
    numbers = equip(world, 1, 3)
    for login in ("anna", "ben", "cleo"):
        created(world, login)
    pairs = zip(numbers, ("anna", "ben", "cleo"), strict=True)
    results = changed(world, "link", links=by_login(*pairs))
    assert outcomes(results) == [200, "no-license", "no-license"]
    assert results[1]["problem"]["refusals"][0]["missing"] == 1
    assert (licences(world), differences()) == ((1, 1), [])


def test_what_a_list_of_links_must_say(world: World) -> None:
    one, two = equip(world, 2, 2)
    created(world)
    row = {"number": one, "login": "anna"}
    before = world.fingerprint()
    bodies: tuple[dict[str, Any], ...] = (
        {},
        {"links": []},
        {"links": [row], "numbers": [two]},
        {"links": [row], "selection": {}},
        {"links": [row], "unlink": True},
        {"links": [row], "to_subscription_id": str(world.subscription.id)},
        {"links": [row], "action": "release"},
        {"links": [row], "action": "release", "numbers": [two]},
        {"links": [{**row, "number": f"+{FIRST + i}"} for i in range(MAX_LINKS + 1)]},
    )
    for body in bodies:
        response = world.call("POST", path(world, "batch"), {"action": "link", **body})
        refused(world, before, response, 422, "invalid-fields")


def test_a_suspended_subscription_links_nothing(world: World) -> None:
    [one] = equip(world, 1, 1)
    created(world)
    there = f"/subscriptions/{world.subscription.id}"
    assert world.call("POST", f"{there}/suspend").status_code == 200
    before = world.fingerprint()
    body = {"action": "link", "links": by_login((one, "anna"))}
    response = world.call("POST", path(world, "batch"), body)
    refused(world, before, response, 409, "subscription-suspended")


def test_a_number_that_waits_for_its_port_is_linked_to_nobody(world: World) -> None:
    """Neither by a list of links nor by an upload."""
    [coming] = block(1)
    equip(world, 1, 0)
    entitle(world, 1)
    created(world)
    port_in_on(world, soon(), coming)
    results = changed(world, "link", links=by_login((coming, "anna")))
    assert outcomes(results) == ["number-not-assigned"]
    assert number(world, coming)["status"] == "reserved"
    assert uploaded(world, [row("anna", coming)]) == ["number-not-assigned"]
    assert number(world, coming)["status"] == "reserved"
    assert differences() == []


def test_lists_and_single_links_at_once(world: World) -> None:
    numbers = equip(world, 6, 6)
    users = [created(world, f"u{i}") for i in range(6)]
    other = second(world)
    assert create(world, "u0", subscription=other).status_code == 201
    world.token(world.group)

    def link_all(shift: int) -> set[str]:
        pairs = [(numbers[(i + shift) % 6], f"u{i}") for i in range(6)]
        random.shuffle(pairs)
        return set(map(str, outcomes(changed(world, "link", links=by_login(*pairs)))))

    def link_one(i: int) -> set[str]:
        there = f"/subscriptions/{world.subscription.id}/users/{users[i]['id']}/number"
        response = world.call("PUT", there, {"number": numbers[i]})
        return {"200" if response.status_code == 200 else answer(response)["code"]}

    for _ in range(3):
        done = at_once(
            *(lambda shift=shift: link_all(shift) for shift in range(4)),
            *(lambda i=i: link_one(i) for i in range(4)),
        )
        assert set().union(*done) <= {"200", "number-in-use"}
    assert licences(world)[1] == sum(number(world, e164)["user_id"] is not None for e164 in numbers)
    assert differences() == []


@pytest.mark.parametrize("count", [2_000, pytest.param(MAX_LINKS, marks=pytest.mark.long)])
def test_thousands_of_links_take_few_statements(world: World, count: int) -> None:
    sku, first = french(world), FIRST + 10 * count  # apart from those of the other count
    made = Range(group_id=world.group.id, sku=sku, first=first, last=first + count - 1)
    made.save(force_insert=True)
    numbers = [f"+{first + i}" for i in range(count)]
    Number.objects.unscoped("test").bulk_create(
        Number(e164=e164, group_id=world.group.id, sku_id=sku.id, range_id=made.id)
        for e164 in numbers
    )
    entitle(world, count)
    equip(world, count, 0)
    for start in range(0, count, 1000):
        assigned(world, *numbers[start : start + 1000])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users_user (id, group_id, subscription_id, login, display_name, kind,"
            " created_at) SELECT gen_random_uuid(), %s, %s, 'u' || i, 'User', 'user', now()"
            " FROM generate_series(1, %s) i",
            [world.group.id, world.subscription.id, count],
        )
    pairs = [(e164, f"u{i + 1}") for i, e164 in enumerate(numbers)]
    with CaptureQueriesContext(connection) as queries:
        results = changed(world, "link", links=by_login(*pairs))
    assert len(queries) < 20
    assert set(outcomes(results)) == {200} and licences(world) == (count, count)
    assert differences() == []
