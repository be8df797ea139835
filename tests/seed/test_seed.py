"""What `fusion seed` makes up is right, and can be worked with as if it had been ordered."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import connection
from django.test import Client

from fusion.cli.verify import differences
from fusion.kernel.errors import InvalidFields
from fusion.seed.past import id_at
from fusion.seed.plan import Plan
from fusion.seed.seed import seed
from fusion.tenancy.models import Organization
from tests.world import answer, make_token

PLAN = Plan(groups=2, tenants=30, subscriptions=40, orders=1_501, random_seed=3)


@pytest.fixture(scope="module")
def groups() -> list[UUID]:
    """Two providers, made up with a watch on the progress that is told."""
    result: list[int] = []
    made = seed(PLAN, result.append)
    assert sum(result) == PLAN.steps
    return made


def rows(sql: str, groups: list[UUID]) -> list[Any]:
    """The first column of the rows that `sql` finds of these groups."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [groups])
        return [row[0] for row in cursor.fetchall()]


def call(
    group: UUID, method: str, path: str, body: Any = None, status: int = 200
) -> dict[str, Any]:
    """What the API answers to a client of that group."""
    provider = Organization.objects.unscoped("test").get(id=group)
    response: Any = Client().generic(
        method,
        f"/api/v1{path}",
        orjson.dumps(body) if body else b"",
        "application/json",
        headers={"Authorization": f"Bearer {make_token(provider)}"},
    )
    assert response.status_code == status, response.content
    found: dict[str, Any] = answer(response)
    return found


def test_books(groups: list[UUID]) -> None:
    """Nothing is there that history does not explain."""
    assert differences() == []


def test_sizes(groups: list[UUID]) -> None:
    """As many of each as the plan says, over both groups."""
    of = {
        "tenancy_organization": 2 + PLAN.distributors + PLAN.resellers + PLAN.tenants,
        "tenancy_subscription": PLAN.subscriptions,
        "ordering_order": PLAN.orders,
        "catalogue_product": 2 * PLAN.products,
    }
    for table, count in of.items():
        assert rows(f"SELECT count(*) FROM {table} WHERE group_id = ANY (%s)", groups) == [count]


def test_every_state(groups: list[UUID]) -> None:
    """Orders of every state; those that are still scheduled lie ahead."""
    states = rows("SELECT DISTINCT state FROM ordering_order WHERE group_id = ANY (%s)", groups)
    assert sorted(states) == ["cancelled", "completed", "failed", "scheduled"]
    late = """SELECT count(*) FROM ordering_order WHERE group_id = ANY (%s)
              AND state = 'scheduled' AND effective_at < now() + interval '1 hour'"""
    assert rows(late, groups) == [0]


def test_events_report_the_orders(groups: list[UUID]) -> None:
    """The last event of each order holds the document that the API shows, to the letter."""
    different = """
        SELECT o.id FROM ordering_order o
        JOIN ordering_document d ON d.id = o.id
        LEFT JOIN LATERAL (
            SELECT e.data, e.type FROM events_event e
            WHERE e.group_id = o.group_id AND e.subject = o.id::text ORDER BY e.id DESC LIMIT 1
        ) e ON true
        WHERE o.group_id = ANY (%s)
          AND (e.data::text IS DISTINCT FROM d.document::text OR e.type <> 'order.' || o.state)"""
    assert rows(different, groups) == []


def test_everything_is_audited(groups: list[UUID]) -> None:
    """Each order by its placing, and what was scheduled by what became of it."""
    counted = """
        SELECT count(*) FROM ordering_order o WHERE group_id = ANY (%s) AND (
            SELECT string_agg(a.verb, ' ' ORDER BY a.id) FROM tenancy_auditrecord a
            WHERE a.object_id = o.id::text
        ) IS DISTINCT FROM 'order.place' || CASE
            WHEN o.state = 'cancelled' THEN ' order.cancel'
            WHEN o.effective_at IS NOT NULL AND o.state <> 'scheduled' THEN ' order.apply'
            ELSE '' END"""
    assert rows(counted, groups) == [0]


def test_ids_and_numbers_follow_time(groups: list[UUID]) -> None:
    """Sorted by id, by number or by time, the orders of a group stand in the same order."""
    by = "SELECT id FROM ordering_order WHERE group_id = ANY (%s) ORDER BY group_id, "
    assert rows(f"{by} id", groups) == rows(f"{by} placed_at", groups)
    assert rows(f"{by} number", groups) == rows(f"{by} placed_at", groups)


def test_products_have_revisions(groups: list[UUID]) -> None:
    """Some were changed on the way, and both revisions have been ordered."""
    ordered = """SELECT DISTINCT l.revision FROM ordering_orderline l
                 JOIN ordering_order o ON o.id = l.order_id
                 WHERE o.group_id = ANY (%s) AND l.action = 'add' ORDER BY 1"""
    assert rows(ordered, groups) == [1, 2]


def test_the_api_goes_on(groups: list[UUID]) -> None:
    """What was made up is read, added to and taken from as any other."""
    group = groups[0]
    holding = """SELECT h.subscription_id || ' ' || h.product_id || ' ' || sum(h.quantity)
                 FROM ordering_holding h JOIN tenancy_subscription s ON s.id = h.subscription_id
                 WHERE s.group_id = ANY (%s) GROUP BY h.subscription_id, h.product_id
                 HAVING min(h.quantity) > 0 AND count(*) = 2 LIMIT 1"""
    subscription, product, held = rows(holding, [group])[0].split()
    path = f"/subscriptions/{subscription}"
    before = call(group, "GET", f"{path}/balances")

    def order(action: str, quantity: int, status: int = 201) -> dict[str, Any]:
        line = {"product_id": product, "action": action, "quantity": quantity}
        body = {"subscription_id": subscription, "lines": [line]}
        return call(group, "POST", "/orders", body, status)

    added = order("add", 3)
    highest = rows("SELECT max(number) FROM ordering_order WHERE group_id = ANY (%s)", [group])
    assert highest == [added["number"]]
    assert call(group, "GET", "/orders?limit=1")["items"][0]["id"] == added["id"]
    assert call(group, "GET", f"{path}/entries?limit=1")["items"][0]["order_id"] == added["id"]
    assert order("remove", int(held) + 4, status=409)["code"] == "not-held"
    order("remove", 3)
    assert call(group, "GET", f"{path}/balances") == before
    assert order("remove", int(held))["lines"][0]["taken"][0]["revision"] == 2
    assert differences() == []


def test_feed(groups: list[UUID]) -> None:
    """What was made up is in the feed of its group, the past first, and only there."""
    first = call(groups[0], "GET", "/events?limit=500")["items"]
    assert first[0]["type"] == "organization.created"
    assert {event["groupid"] for event in first} == {str(groups[0])}


@pytest.mark.long
def test_small_and_odd_sizes() -> None:
    """More subscriptions than orders, no distributors, one product."""
    assert len(seed(Plan(distributors=0, resellers=0, tenants=1, subscriptions=9, orders=4))) == 1
    seed(Plan(distributors=0, resellers=3, tenants=5, subscriptions=2, orders=70, products=1))
    seed(Plan(distributors=0, resellers=0, tenants=0, subscriptions=0, orders=0, products=1))
    assert differences() == []


@pytest.mark.parametrize(
    ("field", "sizes"),
    [
        ("groups", {"groups": 0}),
        ("tenants", {"tenants": 0}),
        ("subscriptions", {"subscriptions": 0}),
        ("products", {"products": 0}),
        ("products", {"products": 1_001}),
        ("days", {"days": 0}),
        ("orders", {"orders": -1}),
    ],
)
def test_impossible_plans(field: str, sizes: dict[str, int]) -> None:
    """Refused before anything is written."""
    with pytest.raises(InvalidFields) as refusal:
        Plan(**sizes)
    assert refusal.value.errors[0]["field"] == field


def test_all_or_nothing() -> None:
    """Whoever stops it in the middle finds the database as it was."""
    counts = "SELECT count(*) FROM tenancy_organization WHERE true OR id = ANY (%s)"
    before = rows(counts, [])

    def stop(steps: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seed(Plan(orders=10), stop)
    assert rows(counts, []) == before


def test_ids_of_the_past() -> None:
    """An id of the past is a UUID of version 7 that tells its millisecond."""
    at = 1_700_000_000_123_456
    made = id_at(at)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == at // 1_000
    assert id_at(at + 1) > made
