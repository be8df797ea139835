"""Suspending and resuming everything below an organization on pages."""

from typing import Any
from unittest.mock import ANY

import pytest
from django.test import Client

from fusion.access.actor import ADMINISTRATOR, AGENT, GROUP, KINDS, ROLES, VIEWER
from fusion.kernel.ids import new_id
from tests.lifecycle.jobs import done, more_subscriptions, read, states, step, submitted
from tests.portal.furnished import compact, follow, person, post, text
from tests.portal.pressing import key
from tests.world import World, answer, make_organization


def at(world: World, *parts: object) -> str:
    """A page of the reseller."""
    return "/".join(("", "customers", str(world.reseller.id), *map(str, parts)))


def jobs(world: World) -> list[dict[str, Any]]:
    """The reseller's jobs, newest first."""
    path = f"/organizations/{world.reseller.id}/jobs"
    items: list[dict[str, Any]] = answer(world.call("GET", path))["items"]
    return items


@pytest.fixture
def client(world: World) -> Client:
    """An agent of the group."""
    return person(world, role=AGENT)


def test_all_are_suspended_after_their_preview(world: World, client: Client) -> None:
    one, *_ = more_subscriptions(world, 2)
    world.call("POST", f"/subscriptions/{one.id}/suspend", {"reason": "fraud"})
    page = text(client, at(world))
    assert at(world, "suspend") in page and at(world, "resume") in page
    assert at(world, "changes") in page
    before = world.fingerprint()
    page = compact(text(client, at(world, "suspend")))
    assert "<dt>Subscriptions</dt><dd>3 that are not terminated</dd>" in page
    assert "<dt>Will be suspended</dt><dd>2</dd>" in page
    assert "<dt>Already suspended, for one more reason then</dt><dd>1</dd>" in page
    assert "<dt>Live calls</dt><dd>0</dd>" in page
    assert world.fingerprint() == before, "a preview changes nothing"
    sent = post(client, at(world, "suspend"), reason="non_payment", note="Invoice 7")
    page = follow(client, sent)
    assert "It was accepted and is being carried out." in page
    assert "Suspension of all subscriptions" in page and "Not reached" in page
    [job] = jobs(world)
    step(world, job, 60)
    page = compact(text(client, at(world, "changes", job["id"])))
    assert "3 changed, 0 unchanged, 0 refused" in page
    assert page.count("Suspended</span>") >= 3 and "Invoice 7" in page
    assert {held for _, held, _ in states(world)} == {"fraud non_payment", "non_payment"}
    assert "Suspension of all subscriptions" in text(client, at(world, "changes"))
    assert "Suspension of all below submitted" in text(client, "/audit")


def test_the_effect_follows_the_reason(world: World, client: Client) -> None:
    one, *_ = more_subscriptions(world, 2)
    world.call("POST", f"/subscriptions/{one.id}/suspend", {"reason": "fraud"})
    for reason, active in (("", 1), ("fraud", 1), ("customer", 0)):
        path = f"{at(world, 'resume')}?reason={reason}&once={new_id()}"
        part = compact(text(client, path, part="effect"))
        assert f"<dt>Will be active</dt><dd>{active}</dd>" in part
        assert "<form" not in part
    page = follow(client, post(client, at(world, "resume"), reason="fraud", note=""))
    assert "Resumption of all subscriptions" in page
    assert jobs(world) == [ANY]
    assert (jobs(world)[0]["kind"], jobs(world)[0]["reason"]) == ("resumption", "fraud")


def test_a_form_that_is_sent_twice_makes_one_job(world: World, client: Client) -> None:
    once = key(text(client, at(world, "suspend")))
    fields = {"once": once, "reason": "other", "note": ""}
    client.post(at(world, "suspend"), fields)
    again = follow(client, client.post(at(world, "suspend"), fields))
    assert "This was done before" in again
    assert len(jobs(world)) == 1


def test_a_wrong_reason_is_refused_beside_its_field(world: World, client: Client) -> None:
    before = world.fingerprint()
    sent = post(client, at(world, "suspend"), reason="because", note="")
    assert sent.status_code == 422
    page = sent.content.decode()
    assert "It was not accepted" in page and 'id="id_reason_error"' in page
    assert world.fingerprint() == before


def test_the_outcomes_are_filtered_and_are_a_file(world: World, client: Client) -> None:
    _, two, _ = more_subscriptions(world, 2)
    job = submitted(world, "suspend")
    world.call("POST", f"/subscriptions/{two.id}/terminate")
    step(world, job, 60)
    page = at(world, "changes", job["id"])
    shown = text(client, f"{page}?outcome=refused")
    assert "Site 0" in shown and "Site 1" not in shown
    assert "The subscription is terminated" in shown
    assert "Site 1" in text(client, f"{page}?outcome=changed")
    assert "No subscriptions match" in text(client, f"{page}?outcome=pending")
    wrong = text(client, f"{page}?outcome=x", status=422)
    assert "is not a choice" in wrong
    rows: Any = client.get(f"{page}/rows.csv?outcome=refused")
    lines = b"".join(rows.streaming_content).decode().splitlines()
    assert len(lines) == 2 and "Site 0" in lines[1]
    assert client.get(f"{page}/rows.csv?outcome=x").status_code == 422


def test_a_change_in_progress_is_shown_and_stopped(world: World, client: Client) -> None:
    more_subscriptions(world, 2)
    job = submitted(world, "suspend")
    step(world, job)
    page = at(world, "changes", job["id"])
    shown = text(client, page)
    assert 'hx-trigger="every 2s"' in shown and "Stop here" in shown
    assert "of 3 subscriptions done" in text(client, page, part="progress")
    stopped = follow(client, post(client, f"{page}/cancel"))
    assert "It was cancelled. What was already done stays." in stopped
    assert "Stop here" not in stopped and "Cancelled" in stopped
    assert read(world, job)["state"] == "cancelled"
    late = follow(client, post(client, f"{page}/cancel"))
    assert "It was cancelled." in late
    ended = done(world, "resume")
    refused = follow(client, post(client, at(world, "changes", ended["id"], "cancel")))
    assert "nothing can be cancelled" in refused
    response = client.get(page, headers={"HX-Request": "true", "HX-Target": "progress"})
    assert response.headers["HX-Refresh"] == "true"


def test_without_subscriptions_there_is_no_button(world: World, client: Client) -> None:
    empty = make_organization("tenant", world.group)
    assert f"/customers/{empty.id}/suspend" not in text(client, f"/customers/{empty.id}")
    page = text(client, f"/customers/{empty.id}/suspend")
    assert "There is nothing to change" in page and "Suspend all" not in page.split("</h1>")[1]
    assert "There are no bulk changes yet" in text(client, f"/customers/{empty.id}/changes")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role(world: World, kind: str, role: str) -> None:
    client = person(world, kind, role)
    job = submitted(world, "suspend")
    may, reads = kind == GROUP and role in (ADMINISTRATOR, AGENT), kind == GROUP
    sees = kind != "tenant"
    refused = 403 if sees else 404
    before = world.fingerprint()
    for path in (at(world, "suspend"), at(world, "resume")):
        assert client.get(path, follow=True).status_code == (200 if may else refused)
        if not may:
            assert post(client, path, reason="", note="").status_code == refused
    for path in (at(world, "changes"), at(world, "changes", job["id"])):
        assert client.get(path, follow=True).status_code == (200 if reads else refused)
    if not may:
        assert post(client, at(world, "changes", job["id"], "cancel")).status_code == refused
    if sees:
        page = text(client, at(world))
        assert (at(world, "suspend") in page) == may
        assert (at(world, "changes") in page) == reads
        assert role != VIEWER or at(world, "suspend") not in page
    assert world.fingerprint() == before


def test_what_is_not_there(world: World, client: Client) -> None:
    job = submitted(world, "suspend")
    foreign = World()
    for path in (
        f"/customers/{world.group.id}/suspend",
        f"/customers/{foreign.reseller.id}/suspend",
        f"/customers/{foreign.reseller.id}/changes",
        f"/customers/{world.tenant.id}/changes/{job['id']}",
        at(world, "changes", new_id()),
    ):
        assert client.get(path, follow=True).status_code == 404, path
