"""Emitting events of users, in the caller's transaction."""

from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.events.emit import emit
from fusion.tenancy.models import Subscription
from fusion.users.queries import user_document


def emit_user_event(
    actor: Actor, subscription: Subscription, user_id: UUID, action: str
) -> dict[str, Any]:
    """Write the event `user.<action>`; returns the user's document."""
    document = user_document(user_id)
    emit(
        type=f"user.{action}",
        group_id=subscription.group_id,
        path=subscription.path,
        subject=user_id,
        actor=actor.label,
        data=document,
        subscription_id=subscription.id,
    )
    return document
