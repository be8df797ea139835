"""Moving a scheduled order to another date."""

from datetime import datetime
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.permissions import CANCEL_ORDERS
from fusion.access.use_case import Done, use_case
from fusion.events.emit import emit
from fusion.kernel.clock import instant
from fusion.kernel.database import database_now, execute
from fusion.kernel.errors import InvalidFields, Problem, problem_of
from fusion.lifecycle.kinds import CARRY_OUT
from fusion.lifecycle.placing import emit_order, require_timely
from fusion.ordering.cancel import CANCEL_EXPIRIES
from fusion.ordering.models import REACH, Order
from fusion.ordering.permissions import find_order_to_cancel
from fusion.ordering.queries import order_document_of
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import lock_subscription

MOVE = "SELECT ordering_reschedule(%s::uuid, %s::timestamptz, %s::timestamptz)"
APPLY = """
SELECT ordering_apply(
    ARRAY(SELECT o FROM ordering_order o WHERE o.id = %s::uuid), %s::text, ARRAY[%s::timestamptz])
"""


@use_case(CANCEL_ORDERS, verb="order.reschedule", status=200)
def reschedule_order(actor: Actor, *, order_id: UUID, effective_at: datetime) -> Done:
    """Move a scheduled order of any kind to another date; returns its document. Needs the
    permission to place an order of its kind.

    If the date is past, but within the grace, the order is carried out at once. If that is refused,
    it stays scheduled as it was.

    Problems: `not-found`, `forbidden`, `order-not-scheduled` for an order in any other state,
    `invalid-fields` (the date), and of an order that is carried out at once, those of placing it.
    """
    # As the worker does: whoever comes second waits, and finds what the first has left.
    subscription_id = find_order_to_cancel(actor, order_id).subscription_id
    subscription = lock_subscription(actor, subscription_id)
    order = Order.objects.visible_to(actor).select_for_update(no_key=True).get(id=order_id)
    if order.state != "scheduled":
        raise Problem(
            "order-not-scheduled",
            f"Order {order.number} is {order.state}; only a scheduled order can get another date. "
            "Place a new order instead.",
        )
    now = database_now()
    require_timely(actor, effective_at, now)
    _require_an_end_after(actor, order, effective_at)
    _require_charges_in_reach(order, effective_at)
    if effective_at > now:
        _move(actor, subscription, order, effective_at, now)
    else:
        _carry_out(actor, subscription, order, effective_at, now)
    return Done(
        order_document_of(order_id), subscription.path, order_id, subscription_id=subscription.id
    )


def _require_an_end_after(actor: Actor, order: Order, effective_at: datetime) -> None:
    """Problem `invalid-fields` if an order would end before it takes effect."""
    scheduled = Order.objects.visible_to(actor).filter(group_id=order.group_id, state="scheduled")
    if order.ends_at is not None:
        later = scheduled.filter(expires=order.id, effective_at__lte=effective_at).first()
        if later is not None:
            raise InvalidFields(
                effective_at=f"must be before the order ends: order {later.number} is due at "
                f"{instant(later.effective_at)}; move that order first"
            )
    if order.expires is not None:
        earlier = scheduled.filter(id=order.expires, effective_at__gte=effective_at).first()
        if earlier is not None:
            raise InvalidFields(
                effective_at=f"must be after order {earlier.number} takes effect: that is due at "
                f"{instant(earlier.effective_at)}; move that order first"
            )


def _require_charges_in_reach(order: Order, effective_at: datetime) -> None:
    """Problem `invalid-fields` if an order would be charged from too long before or after it."""
    if order.charge_from is not None and abs(order.charge_from - effective_at) > REACH:
        raise InvalidFields(
            effective_at=f"must be at most {REACH.days} days before or after "
            f"{instant(order.charge_from)}, from when the order is charged"
        )


def _move(
    actor: Actor, subscription: Subscription, order: Order, effective_at: datetime, now: datetime
) -> None:
    if effective_at == order.effective_at:
        return
    execute(MOVE, [order.id, effective_at, now])
    emit(
        type="order.rescheduled",
        group_id=subscription.group_id,
        path=subscription.path,
        subject=order.id,
        actor=actor.label,
        data=order_document_of(order.id),
        subscription_id=subscription.id,
    )


def _carry_out(
    actor: Actor, subscription: Subscription, order: Order, effective_at: datetime, now: datetime
) -> None:
    execute(MOVE, [order.id, effective_at, now])
    if order.kind in CARRY_OUT:
        CARRY_OUT[order.kind](actor, subscription, order.id, order.reason, None)
        return
    execute(APPLY, [order.id, actor.label, now])
    document = order_document_of(order.id)
    if document["failure"] is not None:
        raise problem_of(document["failure"])
    if document["overdue"]:
        raise problem_of(document["warnings"][0])
    emit_order(actor, order.id)
    execute(CANCEL_EXPIRIES, [order.group_id, [order.id], actor.label, traced(actor)])
