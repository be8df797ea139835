"""Emitting events of organizations and subscriptions, in the caller's transaction."""

from typing import Any

from fusion.access.actor import Actor
from fusion.events.emit import emit
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import organization_document, subscription_document


def emit_organization_event(
    actor: Actor, organization: Organization, action: str
) -> dict[str, Any]:
    """Write the event `organization.<action>`; returns the organization's document."""
    document = organization_document(organization)
    emit(
        type=f"organization.{action}",
        group_id=organization.group_id,
        path=organization.path,
        subject=organization.id,
        actor=actor.label,
        data=document,
    )
    return document


def emit_subscription_event(
    actor: Actor, subscription: Subscription, action: str
) -> dict[str, Any]:
    """Write the event `subscription.<action>`; returns the subscription's document."""
    document = subscription_document(subscription)
    emit(
        type=f"subscription.{action}",
        group_id=subscription.group_id,
        path=subscription.path,
        subject=subscription.id,
        actor=actor.label,
        data=document,
        subscription_id=subscription.id,
    )
    return document
