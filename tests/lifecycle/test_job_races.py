"""Jobs of organizations against everything else: other jobs, moves, people, deaths of workers."""

import os
import random
import subprocess
import sys
import time
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from fusion.cli.verify import differences
from fusion.jobs.former import drain_former_queues
from fusion.jobs.schedule import recover_jobs
from fusion.lifecycle import carry_out_job as carrying
from fusion.lifecycle.carry_out_job import carry_out_job, carry_out_next, fail_job
from fusion.lifecycle.do_now import change_locked
from fusion.lifecycle.move import move_organization, move_subscription
from fusion.users.provision import BATCHES
from tests.bounds import PATIENCE, killed_after
from tests.concurrency.actors import at_once, holding
from tests.lifecycle.jobs import (
    many_subscriptions,
    more_subscriptions,
    outcomes,
    path,
    read,
    results,
    states,
    step,
    submit,
    submitted,
)
from tests.owner import owner_rows
from tests.queued import clear_jobs, make_due, run_jobs
from tests.queued import states as queued
from tests.tenancy.acting import events
from tests.world import World, answer, make_organization, make_subscription

TASK = carry_out_next.name


@pytest.fixture(autouse=True)
def nothing_waits() -> None:
    """Jobs of other tests are put aside."""
    clear_jobs()


def test_a_later_job_waits_where_an_earlier_one_has_not_been(world: World) -> None:
    """However they are interleaved, the later one decides for every subscription."""
    more_subscriptions(world, 4)
    first = submitted(world, "suspend", reason="non_payment")
    second = submitted(world, "resume", world.tenant)
    step(world, first)
    step(world, first)
    progress = step(world, second, 60)
    assert progress is not None
    assert (progress.done, progress.waits) == (2, True)
    run_jobs(BATCHES)
    make_due(TASK)
    run_jobs(BATCHES)
    assert outcomes(world, first) == outcomes(world, second) == ["changed"] * 5
    assert {(status, held) for status, held, _ in states(world)} == {("active", "")}
    assert differences() == []


def test_a_cancelled_job_holds_up_nobody(world: World) -> None:
    first = submitted(world, "suspend")
    second = submitted(world, "suspend")
    progress = step(world, second)
    assert progress is not None
    assert progress.waits
    world.call("POST", path(first, "/cancel"))
    step(world, second)
    assert outcomes(world, second) == ["changed"]


def test_jobs_elsewhere_do_not_wait(world: World) -> None:
    beside = make_organization("tenant", world.group)
    make_subscription(beside)
    submitted(world, "suspend")
    job = submitted(world, "suspend", beside)
    step(world, job)
    assert outcomes(world, job) == ["changed"]


def test_jobs_submitted_at_once_have_an_order(world: World) -> None:
    more_subscriptions(world, 3)
    world.token(world.group)
    at_once(*[lambda a=action: submit(world, a) for action in ("suspend", "resume") * 4])
    for _ in range(8):
        make_due(TASK)
        run_jobs(BATCHES, concurrency=4)
    listed = answer(world.call("GET", f"/organizations/{world.reseller.id}/jobs"))["items"]
    assert [job["number"] for job in listed] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert {job["state"] for job in listed} == {"finished"}
    last = "suspended" if listed[0]["kind"] == "suspension" else "active"
    assert {status for status, *_ in states(world)} == {last}
    assert differences() == []


def test_several_workers_do_no_subscription_twice(world: World) -> None:
    more_subscriptions(world, 11)
    job = submitted(world, "suspend")
    ids = world.group.id, UUID(job["id"])

    def work() -> None:
        until = time.monotonic() + PATIENCE
        while carrying.unfinished(*ids).exists():
            assert time.monotonic() < until
            carry_out_job(*ids, seconds=0)

    at_once(work, work, work)
    assert outcomes(world, job) == ["changed"] * 12
    assert states(world) == [("suspended", "other", 1)] * 12
    assert [type for type, *_ in events(world)].count("subscription.suspended") == 12
    assert differences() == []


def test_one_waits_for_one_subscription_at_most(world: World) -> None:
    """A job locks a single subscription at a time, and nothing after a step."""
    more_subscriptions(world, 2)
    job = submitted(world, "suspend")
    with transaction.atomic(), connection.cursor() as cursor:
        step(world, job)
        cursor.execute(
            "SELECT id FROM tenancy_subscription WHERE group_id = %s ORDER BY path, id",
            [world.group.id],
        )
        ids = [id for (id,) in cursor.fetchall()]
        free = at_once(lambda: _lockable(ids))[0]
    assert free == ids[1:]


def _lockable(ids: list[UUID]) -> list[UUID]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM tenancy_subscription WHERE id = ANY (%s) ORDER BY path, id"
            " FOR NO KEY UPDATE SKIP LOCKED",
            [ids],
        )
        return [id for (id,) in cursor.fetchall()]


def test_subscriptions_that_come_later_are_not_part_of_it(world: World) -> None:
    job = submitted(world, "suspend")
    made = make_subscription(world.tenant)
    step(world, job, 60)
    assert read(world, job)["total"] == 1
    made.refresh_from_db()
    assert made.status == "active"


def test_a_subscription_that_moved_away_is_refused(world: World) -> None:
    """Its new reseller has nothing to do with it; one that moves in comes too late, too."""
    one, two = more_subscriptions(world, 1)
    other = make_organization("tenant", world.group)
    arriving = make_subscription(other)
    job = submitted(world, "suspend")
    actor = world.actor()
    move_subscription(actor, subscription_id=one.id, tenant_id=other.id)
    move_subscription(actor, subscription_id=arriving.id, tenant_id=world.tenant.id)
    step(world, job, 60)
    assert outcomes(world, job) == ["conflict", "changed"]
    [refused] = results(world, job, "&outcome=refused")
    assert (refused["subscription_id"], refused["tenant_id"]) == (str(one.id), str(other.id))
    assert "moved away" in refused["problem"]["detail"]
    for each, status in ((one, "active"), (two, "suspended"), (arriving, "active")):
        each.refresh_from_db()
        assert each.status == status
    assert differences() == []


def test_a_job_goes_on_after_the_organization_has_moved(world: World) -> None:
    more_subscriptions(world, 1)
    job = submitted(world, "suspend")
    step(world, job)
    other = make_organization("distributor", world.group)
    move_organization(world.actor(), organization_id=world.reseller.id, parent_id=other.id)
    step(world, job)
    assert outcomes(world, job) == ["changed", "changed"]
    found = [path for type, _, path, _ in events(world) if type == "subscription.suspended"]
    assert [other.id.hex in path for path in found] == [False, True]
    assert differences() == []


def test_a_job_during_a_move_waits_for_it(world: World) -> None:
    job = submitted(world, "suspend")
    other = make_organization("distributor", world.group)
    with holding() as meanwhile:
        move_organization(world.actor(), organization_id=world.reseller.id, parent_id=other.id)
        late = meanwhile.start(lambda: step(world, job))
    assert late.result(PATIENCE) is not None
    assert outcomes(world, job) == ["changed"]
    [path] = [path for type, _, path, _ in events(world) if type == "subscription.suspended"]
    assert other.id.hex in path


def test_a_submission_during_a_move_finds_all(world: World) -> None:
    """The move changes the path by which it finds the subscriptions."""
    more_subscriptions(world, 2)
    world.token(world.group)
    other = make_organization("distributor", world.group)
    with holding() as meanwhile:
        move_organization(world.actor(), organization_id=world.reseller.id, parent_id=other.id)
        late = meanwhile.start(lambda: submitted(world, "suspend"))
    assert late.result(PATIENCE)["total"] == 3


def test_a_cancellation_waits_for_the_step_in_progress(world: World) -> None:
    more_subscriptions(world, 1)
    world.token(world.group)
    job = submitted(world, "suspend")
    with holding() as meanwhile:
        step(world, job)
        late = meanwhile.start(lambda: world.call("POST", path(job, "/cancel")))
    assert answer(late.result(PATIENCE))["done"] == 1
    assert step(world, job) is None
    assert outcomes(world, job) == ["changed", None]


def test_who_submitted_it_may_lose_their_rights(world: World) -> None:
    """What was accepted goes on, as scheduled orders do; the group can cancel it."""
    more_subscriptions(world, 1)
    created = answer(
        world.call(
            "POST",
            f"/organizations/{world.group.id}/api-clients",
            {"name": "Biller", "scopes": ["tenancy:write"]},
        )
    )
    owner_rows(
        "UPDATE oauth2_provider_accesstoken SET application_id = (SELECT id FROM tenancy_apiclient"
        " WHERE client_id = %s) WHERE token_checksum = encode(sha256(%s::bytea), 'hex')",
        [created["client_id"], world.token(world.group).encode()],
    )
    job = submitted(world, "suspend")
    step(world, job)
    world._tokens.clear()
    revoked = world.call("DELETE", f"/organizations/{world.group.id}/api-clients/{created['id']}")
    assert revoked.status_code == 204
    step(world, job)
    assert outcomes(world, job) == ["changed", "changed"]


def test_a_worker_that_died_is_followed_by_the_next(world: World) -> None:
    more_subscriptions(world, 2)
    job = submitted(world, "suspend")
    step(world, job)
    owner_rows("UPDATE procrastinate_jobs SET status = 'doing'")
    recover_jobs()
    run_jobs(BATCHES)
    assert (read(world, job)["state"], queued(TASK)) == ("finished", [])


def test_a_job_that_another_worker_has_locked_comes_later(world: World) -> None:
    job = submitted(world, "suspend")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM lifecycle_job WHERE id = %s FOR UPDATE", [job["id"]])
        run_jobs(BATCHES)
    assert (read(world, job)["state"], queued(TASK)) == ("queued", [("todo", 0)])
    make_due(TASK)
    run_jobs(BATCHES)
    assert read(world, job)["state"] == "finished"


def test_a_job_that_a_worker_of_the_previous_release_refused_is_done(world: World) -> None:
    more_subscriptions(world, 2)
    job = submitted(world, "suspend")
    owner_rows(
        f"UPDATE procrastinate_jobs SET status = 'failed', attempts = 1 WHERE task_name = '{TASK}'"
    )
    assert drain_former_queues()
    assert (read(world, job)["state"], queued(TASK)) == ("finished", [])


def test_a_row_that_the_database_refuses_fails_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, broken, _ = more_subscriptions(world, 2)

    def refusing(actor: Any, subscription: Any, *rest: Any) -> Any:
        order = change_locked(actor, subscription, *rest)
        if subscription.id == broken.id:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        return order

    monkeypatch.setattr(carrying, "change_locked", refusing)
    job = submitted(world, "suspend")
    step(world, job, 60)
    assert outcomes(world, job) == ["changed", "internal-error", "changed"]
    assert [status for status, *_ in states(world)] == ["suspended", "active", "suspended"]
    assert (read(world, job)["state"], read(world, job)["failed"]) == ("finished", 1)
    assert differences() == []


def test_a_job_that_cannot_go_on_ends_as_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    more_subscriptions(world, 1)
    job = submitted(world, "suspend")
    step(world, job)

    def broken(*_: Any) -> Any:
        raise DatabaseError("broken")

    monkeypatch.setattr(carrying, "_record", broken)
    for _ in range(carrying.RETRIES.attempts):
        make_due(TASK)
        run_jobs(BATCHES)
    now = read(world, job)
    assert (now["state"], now["done"], "1 of 2" in now["error"]) == ("failed", 1, True)
    assert outcomes(world, job) == ["changed", None]
    fail_job(world.group.id, UUID(job["id"]))
    assert read(world, job) == now
    assert differences() == []


WORKER = """
import sys, django
django.setup()
from uuid import UUID
from fusion.lifecycle.carry_out_job import carry_out_job
print("begun", flush=True)
print(carry_out_job(UUID(sys.argv[1]), UUID(sys.argv[2]), seconds=600), flush=True)
"""


def run_worker(world: World, job: dict[str, Any], delay: float | None) -> bool:
    """Carry out the job in another process, killed after so many seconds; whether it ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(world.group.id), job["id"]],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "fusion.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with killed_after(process):
        assert process.stdout.readline() == "begun\n"
        if delay is not None:
            time.sleep(delay)
            process.kill()
        ended = bool(process.stdout.readline())
    process.wait(PATIENCE)
    process.stdout.close()
    return ended


@pytest.mark.parametrize("size", [60, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_killed_worker_s_job_is_done_exactly_once(world: World, size: int) -> None:
    chance = random.Random(size)
    many_subscriptions(world, size - 1)
    job = submitted(world, "suspend", reason="fraud")
    for _ in range(4):
        run_worker(world, job, 0.05 + chance.random() * size / 400)
        now = read(world, job)
        assert now["done"] == now["changed"]
        assert [status for status, *_ in states(world)].count("suspended") == now["done"]
        assert differences() == []
    for _ in range(100):
        if read(world, job)["state"] == "finished":
            break
        run_worker(world, job, None)
    assert states(world) == [("suspended", "fraud", 1)] * size
    found = [type for type, *_ in events(world)]
    assert (found.count("subscription.suspended"), found.count("order.completed")) == (size, size)
    assert differences() == []
