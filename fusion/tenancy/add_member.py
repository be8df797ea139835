"""Adding a member to an organization."""

from uuid import UUID

from fusion.tenancy.actor import Actor
from fusion.tenancy.join import join
from fusion.tenancy.permissions import MANAGE_MEMBERS
from fusion.tenancy.queries import find_organization, member_document
from fusion.tenancy.use_case import Done, use_case


@use_case(MANAGE_MEMBERS, verb="member.add", status=201)
def add_member(
    actor: Actor, *, organization_id: UUID, email: str, role: str, name: str | None = None
) -> Done:
    """Make the person with this e-mail a member; the answer is the same whoever knew them before.

    `email` is in its normal spelling (`rules.normal_email`). A person without a password cannot
    sign in with one. Problems: `not-found`, `conflict`.
    """
    organization = find_organization(actor, organization_id)
    member = join(organization, email=email, name=name, role=role)
    return Done(member_document(member), organization.path, member.id)
