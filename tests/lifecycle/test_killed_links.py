"""Lists of links whose process is killed: after a restart every row is done, and done once."""

import os
import random
import subprocess
import sys
import time

import pytest
from django.db import connection

from fusion.cli.verify import differences
from tests.bounds import PATIENCE, killed_after
from tests.contract.stage import trunk_of
from tests.numbers.stock import balance
from tests.users.staff import create, equip, licences
from tests.world import World

LISTS = 12
ROWS = 10
KILLS = 4

SENDER = """
import sys, django
django.setup()
from dataclasses import replace
from hashlib import sha256
from uuid import UUID
from fusion.access.actor import Request, system_actor
from fusion.lifecycle.change_numbers import Choice, change_numbers
from fusion.users.link_many import Link, link_numbers
group, subscription, trunk, rows, *numbers = sys.argv[1:]
actor = system_actor(UUID(group), "test")
size = int(rows)
for i in range(0, len(numbers), size):
    request = Request(id="", key=f"list-{i}", fingerprint=sha256(str(i).encode()).digest())
    caller = replace(actor, request=request)
    part = numbers[i : i + size]
    if i // size % 3 == 2:
        change_numbers(caller, subscription_id=UUID(subscription), action="link",
                       choice=Choice(numbers=part), trunk_id=UUID(trunk))
    else:
        links = [Link(e164, login=f"u{i + k}") for k, e164 in enumerate(part)]
        link_numbers(caller, subscription_id=UUID(subscription), links=links)
    print(i, flush=True)
print("done", flush=True)
"""


def send(world: World, trunk: str, numbers: list[str], lines: int | None, delay: float) -> bool:
    """Send the lists in another process; kill it `delay` seconds after so many lines of its output,
    if given. Whether it came to its end.
    """
    names = [str(each) for each in (world.group.id, world.subscription.id, trunk, ROWS)]
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, *names, *numbers],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "fusion.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    output = ""
    with killed_after(process):
        if lines is None:
            output = process.stdout.read()
        else:
            for _ in range(lines):
                output += process.stdout.readline()
            time.sleep(delay)
            process.kill()
    process.wait(PATIENCE)
    process.stdout.close()
    return "done" in output


def events(world: World) -> dict[str, int]:
    """Type of event of a link → how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, count(*) FROM events_event WHERE group_id = %s"
            " AND type IN ('user.linked', 'user.unlinked', 'number.routed', 'number.unrouted')"
            " GROUP BY type",
            [world.group.id],
        )
        return dict(cursor.fetchall())


def holders(world: World) -> list[tuple[str, str | None, bool]]:
    """(number, login of its user, whether it is routed), by number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.e164, u.login, n.trunk_id IS NOT NULL FROM numbers_number n"
            " LEFT JOIN users_user u ON u.id = n.user_id"
            " WHERE n.subscription_id = %s ORDER BY n.e164",
            [world.subscription.id],
        )
        return list(cursor.fetchall())


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_lists_are_done_once(world: World, seed: int) -> None:
    chance = random.Random(seed)
    numbers = equip(world, LISTS * ROWS, LISTS * ROWS)
    for i in range(LISTS * ROWS):
        assert create(world, f"u{i}").status_code == 201
    trunk = trunk_of(world, world.subscription)
    for _ in range(KILLS):
        send(world, trunk, numbers, chance.randrange(1, LISTS), chance.random() * 0.02)
        # Each list is done as a whole or not at all.
        held = [login is not None or routed for _, login, routed in holders(world)]
        assert all(len(set(held[i : i + ROWS])) == 1 for i in range(0, len(held), ROWS))
        assert differences() == []
    assert send(world, trunk, numbers, None, 0)
    routed = {i for i in range(LISTS * ROWS) if i // ROWS % 3 == 2}
    assert holders(world) == [
        (e164, None if i in routed else f"u{i}", i in routed)
        for i, e164 in enumerate(sorted(numbers))
    ]
    linked = LISTS * ROWS - len(routed)
    assert events(world) == {"user.linked": linked, "number.routed": len(routed)}
    assert licences(world) == (LISTS * ROWS, linked)
    assert balance(world) == (LISTS * ROWS, LISTS * ROWS)
    assert differences() == []
