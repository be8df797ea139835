"""Creating a distributor, reseller or tenant under an existing organization."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import MANAGE_ORGANIZATIONS
from fusion.access.use_case import Done, use_case
from fusion.kernel.errors import InvalidFields
from fusion.kernel.ids import new_id
from fusion.tenancy.emit_changes import emit_organization_event
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_created_organization, find_organization
from fusion.tenancy.references import owner_of, reference_taken
from fusion.tenancy.rules import misplaced


@use_case(
    MANAGE_ORGANIZATIONS,
    verb="organization.create",
    status=201,
    created=find_created_organization,
)
def create_organization(
    actor: Actor,
    *,
    kind: str,
    parent_id: UUID,
    name: str,
    external_reference: str | None = None,
    country: str | None = None,
) -> Done:
    """Create an organization of `kind` under `parent_id`; without `country` it inherits one.

    Problems: `not-found` (parent), `invalid-fields` (this kind is not allowed there),
    `external-reference-taken`.
    """
    parent = find_organization(actor, parent_id)
    if wrong := misplaced(kind, parent.kind):
        raise InvalidFields(**wrong)
    lock_organization(actor, parent)
    id = new_id()
    organization = Organization(
        id=id,
        kind=kind,
        parent_id=parent.id,
        group_id=parent.group_id,
        path=f"{parent.path}{id.hex}/",
        name=name,
        external_reference=external_reference,
        reference_owner_id=owner_of(actor, external_reference),
        country=country,
    )
    taken = reference_taken(actor, organization, "organization")
    with map_constraint_errors(organization_external_reference=taken):
        organization.save(force_insert=True)
    document = emit_organization_event(actor, organization, "created")
    return Done(document, organization.path, organization.id)
