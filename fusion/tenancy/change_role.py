"""Giving a member another role."""

from uuid import UUID

from fusion.tenancy.actor import ADMINISTRATOR, Actor
from fusion.tenancy.lock_member import lock_member, require_another_administrator
from fusion.tenancy.permissions import MANAGE_MEMBERS
from fusion.tenancy.queries import member_document
from fusion.tenancy.use_case import Done, use_case


@use_case(MANAGE_MEMBERS, verb="member.change_role")
def change_role(
    actor: Actor, *, organization_id: UUID, member_id: UUID, role: str | None = None
) -> Done:
    """Set the role, where one is given.

    Problems: `not-found`, `conflict` (the last administrator of a group).
    """
    member = lock_member(actor, organization_id=organization_id, member_id=member_id)
    if role is not None and role != member.role:
        if role != ADMINISTRATOR:
            require_another_administrator(member)
        member.role = role
        member.save(update_fields=["role"])
    return Done(member_document(member), member.organization.path, member.id)
