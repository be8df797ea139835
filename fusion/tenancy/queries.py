"""Read models of organizations and subscriptions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from fusion.access.actor import Actor
from fusion.kernel.clock import instant
from fusion.kernel.errors import or_not_found
from fusion.kernel.fields import Reference
from fusion.kernel.pagination import decode_cursor, encode_cursor, newest, page
from fusion.tenancy.holds import open_holds
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.search import matching_organizations, matching_subscriptions


def find_organization(actor: Actor, id: UUID) -> Organization:
    """The organization; Problem `not-found` unless `actor` sees it."""
    rows = Organization.objects.visible_to(actor).filter(id=id, status="active")
    return or_not_found(rows.first(), "organization")


def find_created_organization(actor: Actor, id: UUID) -> Organization:
    """The organization, even if it was deleted; Problem `not-found` unless `actor` sees it."""
    return or_not_found(
        Organization.objects.visible_to(actor).filter(id=id).first(), "organization"
    )


def present_path(actor: Actor) -> str:
    """The path of the actor's organization now: it may have been moved since the request began."""
    rows = Organization.objects.unscoped("the actor's own organization")
    return str(rows.values_list("path", flat=True).get(id=actor.organization_id))


def country_of(path: str) -> str | None:
    """The country of the organization at `path`, or of the nearest one above that has one."""
    ids = [UUID(part) for part in path.split("/") if part]
    rows = Organization.objects.unscoped("callers use countries that are set above them")
    found = rows.filter(id__in=ids, country__isnull=False).order_by("-path")
    return found.values_list("country", flat=True).first()


def find_subscription(actor: Actor, id: UUID) -> Subscription:
    """The subscription; Problem `not-found` unless `actor` sees it."""
    rows = Subscription.objects.visible_to(actor).filter(id=id)
    return or_not_found(rows.first(), "subscription")


def find_subscription_by_reference(actor: Actor, reference: str) -> Subscription:
    """The subscription with this external reference, as the actor's organization set it.

    Of several the one that is not terminated, else the newest. Problem `not-found`.
    """
    rows = Subscription.objects.visible_to(actor).filter(
        group_id=actor.group_id,
        external_reference=reference,
        reference_owner_id=actor.organization_id,
    )
    living = rows.exclude(status="terminated").first()
    return or_not_found(living or rows.order_by("-id").first(), "subscription")


def find_named_subscription(actor: Actor, text: str) -> Subscription | None:
    """The same for a text as it came; None if it is not a reference at all."""
    try:
        reference = TypeAdapter(Reference).validate_python(text)
    except ValidationError:
        return None
    return find_subscription_by_reference(actor, reference)


def lock_subscription(actor: Actor, id: UUID) -> Subscription:
    """The subscription, locked against orders and changes of its state."""
    rows = Subscription.objects.visible_to(actor).select_for_update(no_key=True)
    return or_not_found(rows.filter(id=id).first(), "subscription")


def list_organizations(
    actor: Actor,
    *,
    kind: str | None = None,
    parent_id: UUID | None = None,
    q: str | None = None,
    external_reference: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> dict[str, Any]:
    """One page of the organizations that `actor` sees, in the order of the tree."""
    rows = Organization.objects.visible_to(actor).filter(group_id=actor.group_id, status="active")
    if kind is not None:
        rows = rows.filter(kind=kind)
    if parent_id is not None:
        rows = rows.filter(parent_id=find_organization(actor, parent_id).id)
    if cursor is not None:
        rows = rows.filter(path__gt=decode_cursor(cursor, str)[0])
    if external_reference is not None:
        rows = rows.filter(external_reference=external_reference)
    if q:
        rows = rows.filter(id__in=matching_organizations(actor, q))
    shown, more = page(list(rows.order_by("path")[: limit + 1]), limit)
    return {
        "items": [organization_document(row) for row in shown],
        "next": encode_cursor(shown[-1].path) if more else None,
    }


def list_subscriptions(
    actor: Actor,
    *,
    organization_id: UUID | None = None,
    q: str | None = None,
    external_reference: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> dict[str, Any]:
    """One page of the subscriptions that `actor` sees, or of those under one organization."""
    rows = Subscription.objects.visible_to(actor).filter(group_id=actor.group_id)
    if organization_id is not None:
        organization = find_organization(actor, organization_id)
        rows = rows.filter(**{f"{organization.kind}_id": organization.id})
    if external_reference is not None:
        rows = rows.filter(external_reference=external_reference)
    if q:
        rows = rows.filter(id__in=matching_subscriptions(actor, q))
    shown, following = newest(rows, limit=limit, cursor=cursor)
    return {"items": subscription_documents(shown), "next": following}


def organization_document(organization: Organization) -> dict[str, Any]:
    """An organization as the API shows it."""
    return {
        "id": str(organization.id),
        "kind": organization.kind,
        "parent_id": str(organization.parent_id) if organization.parent_id else None,
        "group_id": str(organization.group_id),
        "name": organization.name,
        "external_reference": organization.external_reference,
        "country": organization.country,
        "created_at": instant(organization.created_at),
    }


def subscription_document(subscription: Subscription) -> dict[str, Any]:
    """A subscription as the API shows it."""
    return subscription_documents([subscription])[0]


def subscription_documents(subscriptions: Sequence[Subscription]) -> list[dict[str, Any]]:
    """Subscriptions as the API shows them; suspended ones with their holds."""
    suspended = [each.id for each in subscriptions if each.status == "suspended"]
    holds = open_holds(suspended) if suspended else {}
    return [
        {
            "id": str(each.id),
            "tenant_id": str(each.tenant_id),
            "group_id": str(each.group_id),
            "name": each.name,
            "external_reference": each.external_reference,
            "status": each.status,
            "holds": holds.get(each.id, []),
            "created_at": instant(each.created_at),
        }
        for each in subscriptions
    ]
