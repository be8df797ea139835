"""Who may give scheduled orders another date, by their kind, mark failed ones as seen, undo a
termination, change a client, and submit and cancel jobs of organizations.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from fusion.access.actor import ADMINISTRATOR, AGENT, KINDS, Actor
from fusion.access.use_case import Answer
from fusion.clients.change_client import change_client
from fusion.lifecycle.cancel_job import cancel_job
from fusion.lifecycle.reschedule import reschedule_order
from fusion.lifecycle.restore import restore
from fusion.lifecycle.submit_job import resume_organization, suspend_organization
from fusion.ordering.see import see_failure, see_failures
from tests.contract.stage import Stage


def _reschedule(name: str, stage: Stage, actor: Actor) -> Answer:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    id = UUID(str(stage.own.ids[name]))
    return reschedule_order(actor, order_id=id, effective_at=tomorrow)


def _see(stage: Stage, actor: Actor) -> Answer:
    return see_failure(actor, order_id=UUID(str(stage.own.ids["failed_order_id"])))


def _see_all(stage: Stage, actor: Actor) -> Answer:
    return see_failures(actor, order_ids=[UUID(str(stage.own.ids["failed_order_id"]))])


def _change_client(stage: Stage, actor: Actor) -> Answer:
    ids = {name: UUID(str(stage.own.ids[name])) for name in ("organization_id", "client_id")}
    return change_client(actor, **ids, changes={"name": "New"})


def _restore(stage: Stage, actor: Actor) -> Answer:
    return restore(actor, subscription_id=UUID(str(stage.own.ids["ended_id"])))


def _all_below(submit: Callable[..., Answer], stage: Stage, actor: Actor) -> Answer:
    return submit(actor, organization_id=stage.world.tenant.id)


def _cancel(stage: Stage, actor: Actor) -> Answer:
    job_id = UUID(str(stage.own.ids["organization_job_id"]))
    return cancel_job(actor, organization_id=stage.world.tenant.id, job_id=job_id)


WRITERS = (ADMINISTRATOR, AGENT)

RESCHEDULES: Mapping[
    str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Stage, Actor], Answer]]
] = {
    "change a client": ((ADMINISTRATOR,), KINDS, _change_client),
    "mark a failed order as seen": ((ADMINISTRATOR, AGENT), ("group",), _see),
    "mark failed orders as seen": ((ADMINISTRATOR, AGENT), ("group",), _see_all),
    "restore a subscription": ((ADMINISTRATOR,), ("group",), _restore),
    "suspend all below": (WRITERS, ("group",), partial(_all_below, suspend_organization)),
    "resume all below": (WRITERS, ("group",), partial(_all_below, resume_organization)),
    "cancel a job": (WRITERS, ("group",), _cancel),
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
