"""The model of orders with rules of products, and the rules of the model test that change them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule

from fusion.catalogue.change_product import change_product
from fusion.kernel.errors import Problem
from tests.ordering.drawing import PRODUCTS
from tests.ordering.model import Model
from tests.ordering.moving import Moving
from tests.ordering.ruling import LIMITS, NO_LIMITS, Bounds, distance, is_possible, nearest
from tests.ordering.shapes import Draft, Outcome, Placed

SETTLED = ("quantity-changed", "product-retired", "not-held")
"""Refusals that come before every rule of a product."""

bounds = st.tuples(
    st.none() | st.integers(1, 4), st.none() | st.integers(2, 9), st.none() | st.integers(1, 3)
)


class Ruled(Model):
    """Also the limits of each product and what it requires, by code; both are rules of now."""

    def __init__(self, products: dict[str, dict[str, int]]) -> None:
        super().__init__(products)
        self.limits: dict[str, Bounds] = dict.fromkeys(products, NO_LIMITS)
        self.requires: dict[str, set[str]] = {code: set() for code in products}
        self.is_exempt = False

    def leads_to(self, code: str) -> set[str]:
        """The products that `code` requires, also through others."""
        found: set[str] = set()
        for _ in self.requires:
            found = set().union(*(self.requires[each] for each in {code, *found}))
        return found

    def reverse(self, index: int, hours: int | None) -> Outcome:
        """A reversal keeps to no rule."""
        with self._exempt():
            return super().reverse(index, hours)

    def _carry_out(self, order: Placed) -> Outcome:
        if order.kind == "change":
            return super()._carry_out(order)
        with self._exempt():
            return super()._carry_out(order)

    @contextmanager
    def _exempt(self) -> Iterator[None]:
        self.is_exempt = True
        try:
            yield
        finally:
            self.is_exempt = False

    def judge(self, draft: Draft, revisions: tuple[int | None, ...]) -> Outcome:
        """The result by holdings and balances, and then by the rules."""
        outcome = super().judge(draft, revisions)
        if self.is_exempt or outcome.code in SETTLED:
            return outcome
        before: Counter[str] = Counter()
        for (owner, product, _), many in self.holdings.items():
            before[product] += many if owner == draft.subscription else 0
        after = Counter(before)
        for product, _, quantity in outcome.moves:
            after[product] += quantity
        for product in sorted(self.limits):
            outcome.refusals += self._refusals(product, before, after)
        if outcome.refusals:
            outcome.code = outcome.refusals[0]["code"]
        return outcome

    def _refusals(
        self, product: str, before: Mapping[str, int], after: Mapping[str, int]
    ) -> Iterator[dict[str, Any]]:
        facts = {"product_code": product, "held_after": after[product]}
        limits = self.limits[product]
        if distance(after[product], limits) > distance(before[product], limits):
            allowed = sorted(nearest(after[product], limits))
            facts_of_limits = dict(zip(LIMITS, limits, strict=True))
            yield {"code": "quantity-not-allowed", **facts, **facts_of_limits, "allowed": allowed}
        missing = [each for each in sorted(self.requires[product]) if not after[each]]
        if missing and after[product] > before[product]:
            yield {"code": "product-required", **facts, "requires": missing}
        needed = [
            each
            for each in sorted(self.requires)
            if product in self.requires[each] and 0 < after[each] <= before[each]
        ]
        if needed and before[product] and not after[product]:
            yield {"code": "product-required", **facts, "required_by": needed}


class Ruling(Moving):
    """A part of the machine of orders, which sets the members."""

    model: Ruled
    products: Mapping[str, Any]

    @rule(code=st.sampled_from(sorted(PRODUCTS)), limits=bounds)
    def limit(self, code: str, limits: Bounds) -> None:
        """Change what a subscription may hold, also of what it holds already."""
        changes = dict(zip(LIMITS, limits, strict=True))
        assert self._change_rules(code, changes) is is_possible(limits)
        if is_possible(limits):
            self.model.limits[code] = limits

    @rule(code=st.sampled_from(sorted(PRODUCTS)),
          required=st.none() | st.sampled_from(sorted(PRODUCTS)))  # fmt: skip
    def require(self, code: str, required: str | None) -> None:
        """Change what a product requires; a cycle is refused."""
        codes = {required} if required is not None else set()
        is_cycle = required is not None and code in {required, *self.model.leads_to(required)}
        assert self._change_rules(code, {"requires": sorted(codes)}) is not is_cycle
        if not is_cycle:
            self.model.requires[code] = codes

    def _change_rules(self, code: str, changes: Any) -> bool:
        id: UUID = self.products[code].id
        try:
            change_product(self.world.actor(), product_id=id, changes=changes)
        except Problem as problem:
            assert problem.code == "invalid-fields"
            return False
        return True
