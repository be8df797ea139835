"""Order numbers: one sequence per group, from the group's founding or from the upgrade on."""

import threading
from typing import Any
from uuid import UUID

import orjson
import psycopg
import psycopg.conninfo
from django.db import connection

from fusion.kernel.ids import new_id
from fusion.lifecycle.create_group import create_group
from fusion.ordering.start_numbers import make_sequence
from fusion.ordering.start_numbers import start_numbers as start_as_owner
from tests.ordering.placing import draft, line, place
from tests.owner import as_owner
from tests.world import World, answer

WAIT = 20.0


def start_numbers() -> int:
    """As `fusion migrate` does."""
    with as_owner():
        return start_as_owner()


def sequence_of(group_id: UUID) -> str:
    return f"ordering_number_{group_id.hex}"


def next_number(group_id: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ordering_next_number(%s::uuid)", [group_id])
        return int(cursor.fetchone()[0])


def has_sequence(group_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [sequence_of(group_id)])
        return bool(cursor.fetchone()[0])


def number_of(world: World) -> int:
    response = place(world)
    assert response.status_code == 201, response.content
    return int(answer(response)["number"])


def test_a_founded_group_counts_from_one() -> None:
    one = UUID(create_group(name="First of two").body["id"])
    other = UUID(create_group(name="Second of two").body["id"])
    assert [next_number(one), next_number(other), next_number(one), next_number(other)] == [
        1, 1, 2, 2,
    ]  # fmt: skip


def test_groups_that_order_by_turns_learn_nothing_of_each_other() -> None:
    worlds = [World(), World()]
    for world in worlds:
        make_sequence(world.group.id)
    numbers = [[number_of(world) for world in worlds] for _ in range(3)]
    assert numbers == [[1, 1], [2, 2], [3, 3]]


def test_the_orders_of_a_batch_have_successive_numbers(world: World) -> None:
    """A refused order draws none: only what is rolled back leaves a gap."""
    make_sequence(world.group.id)
    too_much = draft(world, line(world.seat, 1_000, "remove"))
    orders = [draft(world), too_much, draft(world), too_much, draft(world)]
    response = world.call("POST", "/orders/batch", {"orders": orders})
    numbers = [each.get("order", {}).get("number") for each in answer(response)["results"]]
    assert numbers == [1, None, 2, None, 3]
    assert number_of(world) == 4


def test_an_existing_group_goes_on_above_its_highest_number(world: World) -> None:
    highest = max(number_of(world) for _ in range(3))
    assert not has_sequence(world.group.id)
    start_numbers()
    assert [number_of(world) for _ in range(2)] == [highest + 1, highest + 2]


def test_a_second_run_changes_nothing(world: World) -> None:
    start_numbers()
    number = number_of(world)
    assert start_numbers() == 0
    assert number_of(world) == number + 1


def test_an_unknown_group_gets_no_sequence_and_a_tenant_neither(world: World) -> None:
    for outsider in (new_id(), world.tenant.id):
        make_sequence(outsider)
        assert not has_sequence(outsider)


def test_an_order_under_way_is_waited_for(world: World) -> None:
    """It has drawn from the old sequence, and its row cannot be seen yet."""
    number_of(world)
    made: list[int] = []
    upgrade = threading.Thread(target=lambda: made.append(_start_numbers()))
    with psycopg.connect(_conninfo()) as old:
        number = _place_without_commit(old, world)
        upgrade.start()
        upgrade.join(0.3)
        assert upgrade.is_alive(), "did not wait for the order under way"
    upgrade.join(WAIT)
    assert not upgrade.is_alive()
    assert made[0] >= 1
    assert number_of(world) == number + 1


def _place_without_commit(old: psycopg.Connection[tuple[Any, ...]], world: World) -> int:
    order = {"id": str(new_id()), "subscription_id": str(world.subscription.id)}
    lines = [{"product_id": str(world.seat.id), "action": "add", "quantity": 1}]
    row = old.execute(
        "SELECT status, answer FROM ordering_place(%s::uuid, 'client:old', '', %s::jsonb)",
        [world.group.id, orjson.dumps([{**order, "lines": lines}]).decode()],
    ).fetchone()
    assert row is not None and row[0] == 201, row
    return int(orjson.loads(row[1])["number"])


def _conninfo() -> str:
    parameters = {
        key: str(value)
        for key, value in connection.get_connection_params().items()
        if key in ("host", "port", "dbname", "user", "password") and value
    }
    return psycopg.conninfo.make_conninfo(**parameters)


def _start_numbers() -> int:
    try:
        return start_numbers()
    finally:
        connection.close()
