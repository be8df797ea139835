"""Orders whose date is past: done at once within the grace, refused when older, looked at last."""

import json
from datetime import timedelta
from typing import Any

import pytest

from fusion.cli.verify import differences
from fusion.kernel.clock import instant, read_instant
from fusion.kernel.database import database_now, fetch_value
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.tenancy.group_settings import DEFAULT_ORDER_GRACE
from tests.instants import MOMENT, still_clock
from tests.lifecycle.dating import ask, at
from tests.ordering.placing import (
    balances,
    consume,
    draft,
    events,
    line,
    place,
    placed,
    refused,
    seen,
    terminate,
)
from tests.world import World, answer


def allow(world: World, hours: Any, by: Any = None) -> Any:
    """PATCH the setting."""
    path = f"/organizations/{world.group.id}/settings"
    return world.call("PATCH", path, {"order_grace_hours": hours}, by=by)


def test_it_is_done_at_once_and_keeps_its_date(world: World) -> None:
    when = at(-2)
    order = placed(world, line(world.seat, 3), effective_at=when)
    assert (order["state"], order["effective_at"]) == ("completed", when)
    done = read_instant(order["completed_at"])
    assert timedelta(0) <= database_now() - done < timedelta(minutes=1)
    assert order["changes"][1] == {"sku": "user", "granted_delta": 3}
    [warning] = order["warnings"]
    assert warning["code"] == "late"
    assert 7200 <= warning["seconds"] < 7260 and "02:00:" in warning["detail"]
    assert [each["type"] for each in events(world, "order.")] == ["order.completed"]
    entries = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/entries"))["items"]
    assert {entry["at"] for entry in entries} == {order["completed_at"]}
    assert balances(world)["user"] == (3, 0)
    apply_due_orders()
    assert seen(world, order) == order
    assert differences() == []


def test_a_past_date_is_refused_like_no_date(world: World) -> None:
    placed(world, line(world.seat, 2))
    consume(world, world.user_sku, "a")
    lines = line(world.seat, 2, "remove")
    caller = refused(world, 409, "below-use", lines)
    assert refused(world, 409, "below-use", lines, effective_at=at(-1)) == caller
    expecting = {**line(world.seat, 1), "expected_quantity": 7}
    refused(world, 409, "quantity-changed", expecting, effective_at=at(-1))


def test_a_set_without_effect(world: World) -> None:
    placed(world, line(world.seat, 2))
    setting = line(world.seat, 2, "set")
    before = world.fingerprint()
    response = place(world, setting, effective_at=at(-1))
    assert (response.status_code, answer(response)) == (200, {"unchanged": True, "held": 2})
    assert world.fingerprint() == before
    order = placed(world, setting, effective_at=at(-1), external_reference="x")
    assert (order["state"], order["changes"]) == ("completed", [])
    assert [warning["code"] for warning in order["warnings"]] == ["late"]


def test_the_grace_is_a_setting(world: World) -> None:
    path = f"/organizations/{world.group.id}/settings"
    assert answer(world.call("GET", path))["order_grace_hours"] == DEFAULT_ORDER_GRACE
    without_row = fetch_value("SELECT ordering_grace(%s::uuid)", [world.group.id])
    assert without_row == DEFAULT_ORDER_GRACE
    for hours, within, older, words in (
        (744, -743.9, -744.1, "at most 744 hours in the past"),
        (1, -0.9, -1.1, "at most 1 hour in the past"),
        (0, 1, -0.01, "must be in the future"),
    ):
        assert answer(allow(world, hours))["order_grace_hours"] == hours
        assert placed(world, effective_at=at(within))["effective_at"] is not None
        for more in ({}, {"reason": "fraud"}):  # an order, and one that suspends
            before = world.fingerprint()
            send = place if not more else lambda w, **m: ask(w, "suspend", **m, reason="fraud")
            problem = answer(send(world, effective_at=at(older)))
            assert (problem["status"], problem["code"]) == (422, "invalid-fields")
            [error] = problem["errors"]
            assert error["field"] == "effective_at" and words in error["message"]
            assert f"it is now {str(instant(database_now()))[:15]}" in error["message"]
            assert world.fingerprint() == before
    assert ask(world, "suspend", effective_at=at(-0.01), dry_run=True).status_code == 200


@pytest.mark.parametrize("hours", [-1, 745, 1.5, "24", None, True])
def test_a_wrong_grace(world: World, hours: Any) -> None:
    world.token(world.group)
    before = world.fingerprint()
    assert allow(world, hours).status_code == 422
    assert world.fingerprint() == before


def test_others_cannot_set_it(world: World) -> None:
    assert allow(world, 3, by=world.tenant).status_code == 403


def test_the_edges_of_the_grace(world: World) -> None:
    world.token(world.group)
    now = database_now() + timedelta(hours=1)
    oldest = now - timedelta(hours=DEFAULT_ORDER_GRACE)
    for effective, state in (
        (oldest, "completed"),
        (oldest - MOMENT, None),
        (now, "completed"),
        (now + MOMENT, "scheduled"),
    ):
        with still_clock() as go_to:
            go_to(now)
            assert answer(place(world, effective_at=instant(effective))).get("state") == state


def test_the_date_is_looked_at_last(world: World) -> None:
    with still_clock() as go_to:
        start = database_now()
        go_to(start)
        body = {"effective_at": instant(start - timedelta(hours=23)), "external_reference": "x"}
        first = place(world, key="k", **body)
        assert first.status_code == 201
        go_to(start + timedelta(hours=2))
        again = place(world, key="k", **body)
        assert (again.status_code, again.content) == (201, first.content)
        assert again["Idempotency-Replayed"] == "true"
        taken = answer(place(world, **body))
        assert (taken["code"], taken["same_request"]) == ("external-reference-taken", True)
        other = {**body, "effective_at": instant(start - timedelta(hours=25))}
        assert answer(place(world, key="k", **other))["code"] == "idempotency-key-reused"
        taken = answer(place(world, **other))
        assert (taken["code"], taken["same_request"]) == ("external-reference-taken", False)
        terminate(world)
        taken = answer(place(world, **other))
        assert taken["code"] == "external-reference-taken"
        body = {"effective_at": other["effective_at"]}
        assert answer(place(world, **body))["code"] == "subscription-terminated"


def test_in_a_batch_and_in_a_preview(world: World) -> None:
    orders = [
        draft(world, line(world.seat, 2), effective_at=at(-1)),
        draft(world, line(world.seat, 1, "remove"), effective_at=at(-3)),
        draft(world, line(world.seat), effective_at=at(-25)),
        draft(world, line(world.seat, 5), effective_at=at(1)),
        draft(world, line(world.seat, 1, "set"), effective_at=at(-1)),
    ]
    results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
    states = [each.get("order", {}).get("state") for each in results]
    assert states == ["completed", "completed", None, "scheduled", None]
    assert results[2]["problem"]["errors"][0]["field"] == "effective_at"
    assert (results[4]["status"], results[4]["held"]) == (200, 1)
    for index, status in ((0, 200), (2, 422)):
        preview = world.call("POST", "/orders/preview", orders[index])
        assert preview.status_code == status
        if status == 200:
            assert [each["code"] for each in answer(preview)["warnings"]] == ["late"]
    late = [json.loads(each["data"])["effective_at"] for each in events(world, "order.completed")]
    assert late == [orders[0]["effective_at"], orders[1]["effective_at"]]
    assert differences() == []
