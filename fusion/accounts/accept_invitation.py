"""Accepting an invitation: the holder of one of its links becomes a member."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_MEMBERS
from fusion.access.use_case import Done, use_case
from fusion.accounts.add_membership import add_membership
from fusion.accounts.grant_role import lock_author
from fusion.accounts.invitation_keys import opens
from fusion.accounts.invitations import is_acceptable, lock_invitation, not_any_more
from fusion.accounts.people import person_document


@use_case(MANAGE_MEMBERS, verb="invitation.accept", status=201, unaudited=("key",))
def accept_invitation(
    actor: Actor, *, organization_id: UUID, invitation_id: UUID, key: str, name: str | None
) -> Done:
    """Accept the invitation; returns the new membership. `actor` is Fusion itself: the link's key
    authorizes.

    Problem `conflict`: the invitation is not open any more, was sent again meanwhile, its author
    may not invite any more, or the person is a member already.
    """
    invitation = lock_invitation(
        actor, organization_id=organization_id, invitation_id=invitation_id
    )
    # The organization is locked before the author's row: deleting it locks the two in this order.
    lock_author(invitation.invited_by)
    # The invitation was sent again after the check: its keys changed before the lock was acquired.
    if not opens(invitation, key) or not is_acceptable(invitation):
        raise not_any_more()
    member = add_membership(
        actor,
        invitation.organization,
        id=invitation.id,
        email=invitation.email,
        name=name,
        role=invitation.role,
    )
    invitation.state = "accepted"
    invitation.save(update_fields=["state"])
    return Done(person_document(member), invitation.organization.path, invitation.id)
