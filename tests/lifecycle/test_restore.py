"""Restoring a terminated subscription: what comes back, what does not, and when it is refused."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection

from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.restore import restore
from fusion.numbers.sweep import sweep_numbers
from tests.lifecycle.dating import ask, at, orders, scheduled, seen, state, types
from tests.lifecycle.restoring import equipped, no_quarantine, refusal, restored, terminated
from tests.numbers.stock import assigned, entitle, number, run_out, statuses, stock
from tests.ordering.placing import balances, holdings, line, place, placed, retire
from tests.world import World, answer, make_organization, make_subscription


def rename(world: World, **changes: Any) -> None:
    path = f"/subscriptions/{world.subscription.id}"
    assert world.call("PATCH", path, changes).status_code == 200


def users(world: World) -> list[dict[str, Any]]:
    path = f"/subscriptions/{world.subscription.id}/users"
    items: list[dict[str, Any]] = answer(world.call("GET", path))["items"]
    return items


def test_everything_that_can_come_back_does(world: World) -> None:
    numbers = equipped(world)
    held, granted = holdings(world), balances(world)
    later = placed(world, line(world.seat), effective_at=at(48))
    termination = terminated(world)
    retire(world.seat)
    assert set(statuses(*numbers)) == {"quarantined"}
    document = restored(world, note="A mistake", external_reference="back")
    assert (document["status"], state(world)) == ("active", ("active", []))
    assert document["restores"] == {"holdings": 3, "numbers": 3, "holds": []}
    assert document["not_restored"] == {
        "numbers": [],
        "links": 1,
        "trunks": 1,
        "orders": [{"id": later["id"], "number": later["number"], "kind": "change"}],
    }
    assert holdings(world) == held
    after = balances(world)
    assert {sku: each[0] for sku, each in after.items()} == {
        sku: each[0] for sku, each in granted.items()
    }
    assert (after["fr-geographic"], after["user"]) == ((3, 3), (6, 0))
    for each in numbers:
        shown = number(world, each)
        assert (shown["status"], shown["until"]) == ("assigned", None)
        assert (shown["user_id"], shown["trunk_id"]) == (None, None)
    assert [each["number"] for each in users(world)] == [None]
    assert seen(world, later)["state"] == "cancelled"
    order = orders(world)[-1]
    assert (order["id"], order["kind"]) == (document["order_id"], "reversal")
    assert (order["state"], order["reverses"]) == ("completed", termination["id"])
    assert (order["note"], order["external_reference"]) == ("A mistake", "back")
    assert [(each["action"], each["revision"], each["quantity"]) for each in order["lines"]] == [
        ("add", 1, 4),
        ("add", 2, 2),
        ("add", 1, 3),
    ]
    assert seen(world, termination)["reversed_by"] == order["id"]
    assert [each for each in types(world) if each != "balance.threshold"][-5:] == [
        "order.completed",
        *["number.restored"] * 3,
        "subscription.restored",
    ]
    assert differences() == []


def test_the_preview_shows_it_and_changes_nothing(world: World) -> None:
    equipped(world)
    termination = terminated(world)
    before = world.fingerprint()
    preview = answer(ask(world, "restore", dry_run=True))
    assert world.fingerprint() == before
    until = datetime.fromisoformat(preview.pop("until"))
    ended = datetime.fromisoformat(termination["completed_at"])
    assert until - ended == timedelta(days=90)
    document = restored(world)
    assert preview == {
        "allowed": True,
        "restores": document["restores"],
        "not_restored": document["not_restored"],
        "refusals": [],
    }


def test_it_can_be_used_terminated_and_restored_again(world: World) -> None:
    equipped(world)
    for _ in range(2):
        held = holdings(world)
        termination = terminated(world)
        document = restored(world)
        assert seen(world, termination)["reversed_by"] == document["order_id"]
        assert holdings(world) == held
        placed(world, line(world.seat))
    assert differences() == []


def test_a_repeated_termination_is_not_the_one_that_is_undone(world: World) -> None:
    equipped(world)
    first = terminated(world, external_reference="first")
    again = terminated(world, external_reference="again")
    assert again["lines"] == []
    order = seen(world, {"id": restored(world)["order_id"]})
    assert order["reverses"] == first["id"]
    assert differences() == []


def test_an_empty_subscription_comes_back(world: World) -> None:
    terminated(world)
    document = restored(world)
    assert document["restores"] == {"holdings": 0, "numbers": 0, "holds": []}
    order = seen(world, {"id": document["order_id"]})
    assert (order["kind"], order["lines"], order["changes"]) == ("reversal", [], [])
    assert differences() == []


def test_what_was_suspended_comes_back_suspended(world: World) -> None:
    equipped(world)
    for reason in ("fraud", "non_payment", "customer"):
        ask(world, "suspend", reason=reason)
    ask(world, "resume", reason="customer")
    [fraud] = [each for each in orders(world, kind="suspension") if each["reason"] == "fraud"]
    terminated(world)
    document = restored(world)
    assert document["restores"]["holds"] == ["fraud", "non_payment"]
    assert state(world) == ("suspended", ["fraud", "non_payment"])
    assert document["holds"][0]["order_id"] == fraud["id"]
    assert document["restores"]["numbers"] == 3
    assert differences() == []
    ask(world, "resume")
    assert state(world) == ("active", [])


def test_numbers_that_are_lost_are_told_with_the_reason(world: World) -> None:
    entitle(world, 6)
    numbers = equipped(world)
    terminated(world)
    other = make_subscription(world.tenant, "Other")
    entitle(world, 1, other)
    run_out(*numbers[:2])
    assert sweep_numbers() == 2
    assigned(world, numbers[0], subscription=other)
    lost = restored(world)["not_restored"]["numbers"]
    assert lost == [
        {"e164": numbers[0], "reason": "taken"},
        {"e164": numbers[1], "reason": "free"},
    ]
    assert statuses(*numbers) == ["assigned", "free", "assigned"]
    assert number(world, numbers[0])["subscription_id"] == str(other.id)
    assert balances(world)["fr-geographic"] == (9, 1)
    assert differences() == []


def test_numbers_that_were_released_before_stay_in_quarantine(world: World) -> None:
    numbers = equipped(world)
    path = f"/subscriptions/{world.subscription.id}/numbers/{numbers[2]}"
    assert world.call("DELETE", path).status_code == 204
    terminated(world)
    assert restored(world)["restores"]["numbers"] == 2
    assert statuses(*numbers) == ["assigned", "assigned", "quarantined"]


def test_reserved_numbers_were_free_at_once(world: World) -> None:
    entitle(world, 1)
    [e164] = stock(world, 1)
    assigned(world, e164, status="reserved", until=at(24))
    terminated(world)
    lost = restored(world)["not_restored"]["numbers"]
    assert lost == [{"e164": e164, "reason": "free"}]


def test_an_approved_port_out_stays_with_its_number(world: World) -> None:
    entitle(world, 1)
    [e164] = stock(world, 1)
    assigned(world, e164)
    path = f"/subscriptions/{world.subscription.id}/port-requests"
    body = {"direction": "out", "numbers": [e164]}
    port = answer(world.call("POST", path, body))["id"]
    approval = world.call("POST", f"/port-requests/{port}/approve", {"port_date": at(48)})
    assert approval.status_code == 200, approval.content
    terminated(world)
    restored(world)
    shown = number(world, e164)
    assert (shown["status"], shown["port_request_id"]) == ("assigned", port)
    assert differences() == []


def test_the_database_lets_no_other_change_bring_it_back(world: World) -> None:
    terminated(world)
    restored(world)
    terminated(world)
    rows = type(world.subscription).objects.unscoped("test").filter(id=world.subscription.id)
    for status in ("active", "suspended"):
        with pytest.raises(IntegrityError, match="is terminated; only a reversal"):
            rows.update(status=status)
    assert state(world) == ("terminated", [])


def test_ported_numbers_come_back_or_have_left(world: World) -> None:
    entitle(world, 2)
    path = f"/subscriptions/{world.subscription.id}/numbers/port-in"
    numbers = ["+33140000101", "+33140000102"]
    assert world.call("POST", path, {"numbers": numbers}).status_code == 201
    terminated(world)
    run_out(numbers[0])
    sweep_numbers()
    document = restored(world)
    assert document["not_restored"]["numbers"] == [{"e164": numbers[0], "reason": "removed"}]
    assert statuses(*numbers) == [None, "assigned"]
    assert differences() == []


def test_after_the_quarantine_time_it_is_too_late(world: World) -> None:
    equipped(world)
    termination = terminated(world)
    with no_quarantine():
        problem = refusal(world)
    assert problem["code"] == "restore-too-late"
    assert problem["until"] == termination["completed_at"]
    assert problem["until"] in problem["detail"]
    restored(world)


def test_without_an_order_it_is_unknown_until_when(world: World) -> None:
    rows = type(world.subscription).objects.unscoped("test").filter(id=world.subscription.id)
    rows.update(status="terminated")
    problem = refusal(world)
    assert (problem["code"], problem.get("until")) == ("restore-too-late", None)


def test_only_a_terminated_one_can_be_restored(world: World) -> None:
    assert refusal(world)["code"] == "subscription-not-terminated"
    ask(world, "suspend")
    assert "is suspended." in refusal(world)["detail"]
    terminated(world)
    document = restored(world, external_reference="back")
    problem = refusal(world)
    assert problem["code"] == "subscription-not-terminated"
    assert problem["existing"]["id"] == document["order_id"]
    problem = refusal(world, external_reference="back")
    assert (problem["code"], problem["same_request"]) == ("external-reference-taken", True)


def test_the_tenant_must_still_be_there(world: World) -> None:
    equipped(world)
    terminated(world)
    for each in (world.tenant, world.reseller):
        assert world.call("DELETE", f"/organizations/{each.id}").status_code == 204
    problem = refusal(world)
    assert problem["code"] == "conflict"
    assert "was deleted" in problem["detail"]


def test_its_reference_must_still_be_free(world: World) -> None:
    rename(world, external_reference="A-1")
    terminated(world)
    body = {"tenant_id": str(world.tenant.id), "name": "New", "external_reference": "A-1"}
    other = answer(world.call("POST", "/subscriptions", body))
    problem = refusal(world)
    assert problem["code"] == "external-reference-taken"
    assert problem["existing"] == {"kind": "subscription", "id": other["id"], "state": "active"}
    path = f"/subscriptions/{other['id']}"
    assert world.call("PATCH", path, {"external_reference": None}).status_code == 200
    assert restored(world)["external_reference"] == "A-1"


def test_references_and_keys_are_those_of_orders(world: World) -> None:
    placed(world, line(world.seat), external_reference="R")
    terminated(world)
    assert refusal(world, external_reference="R")["code"] == "external-reference-taken"
    first = ask(world, "restore", "K", external_reference="S")
    assert first.status_code == 200
    again = ask(world, "restore", "K", external_reference="S")
    assert (again.status_code, answer(again)) == (200, answer(first))
    assert ask(world, "restore", "K", external_reference="T").status_code == 422
    response = place(world, line(world.seat), external_reference="S")
    assert answer(response)["code"] == "external-reference-taken"


def test_a_scheduled_termination_is_undone(world: World) -> None:
    equipped(world)
    held = holdings(world)
    later = scheduled(world, "terminate", 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ordering_order SET effective_at = now() WHERE id = %s", [later["id"]]
        )
    apply_due_orders()
    assert state(world) == ("terminated", [])
    restored(world)
    assert holdings(world) == held
    assert seen(world, later)["reversed_by"] is not None
    assert differences() == []


@pytest.mark.parametrize("kind", ["distributor", "reseller", "tenant"])
def test_only_the_group(world: World, kind: str) -> None:
    terminated(world)
    by = getattr(world, kind)
    before = world.fingerprint()
    assert ask(world, "restore", by=by).status_code == 403
    assert ask(world, "restore", by=by, dry_run=True).status_code == 403
    assert world.fingerprint() == before


def test_strangers_do_not_find_it(world: World) -> None:
    terminated(world)
    stranger = make_organization("group", None)
    for dry_run in (False, True):
        assert ask(world, "restore", by=stranger, dry_run=dry_run).status_code == 404


def test_agents_may_not(world: World) -> None:
    terminated(world)
    with pytest.raises(Problem) as problem:
        restore(world.actor(role="agent"), subscription_id=world.subscription.id)
    assert problem.value.code == "forbidden"


def test_the_audit_names_it(world: World) -> None:
    equipped(world)
    terminated(world)
    restored(world, note="A mistake")
    path = f"/subscriptions/{world.subscription.id}/audit"
    records = answer(world.call("GET", path))["items"]
    verbs = [each["verb"] for each in records]
    assert verbs[:3] == ["subscription.restore", "number.restored", "subscription.restore"]


def test_an_unknown_member_is_refused(world: World) -> None:
    terminated(world)
    assert ask(world, "restore", effective_at=at(1)).status_code == 422
