"""Requesting that numbers are ported in or out; the group decides."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from fusion.access.actor import Actor
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import instant, now
from fusion.kernel.database import database_now
from fusion.kernel.errors import InvalidFields, Problem, problem_of
from fusion.numbers.fit import require_acceptable
from fusion.numbers.models import IN, OUT, PortRequest
from fusion.numbers.port_in import resolve_to_port_in
from fusion.numbers.port_requests import record_state, with_warnings
from fusion.numbers.porting import REQUEST_PORTS
from fusion.numbers.resolve import resolve_numbers
from fusion.numbers.rules import ACCEPT_TO_PORT, MAX_PORT_DAYS
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import lock_subscription, present_path

CHECK_IN = "SELECT numbers_in_inventory(%s::text[])"
CHECK_OUT = """
SELECT numbers_not_to_port_out(s, %s::text[], true, NULL)
FROM tenancy_subscription s WHERE s.id = %s::uuid
"""
PENDING = """
SELECT x.id, x.state, x.port_date FROM tenancy_subscription s, numbers_pending_port(s, %s::text[]) x
WHERE s.id = %s::uuid AND x.id IS NOT NULL
"""


@use_case(REQUEST_PORTS, verb="port-request.create", status=201)
def request_port(
    actor: Actor,
    *,
    subscription_id: UUID,
    direction: str,
    numbers: Sequence[str],
    sku: str | None = None,
    port_date: datetime | None = None,
    carrier: str | None = None,
    note: str | None = None,
    attachments: Sequence[str] = (),
    accept_unknown: bool = False,
    reason: str | None = None,
) -> Done:
    """A new request. It promises and reserves nothing; entitlements are checked on approval.

    `carrier` is the other operator: the losing one of a port in, the gaining one of a port out.
    `attachments` are references of documents elsewhere. With `accept_unknown` and a `reason`, the
    numbers need not be known as numbers of `sku`; the group accepts them when it approves.

    Problems: `not-found`, `forbidden`, `invalid-fields`, `subscription-terminated`,
    `number-not-available`, `number-not-assigned`, `conflict` (another request has the numbers).
    """
    subscription = lock_subscription(actor, subscription_id)
    check_port_date(port_date, "port_date")
    require_acceptable(accept_unknown=accept_unknown, reason=reason, sku=sku)
    port = new_port(
        actor,
        subscription,
        direction=direction,
        numbers=numbers,
        sku=sku,
        accept_reason=reason,
    )
    port.port_date, port.carrier, port.note = port_date, carrier, note
    port.attachments = orjson.dumps(list(attachments)).decode()
    at = database_now()
    document = save_port(actor, port, subscription, at)
    return Done(
        with_warnings(actor, document),
        subscription.path,
        port.id,
        subscription_id=subscription.id,
        recorded={"numbers": document["numbers"]},
        at=at,
    )


def check_port_date(at: datetime | None, field: str) -> None:
    """InvalidFields unless it is in the future, and not too far."""
    if at is not None and at <= now():
        raise InvalidFields(**{field: "must be in the future"})
    if at is not None and at > now() + timedelta(days=MAX_PORT_DAYS):
        raise InvalidFields(**{field: f"must be at most {MAX_PORT_DAYS} days ahead"})


def new_port(
    actor: Actor,
    subscription: Subscription,
    *,
    direction: str,
    numbers: Sequence[str],
    sku: str | None,
    accept_reason: str | None = None,
    otherwise: str = ACCEPT_TO_PORT,
) -> PortRequest:
    """A request that is not saved yet; raises what a port of the numbers would be refused for now,
    apart from entitlements. The caller holds the subscription's lock. `otherwise`: see
    `fitting_skus`.
    """
    if direction == OUT and sku is not None:
        raise InvalidFields(sku="is allowed only to port in")
    if direction == IN:
        unknown = accept_reason is not None
        numbers, _ = resolve_to_port_in(
            actor, subscription.id, numbers, sku, unknown=unknown, otherwise=otherwise
        )
    else:
        numbers = resolve_numbers(actor, numbers, subscription_id=subscription.id)
    if subscription.status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated. You cannot port its numbers.",
        )
    _require_not_pending(subscription, numbers)
    with connection.cursor() as cursor:
        if direction == IN:
            cursor.execute(CHECK_IN, [list(numbers)])
        else:
            cursor.execute(CHECK_OUT, [list(numbers), subscription.id])
        (refusal,) = cursor.fetchone()
    if refusal is not None:
        raise problem_of(orjson.loads(refusal))
    return PortRequest(
        direction=direction,
        group_id=subscription.group_id,
        distributor_id=subscription.distributor_id,
        reseller_id=subscription.reseller_id,
        tenant_id=subscription.tenant_id,
        subscription_id=subscription.id,
        organization_id=actor.organization_id,
        path=present_path(actor),
        numbers=orjson.dumps(list(numbers)).decode(),
        sku=sku,
        accept_reason=accept_reason,
        attachments="[]",
        requested_by=actor.label,
        history="[]",
    )


def save_port(
    actor: Actor, port: PortRequest, subscription: Subscription, at: datetime
) -> dict[str, Any]:
    """Save a new request, made at this instant; returns its document."""
    port.requested_at = at
    port.save(force_insert=True)
    port.history = []
    said = {"port_date": instant(port.port_date), "accept_reason": port.accept_reason}
    said = {name: value for name, value in said.items() if value is not None}
    return record_state(actor, port, subscription.path, "open", {}, at=at, what="created", **said)


def _require_not_pending(subscription: Subscription, numbers: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PENDING, [list(numbers), subscription.id])
        row = cursor.fetchone()
    if row is not None:
        id, state, port_date = row
        dated = f"dated {instant(port_date)}" if port_date else "has no date"
        raise Problem(
            "conflict",
            f"Port request {id} of this subscription, which is {state} and {dated}, has some of "
            "these numbers. Change or withdraw that request, or leave the numbers out.",
            extra={"port_request_id": str(id)},
        )
