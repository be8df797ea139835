"""Moves whose process is killed: afterwards everything is on one side, and the books agree."""

import os
import random
import subprocess
import sys
import time

import pytest
from django.db import connection

from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization
from tests.bounds import PATIENCE, killed_after
from tests.lifecycle.tree_moves import moves_seen
from tests.ordering.placing import line, placed
from tests.users.staff import created, equip, linked
from tests.world import World, make_organization

KILLS = 4

MOVER = """
import sys, time, django
django.setup()
from uuid import UUID
from fusion.access.actor import system_actor
from fusion.lifecycle.move import move_organization
group, moved, *parents = map(UUID, sys.argv[1:])
actor = system_actor(group, "test")
move_organization(actor, organization_id=moved, parent_id=parents[0])
print("warm", flush=True)
started = time.monotonic()
move_organization(actor, organization_id=moved, parent_id=parents[1])
print(time.monotonic() - started, flush=True)
"""


def run_mover(world: World, sides: list[Organization], delay: float | None) -> float | None:
    """Move the reseller to the first side, then to the second, in another process; kill it `delay`
    seconds after the second began, if given. The seconds of the second move, if it ended.
    """
    ids = [str(each.id) for each in (world.group, world.reseller, *sides)]
    process = subprocess.Popen(
        [sys.executable, "-c", MOVER, *ids],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "fusion.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with killed_after(process):
        assert process.stdout.readline() == "warm\n"
        if delay is not None:
            time.sleep(delay)
            process.kill()
        seconds = process.stdout.readline()
    process.wait(PATIENCE)
    process.stdout.close()
    return float(seconds) if seconds else None


def paths(world: World) -> set[str]:
    """The paths of the reseller's subscriptions, as far as the reseller."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT left(path, position(%(id)s IN path) + 32) FROM tenancy_subscription"
            " WHERE group_id = %(group)s AND position(%(id)s IN path) > 0",
            {"id": world.reseller.id.hex, "group": world.group.id},
        )
        return {path for (path,) in cursor.fetchall()}


def fill(world: World, size: int) -> None:
    """Subscriptions, of which one has something of everything."""
    [number] = equip(world, 1, 1)
    linked(world, created(world), number)
    placed(world, line(world.seat))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tenancy_subscription"
            " (id, group_id, distributor_id, reseller_id, tenant_id, path, name, status)"
            " SELECT %s, group_id, distributor_id, reseller_id, tenant_id, path, 'One', 'active'"
            " FROM tenancy_subscription WHERE id = %s",
            [(new_id(), world.subscription.id) for _ in range(size - 1)],
        )


@pytest.mark.parametrize("size", [50, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_killed_move_has_moved_all_or_nothing(world: World, size: int) -> None:
    chance = random.Random(size)
    fill(world, size)
    sides = [make_organization("distributor", world.group) for _ in range(2)]
    seconds = run_mover(world, sides, None)
    assert seconds is not None
    ends = {f"{each.path}{world.reseller.id.hex}/" for each in sides}
    for _ in range(KILLS):
        done = run_mover(world, sides, chance.random() * seconds)
        [path] = paths(world)
        assert path in ends
        if done is not None:
            assert path.startswith(sides[1].path)
    assert run_mover(world, sides, None) is not None
    assert paths(world) == {f"{sides[1].path}{world.reseller.id.hex}/"}
    moves = moves_seen(world, sides[1])
    left, arrived = (
        [each[:2] for each in moves if each[2] == direction] for direction in ("left", "arrived")
    )
    assert len(arrived) == len(left) + size + 2
    assert differences() == []
