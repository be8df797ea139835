"""Ranges that the library does not know, that skip ported numbers, and that are corrected."""

from functools import partial
from typing import Any

import orjson
import pytest
from django.db import connection

from fusion.catalogue.models import Sku
from fusion.cli.verify import differences
from fusion.numbers.models import Number
from fusion.numbers.sweep import sweep_numbers
from tests.concurrency.actors import at_once
from tests.numbers.stock import (
    assign,
    assigned,
    block,
    entitle,
    french,
    path,
    refused,
    run_out,
    statuses,
    stock,
)
from tests.world import World, answer

WORD: dict[str, Any] = {"accept_unknown": True, "reason": "Allocated by the regulator on 3 March."}
NOT_KNOWN = 14_710_000_000
"""The library knows no number that begins with +1 471."""


def unknown(world: World, size: int) -> tuple[str, str]:
    """Ends of an unused range of the world's SKU, which the library does not know."""
    world.sku("us-geographic", "entitlement", "number", "US", "geographic")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(last), %s) + 1 FROM numbers_range WHERE last BETWEEN %s AND %s",
            [NOT_KNOWN, NOT_KNOWN, NOT_KNOWN + 9_999_999],
        )
        (start,) = cursor.fetchone()
    return f"+{start}", f"+{start + size - 1}"


def add(world: World, first: str, last: str, sku: str = "fr-geographic", **more: Any) -> Any:
    return world.call("POST", "/number-ranges", {"sku": sku, "first": first, "last": last, **more})


def added(world: World, first: str, last: str, **more: Any) -> Any:
    response = add(world, first, last, **more)
    assert response.status_code == 201, response.content
    return answer(response)


def free(world: World, range_: Any) -> list[str]:
    rows = Number.objects.unscoped("test").filter(range_id=range_["id"])
    return sorted(rows.values_list("e164", flat=True))


def range_events(world: World) -> list[tuple[str, Any, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, data ->> 'first', data ->> 'last' FROM events_event"
            " WHERE group_id = %s AND type LIKE 'range.%%' ORDER BY epoch, xid, id",
            [world.group.id],
        )
        return list(cursor.fetchall())


def recorded(world: World) -> list[tuple[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT verb, detail::jsonb FROM tenancy_auditrecord WHERE group_id = %s"
            " AND verb LIKE 'range.%%' ORDER BY at, id",
            [world.group.id],
        )
        return [
            (verb, orjson.loads(detail) if isinstance(detail, str) else detail)
            for verb, detail in cursor.fetchall()
        ]


def test_a_range_on_the_provider_s_word(world: World) -> None:
    first, last = unknown(world, 3)
    before = world.fingerprint()
    response = add(world, first, last, "us-geographic")
    problem = refused(world, before, response, 422, "invalid-fields")
    assert "not a valid phone number of US" in problem["errors"][0]["message"]
    made = added(world, first, last, sku="us-geographic", **WORD)
    assert (made["accept_unknown"], made["reason"]) == (True, WORD["reason"])
    assert (made["skipped"], made["warnings"]) == ([], [])
    [shown] = [answer(world.call("GET", f"/numbers/{first}"))]
    assert shown["accepted"] is True
    entitle(world, 1, sku=Sku.objects.unscoped("test").get(group=world.group, code=made["sku"]))
    [given] = assigned(world, first)
    assert (given["accepted"], given["number_type"]) == (True, "geographic")
    [(verb, detail)] = recorded(world)
    assert (verb, detail["reason"], detail["accept_unknown"]) == (
        "range.create",
        WORD["reason"],
        True,
    )
    assert range_events(world) == [("range.created", first, last)]
    assert differences() == []


def test_another_type_on_the_provider_s_word(world: World) -> None:
    first, *_, last = block(3)
    world.sku("fr-voip", "entitlement", "number", "FR", "voip")
    before = world.fingerprint()
    refused(world, before, add(world, first, last, "fr-voip"), 422, "invalid-fields")
    made = added(world, first, last, sku="fr-voip", **WORD)
    assert made["sku"] == "fr-voip"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"accept_unknown": True}, "reason"),
        ({"reason": "Because."}, "reason"),
        ({"accept_unknown": True, "reason": " "}, "reason"),
        ({"accept_unknown": "yes", "reason": "Because."}, "accept_unknown"),
        ({**WORD, "first": "+32475123456", "last": "+32475123459"}, "first"),
        ({**WORD, "last": "+1471"}, "last"),
        ({**WORD, "last": "+14709999999"}, "last"),
    ],
)
def test_what_the_word_of_the_provider_does_not_cover(
    world: World, more: dict[str, Any], field: str
) -> None:
    first, last = unknown(world, 3)
    world.token(world.group)
    body = {"sku": "us-geographic", "first": first, "last": last, **more}
    before = world.fingerprint()
    response = world.call("POST", "/number-ranges", body)
    problem = refused(world, before, response, 422, "invalid-fields")
    assert field in [error["field"] for error in problem["errors"]]


def test_a_ported_number_that_left_is_still_skipped(world: World) -> None:
    """A copy that is kept by events alone would give it to the range."""
    numbers = block(3)
    sku = french(world).code
    entitle(world, 1)
    path = f"/subscriptions/{world.subscription.id}/numbers"
    port = {"numbers": [numbers[1]], "sku": sku}
    assert world.call("POST", f"{path}/port-in", port).status_code == 201
    body = {"sku": sku, "first": numbers[0], "last": numbers[2]}
    made = answer(world.call("POST", "/number-ranges", body))
    assert made["skipped"] == [numbers[1]]
    assert world.call("POST", f"{path}/{numbers[1]}/port-out").status_code == 204
    other = world.sku("fr-third", "entitlement", "number", "FR", "geographic")
    changed = world.call("PATCH", f"/number-ranges/{made['id']}", {"sku": other.code})
    assert answer(changed)["skipped"] == [numbers[1]]


def test_ported_numbers_are_skipped_and_join_their_range_when_released(world: World) -> None:
    french(world)
    entitle(world, 2)
    numbers = block(5)
    mine, theirs = numbers[1], numbers[3]
    other = World()
    french(other)
    entitle(other, 1)
    for owner, e164 in ((world, mine), (other, theirs)):
        body = {"numbers": [e164]}
        assert owner.call("POST", path(owner, "port-in"), body).status_code == 201
    made = added(world, numbers[0], numbers[4])
    assert made["skipped"] == [mine, theirs]
    assert free(world, made) == [numbers[0], numbers[2], numbers[4]]
    assert differences() == []
    for owner, e164 in ((world, mine), (other, theirs)):
        assert owner.call("DELETE", path(owner, e164)).status_code == 204
    run_out(mine, theirs)
    sweep_numbers()
    assert statuses(mine, theirs) == ["free", None]
    assert free(world, made) == numbers[:3] + numbers[4:]
    assert differences() == []


def test_a_range_of_ported_numbers_only_is_refused(world: World) -> None:
    french(world)
    entitle(world, 1)
    [e164] = block(1)
    assert world.call("POST", path(world, "port-in"), {"numbers": [e164]}).status_code == 201
    before = world.fingerprint()
    problem = refused(world, before, add(world, e164, e164), 409, "range-not-available")
    assert "were ported in" in problem["detail"]


def test_deleting_a_range(world: World) -> None:
    numbers = stock(world, 3)
    range_ = answer(world.call("GET", "/number-ranges"))["items"][0]
    there = f"/number-ranges/{range_['id']}"
    entitle(world, 1)
    assign(world, numbers[1])
    before = world.fingerprint()
    problem = refused(world, before, world.call("DELETE", there), 409, "conflict")
    assert f"{numbers[1]} (assigned)" in problem["detail"]
    assert world.call("DELETE", path(world, numbers[1])).status_code == 204
    before = world.fingerprint()
    refused(world, before, world.call("DELETE", there), 409, "conflict")
    run_out(numbers[1])
    sweep_numbers()
    assert world.call("DELETE", there).status_code == 204
    assert statuses(*numbers) == [None, None, None]
    assert world.call("GET", there).status_code == 404
    assert range_events(world) == [("range.deleted", numbers[0], numbers[2])]
    assert added(world, numbers[0], numbers[2])["count"] == 3


def test_correcting_the_sku_and_the_ends(world: World) -> None:
    numbers = block(10)
    french(world)
    french(world, "fr-other")
    made = added(world, numbers[2], numbers[7])
    there = f"/number-ranges/{made['id']}"
    changed = answer(world.call("PATCH", there, {"sku": "fr-other"}))
    assert (changed["sku"], changed["first"], changed["skipped"]) == ("fr-other", numbers[2], [])
    assert answer(world.call("GET", f"/numbers/{numbers[3]}"))["sku"] == "fr-other"
    changed = answer(world.call("PATCH", there, {"first": numbers[4], "last": numbers[9]}))
    assert (changed["count"], free(world, changed)) == (6, numbers[4:])
    changed = answer(world.call("PATCH", there, {"first": numbers[0], "last": numbers[1]}))
    assert free(world, changed) == numbers[:2]
    assert answer(world.call("GET", there)) == {
        name: value for name, value in changed.items() if name not in ("skipped", "warnings")
    }
    assert [type for type, _, _ in range_events(world)] == ["range.created", *["range.changed"] * 3]
    assert differences() == []


def test_only_free_numbers_leave_a_range_or_change_their_sku(world: World) -> None:
    numbers = stock(world, 6)
    french(world, "fr-other")
    entitle(world, 1)
    assign(world, numbers[2])
    there = f"/number-ranges/{answer(world.call('GET', '/number-ranges'))['items'][0]['id']}"
    before = world.fingerprint()
    for changes in ({"sku": "fr-other"}, {"first": numbers[3]}, {"last": numbers[1]}):
        problem = refused(world, before, world.call("PATCH", there, changes), 409, "conflict")
        assert f"{numbers[2]} (assigned)" in problem["detail"]
    kept = answer(world.call("PATCH", there, {"first": numbers[1], "last": numbers[2]}))
    assert free(world, kept) == numbers[1:3]
    before = world.fingerprint()
    wrong: list[tuple[dict[str, Any], str, int]] = [
        ({"sku": "nothing"}, "invalid-fields", 422),
        ({"sku": "user"}, "invalid-fields", 422),
        ({"first": "+4930555500-99"}, "invalid-fields", 422),
        ({"first": numbers[3]}, "invalid-fields", 422),
        ({"reason": "Because."}, "invalid-fields", 422),
        ({"count": 3}, "invalid-fields", 422),
    ]
    for changes, code, status in wrong:
        refused(world, before, world.call("PATCH", there, changes), status, code)
    other = stock(world, 2)
    before = world.fingerprint()
    refused(
        world, before, world.call("PATCH", there, {"last": other[0]}), 409, "range-not-available"
    )


def test_ranges_of_other_groups_are_not_found(world: World) -> None:
    stock(world, 1)
    there = f"/number-ranges/{answer(world.call('GET', '/number-ranges'))['items'][0]['id']}"
    other = World()
    other.token(other.group)
    before = (world.fingerprint(), other.fingerprint())
    assert other.call("DELETE", there).status_code == 404
    assert other.call("PATCH", there, {"last": "+33199000000"}).status_code == 404
    assert world.call("DELETE", there, by=world.tenant).status_code in (403, 404)
    assert (world.fingerprint(), other.fingerprint()) == before


def test_shorter_and_longer_numbers_are_warned_of(world: World) -> None:
    world.sku("at-geographic", "entitlement", "number", "AT", "geographic")
    start = 43_1_500_0000 + int(str(world.group.id.int)[-4:])
    short, longer = f"+{start}", (f"+{start}00", f"+{start}99")
    first = added(world, short, short, sku="at-geographic", **WORD)
    assert first["warnings"] == []
    second = added(world, *longer, sku="at-geographic", **WORD)
    [warning] = second["warnings"]
    assert (warning["first"], warning["last"]) == (short, short)
    assert "is the beginning of one of its numbers" in warning["detail"]
    assert world.call("DELETE", f"/number-ranges/{first['id']}").status_code == 204
    again = added(world, short, short, sku="at-geographic", **WORD)
    [warning] = again["warnings"]
    assert (warning["first"], warning["last"]) == longer
    assert "begins with a number of this range" in warning["detail"]
    # Another provider's inventory is not mentioned.
    other = World()
    other.sku("at-geographic", "entitlement", "number", "AT", "geographic")
    assert added(other, f"{short}000", f"{short}009", sku="at-geographic", **WORD)["warnings"] == []
    for e164 in (again, second):
        world.call("DELETE", f"/number-ranges/{e164['id']}")


def test_a_range_is_deleted_or_one_of_its_numbers_assigned(world: World) -> None:
    for _ in range(5):
        numbers = stock(world, 3)
        range_ = answer(world.call("GET", "/number-ranges"))["items"][0]
        entitle(world, 1)
        deleting, assigning = at_once(
            partial(world.call, "DELETE", f"/number-ranges/{range_['id']}"),
            partial(assign, world, numbers[1]),
        )
        if deleting.status_code == 204:
            assert answer(assigning)["code"] == "number-not-available"
            assert statuses(*numbers) == [None] * 3
        else:
            assert (deleting.status_code, assigning.status_code) == (409, 201)
            assert statuses(*numbers) == ["free", "assigned", "free"]
    assert differences() == []


def test_a_number_is_assigned_while_its_sku_changes(world: World) -> None:
    other = french(world, "fr-other")
    for _ in range(5):
        numbers = stock(world, 3)
        range_ = answer(world.call("GET", "/number-ranges"))["items"][0]
        entitle(world, 1)
        entitle(world, 1, sku=other)
        changing, assigning = at_once(
            partial(world.call, "PATCH", f"/number-ranges/{range_['id']}", {"sku": "fr-other"}),
            partial(assign, world, numbers[1]),
        )
        assert assigning.status_code == 201
        assert changing.status_code in (200, 409)
    assert differences() == []


def test_an_acceptance_is_taken_back(world: World) -> None:
    """`accept_unknown: false` was ignored: 200, and the range was still accepted."""
    first, last = unknown(world, 3)
    there = f"/number-ranges/{added(world, first, last, sku='us-geographic', **WORD)['id']}"
    before = world.fingerprint()
    response = world.call("PATCH", there, {"accept_unknown": False})
    problem = refused(world, before, response, 422, "invalid-fields")
    assert "not a valid phone number of US" in problem["errors"][0]["message"]
    response = world.call("PATCH", there, {"accept_unknown": False, "reason": "Because."})
    refused(world, before, response, 422, "invalid-fields")
    kept = answer(world.call("PATCH", there, {"last": first}))
    assert (kept["accept_unknown"], kept["reason"]) == (True, WORD["reason"])
    e164, *_ = block(3)
    french(world)
    known = f"/number-ranges/{added(world, e164, e164, **WORD)['id']}"
    changed = answer(world.call("PATCH", known, {"accept_unknown": False}))
    assert (changed["accept_unknown"], changed["reason"]) == (False, None)
    assert answer(world.call("GET", f"/numbers/{e164}"))["accepted"] is False


def test_an_acceptance_of_numbers_in_use_stays(world: World) -> None:
    e164, *_ = block(3)
    french(world)
    there = f"/number-ranges/{added(world, e164, e164, **WORD)['id']}"
    entitle(world, 1)
    assigned(world, e164)
    before = world.fingerprint()
    response = world.call("PATCH", there, {"accept_unknown": False})
    refused(world, before, response, 409, "conflict")
    assert world.call("POST", path(world, e164, "port-out")).status_code == 204
    before = world.fingerprint()
    problem = refused(world, before, world.call("DELETE", there), 409, "conflict")
    assert f"{e164} (ported_out)" in problem["detail"]
    assert "a number that was ported out must be ported in first" in problem["detail"]
