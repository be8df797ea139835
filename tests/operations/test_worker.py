"""Workers: several at once, killed in the middle, absent for days; every order is applied once."""

import signal
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from structlog.testing import capture_logs

from fusion.access.retention import purge_idempotency_keys
from fusion.cli.verify import differences
from fusion.clients.retention import purge_tokens
from fusion.jobs.schedule import HOURLY, PURGES, SWEEPS
from fusion.jobs.sweeps import Sweep, claim, register, run_sweep
from fusion.kernel.ids import new_id
from tests.bounds import PATIENCE
from tests.concurrency.actors import at_once
from tests.owner import owner_rows
from tests.server import run_worker, wait_for
from tests.world import World, answer

ORDERS = 300


def schedule(world: World, count: int) -> None:
    """Scheduled orders of one seat each, due for days: as if no worker had run meanwhile."""
    order = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
        "effective_at": "2030-01-01T00:00:00Z",
    }
    answered = answer(world.call("POST", "/orders/batch", {"orders": [order] * count}))
    assert {result["status"] for result in answered["results"]} == {201}
    run(
        "UPDATE ordering_order SET placed_at = now() - interval '9 days',"
        " effective_at = now() - interval '3 days' WHERE subscription_id = %s",
        world.subscription.id,
    )


def run(statement: str, *given: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []


def states(world: World) -> dict[str, int]:
    """How many orders of the world are in which state."""
    found = "SELECT state, count(*) FROM ordering_order WHERE group_id = %s GROUP BY 1"
    return dict(run(found, world.group.id))


def granted(world: World) -> list[int]:
    """The balances of the world's subscription."""
    balance = "SELECT granted FROM ledger_balance WHERE subscription_id = %s"
    return [row[0] for row in run(balance, world.subscription.id)]


def completed_events(world: World) -> int:
    """How often the feed tells that an order was completed."""
    answered = "SELECT count(*) FROM events_event WHERE group_id = %s AND type = 'order.completed'"
    return int(run(answered, world.group.id)[0][0])


def test_several_workers_one_of_them_killed(world: World, tmp_path: Path) -> None:
    schedule(world, ORDERS)
    with ExitStack() as stack:
        workers = [
            stack.enter_context(run_worker(tmp_path / f"log{number}")) for number in range(3)
        ]
        wait_for(lambda: states(world).get("completed", 0) > 20, "the work to begin", 60)
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait(PATIENCE)
        wait_for(lambda: states(world) == {"completed": ORDERS}, "the rest to do it all", 90)
        for worker in workers[1:]:
            worker.terminate()
            assert worker.wait(30) == 0
    assert granted(world) == [ORDERS, ORDERS]
    assert completed_events(world) == ORDERS
    assert differences() == []


def test_a_dead_worker_leaves_nothing_stuck(world: World, log: Path) -> None:
    """Its hourly job stays marked as being done; the next worker clears it within a minute.

    Here that sweep is made due, so that nobody waits.
    """
    assert {sweep.name: sweep.seconds for sweep in SWEEPS}["recover_jobs"] == 60
    (job,) = run(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, status)"
        " VALUES (%s, 'purge', 'purge', '{\"timestamp\": 0}', 'doing') RETURNING id",
        HOURLY,
    )
    register(SWEEPS)
    run("UPDATE jobs_run SET due_at = now()")
    schedule(world, 1)
    with run_worker(log):
        wait_for(lambda: states(world) == {"completed": 1}, "the order to be applied", 60)
        wait_for(
            lambda: not run("SELECT 1 FROM procrastinate_jobs WHERE id = %s", job[0]),
            "the job of the dead worker to be cleared away",
            90,
        )
    assert granted(world) == [1, 1]


def test_sweeps_leave_one_row_each(log: Path) -> None:
    swept = (
        "SELECT coalesce(max(finished_at), 'epoch') FROM jobs_run WHERE sweep = 'apply_due_orders'"
    )
    register(SWEEPS)
    newest = "SELECT last_value FROM procrastinate_jobs_id_seq"
    [(jobs,)] = owner_rows(newest)
    with run_worker(log):
        for _ in range(2):
            before = run(swept)
            wait_for(lambda before=before: run(swept) > before, "a sweep", 60)  # type: ignore[misc]
    assert run("SELECT count(*) FROM jobs_run") == [(len(SWEEPS),)]
    # The purges of the hour may have become due.
    assert owner_rows(newest)[0][0] - jobs <= len(PURGES) < len(SWEEPS)


def test_of_several_workers_one_runs_a_sweep() -> None:
    sweep = Sweep(f"test {new_id()}", 3600, lambda: None)
    register([sweep])
    assert sorted(at_once(*[lambda: claim([sweep])] * 8)) == [[]] * 7 + [[sweep.name]]
    run("UPDATE jobs_run SET due_at = now() WHERE sweep = %s", sweep.name)
    assert claim([sweep]) == [sweep.name]
    run("DELETE FROM jobs_run WHERE sweep = %s", sweep.name)


def test_a_faulty_sweep_is_logged_and_comes_again() -> None:
    steps = iter([True, False])
    good = Sweep(f"good {new_id()}", 1, lambda: next(steps))
    bad = Sweep(f"bad {new_id()}", 1, lambda: 1 / 0)
    away = Sweep(f"away {new_id()}", 1, _find_the_database_away)
    register([good, bad, away])
    with capture_logs() as logs:
        run_sweep(good, Event())
        run_sweep(bad, Event())
        with pytest.raises(OperationalError):
            run_sweep(away, Event())
    assert [entry["sweep"] for entry in logs] == [bad.name]
    finished = run(
        "DELETE FROM jobs_run WHERE sweep = ANY (%s) RETURNING sweep, finished_at IS NOT NULL",
        [good.name, bad.name, away.name],
    )
    assert dict(finished) == {good.name: True, bad.name: False, away.name: False}
    assert next(steps, None) is None


def _find_the_database_away() -> None:
    raise OperationalError from psycopg.OperationalError("connection lost")


def test_old_answers_are_forgotten(world: World) -> None:
    order = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
    }
    for key in ("old", "new"):
        response = world.call("POST", "/orders", order, headers={"Idempotency-Key": key})
        assert response.status_code == 201
    run(
        "UPDATE tenancy_idempotency SET at = now() - interval '31 days'"
        " WHERE group_id = %s AND key = 'old'",
        world.group.id,
    )
    wanted = world.call(
        "POST", "/order-requests", order, by=world.tenant, headers={"Idempotency-Key": "old"}
    )
    assert wanted.status_code == 201
    assert purge_idempotency_keys(days=30) >= 1
    kept = run(
        "SELECT key, organization_id FROM tenancy_idempotency WHERE group_id = %s ORDER BY key",
        world.group.id,
    )
    assert kept == [("new", world.group.id), ("old", world.tenant.id)]
    again = world.call("POST", "/orders", order, headers={"Idempotency-Key": "new"})
    assert again.headers["Idempotency-Replayed"] == "true"


def test_expired_tokens_are_forgotten(world: World) -> None:
    token = world.token(world.group)
    old = world.token(world.reseller)
    run(
        "UPDATE oauth2_provider_accesstoken SET expires = now() - interval '2 days'"
        " WHERE token_checksum = encode(sha256(convert_to(%s, 'UTF8')), 'hex')",
        old,
    )
    assert world.call("GET", "/products", by=old).status_code == 401
    assert purge_tokens() >= 1
    assert purge_tokens() == 0
    assert world.call("GET", "/products", by=token).status_code == 200
