"""Invitations: look-ups, and the lock for changing one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.accounts.grant_role import Author, authors_of
from fusion.accounts.invitation_keys import digest, id_in, opens
from fusion.accounts.models import MOST_SENT, Invitation, Member, User
from fusion.kernel.clock import now
from fusion.kernel.database import fetch_rows
from fusion.kernel.errors import Problem, or_not_found
from fusion.kernel.pagination import newest
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization

LIFE = timedelta(days=7)
"""How long an invitation can be accepted."""

MOST_A_DAY = 100
"""Most invitations of one organization within a day, because their e-mails are unsolicited.
"""


def not_any_more() -> Problem:
    """The refusal of a link that has expired, was replaced or withdrawn."""
    return Problem(
        "conflict",
        "This invitation is no longer valid. It was accepted or withdrawn, it expired, or "
        "its sender can no longer invite members. Request a new one.",
    )


def unknown_link() -> Problem:
    """The refusal of a link that belongs to no invitation."""
    return Problem(
        "conflict",
        "This link matches no invitation. It may be incomplete, or a newer link replaced "
        "it. Use the link in the latest e-mail, or request a new invitation.",
    )


def find_invitation(actor: Actor, id: UUID) -> Invitation:
    """The invitation; Problem `not-found` unless `actor` sees it."""
    return or_not_found(Invitation.objects.visible_to(actor).filter(id=id).first(), "invitation")


def lock_invitation(actor: Actor, *, organization_id: UUID, invitation_id: UUID) -> Invitation:
    """An open invitation with its organization, locked; Problem `conflict` if it is not open.

    If two decide at once, the second waits and then finds it decided.
    """
    lock_organization(actor, find_organization(actor, organization_id))
    rows = Invitation.objects.visible_to(actor).select_related("organization")
    locked = rows.select_for_update(of=("self",), no_key=True)
    invitation = or_not_found(
        locked.filter(id=invitation_id, organization_id=organization_id).first(), "invitation"
    )
    if invitation.state != "open":
        raise Problem(
            "conflict", f"This invitation was already {invitation.state}. Send a new one."
        )
    return invitation


def invitation_of(key: str) -> Invitation:
    """The open invitation that a link's key belongs to, with its organization.

    Problem `conflict`: the key is unknown, or its invitation cannot be accepted any more.
    """
    rows = Invitation.objects.unscoped("who has the key has the invitation")
    id = id_in(key)
    found = rows.filter(token=digest(key)) if id is None else rows.filter(id=id)
    invitation = found.select_related("organization").first()
    if invitation is None or not opens(invitation, key):
        raise unknown_link()
    if not is_acceptable(invitation):
        raise not_any_more()
    return invitation


def is_acceptable(invitation: Invitation) -> bool:
    """Whether the invitation can still be accepted; its organization is loaded."""
    return invitation.id in acceptable([invitation])


def acceptable(invitations: Sequence[Invitation]) -> set[UUID]:
    """The ids of the invitations that can be accepted; their organizations are loaded."""
    authors = authors_of([each.invited_by for each in invitations])
    return {each.id for each in invitations if _is_good(each, authors.get(each.invited_by))}


def _is_good(invitation: Invitation, author: Author | None) -> bool:
    organization = invitation.organization
    return (
        invitation.state == "open"
        and invitation.expires_at > now()
        and organization.status == "active"
        and author is not None
        and author.may_give(invitation.role, organization.path)
    )


def list_invitations(
    actor: Actor, organization: Organization, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of an organization's open invitations, newest first; includes expired ones."""
    rows = Invitation.objects.visible_to(actor).select_related("organization")
    rows = rows.filter(organization_id=organization.id, state="open")
    shown, following = newest(rows, limit=limit, cursor=cursor)
    return {"items": list(shown), "next": following}


def require_no_member(organization_id: UUID, email: str) -> None:
    """Problem `conflict` if the person is already a member."""
    members = Member.objects.unscoped("the caller has found the organization for its actor")
    people = User.objects.known_as(email)
    if members.filter(organization_id=organization_id, user__in=people).exists():
        raise Problem(
            "conflict",
            f"{email} is already a member of this organization. Change that member's role instead.",
        )


def require_room(organization_id: UUID) -> None:
    """Problem `rate-limited` if the organization has sent its daily number of invitations.

    The organization is locked exclusively, so that nobody else invites meanwhile.
    """
    rows = Invitation.objects.unscoped("the caller has found the organization for its actor")
    day = now() - timedelta(days=1)
    if rows.filter(organization_id=organization_id, created_at__gt=day).count() >= MOST_A_DAY:
        raise Problem(
            "rate-limited",
            f"This organization has reached the limit of {MOST_A_DAY} invitations per day. "
            "Invite others tomorrow.",
            extra={"invited": MOST_A_DAY},
        )


def sent_too_often() -> Problem:
    """The refusal to send one invitation once more."""
    return Problem(
        "rate-limited",
        f"This invitation has reached the limit of {MOST_SENT} e-mails. Check the address. "
        "If it is wrong, withdraw the invitation and send a new one.",
        extra={"sent": MOST_SENT},
    )


TAKE_DUE_MAILS = """
UPDATE tenancy_invitation SET mail_due = false
WHERE id IN (SELECT id FROM tenancy_invitation
             WHERE mail_due AND (%s::uuid IS NULL OR id = %s::uuid)
             ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def take_due_mails(*, only: UUID | None, limit: int) -> list[UUID]:
    """Mark invitations whose mail is due, or one of them, as written; their ids."""
    return [id for (id,) in fetch_rows(TAKE_DUE_MAILS, [only, only, limit])]
