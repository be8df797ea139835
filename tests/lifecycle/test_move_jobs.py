"""Moves of many subscriptions: jobs in one transaction, and batches that go on after a move."""

import os
import subprocess
import sys
import time
from typing import Any
from uuid import UUID

import pytest

from fusion.cli.verify import differences
from fusion.lifecycle import move_plan
from fusion.lifecycle.carry_out_job import carry_out_job
from fusion.tenancy.models import Organization
from fusion.users.provision import provision_batch
from tests.bounds import PATIENCE, killed_after
from tests.lifecycle.jobs import many_subscriptions, path, read, results, step
from tests.lifecycle.tree_moves import feed, moves_seen
from tests.queued import clear_jobs
from tests.users.staff import job as batch
from tests.users.staff import outcomes, row, submitted
from tests.world import World, answer, make_organization


@pytest.fixture(autouse=True)
def every_move_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """And jobs of other tests are put aside."""
    clear_jobs()
    monkeypatch.setattr(move_plan, "MOST", 0)


@pytest.fixture
def other(world: World) -> Organization:
    """Another distributor of the group."""
    return make_organization("distributor", world.group)


def moving(world: World, to: Organization, key: str | None = None) -> dict[str, Any]:
    """The job of a move of the reseller."""
    headers = {"Idempotency-Key": key} if key else {}
    there = f"/organizations/{world.reseller.id}/move"
    response = world.call("POST", there, {"parent_id": str(to.id)}, headers=headers)
    assert response.status_code == 202, response.content
    document: dict[str, Any] = answer(response)
    assert response.headers["Location"] == f"/api/v1{path(document)}"
    return document


def parent(world: World) -> Any:
    """The parent of the reseller now."""
    return Organization.objects.unscoped("test").get(id=world.reseller.id).parent_id


def test_a_large_move_is_a_job(world: World, other: Organization) -> None:
    there = f"/organizations/{world.reseller.id}/move"
    preview = answer(world.call("POST", there, {"parent_id": str(other.id), "dry_run": True}))
    assert (preview["allowed"], preview["as_job"], preview["refusals"]) == (True, True, [])
    job = moving(world, other)
    assert (job["kind"], job["parent_id"], job["total"]) == ("move", str(other.id), 1)
    assert parent(world) == world.distributor.id, "the former tree until it is done"
    step(world, job)
    now = read(world, job)
    assert (now["state"], now["done"], now["changed"]) == ("finished", 1, 1)
    assert (parent(world), results(world, job)) == (other.id, [])
    assert len(moves_seen(world, other)) == 3
    assert world.call("GET", f"/organizations/{world.reseller.id}", by=other).status_code == 200
    assert step(world, job) is None
    assert differences() == []


def test_a_repeated_key_answers_the_same_job(world: World, other: Organization) -> None:
    first = moving(world, other, "once")
    step(world, first)
    assert moving(world, other, "once") == first


def test_a_move_that_is_refused_says_why(world: World, other: Organization) -> None:
    job = moving(world, other)
    assert world.call("DELETE", f"/organizations/{other.id}").status_code == 204
    step(world, job)
    now = read(world, job)
    assert (now["state"], now["problem"]["code"], now["error"]) == ("failed", "not-found", None)
    assert parent(world) == world.distributor.id
    assert differences() == []


def test_moves_go_one_after_the_other(world: World, other: Organization) -> None:
    first, second = moving(world, other), moving(world, world.group)
    progress = step(world, second)
    assert progress is not None
    assert progress.waits
    step(world, first)
    step(world, second)
    assert parent(world) == world.group.id
    assert differences() == []


def test_a_cancelled_move_moves_nothing(world: World, other: Organization) -> None:
    job = moving(world, other)
    assert answer(world.call("POST", path(job, "/cancel")))["state"] == "cancelled"
    assert step(world, job) is None
    assert parent(world) == world.distributor.id


def test_what_may_not_move_there_is_refused_at_once(world: World) -> None:
    before = world.fingerprint()
    there = f"/organizations/{world.reseller.id}/move"
    response = world.call("POST", there, {"parent_id": str(world.tenant.id)})
    assert response.status_code == 422
    assert world.fingerprint() == before


WORKER = """
import sys, django
django.setup()
from uuid import UUID
from fusion.lifecycle.carry_out_job import carry_out_job
print("begun", flush=True)
carry_out_job(UUID(sys.argv[1]), UUID(sys.argv[2]))
"""


def test_a_killed_move_has_moved_nothing_and_is_done_by_the_next(
    world: World, other: Organization
) -> None:
    many_subscriptions(world, 300)
    job = moving(world, other)
    for delay in (0.1, 0.3, 0.6):
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(world.group.id), job["id"]],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "fusion.settings"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        with killed_after(process):
            assert process.stdout.readline() == "begun\n"
            time.sleep(delay)
            process.kill()
        process.wait(PATIENCE)
        process.stdout.close()
        moved = read(world, job)["state"] == "finished"
        assert parent(world) == (other.id if moved else world.distributor.id)
    until = time.monotonic() + PATIENCE
    while read(world, job)["state"] != "finished":  # the killed one's session ends soon
        assert time.monotonic() < until
        carry_out_job(world.group.id, UUID(job["id"]))
    assert (read(world, job)["state"], read(world, job)["done"]) == ("finished", 301)
    assert parent(world) == other.id
    arrived = [each for each in moves_seen(world, other) if each[2] == "arrived"]
    assert len(arrived) == 303
    assert differences() == []


def test_a_batch_of_users_goes_on_under_the_new_tree(world: World, other: Organization) -> None:
    id = submitted(world, [row(f"u{n}") for n in range(4)])
    provision_batch(UUID(id), 2)
    step(world, moving(world, other))
    provision_batch(UUID(id), 2)
    assert (batch(world, id)["state"], outcomes(world, id)) == ("finished", [201] * 4)
    assert world.call("GET", f"/jobs/{id}", by=other).status_code == 200
    assert world.call("GET", f"/jobs/{id}", by=world.distributor).status_code == 404
    late = {each["subject"] for each in feed(world, world.distributor)}
    assert str(world.subscription.id) in late
    assert differences() == []
