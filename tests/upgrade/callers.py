"""Callers that never stop: orders, assignments, links, calls, reads, pages and the feed.

Each has its own connections, distributed over the servers like those of a load balancer: if a
connection is refused, or closed before its use, the caller tries the next server.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.bounds import PATIENCE
from tests.server import wait_for
from tests.upgrade.provider import Provider, sign_in

UNSENT = (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)

PAUSE = 0.5
"""Seconds between two pieces of a caller's work: the upgrade needs the processor as well."""


class Callers:
    """Threads that repeat their work until they are stopped."""

    def __init__(self, provider: Provider, servers: list[str]) -> None:
        self.provider, self.servers = provider, servers
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []
        self.longest = 0.0
        self.granted = self.assigned = 0
        self.events: list[str] = []
        self._turn = itertools.count()
        self._stop, self._silence = threading.Event(), threading.Event()
        self._run = str(time.time_ns())
        work = (self._order, self._assign, self._link, self._call, self._read, self._page)
        self._pool = ThreadPoolExecutor(len(work) + 1)
        self._running = [self._pool.submit(self._repeat, step) for step in work]
        self._reader = self._pool.submit(self._follow_feed)

    def wait_for_more(self, rounds: int) -> None:
        """Return when each kind of work has been done so many more times."""
        goal = {kind: self.done[kind] + rounds for kind in self._kinds()}
        wait_for(
            lambda: (
                bool(self.failures)
                or all(self.done[kind] >= wanted for kind, wanted in goal.items())
            ),
            f"{rounds} more of each: {self.done}",
        )
        assert not self.failures, self.failures[:5]

    def stop(self) -> None:
        """Let the callers finish their current work; AssertionError if a request failed."""
        self._stop.set()
        for running in self._running:
            running.result(PATIENCE)
        self._silence.set()  # from here on no event is written
        self._reader.result(PATIENCE)
        self._pool.shutdown()
        assert not self.failures, self.failures[:5]

    def _kinds(self) -> tuple[str, ...]:
        return ("order", "assign", "link", "call", "read", "page", "feed")

    def _repeat(self, step: Callable[[httpx.Client, int], None]) -> None:
        with httpx.Client(timeout=30) as http:
            for n in itertools.count():
                if self._stop.is_set() or self.failures:
                    return
                step(http, n)
                self._stop.wait(PAUSE)

    def ask(self, http: httpx.Client, method: str, path: str, wanted: int, **body: Any) -> Any:
        """Send a request until a server answers; returns the answer, whose status must be
        `wanted`."""
        began = time.monotonic()
        headers = {**self.provider.headers, **body.pop("headers", {})}
        answer = None
        for attempt in range(60):
            url = self.servers[next(self._turn) % len(self.servers)]
            try:
                answer = http.request(method, url + path, headers=headers, **body)
                break
            except UNSENT:
                time.sleep(0.02 * attempt)
        self.longest = max(self.longest, time.monotonic() - began)
        if answer is None or answer.status_code != wanted:
            said = "no answer" if answer is None else f"{answer.status_code} {answer.text[:300]}"
            self.failures.append(f"{method} {path}: {said}")
        return answer

    def _order(self, http: httpx.Client, n: int) -> None:
        body = {
            "subscription_id": self.provider.other,
            "lines": [{"product_id": self.provider.seat, "quantity": 1}],
        }
        key = {"Idempotency-Key": f"order {self._run} {n}"}
        first = self.ask(http, "POST", "/api/v1/orders", 201, json=body, headers=key)
        again = self.ask(http, "POST", "/api/v1/orders", 201, json=body, headers=key)
        if first is not None and again is not None and again.content != first.content:
            self.failures.append(f"another answer to the same key: {first.text} {again.text}")
        self.granted += 1
        self.done["order"] += 1

    def _assign(self, http: httpx.Client, n: int) -> None:
        base = f"/api/v1/subscriptions/{self.provider.other}/numbers"
        key = {"Idempotency-Key": f"assign {self._run} {n}"}
        wanted = {"sku": "be-geo", "quantity": 1}
        answer = self.ask(http, "POST", base, 201, json=wanted, headers=key)
        if n % 2 and answer is not None and answer.status_code == 201:
            number = answer.json()["items"][0]["e164"]
            self.ask(http, "DELETE", f"{base}/{number}", 204)
        else:
            self.assigned += 1
        self.done["assign"] += 1

    def _link(self, http: httpx.Client, n: int) -> None:
        which = n % len(self.provider.users)
        base = f"/api/v1/subscriptions/{self.provider.subscription}/users"
        path = f"{base}/{self.provider.users[which]}/number"
        self.ask(http, "PUT", path, 200, json={"number": self.provider.numbers[which]})
        if n % 3:
            self.ask(http, "DELETE", path, 204)
        self.done["link"] += 1

    def _call(self, http: httpx.Client, n: int) -> None:
        path = f"/api/v1/trunks/{self.provider.trunk}/calls/outbound/{self._run}-{n}"
        parties = {"caller": "+3225550100", "callee": "+3225550199"}
        self.ask(http, "PUT", path, 201, json=parties)
        self.ask(http, "PUT", path, 200, json=parties)
        self.ask(http, "DELETE", path, 204)
        self.done["call"] += 1

    def _read(self, http: httpx.Client, n: int) -> None:
        base = f"/api/v1/subscriptions/{self.provider.subscription}"
        for path in (f"{base}/balances", f"{base}/users?limit=5", "/api/v1/orders?limit=5"):
            self.ask(http, "GET", path, 200)
        self.done["read"] += 1

    def _page(self, http: httpx.Client, n: int) -> None:
        if n == 0:
            sign_in(http, self.servers[0])
        for path in ("/", "/orders", "/healthz"):
            self.ask(http, "GET", path, 200)
        self.done["page"] += 1

    def _follow_feed(self) -> None:
        """Reads each event once, from servers of either release."""
        with httpx.Client(timeout=30) as http:
            for events in self._pages_of_feed(http):
                self.events += [event["id"] for event in events]
                self.done["feed"] += 1

    def _pages_of_feed(self, http: httpx.Client) -> Iterator[list[dict[str, Any]]]:
        after = ""
        while not self.failures:
            ending = self._silence.is_set()
            path = f"/api/v1/events?limit=500{after}"
            answer = self.ask(http, "GET", path, 200)
            if answer is None or answer.status_code != 200:
                return
            page = answer.json()
            after = f"&after={page['next']}" if page["next"] else after
            yield page["items"]
            if ending and not page["items"]:
                return
            if not page["items"]:
                self._silence.wait(0.05)
