"""What the database refuses by itself, and what `fusion verify` would find."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from fusion.cli.verify import all_checks
from fusion.kernel.checks import run_checks
from fusion.kernel.constraints import violated
from tests.ordering.placing import consume, line, place, placed
from tests.owner import as_owner, switch_off_triggers
from tests.world import World

OF_US = "WHERE subscription_id = %(subscription)s AND sku_id = %(sku)s"
ENTRY = (
    "INSERT INTO ledger_entry (group_id, subscription_id, sku_id, sequence, kind, quantity,"
    " granted_after, used_after, order_id, order_number, order_position, holder_type, holder_id,"
    " actor, at) VALUES (%(group)s, %(subscription)s, %(sku)s, 99, {}, 'test', now())"
)


def run(world: World, statement: str) -> None:
    """Run a statement about the user SKU of the world's subscription."""
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "subscription": world.subscription.id,
                "sku": world.user_sku.id,
                "product": world.seat.id,
                "group": world.group.id,
            },
        )


@pytest.fixture
def busy(world: World) -> World:
    """A provider with orders of each kind, and uses."""
    placed(world, line(world.seat, 5))
    placed(world, line(world.seat, 1, "remove"))
    consume(world, world.user_sku, "a", "b", "c")
    consume(world, world.user_sku, "a", verb="ledger_release")
    return world


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (f"UPDATE ledger_balance SET used = 5 {OF_US}", "balance_never_oversold"),
        (f"UPDATE ledger_balance SET granted = 1 {OF_US}", "balance_never_oversold"),
        (f"UPDATE ledger_balance SET used = -1 {OF_US}", "balance_never_oversold"),
        (f"UPDATE ledger_balance SET granted = 2000000001 {OF_US}", "balance_granted"),
        (
            "UPDATE ordering_holding SET quantity = -1 WHERE subscription_id = %(subscription)s",
            "holding_quantity",
        ),
        (
            ENTRY.format("'consume', 1, 4, 5, NULL, NULL, NULL, 'user', 'x'"),
            "entry_never_oversold",
        ),
        (
            ENTRY.format("'grant', 1, 5, 2, NULL, NULL, NULL, NULL, NULL"),
            "entry_explained",
        ),
        (
            ENTRY.format("'consume', 1, 4, 3, NULL, NULL, NULL, NULL, NULL"),
            "entry_explained",
        ),
        (
            ENTRY.format("'consume', 0, 4, 2, NULL, NULL, NULL, 'user', 'x'"),
            "entry_quantity",
        ),
    ],
)
def test_the_database_refuses(busy: World, statement: str, constraint: str) -> None:
    before = busy.fingerprint()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        run(busy, statement)
    assert violated(refused.value) == constraint
    assert busy.fingerprint() == before


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (f"UPDATE ledger_balance SET granted = granted + 1 {OF_US}", "sum of its entries"),
        (f"UPDATE ledger_balance SET granted = granted + 1 {OF_US}", "the products held"),
        (f"UPDATE ledger_balance SET used = used - 1 {OF_US}", "sum of its entries"),
        (f"UPDATE ledger_balance SET sequence = sequence + 1 {OF_US}", "than it counts"),
        (f"DELETE FROM ledger_balance {OF_US}", "than it counts"),
        (
            "UPDATE ledger_balance SET group_id = sku_id"
            " WHERE subscription_id = %(subscription)s AND sku_id = %(sku)s",
            "another group",
        ),
        (ENTRY.format("'consume', 1, 4, 4, NULL, NULL, NULL, 'user', 'x'"), "does not follow"),
        (
            ENTRY.format("'consume', 1, 4, 3, NULL, NULL, NULL, 'holder', 'b'"),
            "uses a SKU twice",
        ),
        (
            "UPDATE ordering_holding SET quantity = quantity + 1"
            " WHERE subscription_id = %(subscription)s",
            "what orders added and took",
        ),
        (
            "UPDATE ordering_order SET changes = '[]' WHERE group_id = %(group)s",
            "the changes in its result",
        ),
        (
            "UPDATE ordering_orderline SET taken = '[]' WHERE product_id = %(product)s"
            " AND action = 'remove'",
            "removal of another quantity",
        ),
        ("DELETE FROM ordering_orderline WHERE product_id = %(product)s", "order without lines"),
        (
            "UPDATE ordering_order SET tenant_id = subscription_id WHERE group_id = %(group)s",
            "other organizations",
        ),
        (
            "UPDATE ordering_order SET state = 'cancelled', completed_at = NULL, changes = NULL"
            " WHERE group_id = %(group)s",
            "without its completed order",
        ),
        (
            "UPDATE tenancy_subscription SET status = 'terminated' WHERE id = %(subscription)s",
            "terminated subscription",
        ),
        (
            "INSERT INTO events_event (epoch, xid, group_id, path, subject, type, actor, data, at)"
            " SELECT epoch, xid, group_id, path, subject, type, actor, data, at FROM events_event"
            " WHERE group_id = %(group)s AND type = 'order.completed' LIMIT 1",
            "exactly one event",
        ),
    ],
)
def test_verify_finds_each_kind_of_damage(busy: World, damage: str, found: str) -> None:
    with as_owner(), transaction.atomic():
        switch_off_triggers("ordering_order", "ordering_orderline")
        assert list(run_checks(all_checks())) == []
        run(busy, damage)
        lines = list(run_checks(all_checks()))
        transaction.set_rollback(True)
    assert any(found in told for told in lines), lines


def test_verify_reports_samples_and_the_remaining_count() -> None:
    lines = list(run_checks({"wrong": "SELECT n::text FROM generate_series(1, 50) n"}, samples=3))
    assert lines == ["wrong: 1", "wrong: 2", "wrong: 3", "wrong: and 47 more"]


def test_uses_are_all_or_none_and_explained(busy: World) -> None:
    def told(function: str, *holders: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {function}(%s, %s, %s, 'holder', %s, 'test')",
                [busy.group.id, busy.subscription.id, busy.user_sku.id, list(holders)],
            )
            return cursor.fetchone()[0]

    before = busy.fingerprint()
    assert told("ledger_consume", "x", "y", "z") == {
        "granted": 4, "used": 2, "requested": 3, "missing": 1,
    }  # fmt: skip
    assert told("ledger_release", "b", "c", "d") == {
        "granted": 4, "used": 2, "requested": 3, "missing": 1,
    }  # fmt: skip
    assert busy.fingerprint() == before
    assert told("ledger_consume", "x", "y") is None
    assert told("ledger_consume", "z")["missing"] == 1
    assert place(busy, line(busy.seat, 1, "remove")).status_code == 409
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequence, kind, holder_id, used_after FROM ledger_entry"
            " WHERE subscription_id = %s AND sku_id = %s AND holder_id IS NOT NULL"
            " ORDER BY sequence",
            [busy.subscription.id, busy.user_sku.id],
        )
        entries = cursor.fetchall()
    assert entries == [
        (3, "consume", "a", 1),
        (4, "consume", "b", 2),
        (5, "consume", "c", 3),
        (6, "release", "a", 2),
        (7, "consume", "x", 3),
        (8, "consume", "y", 4),
    ]


def test_a_sku_never_granted_has_nothing_to_use(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_consume(%s, %s, %s, 'holder', '{a}', 'test')",
            [world.group.id, world.subscription.id, world.user_sku.id],
        )
        assert cursor.fetchone()[0] == {"granted": 0, "used": 0, "requested": 1, "missing": 1}
