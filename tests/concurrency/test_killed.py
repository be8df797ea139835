"""A statement that is ended in the middle has done nothing, and its key is free."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection

from fusion.cli.verify import differences
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, balance, count_waiting, holding, order
from tests.owner import owner_rows
from tests.world import World

TABLES = (
    "ledger_entry",
    "ledger_balance",
    "ordering_holding",
    "events_event",
    "tenancy_auditrecord",
    "tenancy_idempotency",
)


def _with_timeout(action: Callable[[], object]) -> str:
    """Do it under a time-out that ends it while it waits; the error's name."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '50ms'")
        with pytest.raises(DatabaseError) as error:
            action()
        return type(error.value.__cause__).__name__
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")


def test_a_statement_that_timed_out_left_nothing(world: World) -> None:
    before = world.fingerprint()
    with holding() as meanwhile:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT FROM tenancy_subscription WHERE id = %s FOR UPDATE",
                [world.subscription.id],
            )
        late = meanwhile.start(
            lambda: _with_timeout(lambda: order(world, add(world.seat), key="k"))
        )
        assert late.result(PATIENCE) == "QueryCanceled"
    assert world.fingerprint() == before
    assert order(world, add(world.seat), key="k")[0] == "placed"
    assert order(world, add(world.seat), key="k")[0] == "replayed"


@pytest.mark.parametrize("table", TABLES)
def test_a_backend_ended_at_any_of_its_writes_left_nothing(world: World, table: str) -> None:
    """A lock on the table stops the order just there, with all its writes before it done."""
    order(world, add(world.seat, 2))
    before = world.fingerprint()

    def place() -> str:
        with connection.cursor() as cursor:
            try:
                return order(world, add(world.seat), key="k")[0]
            except DatabaseError as error:
                return type(error.__cause__).__name__
            finally:
                cursor.close()

    with holding() as meanwhile:
        owner_rows(f"LOCK TABLE {table} IN SHARE MODE")
        late = meanwhile.start(place)
        assert count_waiting() == 1
        owner_rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        assert late.result(PATIENCE) == "AdminShutdown"
    assert world.fingerprint() == before
    assert balance(world, world.user_sku) == (2, 0)
    assert order(world, add(world.seat), key="k")[0] == "placed"
    assert differences() == []
