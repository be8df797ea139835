"""A worker is killed in the middle of applying due orders, and days without any worker."""

import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg

from fusion.cli.verify import differences
from fusion.kernel.clock import now
from fusion.lifecycle.apply_due import apply_due_orders
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, balance, order, remove, rows
from tests.concurrency.test_due import APPLIED, EXPECTED, fall_due, schedule, state_of
from tests.faults.processes import kill_all
from tests.lifecycle.dating import scheduled, state
from tests.owner import owner_rows
from tests.server import run_worker, wait_for
from tests.world import World, make_subscription

HELD = "SELECT FROM ordering_order WHERE id = %s FOR UPDATE"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = %s"


def _wait_for_waiter(what: str) -> None:
    wait_for(lambda: rows(WAITING, [what]) != [(0,)], f"the worker waits for a {what}")


def _is_past(ids: list[UUID], start: int) -> bool:
    return start == len(ids) or _settled(ids) > start


def _settled(ids: list[UUID]) -> int:
    sql = "SELECT count(*) FROM ordering_order WHERE id = ANY (%s) AND state = 'completed'"
    [(count,)] = rows(sql, [ids])
    return int(count)


def test_a_worker_killed_in_the_middle_leaves_the_rest_to_the_next(
    world: World, tmp_path: Path
) -> None:
    ids = [schedule(world, add(world.seat, n + 1), hours=1 + n) for n in range(24)]
    fall_due(world)
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url) as before, psycopg.connect(url) as amid:
        before.execute(HELD, [ids[11]])  # the worker will stop here
        with run_worker(tmp_path / "log") as worker:
            _wait_for_waiter("transactionid")
            assert _settled(ids) == 11
            # It has the twelfth in hand, and is stopped again after it has written all but this.
            amid.execute("LOCK TABLE tenancy_auditrecord IN SHARE MODE")
            before.rollback()
            _wait_for_waiter("relation")
            kill_all(worker.pid)
            worker.wait(PATIENCE)
            # Its backend finds out when it has an answer to give.
            owner_rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        wait_for(lambda: rows(WAITING, ["relation"]) == [(0,)], "its backend has gone")
        amid.rollback()
    assert _settled(ids) == 11
    with run_worker(tmp_path / "log"):
        wait_for(lambda: _settled(ids) == len(ids), "the next worker applies the rest")
    assert rows(APPLIED, [world.user_sku.id, world.subscription.id]) == rows(
        EXPECTED, [world.subscription.id]
    )
    assert balance(world, world.user_sku) == (sum(range(1, 25)), 0)
    assert differences() == []


def test_workers_killed_again_and_again(world: World, tmp_path: Path) -> None:
    subscriptions = [make_subscription(world.tenant, f"s{i}") for i in range(4)]
    ids = []
    for n in range(40):
        for each in subscriptions:
            ids.append(schedule(world, add(world.seat), hours=1 + n % 7, subscription=each))
    fall_due(world)
    for _ in range(2):
        with run_worker(tmp_path / "log") as first, run_worker(tmp_path / "log") as second:
            start = _settled(ids)
            wait_for(partial(_is_past, ids, start), "some progress")
            for worker in (first, second):
                kill_all(worker.pid)
                worker.wait(PATIENCE)
    apply_due_orders()
    wait_for(lambda: apply_due_orders() == 0 and _settled(ids) == len(ids), "all are applied")
    for each in subscriptions:
        assert rows(APPLIED, [world.user_sku.id, each.id]) == rows(EXPECTED, [each.id])
        assert balance(world, world.user_sku, each.id) == (40, 0)
    assert differences() == []


def test_after_days_without_a_worker_everything_happens_in_its_order(world: World) -> None:
    later = make_subscription(world.tenant, "later")
    grown = schedule(world, add(world.seat, 2), hours=2)
    shrunk = schedule(world, remove(world.seat, 2), hours=3)
    too_early = schedule(world, remove(world.seat, 1), hours=1)
    impossible = schedule(world, remove(world.seat, 1), hours=4)
    behind = schedule(world, add(world.seat, 5), hours=5)
    elsewhere = schedule(world, add(world.seat, 1), hours=6, subscription=later)
    in_future = schedule(world, add(world.seat, 9), hours=24 * 30)
    fall_due(world, but=in_future)
    assert apply_due_orders() >= 6  # orders of other tests may fall due now
    states = [state_of(id) for id in (too_early, grown, shrunk, impossible, behind, elsewhere)]
    done, failed = ("completed", None), ("failed", "not-held")
    assert states == [failed, done, done, failed, done, done]
    assert state_of(in_future) == ("scheduled", None)
    assert balance(world, world.user_sku) == (5, 0)
    # What was completed says when it was done, not when it was due.
    [(is_now,)] = rows(
        "SELECT bool_and(completed_at > %s AND effective_at < %s) FROM ordering_order"
        " WHERE group_id = %s AND state = 'completed'",
        [now() - timedelta(minutes=1), now() - timedelta(days=1), world.group.id],
    )
    assert is_now
    assert order(world, remove(world.seat, 6))[0] == "not-held"


def test_killed_in_the_middle_of_a_termination(world: World, tmp_path: Path) -> None:
    """It has released all, and is about to write its lines: nothing of it has happened."""
    order(world, add(world.seat, 5))
    scheduled(world, "suspend", 1, reason="fraud")
    ending = UUID(scheduled(world, "terminate", 2)["id"])
    fall_due(world)
    with psycopg.connect(os.environ["DATABASE_URL"]) as amid:
        amid.execute("LOCK TABLE ordering_orderline IN SHARE MODE")
        with run_worker(tmp_path / "log") as worker:
            _wait_for_waiter("relation")
            kill_all(worker.pid)
            worker.wait(PATIENCE)
            owner_rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        wait_for(lambda: rows(WAITING, ["relation"]) == [(0,)], "its backend has gone")
        amid.rollback()
    assert state_of(ending) == ("scheduled", None)
    assert state(world) == ("suspended", ["fraud"])
    assert balance(world, world.user_sku) == (5, 0)
    with run_worker(tmp_path / "log"):
        wait_for(lambda: _settled([ending]) == 1, "the next worker carries it out")
    assert state(world) == ("terminated", [])
    assert balance(world, world.user_sku) == (0, 0)
    result = "SELECT count(*) FROM events_event WHERE subject = %s AND type = %s"
    assert rows(result, [str(ending), "order.completed"]) == [(1,)]
    assert rows(result, [str(world.subscription.id), "subscription.terminated"]) == [(1,)]
    assert differences() == []
