"""Removing a member from an organization, or leaving it."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import LEAVE, MANAGE_MEMBERS
from fusion.access.use_case import Done, use_case
from fusion.accounts.lock_person import lock_person, require_another_administrator
from fusion.accounts.models import Invitation
from fusion.kernel.errors import or_not_found
from fusion.kernel.ids import parse_id


@use_case(MANAGE_MEMBERS, verb="member.remove", status=204)
def remove_member(actor: Actor, *, organization_id: UUID, member_id: UUID) -> Done:
    """Delete the membership, or withdraw the invitation.

    The person keeps their other memberships. Problems: `not-found`, `conflict` (the last
    administrator of the actor's own organization).
    """
    return _end(actor, organization_id, member_id)


@use_case(LEAVE, verb="member.leave", status=204)
def leave_organization(actor: Actor) -> Done:
    """Delete the actor's own membership, with any role.

    Problems: `not-found` (an API client is not a member), `conflict` (the last administrator).
    """
    kind, _, id = actor.label.partition(":")
    own = or_not_found(parse_id(id) if kind == "member" else None, "member")
    return _end(actor, actor.organization_id, own)


def _end(actor: Actor, organization_id: UUID, member_id: UUID) -> Done:
    person = lock_person(actor, organization_id=organization_id, member_id=member_id)
    path = person.organization.path
    if isinstance(person, Invitation):
        person.state = "withdrawn"
        person.save(update_fields=["state"])
    else:
        require_another_administrator(actor, person)
        person.delete()
    return Done(None, path, member_id)
