"""The part of the model, and the rule of its test, that restore terminated subscriptions."""

from dataclasses import dataclass
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule

from fusion.kernel.errors import Problem
from fusion.lifecycle.restore import restore
from fusion.ordering.queries import order_document_of
from tests.ordering import drawing
from tests.ordering.ruled import Ruled, Ruling
from tests.ordering.shapes import Draft, Line, Outcome, Placed


@dataclass
class Ended:
    """What a subscription had when it was terminated, and the index of the order, if it has one."""

    held: dict[tuple[str, str, int], int]
    granted: dict[tuple[str, str], int]
    holds: set[str]
    order: int | None


class RestorableModel(Ruled):
    """A model that remembers what terminations took."""

    def __init__(self, products: dict[str, dict[str, int]]) -> None:
        super().__init__(products)
        self.ended: dict[str, Ended] = {}
        self.carried_out: int | None = None

    def _carry_out(self, order: Placed) -> Outcome:
        self.carried_out = next(i for i, each in enumerate(self.orders) if each is order)
        try:
            return super()._carry_out(order)
        finally:
            self.carried_out = None

    def terminate(self, subscription: str) -> None:
        """Terminate it; what is terminated already stays as it is."""
        if subscription not in self.terminated:
            self.ended[subscription] = Ended(
                {key: many for key, many in self.holdings.items() if key[0] == subscription},
                {key: many for key, many in self.granted.items() if key[0] == subscription},
                set(self.holds[subscription]),
                self.carried_out,
            )
        super().terminate(subscription)

    def restore(self, subscription: str) -> Placed | None:
        """Give it what it had; the order that does, None if it is not terminated."""
        if subscription not in self.terminated:
            return None
        ended = self.ended.pop(subscription)
        self.terminated.remove(subscription)
        self.holdings |= ended.held
        self.granted |= ended.granted
        self.holds[subscription] |= ended.holds
        lines = tuple(
            Line(product, many, "add", revision)
            for (_, product, revision), many in sorted(ended.held.items())
            if many
        )
        revisions = tuple(line.revision for line in lines)
        draft = Draft(subscription, lines)
        order = Placed(draft, "completed", revisions, kind="reversal", reverses=ended.order)
        self.orders.append(order)
        return order


class Restoring(Ruling):
    """A part of the machine of orders, which sets the members."""

    model: RestorableModel
    subscriptions: dict[str, UUID]

    @rule(subscription=drawing.subscriptions, again=st.booleans())
    def restore(self, subscription: str, again: bool) -> None:
        """Undo a termination, once: holdings are as they were, also old revisions."""
        id = self.subscriptions[subscription]
        for _ in range(1 + again):
            expected = self.model.restore(subscription)
            try:
                body = restore(self.world.actor(), subscription_id=id).body
            except Problem as problem:
                assert (problem.code, expected) == ("subscription-not-terminated", None)
                continue
            assert expected is not None
            document = order_document_of(UUID(body["order_id"]))
            added = [
                (line["product_code"], line["revision"], line["quantity"])
                for line in document["lines"]
            ]
            wanted = [(line.product, line.revision, line.quantity) for line in expected.draft.lines]
            assert sorted(added) == sorted(wanted)
            if expected.reverses is not None:
                assert document["reverses"] == self.documents[expected.reverses]["id"]
            self.documents.append(document)
