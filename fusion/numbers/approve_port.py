"""Approving a port request: its numbers are ported at once, or on its date by the worker."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import instant
from fusion.kernel.database import database_now
from fusion.kernel.errors import InvalidFields, Problem, problem_of
from fusion.numbers.models import IN, OUT, PortRequest
from fusion.numbers.port_in import resolve_to_port_in
from fusion.numbers.port_requests import (
    call_for_port,
    lock_pending_port,
    port_documents,
    record_state,
    with_warnings,
)
from fusion.numbers.porting import DECIDE_PORTS
from fusion.numbers.request_port import check_port_date
from fusion.numbers.rules import require_reason
from fusion.tenancy.models import Subscription


@use_case(DECIDE_PORTS, verb="port-request.approve")
def approve_port(
    actor: Actor,
    *,
    request_id: UUID,
    port_date: datetime | None = None,
    accept_unknown: bool = False,
    reason: str | None = None,
) -> Done:
    """Approve the request for `port_date`, by default the requested date; without either, or if
    the requested one has passed, it is done at once.

    A port in with a date consumes its entitlements now and reserves its numbers. An approved
    request gets another date; with the date that it has, nothing changes. A request for unknown
    numbers needs `accept_unknown` and a `reason`.

    Problems: `not-found`, `invalid-fields`, `conflict` (it has ended, or is approved and no date is
    given), and those of the port. After any of them nothing has changed.
    """
    port, subscription = lock_pending_port(actor, request_id)
    check_port_date(port_date, "port_date")
    _require_word(port, accept_unknown, reason)
    at = database_now()
    if port.state == "approved":
        document = _change_date(actor, port, subscription, port_date, at)
    else:
        document = decide_port(
            actor, port, subscription, port_date or port.port_date, reason, at=at
        )
    return Done(
        with_warnings(actor, document),
        subscription.path,
        port.id,
        subscription_id=subscription.id,
        at=at,
    )


def _require_word(port: PortRequest, accept_unknown: bool, reason: str | None) -> None:
    """Problem `invalid-fields` unless unknown numbers are accepted exactly when that is open."""
    require_reason(accept_unknown, reason)
    if port.state == "open" and port.accept_reason is not None:
        if not accept_unknown:
            raise InvalidFields(
                accept_unknown="must be true: the request is for unknown numbers. Accept them with "
                "a `reason`, or reject the request"
            )
    elif accept_unknown:
        raise InvalidFields(
            accept_unknown="is allowed only for an open request that has `accept_unknown`"
        )


def decide_port(
    actor: Actor,
    port: PortRequest,
    subscription: Subscription,
    port_date: datetime | None,
    accept_reason: str | None = None,
    *,
    at: datetime,
) -> dict[str, Any]:
    """Carry out an open request, or approve it for `port_date` if that is after `at`, the instant
    of the decision; returns its document.

    An operation: the caller holds the locks of the subscription and the request.
    """
    later = port_date is not None and port_date > at
    decided = {"decided_by": actor.label, "decided_at": at}
    said: dict[str, Any] = {}
    if accept_reason is not None:
        decided["accept_reason"] = said["accept_reason"] = accept_reason
    if port.direction == OUT:
        _refuse(
            call_for_port(
                "numbers_not_to_port_out(s, numbers_of_port(p), %s::boolean, NULL)", port, later
            )
        )
        if later:
            call_for_port("numbers_set_port(numbers_of_port(p), s.id, p.id)::text", port)
    else:
        _take_in(actor, port, subscription, port_date if later else None, at)
    if later:
        changes = {**decided, "port_date": port_date}
        said["port_date"] = instant(port_date)
        return record_state(actor, port, subscription.path, "approved", changes, at=at, **said)
    if port.direction == OUT:
        call_for_port(
            "numbers_carry_out_port(s, p, %s::text, %s::text, %s::timestamptz)::text",
            port,
            actor.label,
            traced(actor),
            at,
        )
    changes = {**decided, "completed_at": at}
    return record_state(actor, port, subscription.path, "completed", changes, at=at, **said)


def _take_in(
    actor: Actor,
    port: PortRequest,
    subscription: Subscription,
    until: datetime | None,
    at: datetime,
) -> None:
    if subscription.status != "active":
        raise Problem(
            f"subscription-{subscription.status}",
            f"The subscription is {subscription.status}. You cannot add numbers.",
        )
    unknown = port.accept_reason is not None
    _, fitting = resolve_to_port_in(actor, subscription.id, port.numbers, port.sku, unknown=unknown)
    _refuse(
        call_for_port(
            "numbers_take_in(s, numbers_of_port(p), numbers_choose_skus(s, %s::jsonb), %s::text,"
            " %s::timestamptz, %s::uuid, %s::boolean)",
            port,
            orjson.dumps(fitting).decode(),
            actor.label,
            until,
            port.id if until else None,
            unknown,
        )
    )
    call_for_port(
        "numbers_audit_and_emit(s, jsonb_build_object('actor', %s::text, 'request', %s::text,"
        " 'at', %s::timestamptz), %s::text, numbers_documents(numbers_of_port(p)))::text",
        port,
        actor.label,
        traced(actor),
        at,
        "number.reserved" if until else "number.ported",
    )


def _change_date(
    actor: Actor,
    port: PortRequest,
    subscription: Subscription,
    port_date: datetime | None,
    at: datetime,
) -> dict[str, Any]:
    if port_date is None:
        raise Problem(
            "conflict",
            f"This port request is already approved for {instant(port.port_date)}. Give another "
            "`port_date` to change that, or reject it.",
        )
    if port_date == port.port_date:
        return port_documents(actor, [port])[0]
    if port.direction == IN:
        call_for_port(
            "numbers_set_port_date(p.id, numbers_of_port(p), %s::timestamptz)::text",
            port,
            port_date,
        )
    changes = {"port_date": port_date, "decided_by": actor.label, "decided_at": at}
    said = {"port_date": instant(port_date)}
    return record_state(actor, port, subscription.path, "approved", changes, at=at, **said)


def _refuse(refusal: str | None) -> None:
    if refusal is not None:
        raise problem_of(orjson.loads(refusal))
