"""Taking hold of a membership before it is changed: an operation in the caller's transaction."""

from uuid import UUID

from fusion.kernel.errors import Problem, not_found
from fusion.tenancy.actor import ADMINISTRATOR, GROUP, Actor
from fusion.tenancy.models import Member, Organization
from fusion.tenancy.queries import find_organization


def lock_member(actor: Actor, *, organization_id: UUID, member_id: UUID) -> Member:
    """The membership with its person and organization; Problem `not-found` without one.

    Changes of one organization's memberships follow each other: two administrators who remove
    each other must not both succeed.
    """
    organization = find_organization(actor, organization_id)
    rows = Organization.objects.visible_to(actor).select_for_update(no_key=True)
    if not rows.filter(id=organization.id, status="active").exists():
        raise not_found("organization")
    members = Member.objects.visible_to(actor).select_related("user", "organization")
    member = members.filter(id=member_id, organization_id=organization.id).first()
    if member is None:
        raise not_found("member")
    return member


def require_another_administrator(member: Member) -> None:
    """Problem `conflict` when `member` is the last administrator of a group.

    The caller has locked the membership. Below a group the administrators above can always help.
    """
    if member.organization.kind != GROUP or member.role != ADMINISTRATOR:
        return
    members = Member.objects.unscoped("the caller has found the organization for its actor")
    others = members.filter(organization_id=member.organization_id, role=ADMINISTRATOR)
    if not others.exclude(id=member.id).exists():
        raise Problem(
            "conflict",
            "This is the last administrator of the group, and nobody stands above a group to "
            "appoint another. Make someone else an administrator first.",
        )
