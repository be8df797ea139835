"""Withdrawing an invitation."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_MEMBERS
from fusion.access.use_case import Done, use_case
from fusion.accounts.invitations import lock_invitation
from fusion.accounts.people import person_document


@use_case(MANAGE_MEMBERS, verb="invitation.withdraw")
def withdraw_invitation(actor: Actor, *, organization_id: UUID, invitation_id: UUID) -> Done:
    """Withdraw it; its link stops working. Problems: `not-found`, `conflict` (not open)."""
    invitation = lock_invitation(
        actor, organization_id=organization_id, invitation_id=invitation_id
    )
    invitation.state = "withdrawn"
    invitation.save(update_fields=["state"])
    return Done(person_document(invitation), invitation.organization.path, invitation.id)
