"""Guessing passwords is slowed down, and the people beside the guesser are not locked out."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client, override_settings

from fusion.access.actor import ADMINISTRATOR, VIEWER
from fusion.access.models import AuditRecord
from fusion.accounts.models import User
from fusion.kernel.ids import new_id
from fusion.portal.account.devices import NAME
from fusion.tenancy.models import Organization
from tests.portal import people
from tests.portal.people import PASSWORD, signed_in
from tests.world import World

TOO_MANY = "Too many failed login attempts"

WAYS = ("direct", "behind a proxy")


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """No attempts of other tests, and passwords that are cheap to try: many are tried here."""
    cache.clear()
    cheap = "django.contrib.auth.hashers.MD5PasswordHasher"
    with override_settings(PASSWORD_HASHERS=[cheap, *settings.PASSWORD_HASHERS]):
        yield


@pytest.fixture(params=WAYS)
def proxied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Whether all requests come from one proxy that tells the client's address."""
    behind = request.param == "behind a proxy"
    monkeypatch.setenv("FUSION_TRUSTED_PROXIES", "10.0.0.0/8" if behind else "")
    yield behind


def make_person(*memberships: tuple[Organization, str]) -> User:
    """Someone whose password is cheap to try."""
    user = people.make_person(*memberships)
    user.password = make_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def enter(
    email: str,
    password: str = PASSWORD,
    *,
    place: str = "192.0.2.1",
    proxied: bool = False,
    client: Client | None = None,
) -> str:
    """Sign in from a place: `in`, or the text of the page that refuses."""
    more = (
        {"REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": f"198.51.100.66, {place}"}
        if proxied
        else {"REMOTE_ADDR": place, "HTTP_X_FORWARDED_FOR": "198.51.100.66"}
    )
    fields = {"login": email, "password": password}
    answer = (client or Client()).post("/sign-in", fields, **more)  # type: ignore[arg-type]
    return "in" if answer.status_code == 302 else answer.content.decode()


def test_wrong_sign_ins_do_not_lock_others_out(world: World, proxied: bool) -> None:
    """What the attacker did, from the very address of the person."""
    person = make_person((world.group, ADMINISTRATOR))
    for number in range(10):
        enter(f"nobody{number}@example.com", "wrong", proxied=proxied)
    assert enter(person.email, proxied=proxied) == "in"
    for number in range(30):
        enter(f"somebody{number}@example.com", "wrong", place="192.0.2.9", proxied=proxied)
    other = make_person((world.group, VIEWER))
    assert enter(other.email, proxied=proxied) == "in", "another address counts for itself"


def test_one_account_from_many_addresses(world: World, proxied: bool) -> None:
    person = make_person((world.group, VIEWER))
    result = [
        enter(person.email, f"wrong {number}", place=f"192.0.2.{number}", proxied=proxied)
        for number in range(11)
    ]
    assert TOO_MANY not in result[0] and TOO_MANY in result[-1]
    assert TOO_MANY in enter(person.email, place="203.0.113.5", proxied=proxied)


def test_many_accounts_from_one_address(world: World, proxied: bool) -> None:
    result = [enter(f"{new_id()}@example.com", "wrong", proxied=proxied) for _ in range(31)]
    assert TOO_MANY not in result[0] and TOO_MANY in result[-1]


def test_the_same_account_from_one_address(world: World, proxied: bool) -> None:
    person = make_person((world.group, VIEWER))
    result = [enter(person.email, f"wrong {number}", proxied=proxied) for number in range(6)]
    assert TOO_MANY not in result[4] and TOO_MANY in result[5]


def test_others_cannot_lock_out_a_known_browser(world: World, proxied: bool) -> None:
    person = make_person((world.group, VIEWER))
    known = Client()
    assert enter(person.email, client=known, proxied=proxied) == "in"
    known.post("/sign-out")
    for number in range(40):
        enter(person.email, f"wrong {number}", place=f"192.0.2.{number % 20}", proxied=proxied)
    for number in range(40):
        enter(f"{number}@example.com", "wrong", proxied=proxied)
    assert TOO_MANY in enter(person.email, proxied=proxied), "an unknown browser"
    assert enter(person.email, client=known, proxied=proxied) == "in"
    known.post("/sign-out")
    other = make_person((world.group, VIEWER))
    assert TOO_MANY in enter(other.email, client=known, proxied=proxied), "for one person alone"


def test_a_known_browser_does_not_guess_without_end(world: World) -> None:
    person = make_person((world.group, VIEWER))
    known = Client()
    enter(person.email, client=known)
    known.post("/sign-out")
    result = [enter(person.email, f"wrong {number}", client=known) for number in range(11)]
    assert TOO_MANY not in result[9] and TOO_MANY in result[10]


def test_a_session_confirms_while_others_guess(world: World) -> None:
    person = make_person((world.group, VIEWER))
    client = signed_in(person)
    for number in range(20):
        enter(person.email, f"wrong {number}", place=f"192.0.2.{number}")
    answer = client.post("/account/confirm", {"password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.parametrize("forged", ["", "x", "x:y:z", "a" * 5_000])
def test_a_forged_cookie_is_worth_nothing(world: World, forged: str) -> None:
    person = make_person((world.group, VIEWER))
    for number in range(6):
        enter(person.email, f"wrong {number}")
    client = Client()
    client.cookies[NAME] = forged
    assert TOO_MANY in enter(person.email, client=client)


def test_a_browser_remembers_five_people(world: World) -> None:
    client = Client()
    for _ in range(7):
        assert enter(make_person((world.group, VIEWER)).email, client=client) == "in"
        client.post("/sign-out")
    assert len(client.cookies[NAME].value) < 1_000


def test_right_passwords_are_not_counted(world: World) -> None:
    person = make_person((world.group, VIEWER))
    for _ in range(12):
        assert enter(person.email) == "in"


def test_resets_for_unknown_addresses_do_not_block_others(world: World) -> None:
    for number in range(21):
        Client().post("/password/forgotten", {"email": f"nobody{number}@example.com"})
    person = make_person((world.group, VIEWER))
    assert Client().post("/password/forgotten", {"email": person.email}).status_code == 302


def test_the_audit_trail_knows_the_client(world: World, proxied: bool) -> None:
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    more = (
        {"REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": "198.51.100.66, 2001:db8::1"}
        if proxied
        else {"REMOTE_ADDR": "2001:db8::1", "HTTP_X_FORWARDED_FOR": "198.51.100.66"}
    )
    fields = {"email": f"{new_id()}@example.com", "role": "viewer"}
    client.post(f"/customers/{world.tenant.id}/members/invite", fields, **more)  # type: ignore[arg-type]
    record = AuditRecord.objects.filter(group_id=world.group.id).latest("id")
    assert (record.verb, record.address) == ("invitation.create", "2001:db8::1")
