"""Suspending and resuming all below an organization: a job with an outcome for each."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from fusion.access.actor import AGENT, VIEWER
from fusion.access.use_case import Answer
from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.lifecycle.cancel_job import cancel_job
from fusion.lifecycle.retention import purge_organization_jobs
from fusion.lifecycle.submit_job import resume_organization, suspend_organization
from fusion.users.provision import BATCHES
from tests.lifecycle.jobs import (
    done,
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
from tests.paging import all_items
from tests.queued import clear_jobs, run_jobs
from tests.tenancy.acting import audited, events
from tests.world import World, answer, make_organization, make_subscription


def test_all_below_are_suspended_and_resumed(world: World) -> None:
    more_subscriptions(world, 2)
    beside = make_subscription(make_organization("tenant", world.group))
    job = done(world, "suspend", reason="non_payment", note="Invoice 7")
    assert (job["state"], job["total"], job["done"], job["changed"]) == ("finished", 3, 3, 3)
    assert (job["kind"], job["reason"], job["note"]) == ("suspension", "non_payment", "Invoice 7")
    rows = results(world, job)
    assert [row["outcome"] for row in rows] == ["changed"] * 3
    assert {row["tenant_name"] for row in rows} == {world.tenant.name}
    for row in rows:
        order = answer(world.call("GET", f"/orders/{row['order_id']}"))
        assert (order["kind"], order["state"], order["note"], order["number"]) == (
            "suspension",
            "completed",
            "Invoice 7",
            row["order_number"],
        )
    assert sorted(states(world)) == [("active", "", 0)] + [("suspended", "non_payment", 1)] * 3
    assert done(world, "resume")["changed"] == 3
    assert set(states(world)) == {("active", "", 2), ("active", "", 0)}
    found = events(world)
    assert [type for type, *_ in found].count("subscription.suspended") == 3
    assert [type for type, *_ in found].count("subscription.resumed") == 3
    assert str(beside.id) not in str(found)
    assert differences() == []


def test_its_changes_are_those_of_who_submitted_it(world: World) -> None:
    actor = world.actor(role=AGENT)
    job = suspend_organization(actor, organization_id=world.reseller.id).body
    step(world, job, 60)
    assert actors(world, "events_event") == {actor.label}
    assert actors(world, "tenancy_auditrecord") == {actor.label}
    assert [verb for verb, *_ in audited(world)] == ["organization.suspend", "subscription.suspend"]
    assert audited(world)[1][2]["job_id"] == job["id"]


def actors(world: World, table: str) -> set[str]:
    """Who wrote the group's events or audit records."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT actor FROM {table} WHERE group_id = %s", [world.group.id])
        return {actor for (actor,) in cursor.fetchall()}


def test_each_has_its_own_outcome(world: World) -> None:
    """Already so, refused, and one more hold."""
    one, two, three, four = more_subscriptions(world, 3)
    world.call("POST", f"/subscriptions/{one.id}/suspend", {"reason": "fraud"})
    world.call("POST", f"/subscriptions/{two.id}/suspend", {"reason": "customer"})
    job = submitted(world, "suspend", reason="fraud")
    assert world.call("POST", f"/subscriptions/{three.id}/terminate").status_code == 200
    step(world, job, 60)
    assert outcomes(world, job) == ["unchanged", "changed", "subscription-terminated", "changed"]
    now = read(world, job)
    assert [now[name] for name in ("total", "changed", "unchanged", "refused", "failed")] == [
        4,
        2,
        1,
        1,
        0,
    ]
    assert [(status, held) for status, held, _ in states(world)] == [
        ("suspended", "fraud"),
        ("suspended", "customer fraud"),
        ("terminated", ""),
        ("suspended", "fraud"),
    ]
    assert [row["subscription_id"] for row in results(world, job, "&outcome=refused")] == [
        str(three.id)
    ]
    job = done(world, "resume", reason="fraud")
    assert (job["total"], job["changed"]) == (3, 3), "terminated ones are not part of it"
    assert [(status, held) for status, held, _ in states(world)] == [
        ("active", ""),
        ("suspended", "customer"),
        ("terminated", ""),
        ("active", ""),
    ]
    assert outcomes(world, done(world, "resume", reason="fraud")) == ["unchanged"] * 3
    assert str(four.id) in str(results(world, job))
    assert differences() == []


def test_a_dry_run_counts(world: World) -> None:
    one, *_ = more_subscriptions(world, 2)
    world.call("POST", f"/subscriptions/{one.id}/suspend", {"reason": "fraud"})
    before = world.fingerprint()
    wanted = {
        ("suspend", "fraud"): (2, 1, 2),
        ("suspend", "customer"): (3, 0, 2),
        ("resume", "fraud"): (1, 2, 1),
        ("resume", "customer"): (0, 3, 0),
        ("resume", None): (1, 2, 1),
    }
    for (action, reason), (changed, unchanged, status_changed) in wanted.items():
        response = submit(world, action, reason=reason, dry_run=True)
        assert response.status_code == 200
        assert answer(response) == {
            "allowed": True,
            "subscriptions": 3,
            "changed": changed,
            "unchanged": unchanged,
            "status_changed": status_changed,
            "users": 0,
            "calls": 0,
            "refusals": [],
        }
    assert world.fingerprint() == before


def test_a_whole_provider_is_refused(world: World) -> None:
    before = world.fingerprint()
    response = submit(world, "suspend", world.group)
    assert (response.status_code, answer(response)["code"]) == (409, "conflict")
    preview = answer(submit(world, "suspend", world.group, dry_run=True))
    assert (preview["allowed"], preview["refusals"][0]["code"]) == (False, "conflict")
    assert world.fingerprint() == before


def test_nothing_below_is_done_at_once(world: World) -> None:
    empty = make_organization("reseller", world.group)
    job = submitted(world, "suspend", empty)
    assert (job["state"], job["total"]) == ("finished", 0)
    assert job["finished_at"] is not None
    run_jobs(BATCHES)
    assert read(world, job) == job


@pytest.mark.parametrize("body", [{"effective_at": "2030-01-01T00:00:00Z"}, {"reason": "because"}])
def test_unknown_members_and_reasons_are_refused(world: World, body: dict[str, Any]) -> None:
    """A date: each subscription of then would need its own order, which nobody could cancel."""
    before = world.fingerprint()
    assert submit(world, "suspend", **body).status_code == 422
    assert world.fingerprint() == before


def test_a_repeated_key_answers_the_same_job(world: World) -> None:
    there = f"/organizations/{world.reseller.id}/suspend"
    answers = [world.call("POST", there, {}, headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [202, 202]
    assert answer(answers[0]) == answer(answers[1])
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert answers[1].headers["Location"] == f"/api/v1{path(answer(answers[0]))}"
    assert len(all_items(world, f"/organizations/{world.reseller.id}/jobs")) == 1


def test_jobs_are_listed_newest_first(world: World) -> None:
    made = [submitted(world, action)["id"] for action in ("suspend", "resume", "suspend")]
    submitted(world, "suspend", world.tenant)
    found = all_items(world, f"/organizations/{world.reseller.id}/jobs?limit=1")
    assert [each["id"] for each in found] == made[::-1]
    assert [each["number"] for each in found] == [3, 2, 1]


def test_results_have_pages_and_files(world: World) -> None:
    more_subscriptions(world, 4)
    job = submitted(world, "suspend")
    step(world, job)
    step(world, job)
    found = all_items(world, path(job, "/results?limit=2"))
    assert [each["outcome"] for each in found] == ["changed", "changed", None, None, None]
    assert [each["position"] for each in found] == [1, 2, 3, 4, 5]
    assert [
        each["position"] for each in all_items(world, path(job, "/results?outcome=pending"))
    ] == [
        3,
        4,
        5,
    ]
    response: Any = world.call("GET", path(job, "/results?format=csv"))
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[0].startswith("position,tenant_name,subscription_name,outcome")
    assert len(lines) == 6


def test_a_job_of_another_organization_is_not_found(world: World) -> None:
    job = submitted(world, "suspend")
    elsewhere = {**job, "organization_id": str(world.tenant.id)}
    for more in ("", "/results"):
        assert world.call("GET", path(elsewhere, more)).status_code == 404
    assert world.call("POST", path(elsewhere, "/cancel")).status_code == 404
    stranger = World()
    assert stranger.call("GET", path(job)).status_code == 404


def test_a_cancelled_job_reaches_no_more(world: World) -> None:
    more_subscriptions(world, 2)
    job = submitted(world, "suspend")
    step(world, job)
    for _ in range(2):
        response = world.call("POST", path(job, "/cancel"))
        assert (response.status_code, answer(response)["state"]) == (200, "cancelled")
    assert step(world, job, 60) is None
    run_jobs(BATCHES)
    assert [status for status, *_ in states(world)].count("suspended") == 1
    assert [row["outcome"] for row in results(world, job)] == ["changed", None, None]
    assert differences() == []


def test_what_has_ended_is_not_cancelled(world: World) -> None:
    job = done(world, "suspend")
    before = world.fingerprint()
    response = world.call("POST", path(job, "/cancel"))
    assert (response.status_code, answer(response)["code"]) == (409, "conflict")
    assert world.fingerprint() == before


@pytest.mark.parametrize("kind", ["distributor", "reseller"])
def test_only_the_group(world: World, kind: str) -> None:
    job = submitted(world, "suspend", world.tenant)
    by = getattr(world, kind)
    before = world.fingerprint()
    for method, there in [
        ("POST", f"/organizations/{world.tenant.id}/suspend"),
        ("POST", f"/organizations/{world.tenant.id}/resume"),
        ("GET", f"/organizations/{world.tenant.id}/jobs"),
    ]:
        assert world.call(method, there, by=by).status_code == 403, there
    assert world.call("GET", path(job), by=by).status_code == 403
    assert world.fingerprint() == before


def test_viewers_read_and_change_nothing(world: World) -> None:
    job = submitted(world, "suspend")
    viewer = world.actor(role=VIEWER)
    before = world.fingerprint()
    id = world.reseller.id
    attempts: tuple[Callable[[], Answer], ...] = (
        lambda: suspend_organization(viewer, organization_id=id),
        lambda: resume_organization(viewer, organization_id=id),
        lambda: cancel_job(viewer, organization_id=id, job_id=UUID(job["id"])),
    )
    for attempt in attempts:
        with pytest.raises(Problem) as refused:
            attempt()
        assert refused.value.code == "forbidden"
    assert world.fingerprint() == before


def test_ended_jobs_are_purged(world: World) -> None:
    clear_jobs()
    old, new = done(world, "suspend"), done(world, "resume")
    open_ = submitted(world, "suspend")
    owner_rows(
        "UPDATE lifecycle_job SET finished_at = finished_at - interval '31 days' WHERE id = %s",
        [old["id"]],
    )
    assert purge_organization_jobs() == 1
    assert world.call("GET", path(old)).status_code == 404
    assert {read(world, each)["state"] for each in (new, open_)} == {"finished", "queued"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM lifecycle_jobrow WHERE job_id = %s", [old["id"]])
        assert cursor.fetchone() == (0,)
