"""Adding a membership: an operation in the caller's transaction."""

from uuid import UUID

from django.contrib.auth.hashers import make_password

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.accounts.models import Member, User
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.models import Organization


def add_membership(
    actor: Actor,
    organization: Organization,
    *,
    email: str,
    name: str | None,
    role: str,
    id: UUID | None = None,
) -> Member:
    """The new membership, with its person; creates the person if nobody has this e-mail yet.

    `email` is normalized. Problem `conflict` if they are already a member.
    """
    lock_organization(actor, organization)
    member = Member(
        id=id or new_id(),
        user=_person(email),
        organization_id=organization.id,
        name=name,
        role=role,
    )
    already = Problem(
        "conflict",
        f"{email} is already a member of this organization. Change that member's role, or "
        "remove the member first.",
    )
    with map_constraint_errors(member_once=already):
        member.save(force_insert=True)
    return member


def _person(email: str) -> User:
    # Two organizations may create the same person at the same instant: the unique index decides,
    # the second waits for the first, and the look-up is a new statement, which sees it.
    unknown = User(email=email, password=make_password(None))
    User.objects.bulk_create([unknown], ignore_conflicts=True)
    return User.objects.get_by_natural_key(email)
