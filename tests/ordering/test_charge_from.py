"""`charge_from`: from when an order is charged. Stored and shown, and changes nothing else."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection

from fusion.kernel.clock import instant
from fusion.lifecycle.apply_due import apply_due_orders
from tests.lifecycle.dating import at
from tests.ordering.placing import (
    balances,
    draft,
    events,
    fall_due,
    line,
    place,
    placed,
    refused,
    seen,
)
from tests.world import World, answer

DAY = timedelta(days=1)


def days(count: float) -> str:
    """The instant that many days from now."""
    text = instant(datetime.now(UTC) + count * DAY)
    assert text is not None
    return text


@pytest.mark.parametrize("count", [-399.9, -1, 0, 399.9])
def test_it_is_stored_and_changes_nothing(world: World, count: float) -> None:
    charge = days(count)
    order = placed(world, line(world.seat, 2), charge_from=charge)
    assert (order["charge_from"], order["state"], order["warnings"]) == (charge, "completed", [])
    assert order["effective_at"] is None and balances(world)["user"] == (2, 0)
    assert seen(world, order) == order
    assert charge in events(world, "order.completed")[-1]["data"]
    assert placed(world, line(world.seat, 1))["charge_from"] is None


@pytest.mark.parametrize("count", [-400.1, 400.1, -4000, 36500])
def test_it_is_near_when_the_order_takes_effect(world: World, count: float) -> None:
    before = world.fingerprint()
    for more in ({}, {"effective_at": at(-1)}):
        response = place(world, line(world.seat), charge_from=days(count), **more)
        problem = answer(response)
        assert (response.status_code, problem["code"]) == (422, "invalid-fields")
        (error,) = problem["errors"]
        assert error["field"] == "charge_from"
        for bound in (-400, 400):
            assert days(bound)[:10] in error["message"]
    previewed = world.call("POST", "/orders/preview", draft(world, charge_from=days(count)))
    assert (previewed.status_code, answer(previewed)["code"]) == (422, "invalid-fields")
    assert world.fingerprint() == before


def test_the_bounds_are_those_of_the_date(world: World) -> None:
    later = {"effective_at": days(500)}
    order = placed(world, line(world.seat), charge_from=days(890), **later)
    assert order["state"] == "scheduled"
    assert place(world, line(world.seat), charge_from=days(99), **later).status_code == 422
    assert place(world, line(world.seat), charge_from=days(901), **later).status_code == 422
    path = f"/orders/{order['id']}"
    near = world.call("PATCH", path, {"effective_at": days(480)})
    assert near.status_code == 422 and "400 days" in answer(near)["detail"]
    assert world.call("PATCH", path, {"effective_at": days(495)}).status_code == 200


def test_preview_and_batch_take_it(world: World) -> None:
    body = draft(world, charge_from=days(3))
    preview = answer(world.call("POST", "/orders/preview", body))
    without = answer(world.call("POST", "/orders/preview", draft(world)))
    assert preview == without
    far = draft(world, charge_from=days(401))
    batch = {"orders": [body, far, draft(world)]}
    results = answer(world.call("POST", "/orders/batch", batch))["results"]
    assert [each["status"] for each in results] == [201, 422, 201]
    assert results[0]["order"]["charge_from"] == body["charge_from"]
    assert results[1]["problem"]["errors"][0]["field"] == "charge_from"


def test_a_repeated_request_is_replayed_when_it_has_become_too_old(world: World) -> None:
    oldest = datetime.now(UTC) - 400 * DAY + timedelta(seconds=3)
    body = {"charge_from": instant(oldest), "external_reference": "A-1"}
    first = place(world, line(world.seat), key="k", **body)
    assert first.status_code == 201
    time.sleep(max(0.0, (oldest + 400 * DAY - datetime.now(UTC)).total_seconds()) + 0.1)
    assert place(world, line(world.seat), charge_from=body["charge_from"]).status_code == 422
    again = place(world, line(world.seat), key="k", **body)
    assert again.content == first.content and again["Idempotency-Replayed"] == "true"


def test_it_does_not_make_another_request(world: World) -> None:
    placed(world, line(world.seat), external_reference="A-1", charge_from=days(1))
    again = place(world, line(world.seat), external_reference="A-1", charge_from=days(2))
    assert answer(again)["code"] == "external-reference-taken"
    assert answer(again)["same_request"] is True


@pytest.mark.parametrize("wrong", ["2026-01-01", "2026-01-01T00:00:00", "x", 5, "", True])
def test_it_is_an_instant_with_an_offset(world: World, wrong: Any) -> None:
    refused(world, 422, "invalid-fields", line(world.seat), charge_from=wrong)


def test_a_scheduled_order_keeps_it(world: World) -> None:
    order = placed(world, line(world.seat), effective_at=at(1), charge_from=days(2))
    fall_due(order)
    apply_due_orders()
    done = seen(world, order)
    assert (done["state"], done["charge_from"]) == ("completed", order["charge_from"])
    reversal = answer(world.call("POST", f"/orders/{order['id']}/reverse"))
    assert reversal["charge_from"] is None


def test_the_database_keeps_the_bounds(world: World) -> None:
    order = placed(world, line(world.seat), effective_at=at(24))
    for more in ("401 days", "-401 days"):
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ordering_order SET charge_from = effective_at + %s::interval WHERE id = %s",
                [more, order["id"]],
            )
