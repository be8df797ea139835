"""The credentials of the demonstration: kept while they work, created again if they do not."""

import secrets
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db.models.functions import Lower

from fusion.access.actor import system_actor
from fusion.access.rules import grantable
from fusion.accounts.models import Member, User
from fusion.clients.create_client import create_client
from fusion.clients.models import ApiClient
from fusion.clients.rotate_secret import rotate_secret
from fusion.demo import story
from fusion.demo.installation import CLIENT, LABEL, REASON, Installation
from fusion.tenancy.models import Organization


def clients(installation: Installation, former: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Name → {client_id, client_secret}; `former` is the previous content of `demo.json`."""
    return {
        name: _client(installation, name, organization, former.get(name))
        for name, organization in installation.organizations().items()
    }


def _client(
    installation: Installation, name: str, organization: UUID, former: Any
) -> dict[str, str]:
    known = ApiClient.scoped.unscoped(REASON).filter(organization_id=organization, name=CLIENT)
    client = known.order_by("-id").first()
    if client is None:  # revoked by a visitor who tried it out
        return give_client(installation, name)
    if _still(former, "client_id", client.client_id):
        secret = former.get("client_secret")
        if isinstance(secret, str) and check_password(secret, client.client_secret):
            return {"client_id": client.client_id, "client_secret": secret}
    actor = system_actor(installation.group_of(name), LABEL)
    rotated = rotate_secret(actor, organization_id=organization, client_id=client.id)
    return _shown(rotated.body)


def give_client(installation: Installation, name: str) -> dict[str, str]:
    """A new API client of that organization, with all scopes that it can have."""
    organization = installation.organizations()[name]
    kinds = Organization.objects.unscoped(REASON).values_list("kind", flat=True)
    made = create_client(
        system_actor(installation.group_of(name), LABEL),
        organization_id=organization,
        name=CLIENT,
        scopes=grantable(kinds.get(id=organization)),
    )
    return _shown(made.body)


def _shown(client: dict[str, str]) -> dict[str, str]:
    return {name: client[name] for name in ("client_id", "client_secret")}


def logins(
    installation: Installation, former: list[Any], *, trusting: bool
) -> list[dict[str, str]]:
    """The accounts, with kind of organization, role, e-mail and password.

    `trusting`: former passwords are assumed to work. Checking one takes a fifth of a second.
    """
    known = {login.get("email"): login for login in former if isinstance(login, dict)}
    ids = installation.organizations()
    members = (
        Member.objects.unscoped(REASON).select_related("user").alias(email=Lower("user__email"))
    )
    found = []
    for person in story.PEOPLE:
        member = members.filter(email=person.email, organization_id=ids[person.kind]).first()
        if member is not None:  # removed by a visitor who tried it out
            password = _password(member.user, known.get(person.email), trusting)
            found.append(
                {
                    "organization_kind": person.kind,
                    "role": member.role,
                    "email": person.email,
                    "password": password,
                }
            )
    return found


def _password(user: User, former: Any, trusting: bool) -> str:
    password = former.get("password") if former else None
    if isinstance(password, str) and (trusting or check_password(password, user.password)):
        return password
    password = secrets.token_urlsafe(12)
    user.password = make_password(password)
    user.save(update_fields=["password"])
    return password


def _still(former: Any, name: str, value: str) -> bool:
    return isinstance(former, dict) and former.get(name) == value
