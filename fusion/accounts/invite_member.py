"""Inviting a person to become a member of an organization."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import MANAGE_MEMBERS
from fusion.access.use_case import Done, use_case
from fusion.accounts.grant_role import require_role_in_reach
from fusion.accounts.invitation_keys import digest, mailed_key
from fusion.accounts.invitations import LIFE, is_acceptable, require_no_member, require_room
from fusion.accounts.models import Invitation
from fusion.accounts.people import person_document
from fusion.kernel.clock import now
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization


@use_case(MANAGE_MEMBERS, verb="invitation.create", status=201)
def invite_member(
    actor: Actor,
    *,
    organization_id: UUID,
    email: str,
    role: str,
    name: str | None = None,
    language: str = "",
) -> Done:
    """Invite `email` (normalized); its mail is due, in `language`.

    The person is not a member before they accept. The answer does not reveal whether any other
    organization knows them. Problems: `not-found`, `forbidden` (a role beyond the token),
    `conflict` (already a member, or already invited), `rate-limited` (too many within a day).
    """
    organization = find_organization(actor, organization_id)
    require_role_in_reach(actor, role)
    lock_organization(actor, organization, alone=True)
    require_no_member(organization.id, email)
    require_room(organization.id)
    _close_former(organization, email)
    id = new_id()
    invitation = Invitation(
        id=id,
        organization_id=organization.id,
        email=email,
        role=role,
        name=name,
        language=language,
        token=digest(mailed_key(id, 1)),
        invited_by=actor.label,
        expires_at=now() + LIFE,
        mail_due=True,
    )
    already = Problem(
        "conflict",
        f"{email} already has an invitation. Send that invitation again, or withdraw it.",
    )
    with map_constraint_errors(invitation_once=already):
        invitation.save(force_insert=True)
    return Done(person_document(invitation), organization.path, invitation.id)


def _close_former(organization: Organization, email: str) -> None:
    """Withdraw an open invitation that cannot be accepted any more: the new one replaces it."""
    rows = Invitation.objects.unscoped("the caller has found the organization for its actor")
    opened = rows.filter(organization_id=organization.id, email=email, state="open")
    former = opened.select_related("organization").first()
    if former is not None and not is_acceptable(former):
        opened.filter(id=former.id).update(state="withdrawn")
