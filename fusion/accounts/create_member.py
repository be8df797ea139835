"""Creating a member with a password: for the command line and the demo."""

from uuid import UUID

from django.contrib.auth.hashers import make_password

from fusion.access.actor import ADMINISTRATOR, Actor
from fusion.access.permissions import MANAGE_MEMBERS
from fusion.access.use_case import Done, use_case
from fusion.accounts.add_membership import add_membership
from fusion.accounts.models import Member, User
from fusion.accounts.people import person_document
from fusion.accounts.rules import MIN_PASSWORD, normal_email
from fusion.kernel.errors import InvalidFields, Problem
from fusion.tenancy.queries import find_organization


@use_case(MANAGE_MEMBERS, verb="member.enrol", status=201, unaudited=("password",))
def create_member(
    actor: Actor,
    *,
    organization_id: UUID,
    email: str,
    password: str | None = None,
    name: str | None = None,
    role: str = ADMINISTRATOR,
) -> Done:
    """Make a person a member, and let them sign in with `password` if given.

    Never replaces an existing password. Problems: `not-found`, `conflict` (already a member,
    already has a password, or has one but never confirmed the e-mail), `invalid-fields` (e-mail,
    password).
    """
    organization = find_organization(actor, organization_id)
    try:
        address = normal_email(email)
    except ValueError as error:
        raise InvalidFields(email=str(error)) from None
    member = add_membership(actor, organization, email=address, name=name, role=role)
    _require_confirmed(member)
    if password is not None:
        _set_password(member, password)
    return Done(person_document(member), organization.path, member.id)


def _require_confirmed(member: Member) -> None:
    """Problem `conflict` if the password was set by someone who need not read that mailbox."""
    if member.user.has_usable_password() and not member.user.email_confirmed:
        raise Problem(
            "conflict",
            f"The account of {member.user.email} came from a copied invitation link, and "
            "its e-mail address was never confirmed. Ask the person to reset the password "
            "by e-mail, then try again.",
        )


def _set_password(member: Member, password: str) -> None:
    if len(password) < MIN_PASSWORD or "\0" in password:
        raise InvalidFields(password=f"must have at least {MIN_PASSWORD} characters and no NUL")
    if member.user.has_usable_password():
        raise Problem(
            "conflict",
            f"{member.user.email} already has a password. Register the person without one.",
        )
    # Conditional: if two set a first password at the same instant, the second is refused.
    unset = User.objects.filter(id=member.user.id, password=member.user.password)
    if not unset.update(password=make_password(password)):
        raise Problem("conflict", f"Someone else has just set a password for {member.user.email}.")
