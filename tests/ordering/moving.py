"""The rules of the model test that cancel scheduled orders and move them to other dates."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from fusion.kernel.errors import Problem
from fusion.lifecycle.reschedule import reschedule_order
from fusion.ordering.cancel import cancel_order
from tests.ordering.comparing import compare_lines
from tests.ordering.drawing import MONDAY, TODAY
from tests.ordering.model import Model
from tests.world import World


class Moving(RuleBasedStateMachine):
    """A part of the machine of orders, which sets the members."""

    world: World
    model: Model
    documents: list[dict[str, Any]]

    @precondition(lambda self: self.documents)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Only a scheduled order can be cancelled."""
        index = data.draw(st.integers(0, len(self.documents) - 1))
        order = self.model.orders[index]
        code = None
        try:
            cancel_order(self.world.actor(), order_id=UUID(self.documents[index]["id"]))
        except Problem as problem:
            code = problem.code
        assert code == (None if order.state == "scheduled" else "order-not-cancellable")
        if code is None:
            self.model.cancel(order)

    @precondition(lambda self: self.documents)
    @rule(data=st.data(), hours=st.integers(-2, 3))
    def reschedule(self, data: st.DataObject, hours: int) -> None:
        """Only a scheduled order gets another date; one that is past is carried out at once."""
        index = data.draw(st.integers(0, len(self.documents) - 1))
        order = self.model.orders[index]
        if order.kind == "termination" and hours < 0:
            return  # the holders of the model are no users that a termination could release
        expected = self.model.reschedule(order, hours)
        at = (TODAY if hours < 0 else MONDAY) + timedelta(hours=hours)
        id = UUID(self.documents[index]["id"])
        try:
            answer = reschedule_order(self.world.actor(), order_id=id, effective_at=at)
        except Problem as problem:
            assert problem.code in expected.codes()
            return
        assert expected.code is None
        if hours < 0 and order.kind in ("change", "reversal", "expiry"):
            compare_lines(answer.body, expected)
