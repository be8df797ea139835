"""Changing the role of a member or of an invited person."""

from uuid import UUID

from fusion.access.actor import ADMINISTRATOR, Actor
from fusion.access.permissions import MANAGE_MEMBERS
from fusion.access.use_case import Done, use_case
from fusion.accounts.grant_role import require_role_in_reach
from fusion.accounts.lock_person import lock_person, require_another_administrator
from fusion.accounts.models import Member
from fusion.accounts.people import person_document


@use_case(MANAGE_MEMBERS, verb="member.change_role")
def change_role(
    actor: Actor, *, organization_id: UUID, member_id: UUID, role: str | None = None
) -> Done:
    """Set the role, if one is given.

    Problems: `not-found`, `forbidden` (a role beyond the token), `conflict` (the last administrator
    of the actor's own organization).
    """
    person = lock_person(actor, organization_id=organization_id, member_id=member_id)
    if role is not None and role != person.role:
        require_role_in_reach(actor, role)
        if role != ADMINISTRATOR and isinstance(person, Member):
            require_another_administrator(actor, person)
        person.role = role
        changed = ["role"]
        if not isinstance(person, Member):
            person.invited_by = actor.label  # the actor becomes the author of the invitation
            changed.append("invited_by")
        person.save(update_fields=changed)
    return Done(person_document(person), person.organization.path, person.id)
