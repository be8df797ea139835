"""Batches of orders and lists of links while their subscriptions are moved, by workers that are
killed: everything happens once, and nothing stays behind."""

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.http import HttpResponse

from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from fusion.lifecycle import move_plan
from fusion.lifecycle.carry_out_job import carry_out_job
from fusion.tenancy.models import Organization, Subscription
from tests.bounds import PATIENCE, killed_after
from tests.lifecycle.jobs import many_subscriptions, read
from tests.lifecycle.test_move_jobs import WORKER
from tests.lifecycle.tree_moves import moves_seen
from tests.ordering.placing import line
from tests.queued import clear_jobs
from tests.users.staff import created, equip
from tests.world import World, answer, make_organization, make_subscription

ORDERS = 10
LISTS, LINKS = 8, 5
KILLS = 3

BUSY = (409, 503)
"""Of what waits for the move longer than a statement may: to be sent again."""


def repeated(world: World, path: str, body: dict[str, Any], key: str) -> HttpResponse:
    """The response to a request that is sent again with its key while the server is busy."""
    until = time.monotonic() + 3 * PATIENCE
    while True:
        response = world.call("POST", path, body, headers={"Idempotency-Key": key})
        if response.status_code not in BUSY or time.monotonic() > until:
            return response
        time.sleep(0.05)


def order_meanwhile(
    world: World, subscriptions: list[Subscription], begun: Event, ended: Event
) -> list[int]:
    """Place batches from before the move until after it; the statuses of all their orders."""
    statuses: list[int] = []
    until = time.monotonic() + 3 * PATIENCE
    try:
        while not ended.wait(0.1) and time.monotonic() < until:
            orders = [
                {"subscription_id": str(each.id), "lines": [line(world.seat)]}
                for each in subscriptions
            ]
            response = repeated(world, "/orders/batch", {"orders": orders}, str(new_id()))
            assert response.status_code == 200, response.content
            statuses += [each["status"] for each in answer(response)["results"]]
            begun.set()
    finally:
        connection.close()
    return statuses


def link_meanwhile(world: World, rows: list[tuple[str, str]]) -> list[int]:
    """Send the lists of (number, login); their statuses."""
    try:
        return [
            repeated(
                world,
                f"/subscriptions/{world.subscription.id}/numbers/batch",
                {
                    "action": "link",
                    "links": [{"number": number, "login": login} for number, login in part],
                },
                f"list-{n}",
            ).status_code
            for n, part in enumerate(batched(rows, LINKS))
        ]
    finally:
        connection.close()


def carry_out_killed(world: World, job: dict[str, Any], delays: list[float]) -> int:
    """Carry the job out in processes that are killed after so many seconds, and then in one that is
    not. How many were killed before the job was done.
    """
    interrupted = 0
    for delay in delays:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(world.group.id), job["id"]],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "fusion.settings"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        with killed_after(process):
            assert process.stdout.readline() == "begun\n"
            time.sleep(delay)
            process.kill()
        process.wait(PATIENCE)
        process.stdout.close()
        interrupted += read(world, job)["state"] != "finished"
    until = time.monotonic() + PATIENCE
    while read(world, job)["state"] != "finished":  # the killed one's session ends soon
        assert time.monotonic() < until
        carry_out_job(world.group.id, UUID(job["id"]))
    return interrupted


@pytest.mark.parametrize("size", [60, pytest.param(12_000, marks=pytest.mark.long)])
def test_everything_happens_once(world: World, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clear_jobs()
    if size < move_plan.MOST:
        monkeypatch.setattr(move_plan, "MOST", 0)
    numbers = equip(world, LISTS * LINKS, LISTS * LINKS)
    rows = [(number, created(world, f"u{n}")["login"]) for n, number in enumerate(numbers)]
    served = [make_subscription(world.tenant, f"Site {n}") for n in range(ORDERS)]
    many_subscriptions(world, size - ORDERS - 1)
    other = make_organization("distributor", world.group)
    begun, ended = Event(), Event()
    chance = random.Random(size)
    with ThreadPoolExecutor(2) as pool:
        orders = pool.submit(order_meanwhile, world, served, begun, ended)
        lists = pool.submit(link_meanwhile, world, rows)
        assert begun.wait(PATIENCE)
        response = world.call(
            "POST", f"/organizations/{world.reseller.id}/move", {"parent_id": str(other.id)}
        )
        assert response.status_code == 202, response.content
        job = answer(response)
        delays = [chance.random() * size / 6_000 for _ in range(KILLS)]
        try:
            assert carry_out_killed(world, job, delays)
        finally:
            ended.set()
        assert lists.result(3 * PATIENCE) == [200] * LISTS
        statuses = orders.result(3 * PATIENCE)
        assert set(statuses) == {201}
    assert_all_moved(world, other, size, placed=len(statuses))
    assert differences() == []


def assert_all_moved(world: World, other: Organization, size: int, *, placed: int) -> None:
    """All is below the new parent, each order and link is there once, and so is each move."""
    under = f"{other.path}{world.reseller.id.hex}/"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM tenancy_subscription s"
            "        WHERE s.group_id = %(group)s AND left(s.path, length(%(under)s)) = %(under)s),"
            " (SELECT count(*) FROM ordering_order o WHERE o.group_id = %(group)s"
            "  AND o.state = 'completed' AND o.distributor_id = %(side)s),"
            " (SELECT count(*) FROM ordering_order o WHERE o.group_id = %(group)s"
            "  AND o.state = 'completed'),"
            " (SELECT count(*) FROM numbers_number n WHERE n.subscription_id = %(subscription)s"
            "  AND n.user_id IS NOT NULL)",
            {
                "group": world.group.id,
                "under": under,
                "side": other.id,
                "subscription": world.subscription.id,
            },
        )
        below, visible, orders, links = cursor.fetchone()
    assert (below, links) == (size, LISTS * LINKS)
    assert orders == placed + 2, "and two for the licences and the numbers"
    assert visible == orders, "of the new side, those from before the move included"
    for reader, direction in ((other, "arrived"), (world.distributor, "left")):
        seen = [subject for _, subject, way in moves_seen(world, reader) if way == direction]
        assert len(seen) == len(set(seen)) == size + 2
