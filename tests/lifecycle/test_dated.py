"""Suspend, resume and terminate on a date: scheduled like any order, carried out exactly once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from fusion.cli.verify import differences
from fusion.kernel.clock import instant, read_instant
from fusion.kernel.database import database_now
from fusion.lifecycle.apply_due import apply_due_orders
from tests.instants import MOMENT, still_clock
from tests.lifecycle.dating import (
    ACTIONS,
    ask,
    at,
    fall_due,
    orders,
    scheduled,
    seen,
    state,
    types,
)
from tests.lifecycle.test_states import balances, order
from tests.tenancy.acting import audited, refused
from tests.world import World, answer, make_token


@pytest.mark.parametrize("action", ACTIONS)
def test_scheduled_then_carried_out_once(world: World, action: str) -> None:
    order(world, 3)
    if action == "resume":
        ask(world, "suspend", reason="fraud")
    before, result = state(world), len(types(world))
    document = scheduled(
        world, action, reason="customer", note="On request", external_reference="R"
    )
    assert (document["reason"], document["note"]) == ("customer", "On request")
    assert document["external_reference"] == "R"
    apply_due_orders()
    assert (seen(world, document), state(world)) == (document, before)
    fall_due(world)
    assert apply_due_orders() == 1
    done = seen(world, document)
    assert (done["state"], done["failure"]) == ("completed", None)
    assert done["completed_at"] > done["effective_at"]
    expected = {
        "suspend": ("suspended", ["customer"]),
        "resume": ("suspended", ["fraud"]),
        "terminate": ("terminated", []),
    }
    assert state(world) == expected[action]
    own = {"suspend": ["subscription.suspended"], "terminate": ["subscription.terminated"]}
    since = ["order.scheduled", "order.completed", *own.get(action, [])]
    assert types(world)[result:] == since
    assert audited(world)[-1][0] == "order.apply"
    if action == "terminate":
        assert [line["quantity"] for line in done["lines"]] == [3]
        assert {change["granted_delta"] for change in done["changes"]} == {-3}
    else:
        assert (done["lines"], done["changes"]) == ([], [])
    was = world.fingerprint()
    assert apply_due_orders() == 0
    assert world.fingerprint() == was
    assert differences() == []


@pytest.mark.parametrize("action", ACTIONS)
def test_a_dry_run_does_nothing(world: World, action: str) -> None:
    order(world, 3)
    order(world, 2)
    before = world.fingerprint()
    for more in ({}, {"effective_at": at(5)}, {"effective_at": at(-5), "reason": "fraud"}):
        response = ask(world, action, dry_run=True, **more)
        nothing = {"users": 0, "numbers": 0, "trunks": 0, "calls": 0, "holdings": 0}
        releases = {**nothing, "holdings": 1} if action == "terminate" else nothing
        assert response.status_code == 200
        assert answer(response) == {"allowed": True, "releases": releases, "refusals": []}
    assert world.fingerprint() == before


def test_a_dry_run_returns_the_refusals(world: World) -> None:
    reference = {"external_reference": "taken"}
    assert order(world, 1, **reference).status_code == 201
    assert codes(ask(world, "suspend", dry_run=True, **reference)) == ["external-reference-taken"]
    for hours in (-25, 24 * 366 * 6):
        result = ask(world, "suspend", dry_run=True, effective_at=at(hours))
        assert codes(result) == ["invalid-fields"]
    ask(world, "terminate")
    for action in ("suspend", "resume"):
        assert codes(ask(world, action, dry_run=True)) == ["subscription-terminated"]
    assert codes(ask(world, "terminate", dry_run=True)) == []
    assert codes(ask(world, "terminate", dry_run=True, effective_at=at(1))) == [
        "subscription-terminated"
    ]


def codes(response: Any) -> list[str]:
    result = answer(response)
    assert response.status_code == 200
    assert result["allowed"] is not bool(result["refusals"])
    return [refusal["code"] for refusal in result["refusals"]]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{oops", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"x"', 422),
        (b'{"effective-at": "2030-01-01T00:00:00Z"}', 422),
        (b'{"dry_run": "true"}', 422),
        (b'{"dry_run": 1}', 422),
        (b'{"dry_run": true, "surely": 1}', 422),
        (b'{"effective_at": "2030-01-01"}', 422),
        (b'{"effective_at": "2030-01-01T00:00:00"}', 422),
        (b'{"effective_at": 1893456000}', 422),
        (b'{"effective_at": "9999-01-01T00:00:00Z"}', 422),
        (b'{"effective_at": "2001-01-01T00:00:00Z"}', 422),
        (b'{"reason": "bored"}', 422),
        (b'{"reason": ""}', 422),
        (b'{"note": "a\\u0000b"}', 422),
        (b'{"external_reference": ""}', 422),
        (b'{"external_reference": 7}', 422),
    ],
)
def test_invalid_input_changes_nothing(world: World, action: str, body: bytes, status: int) -> None:
    world.token(world.group)
    order(world, 1)
    before = world.fingerprint()
    response = world.call("POST", f"/subscriptions/{world.subscription.id}/{action}", body)
    assert response.status_code == status, response.content
    assert world.fingerprint() == before


def test_a_past_date_within_the_grace_is_done_at_once(world: World) -> None:
    for action, status in (("suspend", "suspended"), ("resume", "active"), ("terminate", None)):
        result = len(types(world))
        when = at(-2)
        response = ask(world, action, effective_at=when)
        document = answer(response)
        assert (response.status_code, document["state"]) == (201, "completed")
        assert response["Location"] == f"/api/v1/orders/{document['id']}"
        assert document["effective_at"] == when
        done = read_instant(document["completed_at"])
        assert timedelta(0) <= database_now() - done < timedelta(minutes=1)
        [warning] = document["warnings"]
        assert warning["code"] == "late"
        assert 7200 <= warning["seconds"] < 7260 and "02:00:" in warning["detail"]
        own = {"suspended": "suspended", "active": "resumed", None: "terminated"}[status]
        assert types(world)[result:] == ["order.completed", f"subscription.{own}"]
        assert state(world)[0] == (status or "terminated")
    assert differences() == []


def test_the_date_of_this_instant_is_past(world: World) -> None:
    world.token(world.group)
    now = database_now() + timedelta(hours=1)
    for effective, outcome in ((now, ("completed", ["late"])), (now + MOMENT, ("scheduled", []))):
        with still_clock() as go_to:
            go_to(now)
            document = answer(ask(world, "suspend", effective_at=instant(effective)))
            codes = [warning["code"] for warning in document.get("warnings", ())]
            assert (document["state"], codes) == outcome


def test_an_older_date_is_refused_and_looked_at_last(world: World) -> None:
    world.token(world.group)
    order(world, 1, external_reference="taken")
    before = world.fingerprint()
    old = {"effective_at": at(-24.1)}
    problem = refused(world, ask(world, "suspend", **old), 422, "invalid-fields", before)
    assert [error["field"] for error in problem["errors"]] == ["effective_at"]
    taken = ask(world, "suspend", external_reference="taken", **old)
    refused(world, taken, 409, "external-reference-taken", before)
    ask(world, "terminate", key="k", external_reference="end")
    before = world.fingerprint()
    refused(world, ask(world, "suspend", **old), 409, "subscription-terminated", before)
    reused = ask(world, "terminate", key="k", external_reference="taken", **old)
    refused(world, reused, 422, "idempotency-key-reused", before)


def test_each_suspension_is_a_hold(world: World) -> None:
    ask(world, "suspend", reason="non_payment")
    ask(world, "suspend", reason="fraud")
    ask(world, "suspend", reason="fraud")  # already so: no order
    assert state(world) == ("suspended", ["non_payment", "fraud"])
    assert answer(ask(world, "resume", reason="customer"))["status"] == "suspended"  # none such
    assert answer(ask(world, "resume", reason="non_payment"))["status"] == "suspended"
    assert state(world) == ("suspended", ["fraud"])
    assert answer(ask(world, "resume", reason="fraud"))["status"] == "active"
    assert state(world) == ("active", [])
    ask(world, "suspend", reason="migration")
    ask(world, "suspend")
    assert state(world) == ("suspended", ["migration", "other"])
    assert answer(ask(world, "resume"))["holds"] == []
    result = [(each["kind"], each["reason"]) for each in orders(world)]
    assert result == [
        ("suspension", "non_payment"),
        ("suspension", "fraud"),
        ("resumption", "non_payment"),
        ("resumption", "fraud"),
        ("suspension", "migration"),
        ("suspension", "other"),
        ("resumption", None),
    ]
    own = [type for type in types(world) if type.startswith("subscription.")]
    changed, suspended = "subscription.changed", "subscription.suspended"
    resumed = "subscription.resumed"
    assert own == [suspended, changed, changed, resumed, suspended, changed, resumed]
    assert differences() == []


@pytest.mark.parametrize("action", ["resume", "suspend", "terminate"])
def test_without_effect_an_order_is_written_only_for_its_reference(
    world: World, action: str
) -> None:
    if action != "resume":
        ask(world, action, reason="other")
    before = world.fingerprint()
    count = len(orders(world))
    assert ask(world, action, reason="other").status_code == 200
    assert len(orders(world)) == count
    # Only the audit trail says that it was asked for.
    after = world.fingerprint()
    assert [name for name in after if after[name] != before[name]] == ["tenancy_auditrecord"]
    response = ask(world, action, reason="other", external_reference="again")
    assert response.status_code == 200
    last = orders(world)[-1]
    assert (last["external_reference"], last["state"]) == ("again", "completed")
    assert (last["kind"], last["lines"]) == (ACTIONS[action], [])
    refused(
        world,
        ask(world, action, external_reference="again"),
        409,
        "external-reference-taken",
        world.fingerprint(),
    )
    assert differences() == []


def test_orders_after_a_termination_are_warned_and_cancelled(world: World) -> None:
    order(world, 2)
    early = answer(order(world, 5, effective_at=at(10)))
    same = at(20)
    late = answer(order(world, 1, effective_at=at(30)))
    beside = answer(order(world, 1, effective_at=same))
    ending = answer(ask(world, "terminate", effective_at=same))
    together = answer(order(world, 4, effective_at=same))
    after = answer(order(world, 1, effective_at=at(21)))
    held = answer(ask(world, "suspend", effective_at=at(22)))
    again = answer(ask(world, "terminate", effective_at=same))
    assert [warning["orders"] for warning in ending["warnings"]] == [1]
    for document in (early, late, beside, together):
        assert document["warnings"] == []
    for document in (after, held, again):
        assert [each["code"] for each in document["warnings"]][:1] == ["cancelled-by-termination"]
        assert document["warnings"][0]["order_id"] == ending["id"]
        assert document["warnings"][0]["number"] == ending["number"]
    fall_due(world)
    apply_due_orders()
    states = {each["id"]: each["state"] for each in orders(world)}
    for document in (early, beside, together, ending):
        assert states[document["id"]] == "completed"
    for document in (late, after, held, again):
        assert states[document["id"]] == "cancelled"
    [line] = seen(world, ending)["lines"]
    assert (line["action"], line["quantity"]) == ("remove", 12)
    assert balances(world) == [("be-geographic", 0, 0), ("user", 0, 0)]
    assert differences() == []


def test_orders_of_one_subscription_are_applied_in_order(world: World) -> None:
    order(world, 1)
    for hours, action in ((3, "suspend"), (4, "resume"), (2, "suspend"), (1, "resume")):
        scheduled(world, action, hours)
    order(world, 2, effective_at=at(2.5))
    fall_due(world)
    assert apply_due_orders() == 5
    completed = sorted(orders(world), key=lambda each: str(each["completed_at"]))[1:]
    assert [each["kind"] for each in completed] == [
        "resumption",
        "suspension",
        "change",
        "suspension",
        "resumption",
    ]
    assert state(world) == ("active", [])


def test_it_is_listed_by_kind_and_cancelled_like_any_order(world: World) -> None:
    order(world, 1)
    for action, kind in ACTIONS.items():
        document = scheduled(world, action)
        assert orders(world, kind=kind) == [document]
        assert orders(world, kind=kind, state="scheduled") == [document]
        response = world.call("POST", f"/orders/{document['id']}/cancel")
        assert (response.status_code, answer(response)["state"]) == (200, "cancelled")
        assert answer(response)["kind"] == kind
    assert [each["kind"] for each in orders(world, kind="change")] == ["change"]
    assert world.call("GET", "/orders?kind=nonsense").status_code == 422
    fall_due(world)
    assert apply_due_orders() == 0
    assert state(world) == ("active", [])


def test_cancelling_needs_the_permission_to_place(world: World) -> None:
    change = answer(order(world, 1, effective_at=at(5)))
    held, ending = scheduled(world, "suspend"), scheduled(world, "terminate")
    needs = {"orders:write": [change], "tenancy:write": [held, ending]}
    for scope, allowed in needs.items():
        token = make_token(world.group, (scope, "orders:read"))
        before = world.fingerprint()
        for document in (change, held, ending):
            if document not in allowed:
                path = f"/orders/{document['id']}/cancel"
                response = world.call("POST", path, by=token)
                problem = refused(world, response, 403, "forbidden", before)
                assert next(each for each in needs if each != scope) in problem["detail"]
    for scope, allowed in needs.items():
        token = make_token(world.group, (scope, "orders:read"))
        for document in allowed:
            response = world.call("POST", f"/orders/{document['id']}/cancel", by=token)
            assert response.status_code == 200


def test_sent_again(world: World) -> None:
    order(world, 1)
    body = {"effective_at": at(5), "reason": "customer", "external_reference": "R"}
    first = ask(world, "terminate", key="k", **body)
    before = world.fingerprint()
    again = ask(world, "terminate", key="k", **body)
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    refused(
        world,
        ask(world, "terminate", key="k", **{**body, "reason": "fraud"}),
        422,
        "idempotency-key-reused",
        before,
    )
    for more, same in ((body, True), ({**body, "reason": "fraud"}, False)):
        taken = ask(world, "terminate", **more)
        problem = refused(world, taken, 409, "external-reference-taken", before)
        assert (problem["existing"]["id"], problem["same_request"]) == (answer(first)["id"], same)
    taken = ask(world, "suspend", external_reference="R")
    problem = refused(world, taken, 409, "external-reference-taken", before)
    assert problem["same_request"] is False
    fall_due(world)
    apply_due_orders()
    # Its time has come, and the key still tells what was answered.
    assert ask(world, "terminate", key="k", **body).content == first.content
    # The reference of one that was cancelled is free again.
    assert differences() == []


def test_a_terminated_subscription_takes_none(world: World) -> None:
    ask(world, "terminate")
    world.token(world.group)
    before = world.fingerprint()
    for action in ACTIONS:
        for hours in (5, -5):
            response = ask(world, action, effective_at=at(hours))
            refused(world, response, 409, "subscription-terminated", before)


def test_status_and_holds_agree_in_the_database(world: World) -> None:
    id = world.subscription.id
    with pytest.raises(IntegrityError, match="do not agree"), transaction.atomic():
        run(
            "INSERT INTO tenancy_hold (group_id, id, subscription_id, reason, since)"
            " VALUES (%s, gen_random_uuid(), %s, 'fraud', now())",
            world.group.id,
            id,
        )
    ask(world, "suspend", reason="fraud")
    with pytest.raises(IntegrityError, match="do not agree"), transaction.atomic():
        run("UPDATE tenancy_hold SET lifted_at = now() WHERE subscription_id = %s", id)
    with pytest.raises(IntegrityError, match="hold_once_per_reason"), transaction.atomic():
        run(
            "INSERT INTO tenancy_hold (group_id, id, subscription_id, reason, since)"
            " VALUES (%s, gen_random_uuid(), %s, 'fraud', now())",
            world.group.id,
            id,
        )
    ask(world, "resume")
    with pytest.raises(IntegrityError, match="is not changed"), transaction.atomic():
        run("UPDATE tenancy_hold SET reason = 'other' WHERE subscription_id = %s", id)
    assert state(world) == ("active", [])


def run(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
