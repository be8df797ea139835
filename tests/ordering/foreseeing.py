"""What is pending and what previews say, by the model; compared with the database after each step.

The model carries out a copy of its scheduled orders, as its worker would.
"""

import copy
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fusion.kernel.errors import Problem
from fusion.ledger.queries import balances_now
from fusion.ordering.place import Draft as OrderDraft
from fusion.ordering.preview import preview_order
from tests.ordering.drawing import drafts
from tests.ordering.expiring import drop_expiries
from tests.ordering.model import Model
from tests.ordering.restoring import RestorableModel
from tests.ordering.shapes import Draft, Line, Outcome, Placed
from tests.world import World


@dataclass
class Step:
    """One order of a course; its index in the model, None for the one that is previewed.

    `outcome` is None if another order has cancelled it, and for a termination.
    """

    order: Placed
    index: int | None
    outcome: Outcome | None = None
    granted: Counter[str] = field(default_factory=Counter)
    """Before a termination."""

    @property
    def fails(self) -> bool:
        """Whether what comes after it is unknown."""
        return (
            self.outcome is not None
            and self.outcome.code is not None
            and self.order.kind != "expiry"
        )


def copied(model: Model) -> Model:
    """A copy whose orders can be carried out."""
    other = copy.copy(model)
    for name, value in vars(model).items():
        if isinstance(value, (dict, set)):
            setattr(other, name, copy.copy(value))
    other.holds = defaultdict(set, {name: set(holds) for name, holds in model.holds.items()})
    other.orders = [copy.copy(order) for order in model.orders]
    return other


def course(model: Model, subscription: str, draft: Draft | None = None) -> list[Step]:
    """The scheduled orders that change holdings, and `draft`, in turn, up to a termination."""
    future = copied(model)
    steps = [
        Step(order, index)
        for index, order in enumerate(future.orders)
        if order.state == "scheduled"
        and order.draft.subscription == subscription
        and order.kind not in ("suspension", "resumption")
    ]
    if draft is not None:
        previewed = Placed(draft, "scheduled", future._revisions(draft))
        previewed.hours = -(10**9) if draft.hours is None or draft.is_late else draft.hours
        future.orders.append(previewed)
        steps.append(Step(previewed, None))
    steps.sort(key=lambda step: (step.order.hours, step.order.kind == "termination"))
    for step in steps:
        if step.order.kind == "termination":
            step.granted = _granted(future, subscription)
            break
        if step.order.state == "scheduled":
            step.outcome = future._carry_out(step.order)
            if step.fails:
                step.order.state = "failed"
            drop_expiries(future.orders)
    return steps


def _granted(model: Model, subscription: str) -> Counter[str]:
    return Counter(
        {sku: many for (owner, sku), many in model.granted.items() if owner == subscription}
    )


def pending_of(model: Model, subscription: str) -> dict[str, list[tuple[int, int | None]]]:
    """SKU → (index of the order, delta); of a termination only what is known."""
    found: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    is_known, is_over = True, False
    for step in course(model, subscription):
        assert step.index is not None
        if step.order.kind == "termination" and not is_over:
            is_over = True
            deltas: dict[str, int | None] = {
                sku: -many for sku, many in step.granted.items() if many and is_known
            }
        elif is_over or not is_known or step.fails:
            is_known = is_known and not step.fails
            deltas = dict.fromkeys(_skus_of(model, step.order))
        elif step.outcome is None:
            deltas = {}
        elif step.outcome.code is not None:
            deltas = dict.fromkeys(_skus_of(model, step.order))
        else:
            deltas = dict(step.outcome.changes)
        for sku, delta in deltas.items():
            found[sku].append((step.index, delta))
    return found


def _skus_of(model: Model, order: Placed) -> Iterator[str]:
    """The SKUs that an order may change."""
    skus = set()
    for line, own in zip(order.draft.lines, order.revisions, strict=True):
        product = model.products[line.product]
        for revision, items in product.revisions.items():
            held = model.holdings.get((order.draft.subscription, line.product, revision))
            if revision in (own, product.revision) or held:
                skus |= set(items)
    return iter(skus)


class Foreseeing(RuleBasedStateMachine):
    """A part of the machine of orders, which sets the members."""

    world: World
    model: RestorableModel
    subscriptions: dict[str, UUID]
    documents: list[dict[str, Any]]

    def _draft(self, draft: Draft) -> OrderDraft:
        raise NotImplementedError

    @rule(draft=drafts, hours=st.none() | st.integers(0, 3))
    def preview_with_what_is_scheduled(self, draft: Draft, hours: int | None) -> None:
        """What any order does on its date, and what is granted in the end."""
        self._compare_preview(replace(draft, key=None, hours=hours))

    @invariant()
    def foreseen(self) -> None:
        """What is pending, and the preview of one order between, are as the model says."""
        for name in self.subscriptions:
            self._compare_pending(name)
            if any(
                o.state == "scheduled" and o.draft.subscription == name for o in self.model.orders
            ):
                self._compare_preview(Draft(name, (Line("seat", 2, "remove"),), hours=1))

    def _compare_pending(self, name: str) -> None:
        ids = {document["id"]: index for index, document in enumerate(self.documents)}
        endings = {
            index for index, order in enumerate(self.model.orders) if order.kind == "termination"
        }
        found = {
            item["sku"]: [
                (index, each["delta"])
                for each in item["pending"]
                if (index := ids[each["order_id"]]) not in endings or each["delta"] is not None
            ]
            for item in balances_now(self.world.actor(), self.subscriptions[name])
        }
        expected = pending_of(self.model, name)
        expected = {
            sku: [each for each in rows if each[0] not in endings or each[1] is not None]
            for sku, rows in expected.items()
        }
        assert {sku: rows for sku, rows in found.items() if rows} == {
            sku: rows for sku, rows in expected.items() if rows
        }

    def _compare_preview(self, draft: Draft) -> None:
        refused = self.model._refuse_early(draft)
        try:
            answered = preview_order(self.world.actor(), draft=self._draft(draft)).body
        except Problem as problem:
            assert refused is not None and problem.code == refused.code
            return
        if refused is not None:
            assert answered["when_due"] is None
            return
        steps = course(self.model, draft.subscription, draft)
        place = next(place for place, step in enumerate(steps) if step.index is None)
        end = next(
            (i for i, step in enumerate(steps) if step.order.kind == "termination"), len(steps)
        )
        failing = next((i for i, step in enumerate(steps) if step.fails), len(steps))
        if draft.hours is None:
            assert answered["when_due"] is None
        else:
            self._compare_due(answered["when_due"], steps, place, end, failing)
        if len(steps) == 1:
            assert all("granted_after_pending" not in each for each in answered["balances"])
            return
        after = {each["sku"]: each["granted_after_pending"] for each in answered["balances"]}
        if failing < len(steps):
            assert set(after.values()) <= {None}
        elif end < len(steps):
            assert set(after.values()) <= {0}
        else:
            granted = _granted(self.model, draft.subscription)
            for step in steps:
                if step.outcome is not None and step.outcome.code is None:
                    granted.update(step.outcome.changes)
            assert after == {sku: granted[sku] for sku in after}

    def _compare_due(
        self, due: dict[str, Any], steps: list[Step], place: int, end: int, failing: int
    ) -> None:
        assert due["counted_orders"] == place
        assert [each["order_id"] for each in due["counted"]] == [
            self.documents[step.index or 0]["id"] for step in steps[:place]
        ][-20:]
        if place > end:
            assert due["allowed"] is False
            assert [each["code"] for each in due["refusals"]] == ["cancelled-by-termination"]
        elif failing < place:
            assert due["allowed"] is None
            wanted = self.documents[steps[failing].index or 0]["id"]
            assert due["unknown_from"]["order_id"] == wanted
            assert due["unknown_from"]["refusal"]["code"] in _codes(steps[failing])
        else:
            outcome = steps[place].outcome
            assert outcome is not None and due["unknown_from"] is None
            assert due["allowed"] is (outcome.code is None)
            codes = {each["code"] for each in due["refusals"]}
            assert due["allowed"] or codes & _codes(steps[place])
            assert {
                each["sku"]: (each["granted_before"], each["granted_after"], each["used"])
                for each in due["balances"]
            } == outcome.after


def _codes(step: Step) -> set[str | None]:
    return step.outcome.codes() if step.outcome else set()
