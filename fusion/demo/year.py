"""The past year of the demo: what customers ordered, used, returned and terminated.

The usual use cases do everything, while the clock is set back.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle
from random import Random
from uuid import UUID

from fusion.access.actor import Actor
from fusion.catalogue.change_product import change_product
from fusion.demo import story
from fusion.demo.calls import make_calls
from fusion.demo.staff import Staff
from fusion.kernel.clock import now
from fusion.kernel.errors import Problem
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.terminate import terminate
from fusion.ordering.cancel import cancel_order
from fusion.ordering.place import Draft, Line, place_order
from fusion.seed.provider import Provider

CHANCE = 11
"""The seed of the random orders: the same in every installation."""

DAYS = 365

OPENING = 0.6
"""The part of the year with the first orders of all customers."""

TAKEN = (72, 90, 45, 88, 20, 96)
"""Per cent of its numbers that a customer assigns, in turn: some have plenty, some run out."""

CALLS = 92
"""Days of calls, as many as charts show."""

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(slots=True)
class Customer:
    """A subscription: its orders, its holdings, and the share of its numbers that it assigns."""

    subscription: UUID
    reference: str
    products: Sequence[UUID]
    share: int
    opens: datetime
    held: Counter[UUID | None] = field(default_factory=Counter)


Step = tuple[datetime, int, Callable[[], object]]


class Year:
    """The year that ends now."""

    def __init__(self, actor: Actor, provider: Provider, staff: Staff) -> None:
        self._actor = actor
        self._staff = staff
        self._random, self._calls = Random(CHANCE), Random(CHANCE)  # noqa: S311
        self._steps: list[Step] = []
        self._count = 0
        self._now = now()
        self._products = {offer.code: UUID(offer.id) for offer in provider.offers}
        self._channels = {self._products[code] for code in story.CHANNELS}
        self._customers = [
            self._customer(provider, position, share)
            for position, share in zip(range(len(provider.subscribers)), cycle(TAKEN), strict=False)
        ]
        self._by_reference = {customer.reference: customer for customer in self._customers}

    def _customer(self, provider: Provider, position: int, share: int) -> Customer:
        reference = story.MERIDIAN.subscriptions[position][0]
        offers = [UUID(provider.offers[slot].id) for slot in provider.assortment(position)]
        if reference == story.SHOWN:  # few channels, so that its busy hours fill them
            offers = [offer for offer in offers if offer not in self._channels]
        opens = self._now - DAY * DAYS * (1 - OPENING * position / len(provider.subscribers))
        return Customer(
            UUID(provider.subscribers[position].id),
            reference,
            offers,
            share,
            self._at_work(opens),
        )

    def live(self, go_to: Callable[[datetime], None]) -> None:
        """Do everything in sequence; `go_to` sets the clock."""
        self._plan()
        while self._steps:
            at, _, do = heapq.heappop(self._steps)
            go_to(at)
            do()

    def _do(self, at: datetime, do: Callable[[], object]) -> None:
        """Schedule it for that time, unless it is in the future."""
        if at < self._now - HOUR:
            self._count += 1
            heapq.heappush(self._steps, (at, self._count, do))

    def _at_work(self, at: datetime) -> datetime:
        """An instant of a working day's office hours, at or soon after `at`."""
        if at.isoweekday() > 5:
            at += DAY * (8 - at.isoweekday())
        return at.replace(hour=8, minute=0) + HOUR * 9 * self._random.random()

    def _plan(self) -> None:
        for goods in story.MERIDIAN.products:
            if goods.later:
                changed = self._at_work(self._now - DAY * DAYS / 2)
                self._do(changed, partial(self._change, goods))
        for customer in self._customers:
            self._do(customer.opens, partial(self._open, customer))
            at = customer.opens
            while at < self._now:
                at += DAY * (5 + 13 * self._random.random())
                self._do(self._at_work(at), partial(self._order, customer))
                self._do(self._at_work(at + DAY), partial(self._use, customer))
        for reference, ago, act in (
            (story.SHRINKING, 52, self._shrink),
            (story.LEAVING, 33, self._leave),
        ):
            self._do(
                self._at_work(self._now - DAY * ago), partial(act, self._by_reference[reference])
            )
        for ago in range(CALLS, 0, -1):
            day = self._now - DAY * ago
            self._do(day.replace(hour=18), partial(self._call, day))

    def _change(self, goods: story.Goods) -> None:
        change_product(
            self._actor, product_id=self._products[goods.code], changes={"items": goods.later}
        )

    def _open(self, customer: Customer) -> None:
        """The first order: users with numbers, and channels for the featured subscription."""
        lines = [Line(customer.products[0], 2), Line(customer.products[1], 3)]
        if customer.reference == story.SHOWN:
            lines.append(Line(self._products["sip-10"], 3))
        self._place(customer, lines)
        self._use(customer)

    def _order(self, customer: Customer) -> None:
        """A later order: usually more, sometimes less, sometimes scheduled."""
        if customer.subscription in self._staff.gone:
            return
        product = self._random.choice(customer.products)
        if product in self._channels and self._random.random() < 0.7:
            # customers need more channels less often than more users
            product = customer.products[0]
        roll, held = self._random.random(), customer.held[product]
        if roll < 0.75 or not held:
            lines = [Line(product, 1 + int(self._random.random() * 3))]
            if roll < 0.15:
                lines.append(Line(self._random.choice(customer.products), 1))
        else:
            lines = [Line(product, 1 + int(self._random.random() * min(held, 3)), "remove")]
        if self._random.random() < 0.06:
            self._schedule(customer, lines, held)
        else:
            self._place(customer, lines)

    def _schedule(self, customer: Customer, lines: list[Line], held: int) -> None:
        """Scheduled for some days later. A removal exceeds the holdings by then, and fails."""
        if lines[0].action == "remove":
            lines = [Line(lines[0].product_id, held + 20, "remove")]
        due = self._at_work(now() + DAY * (4 + 16 * self._random.random()))
        answer = self._place(customer, lines, due)
        if answer is not None and self._random.random() < 0.2:
            self._do(now() + DAY, partial(cancel_order, self._actor, order_id=answer))
        self._do(due + timedelta(seconds=5), apply_due_orders)

    def _place(
        self, customer: Customer, lines: list[Line], due: datetime | None = None
    ) -> UUID | None:
        """The order's id; None if it is refused because the removed units are in use."""
        self._count += 1
        lines = list({line.product_id: line for line in lines}.values())
        draft = Draft(customer.subscription, tuple(lines), f"SO-{self._count:06d}", due)
        try:
            answer = place_order(self._actor, draft=draft)
        except Problem:
            return None
        if due is None:
            for line in lines:
                customer.held[line.product_id] += (
                    line.quantity if line.action == "add" else -line.quantity
                )
        return UUID(answer.body["id"])

    def _use(self, customer: Customer) -> None:
        if customer.subscription not in self._staff.gone:
            if self._random.random() < 0.2:
                self._staff.part_with(customer.subscription, 1 + int(self._random.random() * 3))
            self._staff.put_to_use(customer.subscription, customer.share)

    def _shrink(self, customer: Customer) -> None:
        """Remove half of everything."""
        self._staff.halve(customer.subscription)
        for product, held in sorted(customer.held.items()):
            for quantity in (held // 2, held // 4):
                if quantity and self._place(customer, [Line(product, quantity, "remove")]):
                    break
        customer.share = 20

    def _leave(self, customer: Customer) -> None:
        terminate(self._actor, subscription_id=customer.subscription)
        self._staff.gone.add(customer.subscription)

    def _call(self, day: datetime) -> None:
        """The calls of a day, of all subscriptions with channels."""
        shown = self._staff.trunk_of(self._by_reference[story.SHOWN].subscription)
        make_calls(self._staff.trunks(), shown, day, self._calls)
