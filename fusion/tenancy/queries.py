"""Read models of organizations and subscriptions, as their callers see them."""

from typing import Any
from uuid import UUID

from fusion.kernel.clock import instant
from fusion.kernel.errors import not_found
from fusion.tenancy.actor import Actor
from fusion.tenancy.models import Organization, Subscription


def find_organization(actor: Actor, id: UUID) -> Organization:
    """The organization, if `actor` sees it; Problem `not-found` otherwise."""
    organization = Organization.objects.visible_to(actor).filter(id=id, status="active").first()
    if organization is None:
        raise not_found("organization")
    return organization


def find_subscription(actor: Actor, id: UUID) -> Subscription:
    """The subscription, if `actor` sees it; Problem `not-found` otherwise."""
    subscription = Subscription.objects.visible_to(actor).filter(id=id).first()
    if subscription is None:
        raise not_found("subscription")
    return subscription


def organization_document(organization: Organization) -> dict[str, Any]:
    """An organization as the API shows it."""
    return {
        "id": str(organization.id),
        "kind": organization.kind,
        "parent_id": str(organization.parent_id) if organization.parent_id else None,
        "group_id": str(organization.group_id),
        "name": organization.name,
        "external_reference": organization.external_reference,
        "created_at": instant(organization.created_at),
    }


def subscription_document(subscription: Subscription) -> dict[str, Any]:
    """A subscription as the API shows it."""
    return {
        "id": str(subscription.id),
        "tenant_id": str(subscription.tenant_id),
        "group_id": str(subscription.group_id),
        "name": subscription.name,
        "external_reference": subscription.external_reference,
        "status": subscription.status,
        "created_at": instant(subscription.created_at),
    }
