"""People for tests of the portal: members of every kind and role, and their open sessions."""

from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.test import Client

from fusion.access.actor import ADMINISTRATOR
from fusion.accounts.models import Member, User
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization

PASSWORD = "a password for tests only"


@cache
def _hashed(hasher: str) -> str:
    """`PASSWORD`, hashed by the first of the settings' hashers, which some tests change."""
    return make_password(PASSWORD)


def make_person(*memberships: tuple[Organization, str], email: str = "") -> User:
    """A person with these memberships (organization, role), who signs in with `PASSWORD`."""
    user = User(
        email=email or f"{new_id()}@example.com", password=_hashed(settings.PASSWORD_HASHERS[0])
    )
    user.save(force_insert=True)
    for organization, role in memberships:
        join(user, organization, role)
    return user


def join(user: User, organization: Organization, role: str = ADMINISTRATOR) -> Member:
    """Add a membership."""
    member = Member(user=user, organization=organization, role=role, name="Robin Example")
    member.save(force_insert=True)
    return member


def open_session(user: User, **more: Any) -> str:
    """The key of a session of `user`: as if they had signed in, without the cost of a password."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.update(more)
    session.save()
    return str(session.session_key)


def signed_in(user: User, **options: Any) -> Client:
    """Django's test client in a session of `user`, with CSRF checks, as for a browser."""
    client = Client(enforce_csrf_checks=options.pop("enforce_csrf_checks", False), **options)
    client.cookies[settings.SESSION_COOKIE_NAME] = open_session(user)
    return client
