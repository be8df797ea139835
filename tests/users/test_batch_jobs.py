"""Batches as jobs of the queue: in turns, after a crash, and from the previous release."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from fusion.cli.verify import differences
from fusion.jobs.former import drain_former_queues
from fusion.jobs.schedule import recover_jobs
from fusion.users import provision
from fusion.users.provision import BATCHES, provision_batch, provision_next
from tests.owner import owner_rows
from tests.queued import clear_jobs, make_due, run_jobs, states
from tests.users.staff import job, outcomes, row, submitted
from tests.world import World

TASK = provision_next.name


@pytest.fixture(autouse=True)
def nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of other tests are put aside, and a chunk has two rows."""
    clear_jobs()
    in_chunks_of_two: Any = lambda id: provision_batch(id, 2)  # noqa: E731
    monkeypatch.setattr(provision, "provision_batch", in_chunks_of_two)


def batch(world: World, prefix: str, count: int) -> str:
    """The id of a batch of so many new users."""
    return submitted(world, [row(f"{prefix}{n}") for n in range(count)])


def test_a_batch_is_deferred_with_its_transaction(world: World) -> None:
    with transaction.atomic():
        batch(world, "u", 1)
        assert states(TASK) == [("todo", 0)]
        transaction.set_rollback(True)
    assert states(TASK) == []


def test_batches_are_done_in_turns(world: World) -> None:
    """A small batch does not wait for a large one that was submitted before it."""
    large, small = batch(world, "l", 9), batch(world, "s", 2)
    run_jobs(BATCHES)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.finished_at > b.finished_at FROM users_job a, users_job b"
            " WHERE a.id = %s AND b.id = %s",
            [large, small],
        )
        assert cursor.fetchone() == (True,)
    assert (outcomes(world, large), outcomes(world, small)) == ([201] * 9, [201] * 2)
    assert states(TASK) == [], "a job that succeeded leaves no row"
    assert differences() == []


def test_a_batch_that_another_worker_has_locked_comes_later(world: World) -> None:
    id = batch(world, "u", 3)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM users_job WHERE id = %s FOR UPDATE", [id])
        run_jobs(BATCHES)
    assert (job(world, id)["state"], states(TASK)) == ("queued", [("todo", 0)])
    make_due(TASK)
    run_jobs(BATCHES)
    assert job(world, id)["state"] == "finished"


def test_the_batch_of_a_dead_worker_is_done_by_the_next(world: World) -> None:
    """The worker died after its chunk was done, and before it had deferred the next one."""
    id = batch(world, "u", 5)
    provision_batch(UUID(id), 2)
    owner_rows("UPDATE procrastinate_jobs SET status = 'doing'")
    recover_jobs()
    run_jobs(BATCHES)
    assert (job(world, id)["state"], outcomes(world, id)) == ("finished", [201] * 5)
    assert states(TASK) == []


def test_batches_of_the_previous_release_are_done(world: World) -> None:
    """Its servers defer no job; one batch its worker has begun."""
    begun, new = batch(world, "b", 3), batch(world, "n", 1)
    provision_batch(UUID(begun), 2)
    clear_jobs()
    drain_former_queues()
    drain_former_queues()
    assert states(TASK) == [("todo", 0)] * 2
    run_jobs(BATCHES)
    assert [job(world, id)["state"] for id in (begun, new)] == ["finished"] * 2
    assert outcomes(world, begun) == [201] * 3


def test_a_batch_that_a_worker_of_the_previous_release_refused_is_done(world: World) -> None:
    id = batch(world, "r", 3)
    owner_rows(
        f"UPDATE procrastinate_jobs SET status = 'failed', attempts = 1 WHERE task_name = '{TASK}'"
    )
    assert drain_former_queues()
    assert (job(world, id)["state"], outcomes(world, id)) == ("finished", [201] * 3)
    assert states(TASK) == []
