"""Emitting events of trunks and of the numbers routed to them, in the caller's transaction."""

from typing import Any

from fusion.access.actor import Actor
from fusion.events.emit import emit
from fusion.numbers.queries import number_document
from fusion.tenancy.models import Subscription
from fusion.trunks.models import Trunk
from fusion.trunks.queries import trunk_document


def emit_trunk_event(
    actor: Actor, subscription: Subscription, trunk: Trunk, action: str
) -> dict[str, Any]:
    """Write the event `trunk.<action>`; returns the trunk's document."""
    document = trunk_document(trunk)
    _emit(actor, subscription, f"trunk.{action}", trunk.id, document)
    return document


def emit_route_event(
    actor: Actor, subscription: Subscription, e164: str, action: str
) -> dict[str, Any]:
    """Write the event `number.<action>`; returns the number's document."""
    document = number_document(e164)
    _emit(actor, subscription, f"number.{action}", e164, document)
    return document


def _emit(
    actor: Actor, subscription: Subscription, type: str, subject: object, data: dict[str, Any]
) -> None:
    emit(
        type=type,
        group_id=subscription.group_id,
        path=subscription.path,
        subject=subject,
        actor=actor.label,
        data=data,
        subscription_id=subscription.id,
    )
