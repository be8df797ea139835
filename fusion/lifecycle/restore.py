"""Restoring a terminated subscription: the termination is undone, in one transaction."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import TERMINATE
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import instant
from fusion.kernel.database import fetch_value
from fusion.kernel.errors import Problem, problem_of
from fusion.kernel.ids import new_id
from fusion.lifecycle.placing import ORDER, StateChange, lock_for, require_free_reference
from fusion.lifecycle.restore_plan import (
    Plan,
    find_termination,
    plan_restoration,
    reference_problem,
    require_restorable,
    taken_reference,
)
from fusion.numbers.restore import restore_numbers
from fusion.ordering.models import REVERSAL
from fusion.tenancy.emit_changes import emit_subscription_event
from fusion.tenancy.holds import place_hold
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_organization, find_subscription

VERB = "subscription.restore"

RESTORE = (
    "SELECT ordering_restore(%s::uuid, %s::uuid, %s::text, %s::text, %s::text, %s::text,"
    " %s::text)::text"
)


@use_case(TERMINATE, verb=VERB, reference_of=ORDER, bulk=True)
def restore(
    actor: Actor,
    *,
    subscription_id: UUID,
    note: str | None = None,
    external_reference: str | None = None,
) -> Done:
    """Undo its termination: the subscription with {order_id, restores, not_restored}.

    A completed order of kind reversal grants the holdings again, by revision; numbers that are
    still in quarantine from the termination are assigned again; holds that it lifted are placed
    again, so that a subscription suspended for fraud does not come back active.

    Problems: `not-found`, `external-reference-taken` (of the order, or of the subscription),
    `subscription-not-terminated`, `restore-too-late`, `conflict` (the tenant was deleted).
    """
    change = _change(note, external_reference)
    subscription = _lock(actor, subscription_id, change)
    termination = require_restorable(actor, subscription)
    plan = plan_restoration(subscription, termination)
    _revive(actor, subscription, plan)
    order_id = new_id()
    facts = [order_id, termination.order_id, note, external_reference, actor.label, traced(actor)]
    refusal = fetch_value(RESTORE, [*facts, VERB])
    if refusal is not None:
        raise problem_of(orjson.loads(refusal))
    restore_numbers(actor, subscription, plan.numbers)
    document = emit_subscription_event(actor, subscription, "restored")
    return Done(
        {**document, "order_id": str(order_id), **plan.document()},
        subscription.path,
        subscription.id,
        subscription_id=subscription.id,
    )


def preview_restoration(
    actor: Actor,
    *,
    subscription_id: UUID,
    note: str | None = None,
    external_reference: str | None = None,
) -> dict[str, Any]:
    """{allowed, until, restores, not_restored, refusals}, as of now.

    `until` is null, and nothing is restored, if it is not terminated. Takes no lock and promises
    nothing. Problems: `forbidden`, `not-found`.
    """
    TERMINATE.require_role(actor)
    subscription = find_subscription(actor, subscription_id)
    refusals = []
    try:
        require_free_reference(actor, subscription_id, _change(note, external_reference))
        require_restorable(actor, subscription)
    except Problem as problem:
        refusals = [{"code": problem.code, "detail": problem.detail, **problem.extra}]
    termination = find_termination(subscription)
    plan = plan_restoration(subscription, termination) if termination else NOTHING
    return {
        "allowed": not refusals,
        "until": instant(termination.until) if termination else None,
        **plan.document(),
        "refusals": refusals,
    }


NOTHING = Plan(holdings=(), numbers=(), lost={}, holds=(), links=0, trunks=0, orders=())


def _change(note: str | None, external_reference: str | None) -> StateChange:
    return StateChange(kind=REVERSAL, note=note, external_reference=external_reference)


def _lock(actor: Actor, subscription_id: UUID, change: StateChange) -> Subscription:
    """The subscription, locked, and before it its tenant: as moves do.

    A deletion of the tenant counts its live subscriptions under the tenant's lock. So it either
    waits for this and finds one more, or is complete, and the check that follows finds it.
    """
    tenant_id = find_subscription(actor, subscription_id).tenant_id
    with suppress(Problem):  # it was deleted: `require_restorable` says so, after what counts more
        lock_organization(actor, find_organization(actor, tenant_id))
    subscription = lock_for(actor, subscription_id, change)
    if subscription.tenant_id != tenant_id:
        raise Problem("conflict", "The subscription was just moved. Repeat the request.")
    return subscription


def _revive(actor: Actor, subscription: Subscription, plan: Plan) -> None:
    """Give it the status that it had. Triggers keep status and holds consistent."""
    for reason, suspension_id in plan.holds:
        place_hold(subscription, reason=reason, order_id=suspension_id)
    subscription.status = "suspended" if plan.holds else "active"

    def taken() -> Problem:
        return taken_reference(actor, subscription) or reference_problem(subscription, None)

    with map_constraint_errors(subscription_external_reference=taken):
        subscription.save(update_fields=["status"])
