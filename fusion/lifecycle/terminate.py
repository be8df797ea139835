"""Terminating a subscription: final, in one transaction."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.permissions import TERMINATE
from fusion.access.use_case import Done, use_case
from fusion.kernel.database import execute
from fusion.lifecycle.do_now import do_now
from fusion.lifecycle.placing import ORDER, StateChange, complete_order
from fusion.numbers.end_port import end_ports
from fusion.numbers.release import release_all_numbers
from fusion.ordering.models import TERMINATION
from fusion.ordering.reject_request import reject_open_requests
from fusion.tenancy.emit_changes import emit_subscription_event
from fusion.tenancy.models import Subscription
from fusion.trunks.unroute_number import unroute_all
from fusion.users.unlink import unlink_all_users

VERB = "subscription.terminate"


@use_case(TERMINATE, verb=VERB, reference_of=ORDER, bulk=True)
def terminate(
    actor: Actor,
    *,
    subscription_id: UUID,
    reason: str | None = None,
    note: str | None = None,
    external_reference: str | None = None,
) -> Done:
    """Terminate it: cancel scheduled orders, remove all holdings by a completed order of kind
    termination, end balances at 0/0. If it is already terminated, nothing changes, and an order
    is written only with an external reference.

    Problems: `not-found`, `external-reference-taken`.
    """
    # Orders lock the subscription first, too: an order is either complete before this continues,
    # and is undone with the rest, or it waits and then finds the subscription terminated.
    change = StateChange(
        kind=TERMINATION, reason=reason, note=note, external_reference=external_reference
    )
    return do_now(actor, subscription_id, change, is_terminated, carry_out_termination, verb=VERB)


def is_terminated(subscription: Subscription, reason: str | None) -> bool:
    """Whether it is already terminated, for any reason."""
    return subscription.status == "terminated"


def carry_out_termination(
    actor: Actor,
    subscription: Subscription,
    order_id: UUID,
    reason: str | None,
    verb: str | None,
) -> None:
    """Terminate it by the order. An operation: the caller holds the subscription's lock."""
    if is_terminated(subscription, reason):
        complete_order(actor, order_id, verb)
        return
    # Release everything that consumes the subscription's balances before its orders end.
    unlink_all_users(actor, subscription)
    unroute_all(subscription)
    end_ports(actor, subscription)
    release_all_numbers(actor, subscription)
    execute(
        "SELECT ordering_end(%s::uuid, %s::text, %s::text, %s::text)",
        [order_id, actor.label, traced(actor), verb or VERB],
    )
    reject_open_requests(actor, subscription)
    subscription.status = "terminated"
    subscription.save(update_fields=["status"])
    emit_subscription_event(actor, subscription, "terminated")
