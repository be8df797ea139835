"""An admission does not count the live calls; the number of open calls that it reads is right.

After each step of random sequences, what an admission reads is compared with the calls themselves.
"""

import random
from collections.abc import Callable

import pytest
from django.db import transaction

from fusion.kernel.checks import run_checks
from fusion.trunks.checks import CHECKS
from fusion.trunks.sweep import sweep_calls
from tests.concurrency.actors import at_once, holding
from tests.trunks.calling import (
    admitted,
    by_sql,
    end,
    hang_up,
    lapsed,
    order_channels,
    renewed,
    rows,
    trunk_id,
)
from tests.trunks.test_replaces import in_use, replace
from tests.world import World

READ = """
SELECT sum(pg_stat_get_xact_tuples_returned(c.oid) + (
           SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(i.indexrelid)), 0)
           FROM pg_index i WHERE i.indrelid = c.oid))::bigint
FROM pg_class c WHERE c.relname = 'trunks_call'
"""
"""Rows and index entries of calls that this transaction has read."""


def counted(world: World, trunk: str) -> tuple[int, int]:
    """The live calls of the subscription and of the trunk, as an admission sees them."""
    [(live, of_trunk)] = rows(
        "SELECT w.live, w.live_of_trunk"
        " FROM trunks_count_live(%s::uuid, %s::uuid, %s::uuid, clock_timestamp()) w",
        world.group.id,
        world.subscription.id,
        trunk,
    )
    return int(live), int(of_trunk)


def true(world: World, trunk: str) -> tuple[int, int]:
    """The same, counted."""
    [(live, of_trunk)] = rows(
        "SELECT count(*), count(*) FILTER (WHERE trunk_id = %s::uuid) FROM trunks_call"
        " WHERE subscription_id = %s AND ended_at IS NULL AND lease_expires_at > clock_timestamp()"
        " AND (shares_until IS NULL OR shares_until <= clock_timestamp())",
        trunk,
        world.subscription.id,
    )
    return int(live), int(of_trunk)


def exact(world: World) -> bool:
    """Whether an admission would not count."""
    [(until,)] = rows(
        "SELECT min(exact_until) > clock_timestamp() FROM trunks_opencalls"
        " WHERE subscription_id = %s AND calls > 0",
        world.subscription.id,
    )
    return bool(until)


def read_by(world: World, trunk: str, call_id: str) -> int:
    """How much of the calls an admission reads."""
    with transaction.atomic():
        [(before,)] = rows(READ)
        assert by_sql(trunk, call_id)[0] == 201
        [(after,)] = rows(READ)
    return int(after - before)


@pytest.mark.parametrize("trunks", [1, 20])
def test_an_admission_reads_as_much_with_many_live_calls_as_with_few(
    world: World, trunks: int
) -> None:
    order_channels(world, 2_000)
    of = [trunk_id(world) for _ in range(trunks)]
    admitted(world, of[0], "a", "b")
    few = read_by(world, of[0], "c")
    rows(
        "SELECT calls.admit(t.id::uuid, 'inbound', 'call ' || n, 'a', 'b')"
        " FROM unnest(%s::text[]) t(id), generate_series(1, %s::int) n",
        of,
        1_000 // trunks,
    )
    assert read_by(world, of[0], "d") <= few
    assert counted(world, of[0]) == true(world, of[0])


def assert_right(world: World, trunk: str) -> None:
    """Both numbers agree. Leases may expire between two statements: then it tries again."""
    for _ in range(5):
        before = true(world, trunk)
        found = counted(world, trunk)
        if before == true(world, trunk):
            break
    assert found == before


@pytest.mark.parametrize("seed", range(8))
def test_random_sequences(world: World, seed: int) -> None:
    drawn = random.Random(seed)
    order_channels(world, 6)
    trunks = [trunk_id(world), trunk_id(world, channel_cap=4), trunk_id(world, calls_per_second=3)]
    calls = [(trunk, f"call {n}") for trunk in trunks for n in range(5)]

    def admit() -> None:
        by_sql(*drawn.choice(calls), seconds=drawn.choice((0.005, 0.1, 120)))

    def take_over() -> None:
        (trunk, call_id), (_, replaces) = drawn.sample(calls, 2)
        replace(world, trunk, call_id, replaces)

    def end_one() -> None:
        end(world, *drawn.choice(calls))

    def wait() -> None:
        rows("SELECT pg_sleep(%s::float8)", drawn.choice((0.006, 0.06)))

    steps: list[Callable[[], object]] = [admit, admit, admit, take_over, end_one, wait, sweep_calls]
    for _ in range(120):
        drawn.choice(steps)()
        for trunk in trunks:
            assert_right(world, trunk)
        rows(
            "DELETE FROM trunks_call WHERE ended_at IS NOT NULL AND trunk_id = %s::uuid", trunks[0]
        )
    with transaction.atomic():
        assert [line for line in run_checks(CHECKS) if "open" in line] == []


def test_what_makes_the_number_inexact(world: World) -> None:
    order_channels(world, 5)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b")
    assert exact(world)
    replace(world, trunk, "c", "a")
    renewed(world, trunk, "b")
    assert not exact(world)
    assert counted(world, trunk) == (2, 2)
    end(world, trunk, "a")
    assert counted(world, trunk) == (2, 2)
    renewed(world, trunk, "b")
    assert exact(world), "nothing is shared any more"
    lapsed(trunk, "d")
    renewed(world, trunk, "b")
    assert not exact(world), "a lease has expired"
    assert counted(world, trunk) == (2, 2)
    sweep_calls()
    assert counted(world, trunk) == (2, 2)
    renewed(world, trunk, "b")
    assert exact(world)
    assert in_use(world) == 2


def test_a_shorter_lease(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    assert by_sql(trunk, "a", seconds=0.01)[0] == 200
    rows("SELECT pg_sleep(0.02)")
    assert counted(world, trunk) == (0, 0)
    assert by_sql(trunk, "a")[0] == 201, "a new call of the same name"
    renewed(world, trunk, "a")
    assert counted(world, trunk) == (1, 1)


def test_the_sweep_leaves_the_calls_of_locked_subscriptions(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    lapsed(trunk, "a")
    with holding():
        rows("SELECT 1 FROM tenancy_subscription WHERE id = %s FOR UPDATE", world.subscription.id)
        at_once(sweep_calls)
        assert remaining(world) == 1
    sweep_calls()
    assert remaining(world) == 0
    assert hang_up(world, trunk, "a") == 204


def remaining(world: World) -> int:
    """The rows of calls of the world."""
    [(count,)] = rows(
        "SELECT count(*) FROM trunks_call WHERE subscription_id = %s", world.subscription.id
    )
    return int(count)
