"""Port requests: finding and listing them, and recording each of their states."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from fusion.access.actor import GROUP, Actor
from fusion.events.emit import emit
from fusion.kernel.clock import instant
from fusion.kernel.database import fetch_rows
from fusion.kernel.errors import Problem, not_found
from fusion.kernel.pagination import newest
from fusion.numbers.models import IN, PortRequest
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_organization, lock_subscription

PENDING = ("open", "approved")

DOCUMENTS = """
SELECT p.id, numbers_port_document(p)::text FROM numbers_portrequest p
WHERE p.group_id = %s::uuid AND p.id = ANY (%s::uuid[])
"""


def find_port_request(actor: Actor, id: UUID) -> PortRequest:
    """The request; Problem `not-found` unless `actor` sees its subscription."""
    found = PortRequest.objects.visible_to(actor).filter(id=id).first()
    if found is None:
        raise not_found("port request")
    return found


def lock_pending_port(actor: Actor, id: UUID) -> tuple[PortRequest, Subscription]:
    """The request and its subscription, both locked; Problem `conflict` if it has ended.

    The subscription first, as everywhere: this waits for a move, a termination, or the port itself.
    """
    subscription = lock_subscription(actor, find_port_request(actor, id).subscription_id)
    rows = PortRequest.objects.visible_to(actor).select_for_update(no_key=True)
    port = rows.filter(id=id, subscription_id=subscription.id).first()
    if port is None:
        raise Problem(
            "conflict", "The numbers of this request were just moved. Read it again, then repeat."
        )
    if port.state not in PENDING:
        raise Problem(
            "conflict",
            f"This port request is already {port.state}. Only an open or approved request can be "
            "changed. Create a new request.",
        )
    return port, subscription


def list_port_requests(
    actor: Actor,
    *,
    limit: int,
    cursor: str | None = None,
    subscription_id: UUID | None = None,
    organization_id: UUID | None = None,
    state: str | None = None,
    direction: str | None = None,
) -> dict[str, Any]:
    """One page of the requests that `actor` sees, newest first. The filters' ids are visible."""
    rows = PortRequest.objects.visible_to(actor).filter(group_id=actor.group_id)
    if subscription_id is not None:
        rows = rows.filter(subscription_id=subscription_id)
    if organization_id is not None:
        organization = find_organization(actor, organization_id)
        rows = rows.filter(**{f"{organization.kind}_id": organization.id})
    if state is not None:
        rows = rows.filter(state=state)
    if direction is not None:
        rows = rows.filter(direction=direction)
    shown, following = newest(rows, limit=limit, cursor=cursor)
    return {"items": port_documents(actor, shown), "next": following}


def port_documents(actor: Actor, ports: Sequence[PortRequest]) -> list[dict[str, Any]]:
    """Requests as the API shows them to the actor, in one statement.

    Below the group without the words of an organization that a move has taken the sight of them
    from.
    """
    with connection.cursor() as cursor:
        cursor.execute(DOCUMENTS, [actor.group_id, [port.id for port in ports]])
        found = {id: orjson.loads(text) for id, text in cursor.fetchall()}
    for each in ports:
        owners = (each.distributor_id, each.reseller_id, each.tenant_id, each.group_id)
        if actor.kind != GROUP and each.organization_id not in owners:
            found[each.id] |= {
                "note": None,
                "reason": None,
                "carrier": None,
                "attachments": [],
                "history": [],
            }
    return [found[port.id] for port in ports]


def with_warnings(actor: Actor, document: dict[str, Any]) -> dict[str, Any]:
    """The document with what the group is warned of: its shorter and longer numbers.

    Organizations below do not learn which numbers the group has.
    """
    warnings: list[dict[str, Any]] = []
    if actor.kind == GROUP and document["direction"] == IN:
        parameters = [actor.group_id, document["numbers"]]
        ((text,),) = fetch_rows("SELECT numbers_overlaps(%s::uuid, %s)::text", parameters)
        warnings = orjson.loads(text)
    return {**document, "warnings": warnings}


def record_state(
    actor: Actor,
    port: PortRequest,
    path: str,
    state: str,
    changes: Mapping[str, Any],
    *,
    at: datetime,
    what: str | None = None,
    **said: Any,
) -> dict[str, Any]:
    """Bring the request into `state`, with `changes` of its columns and an entry of its history;
    returns its document. `at` is the one instant of this transition, by the database's clock.

    Writes the event `port-request.<what>`, by default of the state, under `path`, that of the
    subscription. `said` are further members of the entry.
    """
    entry = {"state": state, "at": instant(at), "by": actor.label, **said}
    port.state = state
    port.history = orjson.dumps([*port.history, entry]).decode()
    for name, value in changes.items():
        setattr(port, name, value)
    port.save(update_fields=["state", "history", *changes])
    port.refresh_from_db(from_queryset=PortRequest.objects.visible_to(actor))
    (document,) = port_documents(actor, [port])
    emit(
        type=f"port-request.{what or state}",
        group_id=port.group_id,
        path=path,
        subject=port.id,
        actor=actor.label,
        data=document,
        subscription_id=port.subscription_id,
        at=at,
    )
    return document


def call_for_port(sql: str, port: PortRequest, *parameters: Any) -> Any:
    """The result of a database function of the subscription `s` and the request `p`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {sql} FROM numbers_portrequest p"
            " JOIN tenancy_subscription s ON s.id = p.subscription_id"
            " WHERE p.group_id = %s::uuid AND p.id = %s::uuid",
            [*parameters, port.group_id, port.id],
        )
        (result,) = cursor.fetchone()
    return result
