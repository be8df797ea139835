"""The roll-up of the overview: it agrees with the books, and what is old is not shown as new."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from fusion.kernel.clock import now
from fusion.reporting import rollup
from fusion.reporting.history import past
from fusion.reporting.overview import Moment, moment_of, nearly_full, totals, use_below
from fusion.reporting.rollup import refresh, refresh_group, rolled_as_of
from fusion.tenancy.models import Organization
from tests.concurrency.actors import at_once, rows
from tests.numbers.stock import assigned, entitle, stock
from tests.ordering.placing import line, placed
from tests.owner import as_owner, owner_rows
from tests.paging import follow
from tests.trunks.calling import admitted, order_channels, trunk_id
from tests.world import World, make_organization, make_subscription

FORMER = "SELECT billing_refresh(interval '0')"
"""What workers of the previous release call."""

LIVE = Moment(now(), False)
ROLLED = Moment(now(), True)


def agree(organization: Organization) -> list[dict[str, Any]]:
    """The totals, which are the same from the roll-up and summed anew."""
    refresh_group(organization.group_id, 0)  # not those of all other tests
    rolled, live = totals(organization, ROLLED), totals(organization, LIVE)
    assert rolled == live
    page = nearly_full(organization, ROLLED, limit=50)
    assert page == nearly_full(organization, LIVE, limit=50)
    return rolled


def test_it_agrees_after_orders_use_and_removal(world: World) -> None:
    beside = make_organization("tenant", world.group)
    other = make_subscription(beside)
    numbers = stock(world, 5)
    for organization in (world.group, world.distributor, world.reseller):
        assert agree(organization) == []
    entitle(world, 5)
    placed(world, line(world.seat, 3), subscription=other)
    assigned(world, *numbers[:4])
    for organization, skus in ((world.group, 3), (world.distributor, 1), (world.reseller, 1)):
        assert len(agree(organization)) == skus
    page = nearly_full(world.group, ROLLED, limit=50)
    assert [(each["percent"], each["used"], each["granted"]) for each in page["items"]] == [
        (80, 4, 5)
    ]
    assigned(world, numbers[4])
    agree(world.group)
    assert nearly_full(world.reseller, ROLLED, limit=50)["items"][0]["percent"] == 100
    placed(world, line(world.seat, 3, "remove"), subscription=other)
    found = {each["sku"]: each["granted"] for each in agree(world.group)}
    assert (found["user"], found["fr-geographic"]) == (0, 5)


def test_use_below_agrees(world: World) -> None:
    entitle(world, 5)
    assigned(world, *stock(world, 2))
    refresh_group(world.group.id, 0)
    organizations = [
        {"id": each.id, "kind": each.kind}
        for each in (world.distributor, world.reseller, world.tenant)
    ]
    rolled, live = use_below(organizations, ROLLED), use_below(organizations, LIVE)
    assert rolled == live
    assert live[world.tenant.id] == {"number": {"granted": 5, "used": 2}}


def test_live_calls_count(world: World) -> None:
    order_channels(world, 2)
    admitted(world, trunk_id(world), "one")
    found = {each["sku"]: (each["used"], each["granted"]) for each in agree(world.group)}
    assert found["sip-channel"] == (1, 2)


def test_only_changed_rows_are_written(world: World) -> None:
    entitle(world, 5)
    refresh(0)
    # Those of the other tests may change: the leases of their calls run out.
    written = "SELECT xmin::text, ctid::text FROM billing_total WHERE group_id = %s ORDER BY 1, 2"
    before = rows(written, [world.group.id])
    assert before != []
    refresh(0)
    assert rows(written, [world.group.id]) == before


def test_stale_or_small_sums_are_computed_on_demand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entitle(world, 1)
    refresh_group(world.group.id, 0)
    assert not moment_of(world.group).rolled, "it has a balance only"
    monkeypatch.setattr(rollup, "LARGE", 0)
    assert moment_of(world.group).rolled
    assert not moment_of(world.tenant).rolled
    _age("61 seconds")
    assert rolled_as_of(world.group) is None
    moment = moment_of(world.group)
    assert not moment.rolled and now() - moment.at < timedelta(seconds=5)


def _age(interval: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_groupstate SET as_of = as_of - %s::interval", [interval])


def test_one_at_a_time_and_not_too_often(world: World) -> None:
    refresh(0)
    assert refresh() is None
    _age("30 seconds")
    entitle(world, 5)
    group = world.group.id
    done = [at for at in at_once(*[lambda: refresh_group(group)] * 4) if at is not None]
    assert len(done) == 1
    as_of = "SELECT as_of FROM billing_groupstate WHERE group_id = %s"
    assert rows(as_of, [group]) == [(done[0],)]


def test_a_group_without_changes_is_not_summed(world: World) -> None:
    entitle(world, 5)
    beside = World()
    refresh(0)
    entitle(world, 1)
    xids = "SELECT group_id, xid::text FROM billing_groupstate WHERE group_id = ANY (%s)"
    groups = [world.group.id, beside.group.id]
    before = dict(rows(xids, [groups]))
    begun = now()
    assert refresh(0) is not None
    after = dict(rows(xids, [groups]))
    assert (before[groups[0]] != after[groups[0]], before[groups[1]] == after[groups[1]]) == (
        True,
        True,
    )
    assert min(rolled_time(beside), rolled_time(world)) >= begun


def rolled_time(world: World) -> datetime:
    [(at,)] = rows("SELECT as_of FROM billing_groupstate WHERE group_id = %s", [world.group.id])
    return at  # type: ignore[no-any-return]


def test_a_lost_event_is_made_good_the_next_day(world: World) -> None:
    entitle(world, 5)
    refresh(0)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_counted SET granted = 4 WHERE group_id = %s", [world.group.id]
        )
        cursor.execute("UPDATE billing_total SET granted = 4 WHERE group_id = %s", [world.group.id])
        cursor.execute(
            "UPDATE billing_groupstate SET day = day - 1 WHERE group_id = %s", [world.group.id]
        )
    refresh(0)
    agree(world.group)


def test_a_worker_of_the_release_before_refreshes_all_groups(world: World) -> None:
    refresh(0)
    entitle(world, 5)
    [(at,)] = owner_rows(FORMER)
    assert at is not None
    rolled = totals(world.group, ROLLED)
    assert rolled == totals(world.group, LIVE) != []


def test_pages_of_the_nearly_full(world: World) -> None:
    numbers = stock(world, 6)
    for number in range(6):
        subscription = make_subscription(world.tenant, f"Full {number}")
        entitle(world, 1, subscription)
        assigned(world, numbers[number], subscription=subscription)
    refresh_group(world.group.id, 0)
    for moment in (ROLLED, LIVE):
        found = follow(
            lambda cursor, moment=moment: nearly_full(  # type: ignore[misc]
                world.reseller, moment, limit=4, cursor=cursor
            )
        )
        seen = [each["name"] for page in found for each in page["items"]]
        assert sorted(seen) == [f"Full {number}" for number in range(6)]


DAYS_AGO = """
INSERT INTO ledger_entry (group_id, subscription_id, sku_id, sequence, kind, quantity,
                          granted_after, used_after, order_id, order_number, order_position, actor,
                          at)
SELECT %(group)s, %(subscription)s, %(sku)s, n, 'grant', 2, 2 * n, 0, gen_random_uuid(), n, 0,
       'test', now() - make_interval(days => 100 - 30 * n::int)
FROM generate_series(1, 3) AS n
"""


@pytest.mark.parametrize("kind", ["group", "tenant"])
def test_past_balances_come_from_the_entries(world: World, kind: str) -> None:
    """Grants of 2 each, 70, 40 and 10 days ago: a line of steps."""
    organization: Organization = getattr(world, kind)
    arguments = {
        "group": world.group.id,
        "subscription": world.subscription.id,
        "sku": world.user_sku.id,
    }
    # Rolled back: no order stands behind these entries.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_balance (subscription_id, sku_id, group_id, sku, type, metric,"
            " granted, used, sequence) VALUES (%s, %s, %s, 'user', 'license', 'user', 6, 0, 3)",
            [world.subscription.id, world.user_sku.id, world.group.id],
        )
        cursor.execute(DAYS_AGO, arguments)
        cursor.execute("DELETE FROM billing_groupstate")
        cursor.execute("DELETE FROM billing_day")
        cursor.execute("SELECT billing_refresh_group(%(group)s, interval '0')", arguments)
        points = past(organization, LIVE, totals(organization, LIVE))["user"]
        transaction.set_rollback(True)
    assert len(points) == 91
    granted = [point["granted"] for point in points]
    assert [granted[90 - back] for back in (90, 71, 69, 41, 39, 11, 9, 0)] == [
        0, 0, 2, 2, 4, 4, 6, 6,
    ]  # fmt: skip


def test_days_that_no_worker_saw_are_made_good(world: World) -> None:
    entitle(world, 5)
    refresh(0)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_groupstate SET day = day - 5 WHERE group_id = %s", [world.group.id]
        )
        cursor.execute(
            "UPDATE billing_day SET day = day - 5 WHERE organization_id = %s", [world.group.id]
        )
    assigned(world, *stock(world, 1))
    refresh(0)
    points = past(world.group, ROLLED, totals(world.group, LIVE))["fr-geographic"]
    assert (points[-1]["granted"], points[-1]["used"]) == (5, 1)
    assert (points[-2]["granted"], points[-2]["used"]) == (0, 0), "nothing was ordered yesterday"
