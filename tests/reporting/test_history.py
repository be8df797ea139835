"""The lines of the overview agree with the ledger on each day, whatever they are made from."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction

from fusion.kernel.clock import instant, now
from fusion.reporting import rollup
from fusion.reporting.history import DAYS, past
from fusion.reporting.overview import Moment, totals
from fusion.reporting.rollup import fill_history, refresh
from fusion.tenancy.models import Organization, Subscription
from tests.numbers.stock import assigned, entitle, stock
from tests.past import Past, make_past, no_numeric
from tests.server import fusion
from tests.world import World, answer

LIVE = Moment(now(), False)
ROLLED = Moment(now(), True)

SAMPLED = (
    *(90, 89, 88, 87, 86, 85, 81, 80, 79, 61, 60, 59, 46, 45, 44, 34, 33, 32, 31, 26, 25, 24),
    *(10, 9, 6, 5, 4, 1),
)
"""Days ago: around each change, and some."""


def lines(organization: Organization, moment: Moment) -> dict[str, list[dict[str, Any]]]:
    with no_numeric():
        return past(organization, moment, totals(organization, LIVE))


def under(made: Past, organization: Organization, at: datetime) -> Iterator[Subscription]:
    """Those that belonged to the organization then."""
    for subscription in made.subscriptions:
        if f"{organization.id.hex}/" in made.path_at(subscription, at):
            yield subscription


def by_the_api(made: Past, organization: Organization, ago: int) -> dict[str, list[int]]:
    """SKU → [granted, used] at the end of that day, summed over the subscriptions."""
    found: dict[str, list[int]] = {}
    end = made.day(ago, 24) - timedelta(microseconds=1)
    for subscription in under(made, organization, end):
        path = f"/subscriptions/{subscription.id}/balances?at={instant(end)}"
        for item in answer(made.world.call("GET", path))["items"]:
            line = found.setdefault(item["sku"], [0, 0])
            line[0] += item["granted"]
            line[1] += item["used"] or 0
    return found


def check(made: Past, organization: Organization, moment: Moment) -> None:
    drawn = lines(organization, moment)
    for ago in SAMPLED:
        result = by_the_api(made, organization, ago)
        for sku, points in drawn.items():
            point = points[DAYS - ago]
            day = made.day(ago).date()
            assert point["at"] == day
            granted, used = result.get(sku, (0, 0))
            if sku == "sip-channel":
                used = made.calls.get((organization.id, day), 0)
            assert (point["granted"], point["used"]) == (granted, used), (sku, ago)


def test_every_line_agrees_with_balances_of_the_time() -> None:
    made = make_past()
    for organization in made.organizations():
        check(made, organization, LIVE)
        if organization.kind != "tenant":
            check(made, organization, ROLLED)


def test_the_past_moves_as_it_did() -> None:
    """Growth, reductions and an end are seen: the test above compares more than zeros."""
    made = make_past()
    points = lines(made.world.group, ROLLED)
    for sku in ("user", "fr-geographic", "sip-channel"):
        steps = [b["granted"] - a["granted"] for a, b in pairwise(points[sku])]
        assert min(steps) < 0
        assert max(steps) > 0 or sku == "sip-channel"
    assert {0, 1, 2} <= {point["used"] for point in points["sip-channel"]}


@pytest.fixture
def emptied() -> Iterator[None]:
    """A roll-up that no worker has ever written; as it was afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("day", "total", "nearlyfull", "counted", "groupstate"):
            cursor.execute(f"DELETE FROM billing_{table}")
        yield
        transaction.set_rollback(True)


def values(points: list[dict[str, Any]], name: str) -> set[Any]:
    return {point[name] for point in points[:-1]}


def test_nothing_is_known_without_a_roll_up(emptied: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_past()
    check(made, made.world.group, LIVE)  # few balances: from the ledger
    monkeypatch.setattr(rollup, "LARGE", 0)
    for points in lines(made.world.group, LIVE).values():
        assert values(points, "granted") == values(points, "used") == {None}
        assert points[-1]["granted"] is not None


def test_the_first_refresh_fills_the_past(emptied: None) -> None:
    made = make_past()
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_refresh_group(%s, interval '0')", [made.world.group.id])
    drawn, live = lines(made.world.group, ROLLED), lines(made.world.group, LIVE)
    assert values(drawn["sip-channel"], "used") == {None}, "calls are counted when told to"
    for sku, points in live.items():
        assert [point["granted"] for point in drawn[sku]] == [each["granted"] for each in points]
        if sku != "sip-channel":
            assert drawn[sku] == points


def test_a_late_history_equals_the_live_one() -> None:
    """A provider that came after the first refresh, as a seed or an import writes it."""
    refresh(0)
    made = make_past.__wrapped__()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM billing_day WHERE organization_id = ANY (%s::uuid[])",
            [[each.id for each in made.organizations()]],
        )
    entitle(made.world, 1)
    refresh(0)
    drawn, live = lines(made.world.reseller, ROLLED), lines(made.world.reseller, LIVE)
    del drawn["sip-channel"], live["sip-channel"]
    assert drawn == live
    # Entries that came later into a line that is there: its history is filled again.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_day SET granted = 0 WHERE organization_id = %s", [made.world.group.id]
        )
    done = fusion("fill-history")
    assert done.returncode == 0 and done.stdout.startswith("Filled the past 90 days"), done.stderr
    check(made, made.world.group, ROLLED)


def test_days_after_the_last_refresh_are_not_known(world: World) -> None:
    entitle(world, 5)
    assigned(world, *stock(world, 2))
    fill_history()
    day = datetime.now(UTC).date()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE billing_groupstate SET day = %s", [day - timedelta(days=3)])
        points = lines(world.group, ROLLED)["fr-geographic"]
        transaction.set_rollback(True)
    assert [point["granted"] for point in points[-5:]] == [0, None, None, None, 5]
    assert points[-1] == {"at": day, "granted": 5, "used": 2}


def test_too_many_calls_to_count_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_past()
    monkeypatch.setattr("fusion.reporting.history.MOST_RECORDS", 2)
    points = lines(made.world.tenant, LIVE)["sip-channel"]
    assert values(points, "used") == {None}


def test_days_past_retention_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_past()
    monkeypatch.setenv("FUSION_CALL_RECORD_MONTHS", "0")
    points = lines(made.world.tenant, LIVE)["sip-channel"]
    month = made.today.date().replace(day=1)
    for point in points:
        assert (point["used"] is None) == (point["at"] < month)
