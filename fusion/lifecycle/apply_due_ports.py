"""Carrying out approved port requests on their dates: the worker does it every few seconds.

The requests themselves are the queue, as in `apply_due.py`: the next worker finds what fell due
while none ran. Several workers share the work, and a request is carried out in the transaction that
completes it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction

from fusion.access import audit
from fusion.access.actor import Actor, Request, system_actor
from fusion.access.audit import traced
from fusion.kernel.clock import KernelNow
from fusion.kernel.constraints import violated
from fusion.kernel.database import database_now, first_row
from fusion.kernel.postgresql.outage import outage_of
from fusion.lifecycle.apply_due import ACTOR
from fusion.numbers.end_port import fail_port
from fusion.numbers.models import OUT, PortRequest
from fusion.numbers.port_requests import call_for_port, record_state
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription

log = structlog.get_logger(__name__)

VERB = "port-request.carry_out"

DUE = """
SELECT p.id, p.group_id, p.subscription_id
FROM numbers_portrequest p JOIN tenancy_subscription s ON s.id = p.subscription_id
WHERE p.state = 'approved' AND p.port_date <= (SELECT kernel_now())
  AND p.id <> ALL (%s::uuid[]) AND p.group_id = s.group_id
ORDER BY p.port_date, p.id LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED
"""


def apply_due_ports(*, limit: int = 10_000, request_id: str = "") -> int:
    """Carry out up to `limit` due port requests, each in its own transaction; returns how many.

    Ends early when other transactions hold all that is left.
    """
    first_row("SELECT 1")
    settled = 0
    passed: list[UUID] = []
    while settled < limit:
        found = _next(passed, request_id)
        if found is None:
            break
        settled += found
    return settled


def _next(passed: list[UUID], request_id: str) -> bool | None:
    """Settle the next due request: whether it was settled; None if there is none."""
    due: tuple[UUID, UUID] | None = None
    try:
        with transaction.atomic():
            row = _lock_next(passed)
            if row is None:
                return None
            id, group_id, subscription_id = row
            due = (id, group_id)
            actor = _actor(group_id, request_id)
            port = _lock_due(actor, id, subscription_id)
            if port is None:
                passed.append(id)
                return False  # it was moved, changed or ended meanwhile: the next sweep
            _carry_out(actor, port, find_subscription(actor, subscription_id))
    except DatabaseError as error:
        if due is None or outage_of(error):
            raise
        log.exception("port request could not be carried out", port_request=str(due[0]))
        passed.append(due[0])
        return _fail(_actor(due[1], request_id), due[0], error)
    return True


def _actor(group_id: UUID, request_id: str) -> Actor:
    return replace(system_actor(group_id, ACTOR), request=Request(id=request_id))


def _lock_next(passed: Sequence[UUID]) -> tuple[UUID, UUID, UUID] | None:
    with connection.cursor() as cursor:
        cursor.execute(DUE, [list(passed)])
        row: tuple[UUID, UUID, UUID] | None = cursor.fetchone()
    return row


def _lock_due(actor: Actor, id: UUID, subscription_id: UUID) -> PortRequest | None:
    """The request, locked, if it is still to be carried out for this subscription.

    A new statement: it sees what was committed before the subscription's lock was acquired.
    """
    rows = PortRequest.objects.visible_to(actor).select_for_update(no_key=True)
    due = rows.filter(state="approved", port_date__lte=KernelNow())
    return due.filter(id=id, subscription_id=subscription_id).first()


def _carry_out(actor: Actor, port: PortRequest, subscription: Subscription) -> None:
    at = database_now()
    if port.direction == OUT:
        call_for_port(
            "lifecycle_end_links(s, numbers_of_port(p), %s::text)::text", port, actor.label
        )
    call_for_port(
        "numbers_carry_out_port(s, p, %s::text, %s::text, %s::timestamptz)::text",
        port,
        actor.label,
        traced(actor),
        at,
    )
    record_state(actor, port, subscription.path, "completed", {"completed_at": at}, at=at)
    _audit(actor, port, subscription, at)
    log.info("port carried out", port_request=str(port.id), direction=port.direction)


def _fail(actor: Actor, id: UUID, error: DatabaseError) -> bool:
    """Fail a request that cannot be carried out; False if not even that is possible."""
    constraint = violated(error)
    detail = f"It would have violated the database constraint {constraint}." if constraint else ""
    failure = {"code": "internal-error", "detail": detail or "The port could not be carried out."}
    try:
        with transaction.atomic():
            port = PortRequest.objects.visible_to(actor).filter(id=id).first()
            if port is None:
                return False
            rows = Subscription.objects.visible_to(actor).select_for_update(no_key=True)
            subscription = rows.get(id=port.subscription_id)
            due = _lock_due(actor, id, subscription.id)
            if due is None:
                return False
            at = database_now()
            fail_port(actor, due, subscription, failure, at)
            _audit(actor, due, subscription, at)
    except DatabaseError as another:
        if outage_of(another):
            raise
        log.exception("port request could not be failed", port_request=str(id))
        return False
    return True


def _audit(actor: Actor, port: PortRequest, subscription: Subscription, at: datetime) -> None:
    detail: dict[str, Any] = {"state": port.state, "numbers": port.numbers}
    audit.record(
        actor,
        verb=VERB,
        object_type="port-request",
        object_id=port.id,
        path=subscription.path,
        detail=detail,
        subscription_id=subscription.id,
        at=at,
    )
