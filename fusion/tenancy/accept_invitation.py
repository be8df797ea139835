"""Accepting an invitation: who has the secret of its link becomes a member."""

from uuid import UUID

from fusion.kernel.clock import now
from fusion.tenancy.actor import Actor
from fusion.tenancy.invitations import digest, lock_invitation, not_any_more
from fusion.tenancy.join import join
from fusion.tenancy.permissions import MANAGE_MEMBERS
from fusion.tenancy.queries import member_document
from fusion.tenancy.use_case import Done, use_case


@use_case(MANAGE_MEMBERS, verb="invitation.accept", status=201, unaudited=("token",))
def accept_invitation(
    actor: Actor, *, organization_id: UUID, invitation_id: UUID, token: str, name: str | None
) -> Done:
    """The new membership. `actor` is Fusion itself: the secret is what allows it.

    Problems: `conflict` (not open any more, sent again meanwhile, or a member already).
    """
    invitation = lock_invitation(
        actor, organization_id=organization_id, invitation_id=invitation_id
    )
    # Sent again since the link was looked at: the secret has changed under the lock.
    if bytes(invitation.token) != digest(token) or invitation.expires_at <= now():
        raise not_any_more()
    member = join(invitation.organization, email=invitation.email, name=name, role=invitation.role)
    invitation.state = "accepted"
    invitation.save(update_fields=["state"])
    return Done(member_document(member), invitation.organization.path, invitation.id)
