"""Orders with an end, in the model and in the machine that compares it with the database."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from fusion.ordering.queries import order_document_of
from tests.ordering.drawing import added, subscriptions
from tests.ordering.shapes import Draft, Holdings, Line, Outcome, Placed


def expiry_of(order: Placed, index: int) -> Placed:
    """The order that ends another, whose index is given."""
    lines = tuple(
        Line(line.product, line.quantity, "remove", revision)
        for line, revision in zip(order.draft.lines, order.revisions, strict=True)
    )
    draft = Draft(order.draft.subscription, lines, hours=order.draft.ends)
    return Placed(draft, "scheduled", order.revisions, kind="expiry", expires=index)


def take_back(draft: Draft, holdings: Holdings, outcome: Outcome) -> None:
    """What an expiry takes: of each line its revision first, then the newest, as far as held."""
    for line in draft.lines:
        need, taken = line.quantity, []
        held = {
            revision: many
            for (owner, product, revision), many in holdings.items()
            if (owner, product) == (draft.subscription, line.product) and many
        }
        for revision in sorted(held, key=lambda each: (each != line.revision, -each)):
            took = min(need, held[revision])
            if took:
                need -= took
                taken.append({"revision": revision, "quantity": took})
                outcome.moves.append((line.product, revision, -took))
        outcome.taken.append(taken)
        outcome.before.append(None)


def drop_expiries(orders: list[Placed]) -> None:
    """Cancel the expiries of orders that failed or were cancelled or reversed, and the reversals of
    those that have ended.
    """
    ended = {order.expires for order in orders if order.state == "completed"} - {None}
    for order in orders:
        if order.reverses in ended and order.state == "scheduled":
            order.state = "cancelled"
    reversed_ = {order.reverses for order in orders if order.state == "completed"}
    for order in orders:
        if order.expires is not None and order.state == "scheduled":
            is_over = orders[order.expires].state in ("failed", "cancelled")
            if is_over or order.expires in reversed_:
                order.state = "cancelled"


def is_out_of_turn(orders: list[Placed], order: Placed, hours: int) -> bool:
    """Whether an order that is moved to this time would end before it takes effect."""
    index = orders.index(order)
    ends = [o for o in orders if o.expires == index and o.state == "scheduled"]
    if any(end.hours <= hours for end in ends):
        return True
    source = None if order.expires is None else orders[order.expires]
    return source is not None and source.state == "scheduled" and source.hours >= hours


def delta_of(outcome: Outcome, items: Callable[[str, int], dict[str, int]]) -> Counter[str]:
    """By SKU, what the moves change; `items` has those of a product's revision."""
    delta: Counter[str] = Counter()
    for product, revision, quantity in outcome.moves:
        for sku, each in items(product, revision).items():
            delta[sku] += each * quantity
    return delta


class Ending(RuleBasedStateMachine):
    """A part of the machine of orders, which sets the members."""

    documents: list[dict[str, Any]]

    def place(self, draft: Draft) -> None:
        """Place one order and compare its result."""
        raise NotImplementedError

    @rule(
        subscription=subscriptions,
        ends=st.integers(1, 4),
        hours=st.none() | st.just(0),
        lines=st.lists(added, min_size=1, max_size=2, unique_by=lambda line: line.product),
    )
    def order_with_an_end(
        self, subscription: str, ends: int, hours: int | None, lines: list[Line]
    ) -> None:
        """Place one that ends in some hours."""
        self.place(Draft(subscription, tuple(lines), hours=hours, ends=ends))

    def note_expiry(self, answered: dict[str, Any]) -> None:
        """Remember the expiry of an order that was placed, if it has one."""
        if answered["expired_by"] is not None:
            self.documents.append(order_document_of(UUID(answered["expired_by"])))
