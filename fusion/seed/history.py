"""Generating the order history of a fictitious provider's customers, in chronological order.

The functions that serve the present place and apply the orders, while the clock is set back.
"""

import heapq
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from uuid import UUID

import orjson
from django.db import connection

from fusion.kernel.past import as_owner, movable_clock
from fusion.ordering.start_numbers import make_sequence
from fusion.seed.catalogue import sell_revision
from fusion.seed.load import REQUEST, Load
from fusion.seed.past import DAY, SECOND, id_at, instant_of
from fusion.seed.provider import ASSORTMENT, Provider

OPENING = 0.6
"""The part of the time within which all subscriptions come into being."""

SCHEDULED = 0.04
"""The share of orders that are placed for later."""

PLENTY = 1_000
"""A subscription with as many of a product orders no more of it: balances stay far below their
limit.
"""

BATCH = 1_000
"""Orders that are placed by one call."""

REFERENCED = 1_000
"""Orders with an external reference: its lock is held until the transaction ends."""

WORKER = "system:worker"

PLACE = """
SELECT answer FROM ordering_place_v2(%s::uuid, %s::jsonb) WHERE status <> 201 LIMIT 1
"""
APPLY = """
SELECT id FROM ordering_settle_all(%s, %s::uuid[], %s, %s, %s::timestamptz[])
WHERE state = 'completed'
"""
CANCEL = """
SELECT ordering_cancel_all(%s::uuid, %s::uuid[], %s, %s, %s::timestamptz[])
"""
PLANS = """
SELECT set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true)
"""
"""As the functions called below set them for themselves in the present."""

ROOM = """
ALTER TABLE ledger_balance SET (fillfactor = 25);
ALTER TABLE ordering_holding SET (fillfactor = 25)
"""
"""Until the transaction ends, no former version of a row can be removed. With space for them beside
the row, they need no entries in the indexes.
"""
NO_ROOM = """
ALTER TABLE ledger_balance RESET (fillfactor);
ALTER TABLE ordering_holding RESET (fillfactor)
"""


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` to `until`, in microseconds: when `orders` orders were placed."""

    since: int
    until: int
    orders: int

    def opens_at(self, subscriber: int, subscribers: int) -> int:
        """When a subscription came into being."""
        return self.since + int((self.until - self.since) * OPENING * subscriber / subscribers)

    def placed_at(self, order: int, share: float) -> int:
        """When an order was placed; `share` (0 to 1) is its place between its neighbours."""
        step = (self.until - self.since) / self.orders
        return self.since + int((order + 0.1 + 0.8 * share) * step)


@dataclass(frozen=True, slots=True)
class Order:
    """An order; `lines` are (slot in the subscriber's assortment, quantity), negative to remove."""

    id: UUID
    subscriber: int
    lines: tuple[tuple[int, int], ...]


class History:
    """The orders of one provider."""

    def __init__(
        self, load: Load, provider: Provider, *, actor: str, random_seed: int, most: int = 20
    ) -> None:
        """Placed by `actor`; `most` is the largest quantity of a line that adds."""
        self._load = load
        self._provider = provider
        self._actor = actor
        self._path = f"{provider.group.hex}/"
        self._random = Random(random_seed)
        self._most = most
        self._held = array("q", bytes(8 * len(provider.subscribers) * ASSORTMENT))
        self._slots = min(ASSORTMENT, len(provider.offers))
        self._pending: list[tuple[int, int, bool, Order]] = []
        self._cancelled: list[tuple[int, Order]] = []
        self._effective: list[tuple[int, Order]] = []
        self._busy: set[int] = set()
        self._batch: list[dict[str, object]] = []
        self._count = 0
        self._opened = 0

    def write(self, span: Span, progress: Callable[[int], object]) -> None:
        """Place `span.orders` orders, and apply what falls due; `progress` counts the orders."""
        self._load.flush()  # the sequence of a group is made only when the group is there
        make_sequence(self._provider.group)
        revisions = sorted(
            (since, number, offer.id)
            for offer in self._provider.offers
            for number, since in enumerate(offer.revisions, 1)
        )
        _execute(PLANS)
        as_owner(ROOM)
        with movable_clock():
            for index in range(span.orders):
                at = span.placed_at(index, self._random.random())
                while revisions and (revisions[0][0] <= at or revisions[0][1] == 1):
                    self._catch_up()
                    _, number, offer = revisions.pop(0)
                    sell_revision(self._provider.group, offer, number)
                self._fall_due(at)
                subscriber = self._choose_subscriber(span, at)
                if len(self._batch) == BATCH or subscriber in self._busy:
                    self._catch_up()
                self._place(subscriber, at, span.until)
                if index % 1_000 == 999:
                    progress(1_000)
            self._fall_due(span.until)
            self._catch_up()
        progress(span.orders % 1_000)
        for _, number, offer in revisions:
            sell_revision(self._provider.group, offer, number)
        as_owner(NO_ROOM)

    def _choose_subscriber(self, span: Span, at: int) -> int:
        """Usually one without a due order: see `_catch_up`."""
        subscribers = len(self._provider.subscribers)
        if self._opened < subscribers and span.opens_at(self._opened, subscribers) <= at:
            self._opened += 1
            return self._opened - 1
        for _ in range(3):
            subscriber = int(self._random.random() * self._opened)
            if subscriber not in self._busy:
                break
        return subscriber

    def _place(self, subscriber: int, at: int, until: int) -> None:
        later = self._random.random() < SCHEDULED
        order = Order(id_at(at), subscriber, self._choose(subscriber, careless=later))
        if later:
            effective = self._schedule(order, at, until)
        else:
            effective = None
            self._count_in(order)
        products = self._provider.assortment(subscriber)
        self._count += 1
        self._batch.append(
            {
                "id": order.id,
                "actor": self._actor,
                "request": REQUEST,
                "path": self._path,
                "at": instant_of(at),
                "subscription_id": self._provider.subscribers[subscriber].id,
                "external_reference": self._reference(),
                "effective_at": effective and instant_of(effective),
                "lines": [
                    {
                        "product_id": self._provider.offers[products[slot]].id,
                        "action": "add" if quantity > 0 else "remove",
                        "quantity": abs(quantity),
                    }
                    for slot, quantity in order.lines
                ],
            }
        )

    def _reference(self) -> str | None:
        return f"SO-{self._count:08d}" if self._count <= REFERENCED else None

    def _schedule(self, order: Order, at: int, until: int) -> int:
        """The instant of an order placed for up to a month later. Nothing falls due in the day
        after the history ends.
        """
        wait = int((0.05 + 0.95 * self._random.random()) * 30 * DAY)
        effective = at + wait
        if until <= effective < until + DAY:
            effective += DAY
        when, cancelled = effective, False
        if self._random.random() < 0.2 and at + wait // 2 < until:
            when, cancelled = at + wait // 2, True
        heapq.heappush(self._pending, (when, self._count, cancelled, order))
        return effective

    def _fall_due(self, until: int) -> None:
        while self._pending and self._pending[0][0] < until:
            when, _, cancelled, order = heapq.heappop(self._pending)
            (self._cancelled if cancelled else self._effective).append((when, order))
            self._busy.add(order.subscriber)

    def _catch_up(self) -> None:
        """Place the orders of the batch, then apply or cancel those that have fallen due.

        Called before a subscription with a due order gets another one: only the orders of one
        subscription have to stay in their order.
        """
        with connection.cursor() as cursor:
            if self._batch:
                cursor.execute(PLACE, [self._provider.group, orjson.dumps(self._batch).decode()])
                refused = cursor.fetchone()
                if refused:
                    raise ValueError(f"A generated order was refused: {refused[0]}")
            if self._cancelled:
                ids = [order.id for _, order in self._cancelled]
                at = [instant_of(when) for when, _ in self._cancelled]
                cursor.execute(CANCEL, [self._provider.group, ids, self._actor, REQUEST, at])
            if self._effective:
                orders = {order.id: order for _, order in self._effective}
                at = [instant_of(when + SECOND) for when, _ in self._effective]
                cursor.execute(APPLY, [self._provider.group, [*orders], WORKER, REQUEST, at])
                for (completed,) in cursor.fetchall():
                    self._count_in(orders[completed])
        for done in (self._batch, self._cancelled, self._effective, self._busy):
            done.clear()

    def _count_in(self, order: Order) -> None:
        for slot, quantity in order.lines:
            self._held[order.subscriber * ASSORTMENT + slot] += quantity

    def _choose(self, subscriber: int, *, careless: bool) -> tuple[tuple[int, int], ...]:
        """One or two lines. A `careless` removal takes more than may be held when it is due."""
        random = self._random.random
        slot = int(random() * self._slots)
        held = self._held[subscriber * ASSORTMENT + slot]
        roll = random()
        more = (slot + 1) % self._slots, 1 + int(random() * self._most)
        if (roll < 0.7 and held < PLENTY) or not held:
            lines = ((slot, 1 + int(random() * self._most)),)
            return (*lines, more) if roll < 0.2 and self._slots > 1 else lines
        most = held * 2 if careless else held
        lines = ((slot, -1 - int(random() * most * 0.999)),)
        return (*lines, more) if roll > 0.9 and self._slots > 1 else lines


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
