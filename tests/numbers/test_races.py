"""The last entitlement, the last free number, and a crowd at once: exact, and nobody is stuck."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from fusion.cli.verify import differences
from fusion.kernel.clock import now
from fusion.kernel.errors import Problem
from fusion.numbers.assign import assign_numbers
from fusion.numbers.create_range import create_range
from fusion.numbers.port_in import port_in
from fusion.numbers.release import release_number
from fusion.numbers.sweep import sweep_numbers
from fusion.tenancy.models import Subscription
from tests.bounds import PATIENCE, killed_after
from tests.concurrency.actors import at_once, holding
from tests.concurrency.pool import pool_for
from tests.numbers.stock import (
    assigned,
    balance,
    block,
    entitle,
    french,
    run_out,
    statuses,
    stock,
)
from tests.owner import owner_rows
from tests.world import World, make_subscription

CROWD = 60


@pytest.fixture(autouse=True, scope="module")
def crowded() -> Iterator[None]:
    """A connection for each of the crowd."""
    with pool_for(CROWD + 4):
        yield


def take(world: World, id: UUID | None = None, **query: Any) -> tuple[str, list[str]]:
    """("assigned", the numbers), or (the problem's code, none)."""
    wanted = query or {"sku": "fr-geographic", "quantity": 1}
    try:
        answer = assign_numbers(
            world.actor(), subscription_id=id or world.subscription.id, **wanted
        )
    except Problem as problem:
        return problem.code, []
    return "assigned", [item["e164"] for item in answer.body["items"]]


def several(world: World, count: int, each: int) -> list[Subscription]:
    """Subscriptions with `each` entitlements."""
    made = [make_subscription(world.tenant, f"s{i}") for i in range(count)]
    for subscription in made:
        entitle(world, each, subscription)
    return made


def test_the_last_entitlement(world: World) -> None:
    stock(world, 4)
    entitle(world, 1)
    with holding() as meanwhile:
        assert take(world)[0] == "assigned"
        second = meanwhile.start(lambda: take(world))
    assert second.result(PATIENCE) == ("no-entitlement", [])
    assert balance(world) == (1, 1)


def test_the_last_free_number(world: World) -> None:
    """The second waits for the first, who has it in hand, before it is told that none is left."""
    [last] = stock(world, 1)
    first, second = several(world, 2, 1)
    with holding() as meanwhile:
        assert take(world, first.id) == ("assigned", [last])
        other = meanwhile.start(lambda: take(world, second.id))
    assert other.result(PATIENCE) == ("no-free-number", [])
    assert balance(world, second) == (1, 0)


def test_the_last_free_number_that_its_holder_gives_back(world: World) -> None:
    [last] = stock(world, 1)
    first, second = several(world, 2, 1)
    with pytest.raises(ZeroDivisionError), holding() as meanwhile:
        assert take(world, first.id) == ("assigned", [last])
        other = meanwhile.start(lambda: take(world, second.id))
        raise ZeroDivisionError  # and all of it is undone
    assert other.result(PATIENCE) == ("assigned", [last])
    assert balance(world, first) == (1, 0)


def test_concurrent_callers_assign_exactly_the_stock(world: World) -> None:
    numbers = stock(world, CROWD)
    subscriptions = several(world, CROWD, 1)
    taken = at_once(*[lambda id=each.id: take(world, id) for each in subscriptions])
    assert {code for code, _ in taken} == {"assigned"}
    assert sorted(e164 for _, got in taken for e164 in got) == numbers
    assert differences() == []


def test_a_crowd_wants_more_than_there_is(world: World) -> None:
    """Several at once, all or none: as many get theirs as the stock has."""
    numbers = stock(world, 31)
    subscriptions = several(world, 24, 3)
    wanted = {"sku": "fr-geographic", "quantity": 3}
    taken = at_once(*[lambda id=each.id: take(world, id, **wanted) for each in subscriptions])
    assert Counter(code for code, _ in taken) == {"assigned": 10, "no-free-number": 14}
    got = [e164 for _, some in taken for e164 in some]
    assert len(set(got)) == 30 and set(got) < set(numbers)
    assert statuses(*numbers).count("free") == 1


def test_callers_without_entitlement_lock_no_number(world: World) -> None:
    stock(world, 20)
    entitled = several(world, 20, 1)
    others = [make_subscription(world.tenant, f"o{i}") for i in range(20)]
    both = [each for pair in zip(others, entitled, strict=True) for each in pair]
    taken = at_once(*[lambda id=each.id: take(world, id) for each in both])
    assert [code for code, _ in taken] == ["no-entitlement", "assigned"] * 20


def test_one_subscription_from_many_callers(world: World) -> None:
    stock(world, 40)
    entitle(world, 15)
    taken = at_once(*[lambda: take(world)] * 40)
    assert Counter(code for code, _ in taken) == {"assigned": 15, "no-entitlement": 25}
    assert balance(world) == (15, 15)


def test_consecutive_ones_beside_the_next_free(world: World) -> None:
    numbers = stock(world, 150)
    subscriptions = several(world, 40, 5)
    row = {"sku": "fr-geographic", "quantity": 5, "contiguous": True}
    actions = []
    for i, each in enumerate(subscriptions):
        actions.append(lambda id=each.id, row=row if i % 2 else {}: take(world, id, **row))
    taken = at_once(*actions)
    assert {code for code, _ in taken} == {"assigned"}
    got = [int(e164[1:]) for _, some in taken for e164 in some]
    assert len(got) == len(set(got)) == 20 * 5 + 20
    for _, some in taken:
        digits = [int(e164[1:]) for e164 in some]
        assert digits == list(range(digits[0], digits[0] + len(digits)))
    assert set(got) <= {int(e164[1:]) for e164 in numbers}


def test_consecutive_ones_exactly_as_many_as_there_are(world: World) -> None:
    stock(world, 40)
    subscriptions = several(world, 12, 4)
    row = {"sku": "fr-geographic", "quantity": 4, "contiguous": True}
    taken = at_once(*[lambda id=each.id: take(world, id, **row) for each in subscriptions])
    assert Counter(code for code, _ in taken) == {"assigned": 10, "no-free-number": 2}


def test_lists_in_opposite_order(world: World) -> None:
    """Whoever is first has all; everyone else is refused, and nobody is stuck."""
    for _ in range(5):
        numbers = stock(world, 12)
        subscriptions = several(world, 8, 12)
        ways = [numbers, numbers[::-1], numbers[6:] + numbers[:6], numbers[::2] + numbers[1::2]]
        taken = at_once(
            *[
                lambda id=each.id, way=ways[i % 4]: take(world, id, numbers=way)
                for i, each in enumerate(subscriptions)
            ]
        )
        assert Counter(code for code, _ in taken) == {"assigned": 1, "number-not-available": 7}


def test_everything_at_once(world: World) -> None:
    """Lists, next ones, rows, releases, and a sweep that frees numbers below the others."""
    numbers = stock(world, 80)
    subscriptions = several(world, 30, 8)
    for i, each in enumerate(subscriptions[:10]):
        assigned(
            world,
            *numbers[i * 3 : i * 3 + 3],
            subscription=each,
            status="reserved",
            until=(now() + timedelta(days=1)).isoformat(),
        )
    run_out(*numbers[:30])

    def let_go(id: UUID, e164: str) -> tuple[str, list[str]]:
        try:
            release_number(world.actor(), subscription_id=id, e164=e164)
        except Problem as problem:
            return problem.code, []
        return "released", []

    actions: list[Any] = [sweep_numbers, sweep_numbers]
    for i, each in enumerate(subscriptions):
        row = {"sku": "fr-geographic", "quantity": 4, "contiguous": True}
        some = {"numbers": [numbers[(i * 7 + 3 * k) % 80] for k in range(4)]}
        few = {"sku": "fr-geographic", "quantity": 3}
        query = (row, some, few)[i % 3]
        actions.append(lambda id=each.id, query=query: take(world, id, **query))
        if i < 10:
            actions.append(lambda id=each.id, e164=numbers[i * 3]: let_go(id, e164))
    outcomes = at_once(*actions)
    assert {each[0] for each in outcomes[2:]} <= {
        "assigned",
        "released",
        "number-not-assigned",
        "number-not-available",
        "no-free-number",
    }
    got = [e164 for each in outcomes[2:] for e164 in each[1]]
    assert len(got) == len(set(got))
    assert differences() == []


def test_ranges_that_overlap_at_the_same_moment(world: World) -> None:
    french(world)
    elsewhere = World()
    french(elsewhere)
    for _ in range(4):
        numbers = block(8)
        made = at_once(
            partial(add_range, world, numbers[0], numbers[5]),
            partial(add_range, elsewhere, numbers[3], numbers[7]),
            partial(add_range, world, numbers[5], numbers[6]),
        )
        assert 1 <= made.count("done") <= 2
        assert set(made) == {"done", "range-not-available"}


def test_a_range_and_a_port_in_of_one_of_its_numbers(world: World) -> None:
    elsewhere = World()
    entitle(elsewhere, 8)
    french(world)
    for _ in range(4):
        numbers = block(6)
        made = at_once(
            partial(add_range, world, numbers[0], numbers[5]),
            partial(port, elsewhere, numbers[4], numbers[1]),
        )
        # The range skips numbers that were ported in before it.
        assert made[0] == "done" and made[1] in ("done", "number-not-available")
        assert statuses(*numbers) == [
            "assigned" if made[1] == "done" and each in (1, 4) else "free" for each in range(6)
        ]


def add_range(world: World, first: str, last: str) -> str:
    try:
        create_range(world.actor(), sku="fr-geographic", first=first, last=last)
    except Problem as problem:
        return problem.code
    return "done"


def port(world: World, *numbers: str) -> str:
    try:
        port_in(world.actor(), subscription_id=world.subscription.id, numbers=numbers)
    except Problem as problem:
        return problem.code
    return "done"


def test_release_and_termination(world: World) -> None:
    numbers = stock(world, 6)
    entitle(world, 6)
    assigned(world, *numbers)

    def terminate() -> int:
        there = f"/subscriptions/{world.subscription.id}/terminate"
        return world.call("POST", there).status_code

    def let_go(e164: str) -> str:
        try:
            release_number(world.actor(), subscription_id=world.subscription.id, e164=e164)
        except Problem as problem:
            return problem.code
        return "released"

    world.token(world.group)
    done = at_once(terminate, *[lambda e164=e164: let_go(e164) for e164 in numbers])
    assert done[0] == 200
    assert set(done[1:]) <= {"released", "number-not-assigned"}
    assert set(statuses(*numbers)) == {"quarantined"}
    assert balance(world) == (0, 0)


KILLED = """
import os, sys, django
django.setup()
from uuid import UUID
from django.db import connection, transaction
from fusion.numbers.assign import assign_numbers
from fusion.access.actor import system_actor
group, subscription = map(UUID, sys.argv[1:])
with transaction.atomic():
    assign_numbers(system_actor(group, "test"), subscription_id=subscription,
                   sku="fr-geographic", quantity=5)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        print(cursor.fetchone()[0], flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("way", ["the application", "its backend"])
def test_killed_in_the_middle(world: World, way: str) -> None:
    numbers = stock(world, 5)
    entitle(world, 5)
    before = world.fingerprint()
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(world.group.id), str(world.subscription.id)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "fusion.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    with killed_after(process):
        backend = int(process.stdout.readline())
    try:
        if way == "its backend":
            assert owner_rows("SELECT pg_terminate_backend(%s)", [backend]) == [(True,)]
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()
        process.stdin.close()
    assert take(world, sku="fr-geographic", quantity=5) == ("assigned", numbers)
    for e164 in numbers:
        release_number(world.actor(), subscription_id=world.subscription.id, e164=e164)
    assert balance(world) == (5, 0)
    assert world.fingerprint() != before
