"""Everyday traffic: orders, assignments, links, calls, readers of the feed, people on pages.

Clients follow the guide: after a failure they send the same request again, with the same key,
until it succeeds. So at the end each write is acknowledged, and must exist once.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Empty, Queue
from typing import Any

import httpx
from django.conf import settings

from fusion.access.actor import ADMINISTRATOR
from fusion.trunks.models import Trunk
from tests.bounds import PATIENCE
from tests.numbers.stock import entitle, french, stock
from tests.portal.people import make_person, open_session
from tests.trunks.calling import order_channels
from tests.world import World, answer

PAUSE = 0.05
"""Seconds that a client waits before a retry."""

TIMEOUT = 30.0
"""Seconds that a client waits for an answer."""

UNSERVED = frozenset((502, 503, 504))


@dataclass(frozen=True)
class Ask:
    """One request; `key` identifies it and its repetitions."""

    key: str
    method: str
    path: str
    body: Any = None
    expected: tuple[int, ...] = (200,)


@dataclass
class Outcome:
    """The knowledge of the clients of one kind."""

    acknowledged: dict[str, Any] = field(default_factory=dict)
    """The answer to each key."""
    refused: Counter[str] = field(default_factory=Counter)
    """Failed attempts: their status, or "no answer"."""
    odd: list[str] = field(default_factory=list)
    """Answers that must not occur."""
    waits: list[tuple[float, float, str]] = field(default_factory=list)
    """When a client first sent a request, when it got the answer, and the URL of the server."""

    def longest_gap(self, since: float) -> tuple[float, str]:
        """The longest wait in seconds of a client for an answer after `since`."""
        gaps = ((got - began, url) for began, got, url in self.waits if got > since)
        return max(gaps, default=(0.0, ""))


Script = Generator[Ask | None, Any]
"""A generator of a client's requests, which receives the answers. None: nothing to do at the
moment."""

Steps = Callable[[int], Script]


class Traffic:
    """Clients of each kind, on the servers at `urls`, until `stop`."""

    def __init__(self, world: World, urls: Sequence[str], *, numbers: int = 500) -> None:
        self.world, self.urls = world, urls
        self.events: list[str] = []
        """The ids of the events of the first reader of the feed, in sequence."""
        self.read_up_to = ""
        """The reader's cursor."""
        self.scheduled: list[str] = []
        """The ids of scheduled orders."""
        self.outcomes: dict[str, Outcome] = {}
        self._stop = threading.Event()
        self._to_link: Queue[str] = Queue()
        self._prepare(numbers)
        clients = max(2, len(urls))  # each server gets orders and calls
        kinds: dict[str, tuple[Steps, int]] = {
            "order": (self._orders, clients),
            "assignment": (self._assignments, 1),
            "link": (self._links, 1),
            "call": (self._calls, clients),
            "feed": (self._feed, 1),
            "page": (self._pages, 1),
        }
        self._pool = ThreadPoolExecutor(sum(count for _, count in kinds.values()))
        self._running = []
        for kind, (steps, count) in kinds.items():
            self.outcomes[kind] = Outcome()
            for who in range(count):
                self._running.append(self._pool.submit(self._work, kind, steps, who))

    def served(self) -> dict[str, int]:
        """The number of acknowledged requests of each kind."""
        return {kind: len(outcome.acknowledged) for kind, outcome in self.outcomes.items()}

    def is_broken(self) -> bool:
        """Whether a client got an answer that must not occur."""
        return any(outcome.odd for outcome in self.outcomes.values())

    def end(self) -> None:
        """Let each client continue until its current request is acknowledged."""
        self._stop.set()
        for client in self._running:
            client.result(2 * PATIENCE)
        self._pool.shutdown()

    def _prepare(self, numbers: int) -> None:
        world = self.world
        order_channels(world, 1000)
        entitle(world, numbers)
        stock(world, numbers)
        world.user_product = world.product("only-user", {world.user_sku: 1})  # type: ignore[attr-defined]
        body = {"subscription_id": str(world.subscription.id)}
        lines = [{"product_id": str(world.user_product.id), "quantity": numbers}]  # type: ignore[attr-defined]
        assert world.call("POST", "/orders", {**body, "lines": lines}).status_code == 201
        trunk = {"name": "Main", "country": "BE"}
        there = f"/subscriptions/{world.subscription.id}"
        self.trunk: str = answer(world.call("POST", f"{there}/trunks", trunk))["id"]
        assert Trunk.objects.unscoped("test").filter(id=self.trunk).exists()
        self._there = f"/api/v1{there}"
        self._token = world.token(world.group)
        self._session = open_session(make_person((world.group, ADMINISTRATOR)))

    def _work(self, kind: str, steps: Steps, who: int) -> None:
        outcome = self.outcomes[kind]
        headers = {"Authorization": f"Bearer {self._token}"}
        if kind == "page":
            headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={self._session}"}
        url = self.urls[who % len(self.urls)]
        with httpx.Client(base_url=url, timeout=TIMEOUT, headers=headers) as http:
            script = steps(who)
            ask = next(script)
            while not self._stop.is_set():
                if ask is None:
                    time.sleep(PAUSE)
                    ask = next(script)
                    continue
                began = time.monotonic()
                response = self._until_served(http, outcome, ask)
                if response is None:
                    return
                outcome.waits.append((began, time.monotonic(), url))
                outcome.acknowledged[ask.key] = response
                ask = script.send(response)

    def _until_served(
        self, http: httpx.Client, outcome: Outcome, ask: Ask
    ) -> httpx.Response | None:
        """The answer; None after a failure, which `outcome` records."""
        headers = {"Idempotency-Key": ask.key} if ask.method == "POST" else {}
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                response = http.request(ask.method, ask.path, json=ask.body, headers=headers)
            except httpx.TransportError:
                outcome.refused["no answer"] += 1
            else:
                if response.status_code in ask.expected:
                    return response
                if response.status_code not in UNSERVED:
                    outcome.odd.append(f"{ask.method} {ask.path} {ask.key}: {response.text[:300]}")
                    return None
                outcome.refused[str(response.status_code)] += 1
            time.sleep(PAUSE)
        outcome.odd.append(f"{ask.method} {ask.path} {ask.key}: never served")
        return None

    def _orders(self, who: int) -> Script:
        """Every tenth order is scheduled for two seconds later.

        If it is only served after that time, it is refused: it was not placed before, and is not
        placed now.
        """
        for n in range(1_000_000):
            key = f"order {who}.{n}"
            body: dict[str, Any] = {
                "subscription_id": str(self.world.subscription.id),
                "external_reference": key,
                "lines": [{"product_id": str(self.world.seat.id), "quantity": 1 + n % 3}],
            }
            later = n % 10 == 9
            if later:
                body["effective_at"] = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
            expected = (201, 422) if later else (201,)
            response = yield Ask(key, "POST", "/api/v1/orders", body, expected)
            if later and response.status_code == 201:
                self.scheduled.append(response.json()["id"])

    def _assignments(self, who: int) -> Script:
        """Assigns one number after another, for the clients that link."""
        body = {"sku": french(self.world).code, "quantity": 1}
        for n in range(1_000_000):
            key = f"assignment {who}.{n}"
            response = yield Ask(key, "POST", f"{self._there}/numbers", body, (201,))
            self._to_link.put(response.json()["items"][0]["e164"])
            yield None

    def _links(self, who: int) -> Script:
        """Links a new user to each assigned number."""
        for n in range(1_000_000):
            try:
                number = self._to_link.get_nowait()
            except Empty:
                yield None
                continue
            key = f"user {who}.{n}"
            body = {"login": f"user-{who}-{n}", "display_name": key}
            response = yield Ask(key, "POST", f"{self._there}/users", body, (201,))
            user = response.json()["id"]
            key = f"link {who}.{n}"
            there = f"{self._there}/users/{user}/number"
            yield Ask(key, "PUT", there, {"number": number}, (200,))

    def _calls(self, who: int) -> Script:
        """Calls that begin, and end except for every fifth."""
        body = {"caller": "+3225550100", "callee": "+3225550199"}
        for n in range(1_000_000):
            there = f"/api/v1/trunks/{self.trunk}/calls/inbound/{who}.{n}"
            yield Ask(f"call {who}.{n}", "PUT", there, body, (200, 201))
            if n % 5:
                yield Ask(f"end {who}.{n}", "DELETE", there, None, (204,))
            yield None

    def _feed(self, who: int) -> Script:
        """Reads the feed from its cursor, and keeps the events."""
        for n in range(1_000_000):
            there = f"/api/v1/events?limit=200{self.read_up_to}"
            page = (yield Ask(f"feed {who}.{n}", "GET", there)).json()
            self.read_up_to = f"&after={page['next']}"
            self.events += [event["id"] for event in page["items"]]
            yield None
            if not page["items"]:
                yield None

    def _pages(self, who: int) -> Script:
        there = f"/subscriptions/{self.world.subscription.id}"
        for n in range(1_000_000):
            page = ("", "/numbers", "/users", "/ledger")[n % 4]
            yield Ask(f"page {who}.{n}", "GET", f"{there}{page}")
            yield None


class Pulse:
    """Requests `/healthz` of every server all the time, and measures the slowest answer."""

    EVERY = 0.2
    """Seconds between two requests."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.slowest = 0.0
        self.failed: list[str] = []
        self._stop = threading.Event()
        self._asking = [threading.Thread(target=self._ask, args=(url,)) for url in urls]
        for thread in self._asking:
            thread.start()

    def end(self) -> None:
        """Stop the requests."""
        self._stop.set()
        for thread in self._asking:
            thread.join(PATIENCE)

    def _ask(self, url: str) -> None:
        with httpx.Client(timeout=10) as http:
            while not self._stop.wait(self.EVERY):
                begun = time.monotonic()
                try:
                    status = http.get(f"{url}/healthz").status_code
                    if status != 200:
                        self.failed.append(str(status))
                except httpx.TransportError as error:
                    self.failed.append(repr(error))
                self.slowest = max(self.slowest, time.monotonic() - begun)
