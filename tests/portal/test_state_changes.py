"""Suspending, resuming and terminating on pages, at once and on a date."""

from datetime import timedelta

import pytest
from django.utils import timezone

from fusion.access.actor import ADMINISTRATOR, AGENT, VIEWER
from fusion.lifecycle.apply_due import apply_due_orders
from tests.lifecycle.dating import ask, fall_due, orders, scheduled, state
from tests.lifecycle.dating import at as instant_in
from tests.lifecycle.test_states import order
from tests.ordering.placing import line, placed
from tests.portal.furnished import at, person, text
from tests.world import World


def local(hours: float) -> str:
    """So many hours from now, as browsers write it where the reader is."""
    return (timezone.localtime() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


UNSAID = {"effective_at": "", "reason": "", "note": "", "external_reference": ""}
"""The fields of the form for a resumption, as it is opened."""


def test_at_once_with_a_reason(world: World) -> None:
    client = person(world)
    page = text(client, at(world, "suspend"))
    assert "keep their numbers" in page and "Non-payment" in page
    result = {"reason": "non_payment", "note": "Third reminder", "external_reference": "dunning-7"}
    assert client.post(at(world, "suspend"), {**UNSAID, **result}).status_code == 303
    assert state(world) == ("suspended", ["non_payment"])
    [made] = orders(world)
    assert (made["note"], made["external_reference"]) == ("Third reminder", "dunning-7")
    page = text(client, at(world))
    assert "Reason for the suspension" in page and "Non-payment" in page
    ask(world, "suspend", reason="fraud")
    page = text(client, at(world, "resume"))
    assert "Reasons for the suspension:" in page and "Fraud" in page
    answer = client.post(at(world, "resume"), {**UNSAID, "reason": "fraud"})
    assert "still suspended" in text(client, answer.headers["Location"])
    client.post(at(world, "resume"), UNSAID)
    assert state(world) == ("active", [])


@pytest.mark.parametrize("action", ["suspend", "resume", "terminate"])
def test_on_a_date(world: World, action: str) -> None:
    placed(world, line(world.seat, 3))
    if action == "resume":
        ask(world, "suspend")
    before, client = state(world), person(world)
    page = text(client, at(world, action))
    assert f"in your time zone ({timezone.get_current_timezone_name()})" in page
    fields = {**UNSAID, "effective_at": local(30), "reason": "customer"}
    fields |= {"typed": world.subscription.name} if action == "terminate" else {}
    answer = client.post(at(world, action), fields)
    page = text(client, answer.headers["Location"])
    assert "Scheduled as order" in page and "Planned" in page
    assert "At the customer" in page
    assert state(world) == before
    [made] = orders(world, state="scheduled")
    assert f"/orders/{made['id']}/cancel" in page
    result = text(client, f"/orders/{made['id']}")
    assert "changes only the state" in result or "It will remove everything" in result
    assert client.post(f"/orders/{made['id']}/cancel").status_code == 303
    assert "Planned" not in text(client, at(world))
    assert orders(world)[-1]["state"] == "cancelled"


def test_a_refused_change_has_no_effect(world: World) -> None:
    placed(world, line(world.seat), external_reference="taken")
    client = person(world)
    name = world.subscription.name
    before = world.fingerprint()
    for action in ("suspend", "resume", "terminate"):
        for wrong in (
            {"effective_at": "tomorrow"},
            {"effective_at": local(-30)},
            {"effective_at": local(24 * 366 * 6)},
            {"reason": "bored"},
            {"note": "x" * 2001},
            {"external_reference": "taken"},
        ):
            typed = {"typed": name} if action == "terminate" else {}
            answer = client.post(at(world, action), {**UNSAID, **typed, **wrong})
            assert answer.status_code == 422, (action, wrong)
    assert client.post(at(world, "terminate"), {**UNSAID, "typed": "Another"}).status_code == 422
    assert world.fingerprint() == before


def test_a_form_that_is_sent_twice_does_it_once(world: World) -> None:
    client = person(world)
    page = text(client, at(world, "suspend"))
    once = page.split('name="once" value="')[1].split('"')[0]
    fields = {**UNSAID, "once": once, "effective_at": local(5), "reason": "fraud"}
    for _ in range(2):
        assert client.post(at(world, "suspend"), fields).status_code == 303
    assert len(orders(world)) == 1


def test_readers_see_and_deciders_cancel_planned_changes(world: World) -> None:
    ending = scheduled(world, "terminate", note="Moves away")
    held = scheduled(world, "suspend", 12)
    cancel = [f"/orders/{each['id']}/cancel" for each in (ending, held)]
    for kind, role, may in (
        ("group", ADMINISTRATOR, [True, True]),
        ("group", AGENT, [False, True]),
        ("group", VIEWER, [False, False]),
        ("reseller", ADMINISTRATOR, [False, False]),
        ("tenant", VIEWER, [False, False]),
    ):
        client = person(world, kind, role)
        page = text(client, at(world))
        assert "Planned" in page and "Moves away" in page
        assert [path in page for path in cancel] == may
        before = world.fingerprint()
        for path, allowed in zip(cancel, may, strict=True):
            if not allowed:
                assert client.post(path).status_code == 403
        assert world.fingerprint() == before


def test_warnings_and_the_list_by_kind(world: World) -> None:
    ending = scheduled(world, "terminate", 10)
    order(world, 1, effective_at=instant_in(20))
    client = person(world)
    [late] = orders(world, kind="change")
    assert "will cancel this order" in text(client, f"/orders/{late['id']}")
    page = text(client, "/orders?kind=termination")
    assert f"/orders/{ending['id']}" in page and f"/orders/{late['id']}" not in page
    csv = b"".join(client.get("/orders.csv?kind=termination")).decode()
    assert csv.splitlines()[1].split(",")[1:3] == ["termination", "scheduled"]
    fall_due(world)
    apply_due_orders()
    assert "is terminated." in text(client, at(world))
