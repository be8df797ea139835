"""The events of a move. Each object has two: it left its former place, and it arrived.

Readers of the former place see the first, those of the new place the second; who sees both places
sees both.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.events.emit import Fact, emit_all
from fusion.ledger.queries import balances_of
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import organization_document, subscription_documents

LEFT, ARRIVED = "left", "arrived"


def emit_moved(
    actor: Actor,
    direction: str,
    organizations: Sequence[Organization],
    subscriptions: Sequence[Subscription],
    at: datetime,
    *,
    lost: Sequence[UUID] = (),
) -> None:
    """Write the events of one direction, organizations first, with the objects as they are now.

    `lost`: the organizations that lose sight. Events of the former place say whether the external
    reference is cleared, because it belongs to one of these; those of the new place have the
    balances of subscriptions.
    """
    facts = [
        Fact(
            type="organization.moved",
            path=each.path,
            subject=each.id,
            data={**organization_document(each), **_extra(direction, each, lost)},
        )
        for each in organizations
    ]
    ids = [each.id for each in subscriptions]
    balances = balances_of(actor.group_id, ids) if direction == ARRIVED else {}
    documents = subscription_documents(subscriptions)
    for each, document in zip(subscriptions, documents, strict=True):
        more = {"balances": balances[each.id]} if direction == ARRIVED else {}
        facts.append(
            Fact(
                type="subscription.moved",
                path=each.path,
                subject=each.id,
                data={**document, **_extra(direction, each, lost), **more},
                subscription_id=each.id,
            )
        )
    emit_all(facts, group_id=actor.group_id, actor=actor.label, at=at)


def _extra(
    direction: str, moved: Organization | Subscription, lost: Sequence[UUID]
) -> dict[str, Any]:
    if direction == ARRIVED:
        return {"direction": ARRIVED}
    return {"direction": LEFT, "reference_cleared": moved.reference_owner_id in lost}
