"""The rules of ordering in plain Python: the model with which tests compare the database.

It has no locks, SQL or HTTP. Quantities are integers, instants are hours from a fixed day.
"""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

CEILING = 2_000_000_000


@dataclass(frozen=True)
class Line:
    """Add or remove a quantity of a product, both by their names in the test."""

    product: str
    quantity: int
    action: str


@dataclass(frozen=True)
class Draft:
    """A requested order; `hours` is when it takes effect, None for at once."""

    subscription: str
    lines: tuple[Line, ...]
    key: str | None = None
    reference: str | None = None
    hours: int | None = None


@dataclass
class Outcome:
    """The result of an order: a refusal with its code and figures, or its effects."""

    code: str | None = None
    refusals: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    taken: list[Any] = field(default_factory=list)
    changes: dict[str, int] = field(default_factory=dict)
    after: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    replay_of: int | None = None

    def codes(self) -> set[str | None]:
        """The possible codes of the problem: if balances refuse for two reasons, either."""
        return {refusal["code"] for refusal in self.refusals} or {self.code}


@dataclass
class Placed:
    """An order that exists."""

    draft: Draft
    state: str
    revisions: tuple[int | None, ...]
    outcome: Outcome | None = None
    kind: str = "change"
    reason: str | None = None


@dataclass
class Product:
    """`revisions` maps a revision to the quantity of each SKU in one product."""

    revisions: dict[int, dict[str, int]]
    is_retired: bool = False

    @property
    def revision(self) -> int:
        """The current revision."""
        return max(self.revisions)


Holdings = dict[tuple[str, str, int], int]


class Model:
    """Subscriptions, their holdings and use, products, orders and keys."""

    def __init__(self, products: dict[str, dict[str, int]]) -> None:
        self.products = {code: Product({1: dict(items)}) for code, items in products.items()}
        self.holdings: Holdings = {}
        self.granted: Counter[tuple[str, str]] = Counter()
        self.used: Counter[tuple[str, str]] = Counter()
        self.known: set[tuple[str, str]] = set()
        self.terminated: set[str] = set()
        self.holds: dict[str, set[str]] = defaultdict(set)
        self.orders: list[Placed] = []
        self.keys: dict[str, int] = {}

    def place(self, draft: Draft) -> Outcome:
        """Place an order; returns its result."""
        outcome = self._refuse_early(draft)
        if outcome is not None:
            return outcome
        revisions = tuple(
            self.products[line.product].revision if line.action == "add" else None
            for line in draft.lines
        )
        order = Placed(draft, "scheduled", revisions)
        if draft.hours is None:
            outcome = self.judge(draft, revisions)
            if outcome.code is not None:
                return outcome
            self._complete(order, outcome)
        self.orders.append(order)
        if draft.key is not None:
            self.keys[draft.key] = len(self.orders) - 1
        return order.outcome or Outcome()

    def preview(self, draft: Draft) -> Outcome:
        """The result of placing it now."""
        outcome = self._refuse_early(Draft(draft.subscription, draft.lines, None, draft.reference))
        revisions = [self.products[line.product].revision for line in draft.lines]
        return outcome or self.judge(draft, tuple(revisions))

    def apply_due(self, subscription: str) -> list[Placed]:
        """Settle the scheduled orders of a subscription, by effective time and placement.

        At the same instant a termination comes last; it cancels all later orders.
        """
        due = [
            order
            for order in self.orders
            if order.state == "scheduled" and order.draft.subscription == subscription
        ]
        settled = []
        for order in sorted(due, key=lambda o: (o.draft.hours or 0, o.kind == "termination")):
            if order.state != "scheduled":
                continue
            settled.append(order)
            if order.kind == "change":
                outcome = self.judge(order.draft, order.revisions)
                if outcome.code is None:
                    self._complete(order, outcome)
                else:
                    order.state, order.outcome = "failed", outcome
            elif order.kind == "termination" and self._uses(subscription):
                order.state, order.outcome = "failed", Outcome("internal-error")
            else:
                order.state = "completed"
                self.change_state(subscription, order.kind, order.reason)
        return settled

    def schedule_state(
        self, subscription: str, kind: str, reason: str | None, hours: int
    ) -> str | None:
        """Schedule a change of the state; returns the code of the refusal."""
        if subscription in self.terminated:
            return "subscription-terminated"
        draft = Draft(subscription, (), hours=hours)
        self.orders.append(Placed(draft, "scheduled", (), None, kind, reason))
        return None

    def change_state(self, subscription: str, kind: str, reason: str | None) -> str | None:
        """Suspend, resume or terminate now; returns the code of the refusal."""
        if kind == "termination":
            self.terminate(subscription)
        elif subscription in self.terminated:
            return "subscription-terminated"
        elif kind == "suspension":
            self.holds[subscription].add(reason or "other")
        elif reason is None:
            self.holds[subscription].clear()
        else:
            self.holds[subscription].discard(reason)
        return None

    def status(self, subscription: str) -> str:
        """The state of the subscription."""
        if subscription in self.terminated:
            return "terminated"
        return "suspended" if self.holds[subscription] else "active"

    def _uses(self, subscription: str) -> bool:
        return any(many for balance, many in self.used.items() if balance[0] == subscription)

    def terminate(self, subscription: str) -> None:
        """Cancel scheduled orders and remove all holdings."""
        self.terminated.add(subscription)
        self.holds[subscription].clear()
        for order in self.orders:
            if order.draft.subscription == subscription and order.state == "scheduled":
                order.state = "cancelled"
        for holding in self.holdings:
            if holding[0] == subscription:
                self.holdings[holding] = 0
        for balance in self.granted:
            if balance[0] == subscription:
                self.granted[balance] = 0

    def judge(self, draft: Draft, revisions: tuple[int | None, ...]) -> Outcome:
        """The result for the lines by holdings and balances; changes nothing."""
        outcome = Outcome()
        delta: Counter[str] = Counter()
        for line, revision in zip(draft.lines, revisions, strict=True):
            if line.action == "add":
                assert revision is not None
                self._add(delta, line.product, revision, line.quantity)
                outcome.taken.append(None)
            else:
                outcome.taken.append(self._take(delta, outcome, draft.subscription, line))
        self._weigh(outcome, draft.subscription, delta)
        outcome.changes = {sku: change for sku, change in delta.items() if change}
        return outcome

    def _refuse_early(self, draft: Draft) -> Outcome | None:
        products = [line.product for line in draft.lines]
        if len(set(products)) < len(products):
            return Outcome("duplicate-line")
        if draft.key in self.keys:
            index = self.keys[draft.key]
            if self.orders[index].draft == draft:
                return Outcome(replay_of=index)
            return Outcome("idempotency-key-reused")
        if draft.subscription in self.terminated:
            return Outcome("subscription-terminated")
        carried = [o.draft.reference for o in self.orders if o.state in ("scheduled", "completed")]
        if draft.reference is not None and draft.reference in carried:
            return Outcome("external-reference-taken")
        added = [self.products[line.product] for line in draft.lines if line.action == "add"]
        is_refused = any(product.is_retired for product in added)
        return Outcome("product-retired") if is_refused else None

    def _add(self, delta: Counter[str], product: str, revision: int, quantity: int) -> None:
        for sku, each in self.products[product].revisions[revision].items():
            delta[sku] += each * quantity

    def _take(
        self, delta: Counter[str], outcome: Outcome, subscription: str, line: Line
    ) -> list[dict[str, int]]:
        need, held, taken = line.quantity, 0, []
        for revision in sorted(self.products[line.product].revisions, reverse=True):
            there = self.holdings.get((subscription, line.product, revision), 0)
            held += there
            took = min(need, there)
            if took:
                need -= took
                taken.append({"revision": revision, "quantity": took})
                self._add(delta, line.product, revision, -took)
        if need:
            numbers = {"held": held, "requested": line.quantity, "missing": need}
            outcome.code = "not-held"
            outcome.missing.append({"product_code": line.product, **numbers})
        return taken

    def _weigh(self, outcome: Outcome, subscription: str, delta: Counter[str]) -> None:
        for sku, change in delta.items():
            granted, used = self.granted[subscription, sku], self.used[subscription, sku]
            after = granted + change
            outcome.after[sku] = (granted, after, used)
            if outcome.code == "not-held":
                continue
            numbers = {"sku": sku, "granted": granted, "used": used}
            if change < 0 and after < used:
                numbers |= {"code": "below-use", "requested": -change, "missing": used - after}
            elif after > CEILING:
                numbers |= {"code": "conflict", "requested": change, "missing": after - CEILING}
            else:
                continue
            outcome.refusals.append(numbers)
        if outcome.refusals:
            outcome.code = outcome.refusals[0]["code"]

    def _complete(self, order: Placed, outcome: Outcome) -> None:
        order.state, order.outcome = "completed", outcome
        subscription = order.draft.subscription
        lines = zip(order.draft.lines, order.revisions, outcome.taken, strict=True)
        for line, revision, taken in lines:
            moves = (
                [(revision, line.quantity)]
                if revision is not None
                else [(part["revision"], -part["quantity"]) for part in taken]
            )
            for touched, quantity in moves:
                holding = (subscription, line.product, touched)
                self.holdings[holding] = self.holdings.get(holding, 0) + quantity
                for sku in self.products[line.product].revisions[touched]:
                    self.known.add((subscription, sku))
        for sku, change in outcome.changes.items():
            self.granted[subscription, sku] += change


def fingerprint_of(draft: Draft) -> bytes:
    """The request of an idempotency key of this draft."""
    return hashlib.sha256(repr(draft).encode()).digest()


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, independent of their sequence."""
    return sorted(rows, key=lambda row: sorted(map(str, row.items())))
