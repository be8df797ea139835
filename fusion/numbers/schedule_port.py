"""Porting on a date: an approved port request, which the worker carries out."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.use_case import Done, use_case
from fusion.kernel.database import database_now
from fusion.numbers.approve_port import decide_port
from fusion.numbers.fit import help_with_unknown, require_acceptance
from fusion.numbers.port_requests import with_warnings
from fusion.numbers.porting import PORT
from fusion.numbers.request_port import check_port_date, new_port, save_port
from fusion.tenancy.queries import lock_subscription


@use_case(PORT, verb="port-request.schedule", status=202)
def schedule_port(
    actor: Actor,
    *,
    subscription_id: UUID,
    direction: str,
    numbers: Sequence[str],
    effective_at: datetime,
    sku: str | None = None,
    accept_unknown: bool = False,
    reason: str | None = None,
) -> Done:
    """A port request that is approved for `effective_at`; 202 and the request.

    Problems: those of `request_port` and `approve_port`, and `port-request-needed`.
    """
    require_acceptance(actor, accept_unknown=accept_unknown, reason=reason, sku=sku)
    subscription = lock_subscription(actor, subscription_id)
    check_port_date(effective_at, "effective_at")
    port = new_port(
        actor,
        subscription,
        direction=direction,
        numbers=numbers,
        sku=sku,
        accept_reason=reason,
        otherwise=help_with_unknown(actor),
    )
    port.port_date = effective_at
    at = database_now()
    save_port(actor, port, subscription, at)
    document = decide_port(actor, port, subscription, effective_at, at=at)
    return Done(
        with_warnings(actor, document),
        subscription.path,
        port.id,
        subscription_id=subscription.id,
        recorded={"numbers": document["numbers"]},
        at=at,
    )
