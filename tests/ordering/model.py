"""The rules of ordering in plain Python: the model with which tests compare the database.

It has no locks, SQL or HTTP. Quantities are integers, instants are hours from a fixed day.
"""

from collections import Counter, defaultdict
from dataclasses import replace

from tests.ordering.expiring import (
    delta_of,
    drop_expiries,
    expiry_of,
    is_out_of_turn,
    take_back,
)
from tests.ordering.shapes import CEILING, GRACE, Draft, Holdings, Line, Outcome, Placed, Product

YEAR = 365 * 24
"""How many hours the scheduled orders move into the past to fall due."""


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
        revisions = self._revisions(draft)
        order = Placed(draft, "scheduled", revisions)
        outcome = self.judge(draft, revisions)
        outcome.pending = self._pending(draft)
        if draft.hours is None or draft.is_late:
            outcome.warnings = ["late"] if draft.is_late else []
            if outcome.code is not None or self._is_unchanged(draft, outcome):
                return outcome
            self._complete(order, outcome)
        else:
            warnings = [code for code in outcome.codes() if code is not None]
            outcome = Outcome(warnings=warnings, pending=outcome.pending)
        self.orders.append(order)
        if draft.key is not None:
            self.keys[draft.key] = len(self.orders) - 1
        if draft.ends is not None:
            self.orders.append(expiry_of(order, len(self.orders) - 1))
        return outcome

    def reverse(self, index: int, hours: int | None) -> Outcome:
        """Reverse an order by its index, at once or in some hours; returns the result."""
        order = self.orders[index]
        if order.draft.subscription in self.terminated:
            return Outcome("subscription-terminated")
        states = {other.state for other in self.orders if other.reverses == index}
        if states & {"scheduled", "completed"}:
            return Outcome("already-reversed")
        lines = self._opposite(order)
        ends = [o for o in self.orders if o.expires == index and o.state == "completed"]
        if order.kind != "change" or order.state != "completed" or ends or not lines:
            return Outcome("order-not-reversible")
        draft = Draft(order.draft.subscription, lines, hours=hours)
        revisions = tuple(line.revision for line in lines)
        reversal = Placed(draft, "scheduled", revisions, kind="reversal", reverses=index)
        outcome = Outcome() if hours is not None else self.judge(draft, revisions)
        if outcome.code is not None:
            return outcome
        if hours is None:
            self._complete(reversal, outcome)
        self.orders.append(reversal)
        drop_expiries(self.orders)
        return outcome

    def _opposite(self, order: Placed) -> tuple[Line, ...]:
        """What takes back the net effect of an order, product by product, oldest revision first."""
        net: Counter[tuple[str, int]] = Counter()
        for product, revision, quantity in order.outcome.moves if order.outcome else ():
            net[product, revision] += quantity
        positions = {line.product: n for n, line in reversed(list(enumerate(order.draft.lines)))}
        return tuple(
            Line(product, abs(quantity), "remove" if quantity > 0 else "add", revision)
            for (product, revision), quantity in sorted(
                net.items(), key=lambda move: (positions[move[0][0]], move[0][1])
            )
            if quantity
        )

    def _revisions(self, draft: Draft) -> tuple[int | None, ...]:
        """What each line adds if it does, or removes; a retired product cannot be set higher."""
        revisions = []
        for line in draft.lines:
            product = self.products[line.product]
            current = None if product.is_retired else product.revision
            revisions.append(line.revision if line.action == "remove" else current)
        return tuple(revisions)

    def _pending(self, draft: Draft) -> int:
        """How many scheduled orders also change a product that the order sets."""
        products = {line.product for line in draft.lines if line.action == "set"}
        return sum(
            order.state == "scheduled"
            and order.draft.subscription == draft.subscription
            and any(line.product in products for line in order.draft.lines)
            for order in self.orders
        )

    def _is_unchanged(self, draft: Draft, outcome: Outcome) -> bool:
        quantities = [line.quantity for line in draft.lines]
        is_named = draft.key is not None or draft.reference is not None
        outcome.is_unchanged = not is_named and outcome.before == quantities
        return outcome.is_unchanged

    def preview(self, draft: Draft) -> Outcome:
        """The result of placing it now."""
        outcome = self._refuse_early(replace(draft, key=None))
        return outcome or self.judge(draft, self._revisions(draft))

    def apply_due(self, subscription: str) -> list[Placed]:
        """Settle scheduled orders by time and placement; at one instant a termination is last."""
        settled = []
        for order in sorted(self.orders, key=lambda o: (o.hours, o.kind == "termination")):
            if order.state != "scheduled" or order.draft.subscription != subscription:
                continue
            settled.append(order)
            outcome = self._carry_out(order)
            if outcome.code is not None and order.kind != "expiry":
                order.state, order.outcome = "failed", outcome
            if order.state == "scheduled":  # it is overdue then, before all that is due later
                order.hours -= YEAR
            drop_expiries(self.orders)
        return settled

    def _carry_out(self, order: Placed) -> Outcome:
        if order.kind in ("change", "reversal"):
            present = self._revisions(order.draft)
            revisions = (own or now for own, now in zip(order.revisions, present, strict=True))
            outcome = self.judge(order.draft, tuple(revisions))
            if outcome.code is None:
                self._complete(order, outcome)
            return outcome
        if order.kind == "expiry":
            return self._end(order)
        if order.kind == "termination" and self._uses(order.draft.subscription):
            return Outcome("internal-error")
        order.state = "completed"
        self.change_state(order.draft.subscription, order.kind, order.reason)
        return Outcome()

    def _end(self, order: Placed) -> Outcome:
        outcome = Outcome()
        take_back(order.draft, self.holdings, outcome)
        delta = delta_of(outcome, lambda product, each: self.products[product].revisions[each])
        self._weigh(outcome, order.draft.subscription, delta)
        outcome.changes = {sku: change for sku, change in delta.items() if change}
        if outcome.code is None:
            self._complete(order, outcome)
        return outcome

    def cancel(self, order: Placed) -> None:
        """Cancel a scheduled order, and its end."""
        order.state = "cancelled"
        drop_expiries(self.orders)

    def reschedule(self, order: Placed, hours: int) -> Outcome:
        """Move an order; a past date carries it out at once, if it can be."""
        if order.state != "scheduled":
            return Outcome("order-not-scheduled")
        if is_out_of_turn(self.orders, order, hours):
            return Outcome("invalid-fields")
        if hours < 0:
            outcome = self._carry_out(order)
            drop_expiries(self.orders)
            return outcome
        order.hours = hours
        return Outcome()

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
        outcome, changed, is_retired = Outcome(), [], False
        delta: Counter[str] = Counter()
        for line, revision in zip(draft.lines, revisions, strict=True):
            held = self.held(draft.subscription, line)
            is_changed = line.expected not in (None, held)
            if is_changed:
                found = {"revision": line.revision, "held": held, "expected": line.expected}
                changed.append({"product_code": line.product, **found})
            action, quantity, taken = line.action, line.quantity, None
            if action == "set":
                quantity, taken = abs(line.quantity - held), []
                action = "add" if line.quantity > held else "remove" if quantity else "none"
            if action == "add" and revision is None:
                is_retired = is_retired or not is_changed
            elif action == "add":
                self._add(delta, line.product, int(revision or 0), quantity)
                outcome.moves.append((line.product, int(revision or 0), quantity))
            elif action == "remove":
                taken = self._take(delta, outcome, draft.subscription, line, quantity)
            outcome.taken.append(taken)
            outcome.before.append(held if line.action == "set" else None)
        self._weigh(outcome, draft.subscription, delta)
        if changed or is_retired:
            outcome.code = "quantity-changed" if changed else "product-retired"
            outcome.missing, outcome.refusals = changed, []
        outcome.changes = {sku: change for sku, change in delta.items() if change}
        return outcome

    def held(self, subscription: str, line: Line) -> int:
        """What is held of the line's product, or of the revision that it names."""
        return sum(
            many
            for (owner, product, revision), many in self.holdings.items()
            if (owner, product) == (subscription, line.product)
            and line.revision in (None, revision)
        )

    def _refuse_early(self, draft: Draft) -> Outcome | None:
        actions = defaultdict(list)
        for line in draft.lines:
            actions[line.product].append(line.action)
        if any(len(each) > 1 and sorted(each) != ["add", "remove"] for each in actions.values()):
            return Outcome("duplicate-line")
        if draft.key in self.keys:
            index = self.keys[draft.key]
            if self.orders[index].draft == draft:
                return Outcome(replay_of=index)
            return Outcome("idempotency-key-reused")
        carried = [o.draft.reference for o in self.orders if o.state in ("scheduled", "completed")]
        if draft.reference is not None and draft.reference in carried:
            return Outcome("external-reference-taken")
        return self._refuse_last(draft)

    def _refuse_last(self, draft: Draft) -> Outcome | None:
        if draft.subscription in self.terminated:
            return Outcome("subscription-terminated")
        added = [self.products[line.product] for line in draft.lines if line.action == "add"]
        is_scheduled = draft.hours is not None and not draft.is_late
        if not is_scheduled and any(product.is_retired for product in added):
            return Outcome("product-retired")
        is_too_old = draft.hours is not None and draft.hours < -GRACE
        return Outcome("invalid-fields") if is_too_old else None

    def _add(self, delta: Counter[str], product: str, revision: int, quantity: int) -> None:
        for sku, each in self.products[product].revisions[revision].items():
            delta[sku] += each * quantity

    def _take(
        self, delta: Counter[str], outcome: Outcome, subscription: str, line: Line, quantity: int
    ) -> list[dict[str, int]]:
        need, held, taken = quantity, 0, []
        for revision in sorted(self.products[line.product].revisions, reverse=True):
            if line.revision not in (None, revision):
                continue
            there = self.holdings.get((subscription, line.product, revision), 0)
            held += there
            took = min(need, there)
            if took:
                need -= took
                taken.append({"revision": revision, "quantity": took})
                outcome.moves.append((line.product, revision, -took))
                self._add(delta, line.product, revision, -took)
        if need:
            numbers = {"held": held, "requested": quantity, "missing": need}
            if line.revision is not None:
                numbers["revision"] = line.revision
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
        for product, revision, quantity in outcome.moves:
            holding = (subscription, product, revision)
            self.holdings[holding] = self.holdings.get(holding, 0) + quantity
            for sku in self.products[product].revisions[revision]:
                self.known.add((subscription, sku))
        for sku, change in outcome.changes.items():
            self.granted[subscription, sku] += change
