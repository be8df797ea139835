"""Hot functions take several calls and return an answer for each, in their order."""

from typing import Any

import orjson
from django.db import connection

from tests.numbers.stock import assigned, balance, block, entitle, statuses, stock
from tests.world import World, make_subscription


def call(world: World, subscription_id: object, **members: Any) -> dict[str, Any]:
    """A call of the group for a subscription."""
    caller = {"actor": "client:x", "request": "r", "path": world.group.path}
    return {**caller, "subscription_id": subscription_id, **members}


def run(world: World, function: str, *calls: dict[str, Any]) -> list[tuple[int, bool, Any]]:
    """(status, replayed, answer) of each call."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT status, replayed, answer FROM {function}(%s::uuid, %s::jsonb)",
            [world.group.id, orjson.dumps(calls).decode()],
        )
        return [
            (status, replayed, orjson.loads(text) if text else None)
            for status, replayed, text in cursor.fetchall()
        ]


def test_a_refused_call_leaves_the_others(world: World) -> None:
    one, two, three = stock(world, 3)
    entitle(world, 2)
    other = make_subscription(world.tenant)
    assign = {"status": "assigned"}
    outcome = run(
        world,
        "numbers_assign_v2",
        call(world, world.subscription.id, numbers=[one], **assign),
        call(world, other.id, numbers=[two], **assign),
        call(world, world.subscription.id, numbers=[one], **assign),
        call(world, world.subscription.id, numbers=[three], **assign),
    )
    assert [status for status, _, _ in outcome] == [201, 409, 409, 201]
    assert [outcome[1][2]["code"], outcome[2][2]["code"]] == [
        "no-entitlement",
        "number-not-available",
    ]
    assert statuses(one, two, three) == ["assigned", "free", "assigned"]
    assert balance(world)[1] == 2


def test_equal_keys_of_one_statement_have_one_effect(world: World) -> None:
    number, *_ = stock(world, 2)
    entitle(world, 2)
    again = call(
        world,
        world.subscription.id,
        numbers=[number],
        status="assigned",
        key="one and the same",
        fingerprint="00",
    )
    first, second, third = run(
        world, "numbers_assign_v2", again, again, {**again, "fingerprint": "01"}
    )
    assert first[:2] == (201, False)
    assert second == (201, True, first[2])
    assert (third[0], third[2]["code"]) == (422, "idempotency-key-reused")
    assert balance(world)[1] == 1


def test_numbers_are_released_and_restored_together(world: World) -> None:
    numbers = stock(world, 2)
    entitle(world, 2)
    assigned(world, *numbers)
    calls = [
        call(world, world.subscription.id, e164=e164, quarantine="90 days") for e164 in numbers
    ]
    unknown = call(world, world.subscription.id, e164=block(1)[0], quarantine="90 days")
    released = run(world, "numbers_release_v2", *calls, unknown)
    assert [status for status, _, _ in released] == [204, 204, 409]
    assert statuses(*numbers) == ["quarantined", "quarantined"]
    assert [outcome[0] for outcome in run(world, "numbers_restore_v2", *calls)] == [200, 200]
    assert balance(world)[1] == 2
