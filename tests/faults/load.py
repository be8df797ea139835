"""Clients that place orders over HTTP during faults, and remember the answers."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from tests.bounds import PATIENCE
from tests.server import wait_for
from tests.world import World

PAUSE = 0.01
"""Seconds that a client waits after a failed attempt."""


@dataclass
class Outcome:
    """The clients' knowledge: the answer to each key, or its absence."""

    acknowledged: dict[str, Any] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    longest_gap: float = 0.0
    """The longest time in seconds between two acknowledged orders of a client."""


class Load:
    """`clients` threads, each placing one order after another with a new key."""

    def __init__(self, world: World, url: str, clients: int = 6) -> None:
        self.world, self.url, self.answered = world, url, Outcome()
        self._token = world.token(world.group)
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(clients)
        self._running = [self._pool.submit(self._work, client) for client in range(clients)]

    def served(self) -> int:
        """The number of acknowledged orders."""
        return len(self.answered.acknowledged)

    def wait_for_more(self, orders: int) -> None:
        """Return after so many more acknowledged orders."""
        goal = self.served() + orders
        wait_for(lambda: self.served() >= goal, f"{orders} more orders, {self.answered.outcomes}")

    def stop(self) -> Outcome:
        """Let the clients finish their current requests."""
        self._stop.set()
        for client in self._running:
            client.result(PATIENCE)
        self._pool.shutdown()
        return self.answered

    def _work(self, client: int) -> None:
        with httpx.Client(timeout=30) as http:
            served = time.monotonic()
            for n in range(100_000):
                if self._stop.is_set():
                    return
                key = f"client {client}, order {n}"
                response = place(http, self.url, self._token, self.world, key)
                self._note(key, response)
                if response is None or response.status_code != 201:
                    self._stop.wait(PAUSE)
                    continue
                gap, served = time.monotonic() - served, time.monotonic()
                self.answered.longest_gap = max(self.answered.longest_gap, gap)

    def _note(self, key: str, response: httpx.Response | None) -> None:
        if response is None:
            self.answered.outcomes["no answer"] += 1
            self.answered.unknown.add(key)
            return
        self.answered.outcomes[str(response.status_code)] += 1
        if response.status_code == 201:
            self.answered.acknowledged[key] = response.content
            return
        self.answered.unknown.add(key)
        answered = response.headers["content-type"], response.json().get("code")
        if (response.status_code, *answered) != (503, "application/problem+json", "unavailable"):
            self.answered.odd.append(f"{response.status_code} {response.text}")


def place(
    http: httpx.Client, url: str, token: str, world: World, key: str
) -> httpx.Response | None:
    """Place the order of `key`; None without an answer."""
    size = 1 + len(key) % 3
    body = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": size}],
    }
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    try:
        return http.post(f"{url}/api/v1/orders", json=body, headers=headers)
    except httpx.TransportError:
        return None


def check(world: World, url: str, database: str, answered: Outcome) -> None:
    """Every acknowledged order exists once, the others completely or not at all; a retry with the
    same key gives each of them one effect."""
    assert not answered.odd, answered.odd[:3]
    before = _numbers(world, database)
    keys = sorted(answered.acknowledged) + sorted(answered.unknown)
    assert len(answered.acknowledged) <= before["orders"] <= len(keys)
    assert before["orders"] == before["events"] == before["keys"] == before["audits"]
    assert before["lines"] == before["orders"]
    assert before["entries"] == 2 * before["orders"]
    with httpx.Client(timeout=30) as http:
        for key in keys:
            response = place(http, url, world.token(world.group), world, key)
            assert response is not None and response.status_code == 201, key
            if key in answered.acknowledged:
                assert response.headers["Idempotency-Replayed"] == "true"
                assert response.content == answered.acknowledged[key]
    after = _numbers(world, database)
    assert after["orders"] == len(keys)
    assert after["granted"] == sum(1 + len(key) % 3 for key in keys)


def _numbers(world: World, database: str) -> dict[str, int]:
    counts = {
        "orders": "SELECT count(*) FROM ordering_order WHERE group_id = %(group)s",
        "lines": "SELECT count(*) FROM ordering_orderline l JOIN ordering_order o"
        " ON o.id = l.order_id WHERE o.group_id = %(group)s",
        "entries": "SELECT count(*) FROM ledger_entry WHERE subscription_id = %(subscription)s",
        "events": "SELECT count(*) FROM events_event WHERE group_id = %(group)s"
        " AND type = 'order.completed'",
        "audits": "SELECT count(*) FROM tenancy_auditrecord WHERE group_id = %(group)s"
        " AND verb = 'order.place'",
        "keys": "SELECT count(*) FROM tenancy_idempotency WHERE group_id = %(group)s",
        "granted": "SELECT coalesce(sum(granted), 0)::int FROM ledger_balance"
        " WHERE subscription_id = %(subscription)s AND sku = 'user'",
    }
    parameters = {"group": world.group.id, "subscription": world.subscription.id}
    with psycopg.connect(database) as connection:
        found = {}
        for name, sql in counts.items():
            row = connection.execute(sql.encode(), parameters).fetchone()
            found[name] = int(row[0]) if row else 0
        return found
