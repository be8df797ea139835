"""The rows of organizations and subscriptions that came into being in the past."""

from uuid import UUID

from fusion.access.actor import DISTRIBUTOR, GROUP, RESELLER, TENANT
from fusion.seed.load import Load, json_of, text_id
from fusion.seed.past import id_at, instant_of
from fusion.seed.provider import Site, Subscriber
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import organization_document, subscription_document


def write_organization(
    load: Load,
    *,
    kind: str,
    name: str,
    parent: Organization | None,
    at: int,
    actor: str,
    reference: str | None = None,
) -> Organization:
    """An organization under `parent`, a group without one; with its event and audit record."""
    id = id_at(at)
    organization = Organization(
        id=id,
        kind=kind,
        parent_id=parent.id if parent else None,
        group_id=parent.group_id if parent else id,
        path=f"{parent.path if parent else ''}{id.hex}/",
        name=name,
        external_reference=reference,
        created_at=instant_of(at),
    )
    load.save(organization)
    document = json_of(organization_document(organization))
    where = (str(organization.group_id), organization.path, r"\N")
    load.event("organization.created", where, id, actor, data=document, at=at)
    load.audit(
        "organization.found" if kind == GROUP else "organization.create",
        where,
        id,
        actor,
        data=document,
        at=at,
    )
    return organization


def write_subscription(
    load: Load, *, site: Site, name: str, at: int, actor: str, reference: str | None = None
) -> Subscriber:
    """A subscription of the tenant at `site`, with its event and audit record."""
    subscription = Subscription(
        id=id_at(at),
        group_id=site.group,
        distributor_id=_id(site.distributor),
        reseller_id=_id(site.reseller),
        tenant_id=site.tenant,
        path=site.path,
        name=name,
        external_reference=reference,
        created_at=instant_of(at),
    )
    load.save(subscription)
    document = json_of(subscription_document(subscription))
    where = (site.group, site.path, str(subscription.id))
    load.event("subscription.created", where, subscription.id, actor, data=document, at=at)
    load.audit("subscription.create", where, subscription.id, actor, data=document, at=at)
    return Subscriber(str(subscription.id), site)


def _id(text: str) -> UUID | None:
    return None if text == text_id(None) else UUID(text)


def site_of(tenant: Organization, above: dict[UUID, Organization]) -> Site:
    """The tenant as its subscriptions carry it; `above` holds the organizations of its group."""
    ids: dict[str, UUID] = {}
    organization: Organization | None = tenant
    while organization is not None:
        ids[organization.kind] = organization.id
        organization = above.get(organization.parent_id) if organization.parent_id else None
    return Site(
        tenant.path,
        text_id(ids[GROUP]),
        text_id(ids.get(DISTRIBUTOR)),
        text_id(ids.get(RESELLER)),
        text_id(ids[TENANT]),
    )
