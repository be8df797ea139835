"""Invitations for tests: created by an existing member, and accepted by their mail."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from fusion.access.actor import ADMINISTRATOR, AGENT, Actor, system_actor
from fusion.accounts.accept_invitation import accept_invitation
from fusion.accounts.create_member import create_member
from fusion.accounts.invitation_keys import mailed_key
from fusion.accounts.invite_member import invite_member
from fusion.accounts.models import Invitation
from fusion.tenancy.models import Organization
from tests.world import World


def someone() -> str:
    """An unused e-mail address."""
    return f"{uuid4().hex}@example.com"


def member_of(world: World, kind: str, role: str = ADMINISTRATOR) -> Actor:
    """The actor of a new member of the organization of that kind."""
    organization: Organization = getattr(world, kind)
    system = system_actor(world.group.id, "system:test")
    made = create_member(system, organization_id=organization.id, email=someone(), role=role)
    return replace(world.actor(kind, role), label=f"member:{made.body['id']}")


def id_of(actor: Actor) -> UUID:
    """The id of the membership of an actor."""
    return UUID(actor.label.removeprefix("member:"))


def invite(actor: Actor, organization: Organization, role: str = AGENT) -> UUID:
    """The id of a new invitation."""
    answer = invite_member(actor, organization_id=organization.id, email=someone(), role=role)
    return UUID(answer.body["id"])


def invitation(id: UUID) -> Invitation:
    """The stored invitation."""
    return Invitation.objects.unscoped("test").select_related("organization").get(id=id)


def accept(id: UUID, key: str = "") -> Any:
    """Accept an invitation by its mail, or by another key; returns the membership."""
    row = invitation(id)
    return accept_invitation(
        system_actor(row.organization.group_id, "system:invitation"),
        organization_id=row.organization_id,
        invitation_id=id,
        key=key or mailed_key(id, row.sent),
        name="New",
    ).body
