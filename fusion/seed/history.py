"""Generating the order history of a fictitious provider's customers, in chronological order."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

from django.db import connection

from fusion.ordering.start_numbers import make_sequence
from fusion.seed.books import Books, Line
from fusion.seed.load import CHUNK, Load
from fusion.seed.past import DAY, SECOND
from fusion.seed.provider import ASSORTMENT, Provider
from fusion.seed.rows import WORKER, Order, Rows, write_balances, write_holding

OPENING = 0.6
"""The part of the time within which all subscriptions come into being."""

SCHEDULED = 0.04
"""The share of orders that are placed for later."""

PLENTY = 1_000
"""Whoever holds as many of a product orders no more of it: balances stay far below their limit."""

NUMBERS = 10_000


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


class History:
    """The orders of one provider."""

    def __init__(
        self, load: Load, provider: Provider, *, actor: str, random_seed: int, most: int = 20
    ) -> None:
        """Placed by `actor`; `most` is the largest quantity of a line that adds."""
        self._load = load
        self._provider = provider
        self._rows = Rows(load, provider, actor)
        self._actor = actor
        self._random = Random(random_seed)
        self._most = most
        self._books = Books(provider)
        self._slots = min(ASSORTMENT, len(provider.offers))
        self._pending: list[tuple[int, int, str, Order]] = []

    def write(self, span: Span, progress: Callable[[int], object]) -> None:
        """Write `span.orders` orders and what they leave; `progress` hears of each thousand."""
        self._load.flush()  # the sequence of a group is made only when the group is there
        make_sequence(self._provider.group)
        numbers = take_numbers(self._provider.group, span.orders)
        opened, subscribers = 0, len(self._provider.subscribers)
        for index in range(span.orders):
            at = span.placed_at(index, self._random.random())
            self._settle(at)
            if opened < subscribers and span.opens_at(opened, subscribers) <= at:
                subscriber = opened
                opened += 1
            else:
                subscriber = int(self._random.random() * opened)
            self._place(next(numbers), subscriber, at, span.until)
            if index % 1_000 == 999:
                self._load.flush(least=CHUNK)
                progress(1_000)
        self._settle(span.until)
        for *_, order in self._pending:
            self._rows.write(order)
        self._write_books()
        self._load.flush()
        progress(span.orders % 1_000)

    def _place(self, number: int, subscriber: int, at: int, until: int) -> None:
        later = self._random.random() < SCHEDULED
        lines = self._choose(subscriber, at, careless=later)
        order = Order(number, subscriber, at, lines)
        if later:
            self._schedule(order, until)
        else:
            self._rows.complete(order, self._books.post(subscriber, lines), at)
        self._rows.placed(order)
        if not later:
            self._rows.write(order)

    def _schedule(self, order: Order, until: int) -> None:
        """Put off for up to a month. Nothing falls due in the day after the history ends."""
        wait = int((0.05 + 0.95 * self._random.random()) * 30 * DAY)
        order.effective_at = order.placed_at + wait
        if until <= order.effective_at < until + DAY:
            order.effective_at += DAY
        fate, when = "apply", order.effective_at
        if self._random.random() < 0.2:
            fate, when = "cancel", order.placed_at + wait // 2
        if when >= until:
            fate, when = "apply", order.effective_at
        heapq.heappush(self._pending, (when, order.number, fate, order))

    def _settle(self, until: int) -> None:
        """Do what has fallen due with the orders placed for later."""
        while self._pending and self._pending[0][0] < until:
            when, _, fate, order = heapq.heappop(self._pending)
            if fate == "cancel":
                order.state = "cancelled"
                self._rows.settled(order, self._actor, "order.cancel", when)
            else:
                self._apply(order, when + SECOND)
                self._rows.settled(order, WORKER, "order.apply", when + SECOND)
            self._rows.write(order)

    def _apply(self, order: Order, at: int) -> None:
        missing = [
            _missing(self._provider, order, line, held)
            for line in order.lines
            if not line.revision
            and (held := self._books.held(order.subscriber, line.slot)) < line.quantity
        ]
        if missing:
            order.state = "failed"
            order.failure = failure(missing)
        else:
            self._rows.complete(order, self._books.post(order.subscriber, order.lines), at)

    def _choose(self, subscriber: int, at: int, *, careless: bool) -> list[Line]:
        """One or two lines. A `careless` removal takes more than may be held when it is due."""
        random = self._random.random
        slot = int(random() * self._slots)
        held = self._books.held(subscriber, slot)
        roll = random()
        if (roll < 0.7 and held < PLENTY) or not held:
            lines = [self._addition(subscriber, slot, at)]
            if roll < 0.2 and self._slots > 1:
                lines.append(self._addition(subscriber, (slot + 1) % self._slots, at))
            return lines
        most = held * 2 if careless else held
        lines = [Line(slot, 0, 1 + int(random() * most * 0.999))]
        if roll > 0.9 and self._slots > 1:
            lines.append(self._addition(subscriber, (slot + 1) % self._slots, at))
        return lines

    def _addition(self, subscriber: int, slot: int, at: int) -> Line:
        offer = self._provider.offers[self._provider.assortment(subscriber)[slot]]
        return Line(slot, offer.revision_at(at), 1 + int(self._random.random() * self._most))

    def _write_books(self) -> None:
        subscribers = self._provider.subscribers
        for subscriber, *balance in self._books.balances():
            write_balances(self._load, self._provider, subscribers[subscriber], *balance)
            self._load.flush(least=CHUNK)
        for subscriber, *holding in self._books.holdings():
            write_holding(self._load, self._provider, subscribers[subscriber], *holding)
            self._load.flush(least=CHUNK)


def _missing(
    provider: Provider, order: Order, line: Line, held: int
) -> tuple[object, str, int, int]:
    offer = provider.offers[provider.assortment(order.subscriber)[line.slot]]
    return offer.id, offer.code, held, line.quantity


def failure(missing: list[tuple[object, str, int, int]]) -> str:
    """The refusal `ordering_problem_not_held`, of (product, code, held, requested)."""
    detail = " ".join(
        f"The subscription holds {held} of product {code}, {requested - held} fewer than "
        f"the {requested} to remove."
        for _, code, held, requested in missing
    )
    holdings = ",".join(
        f'{{"product_id" : "{product}", "product_code" : "{code}", "held" : {held},'
        f' "requested" : {requested}, "missing" : {requested - held}}}'
        for product, code, held, requested in missing
    )
    return f'{{"code" : "not-held", "detail" : "{detail}", "holdings" : [{holdings}]}}'


def take_numbers(group_id: UUID, count: int) -> Iterator[int]:
    """The next `count` order numbers of a group."""
    for start in range(0, count, NUMBERS):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ordering_next_number(%s::uuid) FROM generate_series(1, %s)",
                [group_id, min(NUMBERS, count - start)],
            )
            rows = cursor.fetchall()
        yield from (number for (number,) in rows)
