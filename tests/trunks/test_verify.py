"""What the database refuses by itself, and what `fusion verify` would find."""

import pytest
from django.db import IntegrityError, connection, transaction

from fusion.kernel.checks import run_checks
from fusion.kernel.constraints import violated
from fusion.trunks.checks import CHECKS
from tests.numbers.stock import assigned, entitle, stock
from tests.owner import as_owner
from tests.trunks.calling import admitted, end, order_channels, trunk_id, trunks_path
from tests.world import World


@pytest.fixture
def busy(world: World) -> World:
    """A provider with a routed number, live calls, ended ones and a tombstone."""
    entitle(world, 1)
    [e164] = stock(world, 1)
    assigned(world, e164)
    order_channels(world, 5)
    trunk = trunk_id(world)
    assert world.call("PUT", trunks_path(world, trunk, "numbers", e164)).status_code == 200
    admitted(world, trunk, "a", "b", "c")
    end(world, trunk, "c")
    end(world, trunk, "never admitted")
    return world


def run(world: World, statement: str) -> None:
    """Run a statement about the world."""
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "group": world.group.id,
                "tenant": world.tenant.id,
                "subscription": world.subscription.id,
            },
        )


OF_US = "WHERE subscription_id = %(subscription)s"
COPY_RECORD = (
    "INSERT INTO trunks_callrecord (group_id, distributor_id, reseller_id, tenant_id,"
    " subscription_id, trunk_id, direction, call_id, caller, callee, admitted_at, ended_at,"
    " emergency, reason) SELECT group_id, distributor_id, reseller_id, tenant_id, subscription_id,"
    " trunk_id, direction, call_id, caller, callee, admitted_at, ended_at, emergency, reason"
    f" FROM trunks_callrecord {OF_US}"
)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (f"UPDATE numbers_number SET trunk_id = sku_id {OF_US}", "routed to a trunk"),
        (f"DELETE FROM trunks_trunk {OF_US}", "routed to a trunk"),
        (
            "UPDATE tenancy_subscription SET status = 'terminated' WHERE id = %(subscription)s",
            "trunk of a terminated",
        ),
        (f"DELETE FROM trunks_trunk {OF_US}", "call of a trunk that is not there"),
        (f"UPDATE trunks_call SET group_id = subscription_id {OF_US}", "call of a trunk"),
        (f"UPDATE trunks_call SET subscription_id = trunk_id {OF_US}", "call of a trunk"),
        (f"DELETE FROM trunks_callrecord {OF_US}", "without exactly one record"),
        (
            f"UPDATE trunks_call SET ended_at = now() {OF_US} AND call_id = 'a'",
            "without exactly one record",
        ),
        (
            f"UPDATE trunks_call SET ended_at = NULL {OF_US} AND call_id = 'c'",
            "without exactly one record, or live call with a record",
        ),
        (COPY_RECORD, "two records"),
        (f"UPDATE trunks_callrecord SET tenant_id = group_id {OF_US}", "never owned"),
        (
            f"UPDATE trunks_channelpeak SET peak = 99 {OF_US} AND trunk_id IS NOT NULL",
            "above that of its subscription",
        ),
        (
            f"DELETE FROM trunks_channelpeak {OF_US} AND trunk_id IS NULL",
            "above that of its subscription",
        ),
        (f"UPDATE trunks_channelpeak SET peak = 0 {OF_US}", "below the number of calls"),
        (
            "UPDATE trunks_opencalls SET calls = 7 WHERE subscription_id = %(subscription)s",
            "number of open calls",
        ),
        (
            "UPDATE trunks_opencalls SET exact_until = 'infinity'"
            " WHERE subscription_id = %(subscription)s",
            "number of open calls",
        ),
        (
            "DELETE FROM trunks_opencalls WHERE subscription_id = %(subscription)s",
            "number of open calls",
        ),
        (
            "UPDATE ledger_balance SET used = 1"
            " WHERE subscription_id = %(subscription)s AND metric = 'sip_channel'",
            "entry for channels",
        ),
    ],
)
def test_verify_finds_each_kind_of_damage(busy: World, damage: str, found: str) -> None:
    with as_owner(), transaction.atomic():
        assert list(run_checks(CHECKS)) == []
        run(busy, damage)
        lines = list(run_checks(CHECKS))
        transaction.set_rollback(True)
    assert any(found in result for result in lines), lines


def test_finished_calls_count_in_the_check_of_peaks(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b")
    end(world, trunk, "a")
    end(world, trunk, "b")
    with as_owner(), transaction.atomic():
        run(world, f"UPDATE trunks_channelpeak SET peak = 1 {OF_US}")
        [line] = run_checks(CHECKS)
        transaction.set_rollback(True)
    assert "1 noted, 2 on record" in line


def test_every_check_is_tried_above() -> None:
    [marks] = [
        mark.args[1]
        for mark in test_verify_finds_each_kind_of_damage.pytestmark  # type: ignore[attr-defined]
    ]
    for title in CHECKS:
        assert any(found in title for _, found in marks), title


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (f"UPDATE trunks_trunk SET channel_cap = -1 {OF_US}", "trunk_channel_cap"),
        (f"UPDATE trunks_call SET direction = 'x' {OF_US} AND call_id = 'a'", "call_direction"),
        (f"UPDATE trunks_call SET admitted_at = NULL {OF_US} AND call_id = 'a'", "call_leased"),
        (
            f"UPDATE trunks_callrecord SET ended_at = admitted_at - interval '1s' {OF_US}",
            "callrecord_ended",
        ),
        (f"UPDATE trunks_callrecord SET reason = 'x' {OF_US}", "callrecord_reason"),
        (
            "INSERT INTO trunks_channelpeak (group_id, subscription_id, trunk_id, minute, peak)"
            " SELECT group_id, subscription_id, trunk_id, minute, 1"
            f" FROM trunks_channelpeak {OF_US}",
            "channel_peak",
        ),
        ("DELETE FROM tenancy_subscription WHERE id = %(subscription)s", None),
    ],
)
def test_the_database_refuses(busy: World, statement: str, constraint: str | None) -> None:
    before = busy.fingerprint()
    with as_owner(), pytest.raises(IntegrityError) as refused, transaction.atomic():
        run(busy, statement)
    assert constraint is None or violated(refused.value) == constraint
    assert busy.fingerprint() == before
