"""Applying due scheduled orders: the worker does it every few seconds.

The orders themselves are the queue: nothing has to be recovered after a crash, and the next worker
finds what fell due while none ran. Several workers share the work. The database function that finds
them applies changes of holdings; this module carries out changes of a subscription's state.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import DatabaseError, transaction

from fusion.access.actor import Actor, Request, system_actor
from fusion.kernel.constraints import violated
from fusion.kernel.database import fetch_value, first_row
from fusion.kernel.errors import Problem
from fusion.kernel.postgresql.outage import outage_of
from fusion.lifecycle.kinds import CARRY_OUT
from fusion.lifecycle.placing import emit_order
from fusion.lifecycle.rules import require_living
from fusion.ordering.models import Order
from fusion.tenancy.models import Subscription

log = structlog.get_logger(__name__)

ACTOR = "system:worker"

VERB = "order.apply"


def apply_due_orders(*, limit: int = 10_000, request_id: str = "") -> int:
    """Apply up to `limit` due orders, each in its own transaction; returns how many were settled.

    Ends early when other workers hold all that is left.
    """
    settled = 0
    first_row("SELECT 1")
    while settled < limit:
        sql = "SELECT ordering_apply_next(%s::text, %s::text, true)"
        answer = fetch_value(sql, [ACTOR, request_id])
        if answer is None:
            break
        outcome = orjson.loads(answer)
        if outcome.get("due"):
            outcome = _change_state(outcome, request_id)
        if outcome:
            settled += 1
            log.info("order settled", **outcome)
    return settled


def _change_state(due: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Carry out a due order, or fail it; empty if another worker holds it or has settled it."""
    group_id, order_id = UUID(due["group_id"]), UUID(due["order_id"])
    actor = replace(system_actor(group_id, ACTOR), request=Request(id=request_id))
    try:
        with transaction.atomic():
            order = _carry_out(actor, UUID(due["subscription_id"]), order_id)
    except Problem as problem:
        order = _fail(actor, order_id, {"code": problem.code, "detail": problem.detail})
    except DatabaseError as error:
        if outage_of(error):
            raise  # the database is unavailable or busy: the order is unchanged, and retried later
        log.exception("order could not be applied", order_id=str(order_id))
        order = _fail(actor, order_id, _failure(error))
    return {} if order is None else _facts(order)


def _carry_out(actor: Actor, subscription_id: UUID, order_id: UUID) -> Order | None:
    rows = Subscription.objects.visible_to(actor).select_for_update(no_key=True, skip_locked=True)
    subscription = rows.filter(id=subscription_id).first()
    if subscription is None:
        return None
    order = _lock_scheduled(actor, order_id)
    if order is not None:
        require_living(subscription.status)
        CARRY_OUT[order.kind](actor, subscription, order.id, order.reason, VERB)
    return order


def _lock_scheduled(actor: Actor, order_id: UUID) -> Order | None:
    """The order, locked against cancellation, if it is still scheduled."""
    orders = Order.objects.visible_to(actor).select_for_update(no_key=True)
    return orders.filter(id=order_id, state="scheduled").first()


def _fail(actor: Actor, order_id: UUID, failure: dict[str, str]) -> Order | None:
    """Fail an order that cannot be carried out, so that it does not block those after it."""
    with transaction.atomic():
        order = _lock_scheduled(actor, order_id)
        if order is not None:
            order.state, order.failure = "failed", orjson.dumps(failure).decode()
            order.save(update_fields=["state", "failure"])
            emit_order(actor, order_id, VERB)
    return order


def _failure(error: DatabaseError) -> dict[str, str]:
    constraint = violated(error)
    if constraint:
        return {
            "code": "conflict",
            "detail": f"The order would have violated the database constraint {constraint}.",
        }
    return {"code": "internal-error", "detail": "The order could not be applied."}


def _facts(order: Order) -> dict[str, Any]:
    rows = Order.objects.unscoped("an order of the worker's own")
    state = rows.values_list("state", flat=True).get(id=order.id)
    return {"order_id": str(order.id), "number": order.number, "state": state}
