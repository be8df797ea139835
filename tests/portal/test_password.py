"""A forgotten password: a link by e-mail, good once, and no word about who exists."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from fusion.access.actor import VIEWER
from fusion.accounts.models import User
from fusion.kernel.ids import new_id
from tests.portal.people import PASSWORD, make_person, signed_in
from tests.queued import waiting_mails
from tests.world import World

NEW = "quite another password"


@pytest.fixture(autouse=True)
def unlimited() -> None:
    """Attempts are counted for all tests together: each begins with none."""
    cache.clear()


def mails_to(person: User) -> list[str]:
    """The texts of the mails that are to be sent to them."""
    return [mail.text for mail in waiting_mails(person.email)]


def ask(email: str) -> Any:
    """Send the form for a forgotten password."""
    return Client().post("/password/forgotten", {"email": email})


def link_to(person: User) -> str:
    """The path of the link in the only mail to them."""
    (text,) = mails_to(person)
    (link,) = re.findall(r"https://portal.example.com(/password/new/\S+)", text)
    return str(link)


def test_a_reset_does_not_reveal_accounts(world: World) -> None:
    person = make_person((world.group, VIEWER))
    before = len(waiting_mails())
    known, unknown = ask(person.email), ask(f"{new_id()}@example.com")
    assert (known.status_code, unknown.status_code) == (302, 302)
    assert known.headers["Location"] == unknown.headers["Location"] == "/password/sent"
    assert len(mails_to(person)) == 1
    assert len(waiting_mails()) == before + 1


def test_the_link_sets_a_new_password_once(world: World) -> None:
    person = make_person((world.group, VIEWER))
    elsewhere = signed_in(person)
    assert elsewhere.get("/").status_code == 200
    ask(person.email)
    link = link_to(person)
    client = Client()
    form = client.get(link, follow=True)
    assert form.status_code == 200
    address = form.redirect_chain[-1][0]
    assert person.email not in form.content.decode()
    fields = {"password1": NEW, "password2": NEW}
    assert client.post(address, fields).headers["Location"] == "/password/set"
    assert elsewhere.get("/").status_code == 302, "sessions end with the old password"
    assert (
        Client().post("/sign-in", {"login": person.email, "password": PASSWORD}).status_code != 302
    )
    assert Client().post("/sign-in", {"login": person.email, "password": NEW}).status_code == 302
    again = Client().get(link, follow=True).content.decode()
    assert "no longer valid" in again


@pytest.mark.parametrize("weak", ["short", "password1234", "12345678"])
def test_weak_passwords_are_refused(world: World, weak: str) -> None:
    person = make_person((world.group, VIEWER))
    ask(person.email)
    client = Client()
    address = client.get(link_to(person), follow=True).redirect_chain[-1][0]
    response = client.post(address, {"password1": weak, "password2": weak})
    assert "Nothing was changed" in response.content.decode()
    assert (
        Client().post("/sign-in", {"login": person.email, "password": PASSWORD}).status_code == 302
    )


def test_asking_is_throttled(world: World) -> None:
    person = make_person((world.group, VIEWER))
    for _ in range(8):
        ask(person.email)
    assert 1 <= len(mails_to(person)) <= 5


def test_a_foreign_host_gets_no_mail(world: World) -> None:
    """A host that is not ours is refused before a mail is written."""
    person = make_person((world.group, VIEWER))
    headers = {"Host": "evil.example"}
    response = Client().post("/password/forgotten", {"email": person.email}, headers=headers)
    assert response.status_code == 400
    assert mails_to(person) == []
