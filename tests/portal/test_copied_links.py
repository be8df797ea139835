"""The link that administrators copy accepts an invitation, and proves nothing about a mailbox."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from fusion.access.actor import ADMINISTRATOR, AGENT, VIEWER, system_actor
from fusion.accounts.create_member import create_member
from fusion.accounts.models import Member, User
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from tests.portal.mail_requests import NEW, switch_on
from tests.portal.people import PASSWORD, make_person, signed_in
from tests.queued import waiting_mails
from tests.world import World

FORM = {"name": "New", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture(autouse=True)
def unlimited() -> None:
    """Attempts are counted for all tests together: each begins with none."""
    cache.clear()


def copied(world: World, email: str) -> str:
    """The link that the page of members offers for an invitation made there."""
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    members = f"/customers/{world.tenant.id}/members"
    client.post(f"{members}/invite", {"email": email, "role": AGENT})
    page = client.get(members).content.decode()
    links = re.findall(r'href="https://portal.example.com(/invitation\?key=[^"]+)"', page)
    return str(links[0])  # the newest stands first


def joins(link: str, client: Client | None = None, form: dict[str, str] = FORM) -> int:
    """The status of following a link and sending the form."""
    client = client or Client()
    client.get(link)
    return client.post("/invitation", form).status_code


def is_member(world: World, email: str) -> bool:
    """Whether they belong to the tenant."""
    rows = Member.objects.unscoped("test").filter(organization=world.tenant)
    return rows.filter(user__email=email).exists()


def test_somebody_new_joins_by_it_and_stays_unconfirmed(world: World) -> None:
    email = f"{new_id()}@example.com"
    link = copied(world, email)
    client = Client()
    assert joins(link, client) == 302
    assert world.tenant.name in client.get("/").content.decode()
    assert User.objects.get(email=email).email_confirmed is False
    assert joins(link) == 409, "once"


def test_the_mailed_link_is_another_and_confirms(world: World) -> None:
    email = f"{new_id()}@example.com"
    link = copied(world, email)
    text = waiting_mails(email)[-1].text
    (mailed,) = re.findall(r"https://portal.example.com(/invitation\?key=\S+)", text)
    assert mailed != link and link.partition("key=")[2] not in text
    assert joins(mailed) == 302
    assert User.objects.get(email=email).email_confirmed is True


def test_it_opens_no_account_that_is_there(world: World) -> None:
    """With a password, or made a member somewhere without one: neither is taken over, nor told."""
    other = World()
    with_password = make_person((other.group, ADMINISTRATOR))
    without = make_person((other.group, ADMINISTRATOR))
    User.objects.filter(id=without.id).update(password="!unusable")
    pages = []
    for person in (with_password, without):
        link = copied(world, person.email)
        outsider = Client()
        outsider.get(link)
        pages.append(outsider.get("/invitation").content.decode())
        before = User.objects.get(id=person.id).password
        stolen = {"name": "x", "password": NEW, "again": NEW}
        assert joins(link, outsider, stolen) == 422
        assert User.objects.get(id=person.id).password == before
        assert not is_member(world, person.email)
    unknown = f"{new_id()}@example.com"
    outsider = Client()
    outsider.get(copied(world, unknown))
    pages.append(outsider.get("/invitation").content.decode())
    plain = [re.sub(r"[\w.-]+@example\.com|value=\"\w+\"", "", page) for page in pages]
    assert plain[0] == plain[1] == plain[2], "the page does not tell whether somebody is known"


def test_the_owner_of_an_account_accepts_by_it(world: World) -> None:
    person = make_person()
    assert joins(copied(world, person.email), signed_in(person), {"name": "Known"}) == 302
    assert is_member(world, person.email)
    outsider = signed_in(make_person())
    other = make_person()
    joins(copied(world, other.email), outsider, {"name": "x"})
    assert not is_member(world, other.email)


def test_an_unconfirmed_account_is_given_nothing_and_taken_back(world: World) -> None:
    """Somebody opens an account for an address of another person, and waits."""
    email = f"{new_id()}@example.com"
    thief = Client()
    assert joins(copied(world, email), thief) == 302
    switch_on(thief)
    other = World()
    with pytest.raises(Problem) as refused:
        create_member(
            system_actor(other.group.id, "system:test"),
            organization_id=other.group.id,
            email=email,
        )
    assert refused.value.code == "conflict"
    Client().post("/password/forgotten", {"email": email})
    text = waiting_mails(email)[-1].text
    (path,) = re.findall(r"(/password/new/\S+)", text)
    owner = Client()
    address = owner.get(path, follow=True).redirect_chain[-1][0]
    assert owner.post(address, {"password1": NEW, "password2": NEW}).status_code == 302
    person = User.objects.get(email=email)
    assert person.email_confirmed is True
    assert not Authenticator.objects.filter(user=person).exists()
    assert thief.get("/account/security").status_code == 302, "the thief's session has ended"
    assert owner.post("/sign-in", {"login": email, "password": NEW}).status_code == 302


def test_a_mangled_link_is_reported(world: World) -> None:
    email = f"{new_id()}@example.com"
    link = copied(world, email)
    text = waiting_mails(email)[-1].text
    (mailed,) = re.findall(r"https://portal.example.com(/invitation\?key=\S+)", text)
    for broken in (mailed.replace("key=", "key=3D"), mailed[:-1], link[:-1], link + "x"):
        page = Client().get(broken, follow=True)
        assert page.status_code == 409
        assert "It may be incomplete" in page.content.decode()


def test_members_who_may_not_invite_see_no_link(world: World) -> None:
    copied(world, f"{new_id()}@example.com")
    for role in (AGENT, VIEWER):
        client = signed_in(make_person((world.tenant, role)))
        assert client.get(f"/customers/{world.tenant.id}/members").status_code == 403


def test_leaving_by_the_page(world: World) -> None:
    for role in (VIEWER, AGENT):
        person = make_person((world.tenant, role), (world.reseller, VIEWER))
        client = signed_in(person)
        page = client.get("/account", follow=True).content.decode()
        ids = re.findall(r"/account/memberships/([0-9a-f-]+)/leave", page)
        assert len(ids) == 2
        member = Member.objects.unscoped("test").get(user=person, organization=world.tenant)
        assert client.post(f"/account/memberships/{member.id}/leave").status_code == 303
        assert not is_member(world, person.email)
    only = make_person((world.tenant, ADMINISTRATOR))
    member = Member.objects.unscoped("test").get(user=only)
    outsider = signed_in(make_person((world.group, ADMINISTRATOR)))
    before = world.fingerprint()
    assert outsider.post(f"/account/memberships/{member.id}/leave").status_code == 404
    client = signed_in(only)
    answer = client.post(f"/account/memberships/{member.id}/leave", follow=True)
    assert "You are the last administrator" in answer.content.decode()
    assert world.fingerprint() == before
