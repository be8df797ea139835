"""Members and invited people as one list: a person of an organization is one or the other.

A person who accepts an invitation becomes a member with the invitation's id, so the id stays valid.
"""

from typing import Any
from uuid import UUID

from fusion.access.actor import ADMINISTRATOR, Actor
from fusion.accounts.models import Invitation, Member, User
from fusion.kernel.clock import instant
from fusion.kernel.errors import not_found, or_not_found
from fusion.kernel.pagination import encode_cursor, newest, page
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization

Person = Member | Invitation


def find_person(actor: Actor, id: UUID, organization_id: UUID | None = None) -> Person:
    """The member, or the open invitation, with that id; Problem `not-found` otherwise."""
    members = Member.objects.visible_to(actor).select_related("user").filter(id=id)
    invitations = Invitation.objects.visible_to(actor).filter(id=id, state="open")
    if organization_id is not None:
        members = members.filter(organization_id=organization_id)
        invitations = invitations.filter(organization_id=organization_id)
    # In this order, an invitation that is accepted meanwhile is found as a member.
    person: Person | None = members.first() or invitations.first() or members.all().first()
    if person is None:
        raise not_found("member")
    return person


def list_people(
    actor: Actor, *, organization_id: UUID, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of an organization's members and invited people, newest first."""
    organization = find_organization(actor, organization_id)
    members = Member.objects.visible_to(actor).select_related("user")
    invitations = Invitation.objects.visible_to(actor).filter(state="open")
    of = {"organization_id": organization.id}
    invited, _ = newest(invitations.filter(**of), limit=limit + 1, cursor=cursor)
    joined, _ = newest(members.filter(**of), limit=limit + 1, cursor=cursor)
    # A person who accepts between the two statements is found twice: the member counts.
    by_id: dict[UUID, Person] = {}
    by_id.update((each.id, each) for each in invited)
    by_id.update((each.id, each) for each in joined)
    shown, more = page(sorted(by_id.values(), key=lambda each: each.id, reverse=True), limit)
    return {
        "items": [person_document(each) for each in shown],
        "next": encode_cursor(shown[-1].id) if more else None,
    }


def list_members(
    actor: Actor, *, organization_id: UUID, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of an organization's members only, newest first."""
    organization = find_organization(actor, organization_id)
    rows = Member.objects.visible_to(actor).filter(organization_id=organization.id)
    shown, following = newest(rows.select_related("user"), limit=limit, cursor=cursor)
    return {"items": [person_document(row) for row in shown], "next": following}


def last_administrator_of(organization: Organization) -> str | None:
    """The id of the visible organization's only administrator, if it has just one."""
    members = Member.objects.unscoped("the caller has found the organization for its actor")
    rows = members.filter(organization_id=organization.id, role=ADMINISTRATOR, user__is_active=True)
    ids = list(rows.values_list("id", flat=True)[:2])
    return str(ids[0]) if len(ids) == 1 else None


def person_document(person: Person) -> dict[str, Any]:
    """A member or an invited person, as the API shows them; a member's `user` is loaded.

    Omits the person's own id: it would reveal that two organizations know the same person.
    """
    invited = isinstance(person, Invitation)
    return {
        "id": str(person.id),
        "organization_id": str(person.organization_id),
        "email": person.email if isinstance(person, Invitation) else person.user.email,
        "name": person.name,
        "role": person.role,
        "status": "invited" if invited else "active",
        "created_at": instant(person.created_at),
        "expires_at": instant(person.expires_at) if isinstance(person, Invitation) else None,
    }


def find_member(actor: Actor, id: UUID) -> Member:
    """The membership with its person; Problem `not-found` unless `actor` sees it."""
    rows = Member.objects.visible_to(actor).select_related("user").filter(id=id)
    return or_not_found(rows.first(), "member")


def confirm_email(user_id: UUID) -> None:
    """Record that the person reads the mailbox of their e-mail address."""
    User.objects.filter(pk=user_id).update(email_confirmed=True)
