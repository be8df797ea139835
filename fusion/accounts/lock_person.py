"""Locking a member or an invitation before a change: operations in the caller's transaction."""

from uuid import UUID

from fusion.access.actor import ADMINISTRATOR, GROUP, Actor
from fusion.accounts.models import Invitation, Member
from fusion.accounts.people import Person, last_administrator_of
from fusion.kernel.errors import Problem, or_not_found
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.queries import find_organization


def lock_person(actor: Actor, *, organization_id: UUID, member_id: UUID) -> Person:
    """The member with person and organization, or the open invitation; Problem `not-found`.

    Changes of one organization's memberships are serialized: two administrators who remove each
    other must not both succeed.
    """
    organization = find_organization(actor, organization_id)
    lock_organization(actor, organization, alone=True)
    # If the invitation is being accepted, this waits and then finds the member.
    invitations = Invitation.objects.visible_to(actor).select_related("organization")
    rows = invitations.select_for_update(of=("self",), no_key=True)
    invitation = rows.filter(id=member_id, organization_id=organization.id, state="open").first()
    if invitation is not None:
        return invitation
    members = Member.objects.visible_to(actor).select_related("user", "organization")
    member = members.filter(id=member_id, organization_id=organization.id).first()
    return or_not_found(member, "member")


def require_another_administrator(actor: Actor, member: Member) -> None:
    """Problem `conflict` if `member` is the last administrator of the actor's organization.

    The caller has locked the membership. An organization above may remove the last administrator,
    because it can appoint another. Nothing is above a group.
    """
    organization = member.organization
    if member.role != ADMINISTRATOR or actor.is_above(organization.path):
        return
    if last_administrator_of(organization) == str(member.id):
        raise last_administrator(actor, member)


def last_administrator(actor: Actor, member: Member) -> Problem:
    """The refusal; addresses the administrator directly if they are the actor."""
    organization = member.organization
    others = "" if organization.kind == GROUP else ", or ask an organization above it"
    what = (
        f"the last administrator of {organization.name}. Without one, nobody there could manage "
        f"its members. First make another member an administrator{others}."
    )
    if actor.label == f"member:{member.id}":
        return Problem("conflict", f"You are {what}", extra={"you_are_last": organization.name})
    return Problem(
        "conflict",
        f"{member.user.email} is {what}",
        extra={"last_administrator": member.user.email, "organization": organization.name},
    )
