"""Ports with several workers, after days without one, and while others change the same numbers."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.http import HttpResponse

from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.lifecycle.apply_due_ports import apply_due_ports
from fusion.numbers.port_in import port_in
from tests.bounds import PATIENCE, drain, killed_after
from tests.concurrency.actors import at_once
from tests.concurrency.pool import pool_for
from tests.lifecycle.moving import move, second
from tests.numbers.porting import (
    decide,
    decided,
    fall_due,
    port_in_on,
    port_out_on,
    requested,
    seen,
    soon,
)
from tests.numbers.stock import (
    assigned,
    balance,
    block,
    entitle,
    events_of,
    number,
    path,
    statuses,
    stock,
)
from tests.owner import owner_rows
from tests.world import World, make_subscription

CROWD = 12


@pytest.fixture(autouse=True, scope="module")
def crowded() -> Iterator[None]:
    """A connection for each of the crowd."""
    with pool_for(CROWD + 4):
        yield


def code_of(call: Callable[..., HttpResponse], *args: Any, **more: Any) -> int:
    """The status of a call."""
    return call(*args, **more).status_code


def test_ports_of_days_without_a_worker_happen_once(world: World) -> None:
    """Several workers come back at the same moment."""
    ports, leaving, coming = [], [], []
    for i in range(8):
        subscription = make_subscription(world.tenant, f"s{i}")
        entitle(world, 2, subscription)
        [mine], [incoming] = stock(world, 1), block(1)
        assigned(world, mine, subscription=subscription)
        ports.append(port_out_on(world, mine, soon(), subscription=subscription))
        ports.append(port_in_on(world, soon(), incoming, subscription=subscription))
        leaving.append(mine)
        coming.append(incoming)
    fall_due(*ports)
    done = at_once(*[apply_due_ports] * 6)

    def apply_more() -> int:
        done.append(apply_due_ports())
        return done[-1]

    drain(apply_more)
    assert sum(done) == len(ports)
    assert set(statuses(*leaving)) == {"ported_out"} and set(statuses(*coming)) == {"assigned"}
    for e164 in (*leaving, *coming):
        assert [type for type, _ in events_of(world, e164)].count("number.ported") == 1
    for port in ports:
        assert [type for type, _ in events_of(world, port["id"])].count(
            "port-request.completed"
        ) == 1
    assert differences() == []


def test_decisions_at_the_same_moment(world: World) -> None:
    entitle(world, 8)
    for i in range(4):
        [incoming] = block(1)
        port = requested(world, "in", [incoming], port_date=soon() if i % 2 else None)
        world.token(world.group)
        codes = at_once(
            partial(code_of, decide, world, port, "approve"),
            partial(code_of, decide, world, port, "reject", reason="No."),
            partial(code_of, decide, world, port, "withdraw", by=world.tenant),
        )
        assert set(codes) <= {200, 409}
        state = seen(world, port)["state"]
        there = {"completed": "assigned", "approved": "reserved"}.get(state)
        assert statuses(incoming) == [there]
        # Of rejection and withdrawal at most one, and only after an approval with a date.
        assert 1 <= Counter(codes)[200] <= (2 if i % 2 else 1)
    assert differences() == []


def test_a_worker_a_move_and_a_withdrawal(world: World) -> None:
    """The port happens wherever the number is, or not at all."""
    for _ in range(4):
        [mine] = stock(world, 1)
        entitle(world, 1)
        target = second(world, 1)
        assigned(world, mine)
        port = port_out_on(world, mine, soon())
        fall_due(port)
        world.token(world.group)
        done: list[Any] = at_once(
            apply_due_ports,
            apply_due_ports,
            partial(code_of, move, world, target, mine),
            partial(code_of, decide, world, port, "withdraw"),
        )
        drain(apply_due_ports)
        state = seen(world, port)["state"]
        assert state in ("completed", "withdrawn")
        assert (statuses(mine) == ["ported_out"]) == (state == "completed")
        assert set(done[2:]) <= {200, 409}
    assert differences() == []


def test_a_returning_number_is_wanted_by_two(world: World) -> None:
    [one] = stock(world, 1)
    entitle(world, 1)
    other, elsewhere = second(world, 1), World()
    entitle(elsewhere, 1)
    assigned(world, one)
    for _ in range(3):
        holder = number(world, one)
        where = world.subscription if holder["subscription_id"] != str(other.id) else other
        response = world.call("POST", path(world, one, "port-out", subscription=where))
        assert response.status_code == 204

        def come(owner: World, subscription: Any) -> str:
            try:
                port_in(owner.actor(), subscription_id=subscription.id, numbers=[one])
            except Problem as problem:
                return problem.code
            return "in"

        done = at_once(
            lambda: come(world, world.subscription),
            lambda: come(world, other),
            lambda: come(elsewhere, elsewhere.subscription),
        )
        assert sorted(done) == ["in", "number-not-available", "number-not-available"]
        if done[2] == "in":
            assert elsewhere.call("POST", path(elsewhere, one, "port-out")).status_code == 204
            assert come(world, world.subscription) == "in"
    assert balance(world)[1] + balance(world, other)[1] == 1
    assert differences() == []


KILLED = """
import sys, django
django.setup()
from django.db import connection, transaction
from fusion.lifecycle.apply_due_ports import apply_due_ports
with transaction.atomic():
    assert apply_due_ports() >= 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        print(cursor.fetchone()[0], flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("way", ["the worker", "its backend"])
def test_killed_in_the_middle(world: World, way: str) -> None:
    [mine], [incoming] = stock(world, 1), block(1)
    entitle(world, 2)
    assigned(world, mine)
    ports = [port_out_on(world, mine, soon()), port_in_on(world, soon(), incoming)]
    fall_due(*ports)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "fusion.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    with killed_after(process):
        backend = int(process.stdout.readline())
    try:
        assert apply_due_ports() == 0  # skips what the other worker has
        if way == "its backend":
            assert owner_rows("SELECT pg_terminate_backend(%s)", [backend]) == [(True,)]
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()
        process.stdin.close()
    # Approving waits until the transaction of the dead worker has ended.
    decided(world, ports[0], "approve", port_date=soon())
    fall_due(ports[0])
    drain(apply_due_ports)
    assert statuses(mine, incoming) == ["ported_out", "assigned"]
    assert [seen(world, port)["state"] for port in ports] == ["completed"] * 2
    assert differences() == []
