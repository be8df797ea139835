"""Who may give scheduled orders another date, by their kind, and undo a termination."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from fusion.access.actor import ADMINISTRATOR, AGENT, Actor
from fusion.access.use_case import Answer
from fusion.lifecycle.reschedule import reschedule_order
from fusion.lifecycle.restore import restore
from tests.contract.stage import Stage


def _reschedule(name: str, stage: Stage, actor: Actor) -> Answer:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    id = UUID(str(stage.own.ids[name]))
    return reschedule_order(actor, order_id=id, effective_at=tomorrow)


def _restore(stage: Stage, actor: Actor) -> Answer:
    return restore(actor, subscription_id=UUID(str(stage.own.ids["ended_id"])))


RESCHEDULES: Mapping[
    str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Stage, Actor], Answer]]
] = {
    "restore a subscription": ((ADMINISTRATOR,), ("group",), _restore),
    **{
        f"change the date of {what}": (roles, ("group",), partial(_reschedule, name))
        for what, name, roles in (
            ("an order", "scheduled_order_id", (ADMINISTRATOR, AGENT)),
            ("a suspension", "scheduled_suspend_id", (ADMINISTRATOR, AGENT)),
            ("a termination", "scheduled_terminate_id", (ADMINISTRATOR,)),
        )
    },
}
"""What → the roles and kinds of organizations that may, and the use case."""
