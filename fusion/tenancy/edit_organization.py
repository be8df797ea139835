"""Changing an organization's name, reference or country. Its kind and parent never change."""

from collections.abc import Mapping
from uuid import UUID

from fusion.access.actor import GROUP, Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import MANAGE_ORGANIZATIONS
from fusion.access.use_case import Done, use_case
from fusion.kernel.errors import Problem, or_not_found
from fusion.tenancy.emit_changes import emit_organization_event
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization, organization_document
from fusion.tenancy.references import changed_reference, reference_taken


def find_organization_to_edit(actor: Actor, id: UUID) -> Organization:
    """The organization; `actor` is above it, or it is the actor's own group.

    Problems: `not-found`, `forbidden`.
    """
    organization = find_organization(actor, id)
    if actor.is_above(organization.path) or organization.kind == GROUP:
        return organization
    raise Problem(
        "forbidden",
        f"Only an administrator of an organization above this {actor.kind} can edit it.",
    )


@use_case(MANAGE_ORGANIZATIONS, verb="organization.change")
def edit_organization(
    actor: Actor, *, organization_id: UUID, changes: Mapping[str, str | None]
) -> Done:
    """Set the members of `changes`: `name`, `external_reference` or `country` (None clears it).

    Problems: `not-found`, `forbidden`, `external-reference-taken`, `conflict` (an organization
    above the actor's has set the reference).
    """
    find_organization_to_edit(actor, organization_id)
    rows = Organization.objects.visible_to(actor).select_for_update(no_key=True)
    organization = or_not_found(
        rows.filter(id=organization_id, status="active").first(), "organization"
    )
    new = changed_reference(actor, organization, changes)
    for name in ("name", "country"):
        if changes.get(name, getattr(organization, name)) != getattr(organization, name):
            new[name] = changes[name]
    if not new:
        return Done(organization_document(organization), organization.path, organization.id)
    for name, value in new.items():
        setattr(organization, name, value)
    taken = reference_taken(actor, organization, "organization")
    with map_constraint_errors(organization_external_reference=taken):
        organization.save(update_fields=list(new))
    document = emit_organization_event(actor, organization, "changed")
    return Done(document, organization.path, organization.id)
