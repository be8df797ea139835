"""Creating a subscription of a tenant."""

from typing import Any
from uuid import UUID

from fusion.access.actor import DISTRIBUTOR, RESELLER, TENANT, Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import MANAGE_SUBSCRIPTIONS
from fusion.access.use_case import Done, use_case
from fusion.kernel.errors import InvalidFields
from fusion.tenancy.emit_changes import emit_subscription_event
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import find_organization, find_subscription
from fusion.tenancy.references import owner_of, reference_taken


@use_case(MANAGE_SUBSCRIPTIONS, verb="subscription.create", status=201, created=find_subscription)
def create_subscription(
    actor: Actor, *, tenant_id: UUID, name: str, external_reference: str | None = None
) -> Done:
    """Create an active subscription, without any grants.

    Problems: `not-found` (tenant), `invalid-fields` (not a tenant), `external-reference-taken`.
    """
    tenant = find_organization(actor, tenant_id)
    if tenant.kind != TENANT:
        raise InvalidFields(tenant_id=f"is a {tenant.kind}; only a tenant can have subscriptions")
    lock_organization(actor, tenant)
    subscription = Subscription(
        **_above(tenant),
        group_id=tenant.group_id,
        tenant_id=tenant.id,
        path=tenant.path,
        name=name,
        external_reference=external_reference,
        reference_owner_id=owner_of(actor, external_reference),
    )
    taken = reference_taken(actor, subscription, "subscription")
    with map_constraint_errors(subscription_external_reference=taken):
        subscription.save(force_insert=True)
    document = emit_subscription_event(actor, subscription, "created")
    return Done(document, subscription.path, subscription.id, subscription_id=subscription.id)


def _above(tenant: Organization) -> dict[str, Any]:
    """The ids of the distributor and the reseller above a tenant, if any."""
    ids = [UUID(part) for part in tenant.path.strip("/").split("/")]
    rows = Organization.objects.unscoped("who is above may be above the actor too")
    kinds = dict(rows.filter(id__in=ids).values_list("kind", "id"))
    return {"distributor_id": kinds.get(DISTRIBUTOR), "reseller_id": kinds.get(RESELLER)}
