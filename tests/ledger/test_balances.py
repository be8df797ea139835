"""Up to the last unit, and back to none; what a balance is now, and what it was at an instant."""

import json
from datetime import timedelta
from typing import Any

from django.db import connection

from fusion.kernel.clock import instant, read_instant
from fusion.tenancy.models import Subscription
from tests.ordering.placing import balances, ledger, line, placed
from tests.world import World, answer, make_subscription


def test_to_the_last_unit_and_back(world: World) -> None:
    other = make_subscription(world.tenant, "Other")
    for subscription in (world.subscription, other):
        placed(world, line(world.seat, 3), subscription=subscription)
    placed(world, line(world.seat, 1), subscription=other)
    of = (world.subscription.id, world.user_sku.id)
    assert ledger("ledger_consume", *of, ["a", "b", "c", "d"]) == refusal(0, 4, missing=1)
    assert ledger("ledger_consume", *of, ["a", "b", "c"]) is None
    assert ledger("ledger_consume", *of, ["d"]) == refusal(3, 1, missing=1)
    assert balances(world) == {"user": (3, 3), "be-geographic": (3, 0)}
    assert balances(world, other) == {"user": (4, 0), "be-geographic": (4, 0)}
    assert ledger("ledger_release", *of, ["a", "b", "c", "d"]) == refusal(3, 4, missing=1)
    assert ledger("ledger_release", *of, ["a", "b", "c"]) is None
    assert ledger("ledger_release", *of, ["a"]) == refusal(0, 1, missing=1)
    assert balances(world) == {"user": (3, 0), "be-geographic": (3, 0)}


def refusal(used: int, requested: int, *, missing: int) -> dict[str, int]:
    """What is told where three are granted."""
    return {"granted": 3, "used": used, "requested": requested, "missing": missing}


def test_an_instant_is_included(world: World) -> None:
    other = make_subscription(world.tenant, "Other")
    placed(world, line(world.seat, 3))
    ledger("ledger_consume", world.subscription.id, world.user_sku.id, ["a"])
    placed(world, line(world.seat, 7), subscription=other)
    ledger("ledger_consume", other.id, world.number_sku.id, ["b"])
    last, _, first = entries(world, world.subscription)[:3]
    used, granted = read_instant(last["at"]), read_instant(first["at"])
    moment = timedelta(microseconds=1)
    assert at(world, used) == {"user": (3, 1, 2), "be-geographic": (3, 0, 3)}
    assert at(world, used - moment) == {"user": (3, 0, 3), "be-geographic": (3, 0, 3)}
    assert at(world, granted - moment) == {}
    later = read_instant(entries(world, other)[0]["at"])  # nothing of the other subscription
    assert at(world, later) == {"user": (3, 1, 2), "be-geographic": (3, 0, 3)}
    for name in ("ledger_balances(%s, %s)", "ledger_balances_at(%s, %s, now())"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {name}", [world.subscription.id, other.tenant.path])
            assert "be-geographic" in cursor.fetchone()[0]
            cursor.execute(f"SELECT {name}", [world.subscription.id, World().tenant.path])
            assert cursor.fetchone() in (None, (None,))


def test_each_call_has_its_own_balances(world: World) -> None:
    other = make_subscription(world.tenant, "Other")
    placed(world, line(world.seat, 3))
    calls = [
        {"path": path, "subscription_id": str(id)}
        for path, id in (
            (world.tenant.path, other.id),
            (World().tenant.path, world.subscription.id),
            (world.group.path, world.subscription.id),
        )
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, replayed, answer::json FROM ledger_balances_v2(%s, %s::jsonb)",
            [world.group.id, json.dumps(calls)],
        )
        none, unknown, own = cursor.fetchall()
        cursor.execute(
            "SELECT status FROM ledger_balances_v2(%s, %s::jsonb)",
            [World().group.id, json.dumps(calls)],
        )
        assert cursor.fetchall() == [(404,)] * 3, "of another group"
    assert none == (200, False, {"items": []})
    assert unknown[:2] == (404, False)
    assert unknown[2]["code"] == "not-found"
    assert own[:2] == (200, False)
    assert {each["sku"]: each["granted"] for each in own[2]["items"]} == {
        "user": 3,
        "be-geographic": 3,
    }


def entries(world: World, subscription: Subscription) -> list[dict[str, Any]]:
    """List the ledger entries of a subscription, newest first."""
    items: list[dict[str, Any]] = answer(
        world.call("GET", f"/subscriptions/{subscription.id}/entries")
    )["items"]
    return items


def at(world: World, moment: Any) -> dict[str, tuple[int, int, int]]:
    """SKU code → (granted, used, available) at an instant."""
    path = f"/subscriptions/{world.subscription.id}/balances?at={instant(moment)}"
    items = answer(world.call("GET", path))["items"]
    assert len({each["sku"] for each in items}) == len(items), "each once"
    return {each["sku"]: (each["granted"], each["used"], each["available"]) for each in items}
