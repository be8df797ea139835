"""A past is made with the clock set back, through the use cases that serve the present."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from fusion.kernel.clock import instant, now
from fusion.kernel.past import movable_clock
from tests.ordering.placing import line, placed
from tests.world import World, answer

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_now()")
        (at,) = cursor.fetchone()
    assert isinstance(at, datetime)
    return at


def test_both_clocks_are_set_and_go_on() -> None:
    then = datetime.now(UTC) - timedelta(days=100)
    with movable_clock() as go_to:
        go_to(then)
        first, second = database_now(), database_now()
        assert then < first < second < then + 5 * MINUTE
        assert then < now() < then + 5 * MINUTE
        go_to(then + timedelta(days=1))
        assert database_now() > then + timedelta(days=1)
    for at in (database_now(), now()):
        assert abs(at - datetime.now(UTC)) < 5 * MINUTE


def test_the_clock_is_right_again_after_a_failure() -> None:
    try:
        with movable_clock() as go_to:
            go_to(datetime.now(UTC) - timedelta(days=100))
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    for at in (database_now(), now()):
        assert abs(at - datetime.now(UTC)) < 5 * MINUTE
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE oid = 'kernel_now()'::regprocedure")
        assert cursor.fetchone()[0].strip() == "SELECT clock_timestamp()"


def test_an_order_of_the_past(world: World) -> None:
    then = datetime.now(UTC) - timedelta(days=40)
    with movable_clock() as go_to:
        go_to(then)
        placed(world, line(world.seat, 3))
    with connection.cursor() as cursor:
        for table, column in (
            ("ledger_entry", "at"),
            ("events_event", "at"),
            ("tenancy_auditrecord", "at"),
            ("ordering_order", "placed_at"),
            ("ordering_order", "completed_at"),
        ):
            cursor.execute(
                f"SELECT min({column}), max({column}) FROM {table} WHERE subscription_id = %s",
                [world.subscription.id],
            )
            first, last = cursor.fetchone()
            assert then <= first <= last < then + 5 * MINUTE, table
    for at, granted in ((then - SECOND, set()), (then + 5 * MINUTE, {3})):
        path = f"/subscriptions/{world.subscription.id}/balances?at={instant(at)}"
        shown = answer(world.call("GET", path))["items"]
        assert {balance["granted"] for balance in shown} - {0} == granted
