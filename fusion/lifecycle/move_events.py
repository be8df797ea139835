"""The events of a move. Each object has two: it left its former place, and it arrived.

Readers of the former place see the first, those of the new place the second; who sees both places
sees both.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.events.emit import Fact, emit_all
from fusion.kernel.database import fetch_rows
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import organization_document, subscription_documents

LEFT, ARRIVED = "left", "arrived"

BALANCES = """
SELECT b.answer::json -> 'items'
FROM ledger_balances_v2(%s::uuid, (
    SELECT jsonb_agg(jsonb_build_object('subscription_id', w.id, 'path', '') ORDER BY w.nth)
    FROM unnest(%s::uuid[]) WITH ORDINALITY AS w(id, nth))) b
"""


def emit_moved(
    actor: Actor,
    direction: str,
    organizations: Sequence[Organization],
    subscriptions: Sequence[Subscription],
    at: datetime,
    *,
    gone: Sequence[UUID] = (),
) -> None:
    """Write the events of one direction, organizations first, with the objects as they are now.

    `gone`: the organizations that lose sight. Events of the former place say whether the external
    reference is cleared, because it belongs to one of these; those of the new place have the
    balances of subscriptions.
    """
    facts = [
        Fact(
            type="organization.moved",
            path=each.path,
            subject=each.id,
            data={**organization_document(each), **_told(direction, each, gone)},
        )
        for each in organizations
    ]
    balances = _balances(actor, subscriptions) if direction == ARRIVED else {}
    documents = subscription_documents(subscriptions)
    for each, document in zip(subscriptions, documents, strict=True):
        more = {"balances": balances[each.id]} if direction == ARRIVED else {}
        facts.append(
            Fact(
                type="subscription.moved",
                path=each.path,
                subject=each.id,
                data={**document, **_told(direction, each, gone), **more},
                subscription_id=each.id,
            )
        )
    emit_all(facts, group_id=actor.group_id, actor=actor.label, at=at)


def _told(
    direction: str, moved: Organization | Subscription, gone: Sequence[UUID]
) -> dict[str, Any]:
    if direction == ARRIVED:
        return {"direction": ARRIVED}
    return {"direction": LEFT, "reference_cleared": moved.reference_owner_id in gone}


def _balances(
    actor: Actor, subscriptions: Sequence[Subscription]
) -> dict[UUID, list[dict[str, Any]]]:
    """Subscription → its balances as the API shows them."""
    ids = [each.id for each in subscriptions]
    rows = fetch_rows(BALANCES, [actor.group_id, ids]) if ids else []
    return {id: _read(items) for id, (items,) in zip(ids, rows, strict=True)}


def _read(items: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(items) if isinstance(items, str) else items
    return found
