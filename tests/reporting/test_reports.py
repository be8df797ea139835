"""Reports from which invoices are made: exact rows, of one's own subtree, as JSON and as CSV."""

import csv
import io
import resource
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import connection, transaction
from django.http import HttpResponse

from fusion.tenancy.models import Organization, Subscription
from tests.contract.stage import trunk_of
from tests.numbers.stock import french
from tests.ordering.placing import line, placed
from tests.owner import as_owner, switch_off_triggers
from tests.users.staff import at, created, equip, linked, unlink
from tests.world import World, make_organization, make_subscription

USAGE, LICENSES = "/reports/phone-usage", "/reports/licenses"


def whole(response: HttpResponse) -> bytes:
    """The body of an answer that is streamed."""
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def report(world: World, path: str, by: Any = None) -> dict[str, Any]:
    """The report as JSON."""
    document: dict[str, Any] = orjson.loads(whole(world.call("GET", path, by=by)))
    return document


def lines(world: World, path: str) -> list[dict[str, str]]:
    """The report as CSV: header → cell, for each line."""
    response = world.call("GET", path, headers={"Accept": "text/csv"})
    assert response["Content-Type"] == "text/csv"
    assert response["Content-Disposition"].endswith('.csv"')
    return list(csv.DictReader(io.StringIO(whole(response).decode())))


def rename(row: Organization | Subscription, name: str, reference: str | None) -> None:
    """Give it a name and the billing platform's id."""
    row.name, row.external_reference = name, reference
    row.save(update_fields=["name", "external_reference"])


def spelled(moment: datetime) -> str:
    """An instant for a query."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture
def staffed(world: World) -> tuple[World, dict[str, Any], list[str]]:
    """A user with the first of two numbers."""
    numbers = equip(world, 2, 2)
    user = created(world, "anna")
    linked(world, user, numbers[0])
    return world, user, numbers


def test_a_row_names_all_that_an_invoice_needs(
    staffed: tuple[World, dict[str, Any], list[str]],
) -> None:
    world, user, numbers = staffed
    rename(world.group, "Group", "g-1")
    rename(world.distributor, "=Distributor", None)
    rename(world.reseller, "Обувь, «Склад»", "r-1")
    rename(world.tenant, 'Ténant "x"\nsecond line', "t-1")
    rename(world.subscription, "Main", "s-1")
    (row,) = report(world, USAGE)["items"]
    linked_at = row.pop("linked_at")
    assert row == {
        "group_id": str(world.group.id),
        "group_name": "Group",
        "group_external_reference": "g-1",
        "distributor_id": str(world.distributor.id),
        "distributor_name": "=Distributor",
        "distributor_external_reference": None,
        "reseller_id": str(world.reseller.id),
        "reseller_name": "Обувь, «Склад»",
        "reseller_external_reference": "r-1",
        "tenant_id": str(world.tenant.id),
        "tenant_name": 'Ténant "x"\nsecond line',
        "tenant_external_reference": "t-1",
        "subscription_id": str(world.subscription.id),
        "subscription_name": "Main",
        "subscription_external_reference": "s-1",
        "number": numbers[0],
        "sku": french(world).code,
        "country": "FR",
        "number_type": "geographic",
        "origin": "inventory",
        "user_id": user["id"],
        "login": "anna",
        "display_name": "Anna",
        "kind": "user",
        "unlinked_at": None,
    }
    (line,) = lines(world, USAGE)
    assert line == {
        **{name: value or "" for name, value in row.items()},
        "distributor_name": "'=Distributor",  # no spreadsheet takes it for a formula
        "linked_at": linked_at,
    }


def test_a_tenant_directly_under_the_group(world: World) -> None:
    tenant = make_organization("tenant", world.group)
    subscription = make_subscription(tenant)
    (number,) = equip(world, 1, 1, subscription)
    linked(world, created(world, subscription=subscription), number)
    (row,) = report(world, f"{USAGE}?organization_id={tenant.id}")["items"]
    assert row["distributor_id"] is row["reseller_name"] is None
    (line,) = lines(world, f"{USAGE}?subscription_id={subscription.id}")
    assert line["distributor_id"] == line["reseller_name"] == ""


def test_a_period_shows_links_that_have_ended(
    staffed: tuple[World, dict[str, Any], list[str]],
) -> None:
    world, user, numbers = staffed
    linked(world, user, numbers[1])  # moves
    other = created(world, "ben")
    linked(world, other, numbers[0])
    unlink(world, other)
    world.call("DELETE", at(world, user["id"]))  # who is deleted is unlinked, and remembered
    assert report(world, USAGE)["items"] == []
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    rows = report(world, f"{USAGE}?from={spelled(now - hour)}&to={spelled(now + hour)}")["items"]
    result = [(row["login"], row["number"]) for row in rows]
    assert result == [("anna", numbers[0]), ("ben", numbers[0]), ("anna", numbers[1])]
    assert all(row["linked_at"] < row["unlinked_at"] for row in rows)
    assert rows[0]["unlinked_at"] <= rows[2]["linked_at"]
    later, earlier = spelled(now + hour), spelled(now - hour)
    assert report(world, f"{USAGE}?from={later}")["items"] == []
    assert report(world, f"{USAGE}?to={earlier}")["items"] == []
    instant = rows[1]["linked_at"]
    while_ben = report(world, f"{USAGE}?from={instant}&to={rows[1]['unlinked_at']}")["items"]
    assert ("ben", numbers[0]) in [(row["login"], row["number"]) for row in while_ben]


@pytest.mark.parametrize("form", [lambda world, path: report(world, path)["items"], lines])
def test_a_period_includes_its_beginning_and_not_its_end(
    staffed: tuple[World, dict[str, Any], list[str]], form: Callable[[World, str], list[Any]]
) -> None:
    """So that periods which follow each other bill each moment once."""
    world, user, _ = staffed
    unlink(world, user)
    year = f"{USAGE}?from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"
    (row,) = form(world, year)
    linked_at, unlinked_at = (
        datetime.fromisoformat(row[name]) for name in ("linked_at", "unlinked_at")
    )
    before, after = linked_at - timedelta(days=1), unlinked_at + timedelta(days=1)
    moment = timedelta(microseconds=1)
    for since, until, is_shown in (
        (before, linked_at, False),
        (before, linked_at + moment, True),
        (linked_at, linked_at + moment, True),
        (unlinked_at - moment, unlinked_at, True),
        (unlinked_at - moment, after, True),
        (unlinked_at, after, False),
    ):
        path = f"{USAGE}?from={spelled(since)}&to={spelled(until)}"
        assert bool(form(world, path)) == is_shown, (row, since, until)
    assert form(world, f"{USAGE}?from={spelled(unlinked_at)}") == []
    assert form(world, f"{USAGE}?from={spelled(unlinked_at - moment)}") == [row]
    assert form(world, f"{USAGE}?to={spelled(linked_at)}") == []
    assert form(world, f"{USAGE}?to={spelled(linked_at + moment)}") == [row]


def test_a_present_link_has_no_end(
    staffed: tuple[World, dict[str, Any], list[str]],
) -> None:
    world, _, _ = staffed
    (row,) = report(world, USAGE)["items"]
    linked_at = datetime.fromisoformat(row["linked_at"])
    far = spelled(linked_at + timedelta(days=3650))
    assert report(world, f"{USAGE}?from={far}")["items"] == [row]
    assert report(world, f"{USAGE}?to={spelled(linked_at)}")["items"] == []


def test_a_period_must_go_forward(world: World) -> None:
    response = world.call("GET", f"{USAGE}?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z")
    assert response.status_code == 422
    assert b"to: must be after from" in response.content


def test_everyone_sees_its_own_subtree(
    staffed: tuple[World, dict[str, Any], list[str]],
) -> None:
    world, _, numbers = staffed
    aside = make_subscription(make_organization("tenant", world.distributor))
    (number,) = equip(world, 1, 1, aside)
    linked(world, created(world, subscription=aside), number)
    outsider = World()
    linked(outsider, created(outsider), equip(outsider, 1, 1)[0])

    def seen(by: Organization, query: str = "") -> set[str]:
        return {row["number"] for row in report(world, USAGE + query, by)["items"]}

    assert seen(world.group) == seen(world.distributor) == {numbers[0], number}
    assert seen(world.reseller) == seen(world.tenant) == {numbers[0]}
    assert seen(world.group, f"?organization_id={world.reseller.id}") == {numbers[0]}
    assert seen(world.group, f"?subscription_id={aside.id}") == {number}
    both = f"?subscription_id={aside.id}&organization_id={world.reseller.id}"
    assert seen(world.group, both) == set()  # it is not under that reseller


def test_licenses_give_totals_and_list_each_subscription(
    staffed: tuple[World, dict[str, Any], list[str]],
) -> None:
    world, _, _ = staffed
    second = make_subscription(world.tenant, "Second")
    equip(world, 3, 1, second)
    result = report(world, LICENSES)
    quantities = ("granted", "used", "available")
    totals = {row["sku"]: tuple(row[name] for name in quantities) for row in result["totals"]}
    assert totals == {"user": (5, 1, 4), french(world).code: (3, 3, 0)}
    detail = {
        (row["subscription_name"], row["sku"]): tuple(row[name] for name in quantities)
        for row in result["items"]
    }
    assert detail == {
        ("Main", "user"): (2, 1, 1),
        ("Main", french(world).code): (2, 2, 0),
        ("Second", "user"): (3, 0, 3),
        ("Second", french(world).code): (1, 1, 0),
    }
    assert {row["subscription_status"] for row in result["items"]} == {"active"}
    assert result["as_of"].endswith("Z")
    of_one = report(world, f"{LICENSES}?subscription_id={second.id}")
    assert {row["sku"]: row["used"] for row in of_one["totals"]} == {
        "user": 0,
        french(world).code: 1,
    }
    cells = lines(world, f"{LICENSES}?format=csv")
    assert len(cells) == 4
    assert {cell["tenant_name"] for cell in cells} == {world.tenant.name}


def test_channels_in_use_are_the_live_calls(world: World) -> None:
    placed(world, line(world.product("channel", {world.channel_sku: 1}), 2))
    trunk = trunk_of(world, world.subscription)
    body = {"caller": "+3225550100", "callee": "+3225550199"}
    assert world.call("PUT", f"/trunks/{trunk}/calls/outbound/1", body).status_code == 201
    (total,) = [row for row in report(world, LICENSES)["totals"] if row["sku"] == "sip-channel"]
    assert (total["granted"], total["used"], total["available"]) == (2, 1, 1)


FEW, ROWS = 3_000, 60_000

MANY = """
INSERT INTO users_link (
    group_id, distributor_id, reseller_id, tenant_id, subscription_id, sku_id, e164, origin,
    user_id, login, display_name, kind, linked_at, unlinked_at)
SELECT l.group_id, l.distributor_id, l.reseller_id, l.tenant_id, l.subscription_id, l.sku_id,
       l.e164, l.origin, gen_random_uuid(), 'login ' || i, repeat('name ', 20), 'user', l.linked_at,
       l.linked_at
FROM users_link l, generate_series(1, %s) i
WHERE l.group_id = %s AND l.unlinked_at IS DISTINCT FROM l.linked_at
"""


@pytest.mark.once
def test_memory_does_not_grow_with_the_length_of_a_report(
    staffed: tuple[World, dict[str, Any], list[str]],
) -> None:
    world, _, _ = staffed
    path = f"{USAGE}?from=2020-01-01T00:00:00Z&format=csv"
    # What any report of some length needs is not counted, whatever ran before in this process.
    with connection.cursor() as cursor:
        cursor.execute(MANY, [FEW, world.group.id])
    short = world.call("GET", path)
    assert short.status_code == 200 and b"".join(short.streaming_content)  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(MANY, [ROWS, world.group.id])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    response = world.call("GET", path)
    size, count = 0, 0
    for piece in response.streaming_content:  # type: ignore[attr-defined]
        size, count = size + len(piece), count + piece.count(b"\r\n")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert count == FEW + ROWS + 2
    assert size > 20_000_000 > 2 * grown
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        switch_off_triggers("users_link")  # nobody had those links: the books would say so
        cursor.execute(
            "DELETE FROM users_link WHERE group_id = %s AND unlinked_at = linked_at",
            [world.group.id],
        )
        cursor.execute("ALTER TABLE users_link ENABLE TRIGGER USER")
