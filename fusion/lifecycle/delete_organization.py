"""Deleting an organization without live organizations or subscriptions under it."""

from uuid import UUID

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import MANAGE_ORGANIZATIONS
from fusion.access.use_case import Done, use_case
from fusion.access.visibility import under
from fusion.accounts.models import Member
from fusion.clients.revoke import delete_clients
from fusion.kernel.errors import Problem, or_not_found
from fusion.tenancy.emit_changes import emit_organization_event
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import find_organization


def find_organization_to_delete(actor: Actor, id: UUID) -> Organization:
    """The organization; `actor` is above it.

    Problems: `not-found`, `forbidden`.
    """
    organization = find_organization(actor, id)
    if organization.kind == GROUP:
        raise Problem("forbidden", "A group is the provider itself. The API cannot delete it.")
    if not actor.is_above(organization.path):
        raise Problem(
            "forbidden",
            f"Only an administrator of an organization above this {actor.kind} can delete it.",
        )
    return organization


@use_case(MANAGE_ORGANIZATIONS, verb="organization.delete", status=204, bulk=True)
def delete_organization(actor: Actor, *, organization_id: UUID) -> Done:
    """Delete it, its members, its API clients and their tokens; its history stays.

    Problems: `not-found`, `forbidden`, `conflict` (something live is under it).
    """
    find_organization_to_delete(actor, organization_id)
    # Creating something under it locks the row FOR KEY SHARE (see `lock_organization`): this waits
    # for that, and the counts of the following statements include it.
    rows = Organization.objects.visible_to(actor).select_for_update()
    organization = or_not_found(
        rows.filter(id=organization_id, status="active").first(), "organization"
    )
    _require_nothing_under(organization)
    delete_clients(organization.id)
    members = Member.objects.unscoped("the organization itself is being deleted")
    members.filter(organization_id=organization.id).delete()
    organization.status = "deleted"
    organization.save(update_fields=["status"])
    emit_organization_event(actor, organization, "deleted")
    return Done(None, organization.path, organization.id)


def _require_nothing_under(organization: Organization) -> None:
    organizations = Organization.objects.unscoped("the actor manages the organization above them")
    below = organizations.filter(under(organization.path), status="active")
    subscriptions = Subscription.objects.unscoped("the actor manages the organization above them")
    living = subscriptions.filter(under(organization.path)).exclude(status="terminated")
    counts = (below.exclude(id=organization.id).count(), living.count())
    if any(counts):
        raise Problem(
            "conflict",
            f"It still has {counts[0]} organizations and {counts[1]} active subscriptions "
            "below it. Terminate the subscriptions first, then delete the organizations, "
            "starting with the lowest.",
        )
