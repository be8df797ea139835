"""Emitting events of organizations and subscriptions, in the caller's transaction."""

from typing import Any

from fusion.access.actor import Actor
from fusion.events.emit import emit
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import organization_document, subscription_document


def announce_organization(actor: Actor, organization: Organization, deed: str) -> dict[str, Any]:
    """Write the event `organization.<deed>`; returns the organization's document."""
    document = organization_document(organization)
    emit(
        type=f"organization.{deed}",
        group_id=organization.group_id,
        path=organization.path,
        subject=organization.id,
        actor=actor.label,
        data=document,
    )
    return document


def announce_subscription(actor: Actor, subscription: Subscription, deed: str) -> dict[str, Any]:
    """Write the event `subscription.<deed>`; returns the subscription's document."""
    document = subscription_document(subscription)
    emit(
        type=f"subscription.{deed}",
        group_id=subscription.group_id,
        path=subscription.path,
        subject=subscription.id,
        actor=actor.label,
        data=document,
        subscription_id=subscription.id,
    )
    return document
