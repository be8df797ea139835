"""Inviting a person to become a member of an organization."""

from uuid import UUID

from fusion.kernel.clock import now
from fusion.kernel.errors import Problem
from fusion.tenancy.actor import Actor
from fusion.tenancy.hold import hold_organization
from fusion.tenancy.invitations import (
    LIFE,
    invitation_document,
    new_token,
    require_no_member,
    require_room,
)
from fusion.tenancy.models import Invitation
from fusion.tenancy.permissions import MANAGE_MEMBERS
from fusion.tenancy.queries import find_organization
from fusion.tenancy.refusing import refusing
from fusion.tenancy.use_case import Done, use_case


@use_case(MANAGE_MEMBERS, verb="invitation.create", status=201)
def invite_member(actor: Actor, *, organization_id: UUID, email: str, role: str) -> Done:
    """Invite `email` (in its normal spelling); the answer alone shows the `token` of the link.

    Whether anybody else knows the person is not told. Problems: `not-found`, `conflict` (a member
    already, or invited already), `rate-limited` (too many within a day).
    """
    organization = find_organization(actor, organization_id)
    hold_organization(organization, alone=True)
    require_no_member(organization.id, email)
    require_room(organization.id)
    token, stored = new_token()
    invitation = Invitation(
        organization_id=organization.id,
        email=email,
        role=role,
        token=stored,
        invited_by=actor.label,
        expires_at=now() + LIFE,
    )
    already = Problem(
        "conflict", f"{email} is invited already. Send that invitation again, or withdraw it."
    )
    with refusing(invitation_once=already):
        invitation.save(force_insert=True)
    document = {**invitation_document(invitation), "token": None}
    return Done(document, organization.path, invitation.id, secret={"token": token})
