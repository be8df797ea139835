"""Ending a pending port request: the group rejects it, the requester withdraws it, its subscription
is terminated, or it cannot be carried out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.use_case import Done, use_case
from fusion.kernel.database import database_now
from fusion.kernel.errors import Problem
from fusion.numbers.models import IN, PortRequest
from fusion.numbers.port_requests import (
    PENDING,
    call_for_port,
    find_port_request,
    lock_pending_port,
    record_state,
)
from fusion.numbers.porting import DECIDE_PORTS, WITHDRAW_PORTS
from fusion.tenancy.models import Subscription

ENDED = "The subscription was terminated."


@use_case(DECIDE_PORTS, verb="port-request.reject")
def reject_port(actor: Actor, *, request_id: UUID, reason: str) -> Done:
    """Reject an open or approved request. Problems: `not-found`, `conflict` (it has ended)."""
    port, subscription = lock_pending_port(actor, request_id)
    at = database_now()
    document = _reject(actor, port, subscription, reason, at)
    return Done(document, subscription.path, port.id, subscription_id=subscription.id, at=at)


@use_case(WITHDRAW_PORTS, verb="port-request.withdraw")
def withdraw_port(actor: Actor, *, request_id: UUID) -> Done:
    """Withdraw an open or approved request.

    Problems: `not-found`, `conflict` (it has ended), `forbidden` for organizations below the
    requester: they see the request but do not own it.
    """
    if not find_port_request(actor, request_id).path.startswith(actor.path):
        raise Problem(
            "forbidden",
            "Another organization created this request. Only that organization or one "
            "above it can withdraw it. Ask the group to reject it.",
        )
    port, subscription = lock_pending_port(actor, request_id)
    at = database_now()
    undo_port(actor, port, at)
    document = _withdraw(actor, port, subscription.path, at)
    return Done(document, subscription.path, port.id, subscription_id=subscription.id, at=at)


def withdraw_ports_of(
    actor: Actor,
    *,
    organizations: Sequence[UUID],
    subscriptions: Sequence[Subscription],
    at: datetime,
) -> int:
    """Withdraw the open requests of organizations that are about to lose sight of subscriptions.

    Returns how many. An operation: the caller holds the locks of the subscriptions.
    """
    paths = {each.id: each.path for each in subscriptions}
    rows = PortRequest.objects.visible_to(actor).select_for_update(no_key=True)
    ports = rows.filter(
        subscription_id__in=list(paths), organization_id__in=organizations, state="open"
    ).order_by("id")
    for each in ports:
        _withdraw(actor, each, paths[each.subscription_id], at)
    return len(ports)


def end_ports(actor: Actor, subscription: Subscription) -> int:
    """End the pending requests of a subscription that is being terminated; returns how many.

    Numbers that wait to be ported in are given back. Approved ports out remain: they are done on
    their date, from quarantine. An operation: the caller holds the subscription's lock.
    """
    rows = PortRequest.objects.visible_to(actor).filter(
        subscription_id=subscription.id, state__in=PENDING
    )
    ports = [
        port
        for port in rows.order_by("id").select_for_update(no_key=True)
        if port.state == "open" or port.direction == IN
    ]
    at = database_now()
    failure = {"code": "subscription-terminated", "detail": ENDED}
    for port in ports:
        if port.state == "open":
            _reject(actor, port, subscription, ENDED, at)
        else:
            fail_port(actor, port, subscription, failure, at)
    return len(ports)


def fail_port(
    actor: Actor,
    port: PortRequest,
    subscription: Subscription,
    failure: dict[str, str],
    at: datetime,
) -> dict[str, Any]:
    """Fail an approved request that cannot be carried out; returns its document."""
    undo_port(actor, port, at)
    changes = {"failure": orjson.dumps(failure).decode()}
    detail = failure["detail"]
    return record_state(actor, port, subscription.path, "failed", changes, at=at, detail=detail)


def undo_port(actor: Actor, port: PortRequest, at: datetime) -> None:
    """Take back what the approval of a request has done to its numbers, at this instant."""
    if port.state != "approved":
        return
    if port.direction != IN:
        call_for_port("numbers_set_port(numbers_of_port(p), s.id, NULL)::text", port)
        return
    call_for_port(
        "numbers_undo_port_in(s, p, %s::text, %s::text, %s::timestamptz)::text",
        port,
        actor.label,
        traced(actor),
        at,
    )


def _reject(
    actor: Actor, port: PortRequest, subscription: Subscription, reason: str, at: datetime
) -> dict[str, Any]:
    undo_port(actor, port, at)
    changes = {**_decided(actor, at), "reason": reason}
    return record_state(actor, port, subscription.path, "rejected", changes, at=at, reason=reason)


def _withdraw(actor: Actor, port: PortRequest, path: str, at: datetime) -> dict[str, Any]:
    return record_state(actor, port, path, "withdrawn", _decided(actor, at), at=at)


def _decided(actor: Actor, at: datetime) -> dict[str, Any]:
    return {"decided_by": actor.label, "decided_at": at}
