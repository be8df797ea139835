"""Sending an invitation again: with another secret, for another week."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import MANAGE_MEMBERS
from fusion.access.use_case import Done, use_case
from fusion.accounts.grant_role import require_role_in_reach
from fusion.accounts.invitation_keys import digest, mailed_key
from fusion.accounts.invitations import LIFE, lock_invitation, sent_too_often
from fusion.accounts.people import person_document
from fusion.kernel.clock import now


@use_case(MANAGE_MEMBERS, verb="invitation.renew")
def renew_invitation(actor: Actor, *, organization_id: UUID, invitation_id: UUID) -> Done:
    """Send it again; earlier links stop working, and `actor` becomes its author.

    Problems: `not-found`, `conflict` (not open), `rate-limited` (sent too often).
    """
    invitation = lock_invitation(
        actor, organization_id=organization_id, invitation_id=invitation_id
    )
    require_role_in_reach(actor, invitation.role)
    invitation.sent += 1
    invitation.token = digest(mailed_key(invitation.id, invitation.sent))
    invitation.expires_at = now() + LIFE
    invitation.invited_by = actor.label
    invitation.mail_due = True
    changed = ["token", "expires_at", "sent", "invited_by", "mail_due"]
    with map_constraint_errors(invitation_sent_at_most=sent_too_often()):
        invitation.save(update_fields=changed)
    return Done(person_document(invitation), invitation.organization.path, invitation.id)
