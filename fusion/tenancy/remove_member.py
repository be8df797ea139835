"""Removing a member from an organization."""

from uuid import UUID

from fusion.tenancy.actor import Actor
from fusion.tenancy.lock_member import lock_member, require_another_administrator
from fusion.tenancy.permissions import MANAGE_MEMBERS
from fusion.tenancy.use_case import Done, use_case


@use_case(MANAGE_MEMBERS, verb="member.remove", status=204)
def remove_member(actor: Actor, *, organization_id: UUID, member_id: UUID) -> Done:
    """End the membership; the person stays known to the other organizations they belong to.

    Problems: `not-found`, `conflict` (the last administrator of a group).
    """
    member = lock_member(actor, organization_id=organization_id, member_id=member_id)
    require_another_administrator(member)
    path = member.organization.path
    member.delete()
    return Done(None, path, member_id)
