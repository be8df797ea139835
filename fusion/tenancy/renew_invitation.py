"""Sending an invitation again: another secret, another week."""

from uuid import UUID

from fusion.kernel.clock import now
from fusion.tenancy.actor import Actor
from fusion.tenancy.invitations import (
    LIFE,
    invitation_document,
    lock_invitation,
    new_token,
    sent_too_often,
)
from fusion.tenancy.permissions import MANAGE_MEMBERS
from fusion.tenancy.refusing import refusing
from fusion.tenancy.use_case import Done, use_case


@use_case(MANAGE_MEMBERS, verb="invitation.renew")
def renew_invitation(actor: Actor, *, organization_id: UUID, invitation_id: UUID) -> Done:
    """The former link leads nowhere from now on.

    Problems: `not-found`, `conflict` (not open), `rate-limited` (sent as often as may be).
    """
    invitation = lock_invitation(
        actor, organization_id=organization_id, invitation_id=invitation_id
    )
    token, invitation.token = new_token()
    invitation.expires_at = now() + LIFE
    invitation.sent += 1
    with refusing(invitation_sent_at_most=sent_too_often()):
        invitation.save(update_fields=["token", "expires_at", "sent"])
    document = {**invitation_document(invitation), "token": None}
    path = invitation.organization.path
    return Done(document, path, invitation.id, secret={"token": token})
