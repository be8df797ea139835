"""Who may do what on the pages of members and API clients; accepting an invitation."""

import re

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from fusion.access.actor import ADMINISTRATOR, AGENT, KINDS, ROLES
from fusion.accounts.invite_member import invite_member
from fusion.accounts.models import Member, User
from fusion.clients.create_client import create_client
from fusion.clients.models import ApiClient
from fusion.kernel.ids import new_id
from tests.portal.people import PASSWORD, join, make_person, signed_in
from tests.queued import waiting_mails
from tests.world import World


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role(world: World, kind: str, role: str) -> None:
    client = signed_in(make_person((getattr(world, kind), role)))
    other = join(make_person(), world.tenant, AGENT)
    machine = create_client(
        world.actor(), organization_id=world.tenant.id, name="x", scopes=["orders:read"]
    ).body
    wanted = invite_member(
        world.actor(), organization_id=world.tenant.id, email="x@example.com", role=AGENT
    ).body
    may = role == ADMINISTRATOR
    tenant = f"/customers/{world.tenant.id}"
    page = client.get(tenant).content.decode()
    assert (f"{tenant}/members" in page, f"{tenant}/api-clients" in page) == (may, may)
    for path in ("members", "api-clients"):
        assert client.get(f"{tenant}/{path}").status_code == (200 if may else 403)
    if may:
        return
    before = world.fingerprint()
    for path in (
        "members/invite",
        f"members/{other.id}",
        f"members/{other.id}/remove",
        f"invitations/{wanted['id']}/send",
        f"invitations/{wanted['id']}/withdraw",
        "api-clients/new",
        f"api-clients/{machine['id']}/rotate",
        f"api-clients/{machine['id']}/revoke",
    ):
        fields = {"email": "y@example.com", "role": "viewer", "name": "x", "scopes": "orders:read"}
        assert client.post(f"{tenant}/{path}", fields).status_code == 403, path
    assert world.fingerprint() == before


def test_invisible_members_are_404(world: World) -> None:
    other = World()
    member = join(make_person(), other.tenant, AGENT)
    machine = create_client(
        other.actor(), organization_id=other.tenant.id, name="x", scopes=["orders:read"]
    ).body
    wanted = invite_member(
        other.actor(), organization_id=other.tenant.id, email="x@example.com", role=AGENT
    ).body
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    before = other.fingerprint()
    for organization in (other.tenant.id, world.tenant.id):
        for path in (
            f"members/{member.id}",
            f"members/{member.id}/remove",
            f"invitations/{wanted['id']}/send",
            f"invitations/{wanted['id']}/withdraw",
            f"api-clients/{machine['id']}/rotate",
            f"api-clients/{machine['id']}/revoke",
        ):
            fields = {} if "/" in path.partition("/")[2] else {"role": "viewer"}
            answer = client.post(f"/customers/{organization}/{path}", fields)
            assert answer.status_code == 404, path
    assert client.get(f"/customers/{other.tenant.id}/members").status_code == 404
    mine = join(make_person(), world.reseller, AGENT)
    assert client.get(f"/customers/{world.tenant.id}/members/{mine.id}").status_code == 404
    assert other.fingerprint() == before


def test_a_client_below_the_group_cannot_be_given_more(world: World) -> None:
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    path = f"/customers/{world.tenant.id}/api-clients/new"
    assert "catalogue:write" not in client.get(path, follow=True).content.decode()
    before = world.fingerprint()
    forced = client.post(path, {"name": "x", "scopes": ["catalogue:write"]})
    assert forced.status_code == 422
    assert client.post(path, {"name": "x"}).status_code == 422
    assert world.fingerprint() == before


def test_a_secret_is_shown_once(world: World) -> None:
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    path = f"/customers/{world.tenant.id}/api-clients/new"
    fields = {"name": "Billing", "scopes": ["orders:read"], "once": str(new_id())}
    first, second = client.post(path, fields), client.post(path, fields)
    (secret,) = re.findall(r'id="secret">([^<]+)<', first.content.decode())
    assert first.headers["Cache-Control"] == "no-store"
    assert secret not in second.content.decode()
    assert "cannot be shown again" in second.content.decode()
    rows = ApiClient.scoped.unscoped("test").filter(organization=world.tenant)
    assert [row.name for row in rows] == ["Billing"]
    assert check_password(secret, rows[0].client_secret)


def test_the_last_administrator_of_a_group_stays(world: World) -> None:
    person = make_person((world.group, ADMINISTRATOR))
    client = signed_in(person)
    mine = Member.objects.unscoped("test").get(user=person)
    members = f"/customers/{world.group.id}/members"
    before = world.fingerprint()
    assert client.post(f"{members}/{mine.id}", {"role": "viewer"}).status_code == 422
    answer = client.post(f"{members}/{mine.id}/remove", follow=True)
    assert "last administrator" in answer.content.decode()
    assert world.fingerprint() == before


def link(email: str) -> str:
    """The address in the mail of an invitation."""
    text = waiting_mails(email)[-1].text
    (found,) = re.findall(r"https://portal.example.com(/invitation\?key=\S+)", text)
    return str(found)


def invite(world: World, email: str) -> str:
    """Invite by the page; the link of the mail."""
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    path = f"/customers/{world.tenant.id}/members/invite"
    answer = client.post(path, {"email": email.upper(), "role": "agent"})
    assert answer.status_code == 303
    return link(email)


def test_somebody_new_sets_a_password_and_is_in(world: World) -> None:
    email = f"{new_id()}@example.com"
    client = Client()
    assert client.get(invite(world, email)).headers["Location"] == "/invitation"
    page = client.get("/invitation").content.decode()
    assert world.tenant.name in page and email in page
    short = {"name": "New", "password": "short", "again": "short"}
    assert client.post("/invitation", short).status_code == 422
    differ = {"name": "New", "password": PASSWORD, "again": "x" * 20}
    assert client.post("/invitation", differ).status_code == 422
    assert not User.objects.filter(email=email).exists()
    before = client.session.session_key
    good = {"name": "New", "password": PASSWORD, "again": PASSWORD}
    assert client.post("/invitation", good).status_code == 302
    assert client.session.session_key != before, "no fixed session"
    assert world.tenant.name in client.get("/").content.decode()
    assert client.get("/invitation").status_code == 409
    assert check_password(PASSWORD, User.objects.get(email=email).password)


def test_somebody_with_an_account_signs_in_first(world: World) -> None:
    person = make_person()
    address = invite(world, person.email)
    outsider = Client()
    outsider.get(address)
    page = outsider.get("/invitation").content.decode()
    assert "Sign in to accept" in page and "password" not in page.lower().split("<main")[1]
    stolen = {"name": "x", "password": "another password here", "again": "another password here"}
    outsider.post("/invitation", stolen)
    assert check_password(PASSWORD, User.objects.get(id=person.id).password)
    assert not Member.objects.unscoped("test").filter(user=person).exists()
    client = signed_in(person)
    client.get(address)
    assert client.post("/invitation", {"name": "Known"}).status_code == 302
    assert Member.objects.unscoped("test").get(user=person).name == "Known"


def test_an_invitation_cannot_be_accepted_by_another_person(world: World) -> None:
    address = invite(world, f"{new_id()}@example.com")
    client = signed_in(make_person((world.tenant, AGENT)))
    client.get(address)
    before = world.fingerprint()
    page = client.post("/invitation", {"name": "x"}).content.decode()
    assert "You have signed in as" in page
    assert world.fingerprint() == before


def test_sent_again_and_withdrawn(world: World) -> None:
    email = f"{new_id()}@example.com"
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    first = invite(world, email)
    members = f"/customers/{world.tenant.id}/members"
    page = client.get(members).content.decode()
    (id,) = re.findall(r"/invitations/([0-9a-f-]+)/send", page)
    base = f"/customers/{world.tenant.id}/invitations/{id}"
    client.post(f"{base}/send")
    second = link(email)
    assert first != second
    outsider = Client()
    assert outsider.get(first, follow=True).status_code == 409
    assert outsider.get(second, follow=True).status_code == 200
    client.post(f"{base}/withdraw")
    assert outsider.get("/invitation").status_code == 409
    answer = client.post(f"{base}/send", follow=True)
    assert "withdrawn" in answer.content.decode()


def test_the_same_for_known_and_unknown(world: World) -> None:
    """What an administrator is told does not depend on whether the address has an account."""
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    path = f"/customers/{world.tenant.id}/members/invite"
    answers = [
        client.post(path, {"email": email, "role": "viewer"}, follow=True).content.decode()
        for email in (make_person().email, f"{new_id()}@example.com")
    ]
    words = [re.findall(r'class="toast[^"]*">.*?</div>', page, re.DOTALL) for page in answers]
    result = [re.sub(r"[0-9a-f-]{36}@", "@", str(each)) for each in words]
    assert result[0] == result[1] and "An invitation was sent" in result[0]


def test_malformed_invitations(world: World) -> None:
    client = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    path = f"/customers/{world.tenant.id}/members/invite"
    before = world.fingerprint()
    for fields in (
        {"email": "x", "role": "viewer"},
        {"email": "x@example.com\r\nBcc: y@example.com", "role": "viewer"},
        {"email": "x@example.com", "role": "owner"},
        {"email": f"{'x' * 250}@example.com", "role": "viewer"},
        {},
    ):
        assert client.post(path, fields).status_code == 422
    assert world.fingerprint() == before
    for key in ("", "x" * 5000, "\0"):
        assert Client().get("/invitation", {"key": key}, follow=True).status_code == 409


def test_the_empty_text_is_not_shown_beside_an_invitation(world: World) -> None:
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    members = f"/customers/{world.tenant.id}/members"
    assert "There are no members yet" in client.get(members).content.decode()
    fields = {"email": f"{new_id()}@example.com", "role": "agent"}
    assert client.post(f"{members}/invite", fields).status_code == 303
    page = client.get(members).content.decode()
    assert "Nobody has accepted an invitation yet." in page
    assert "There are no members yet" not in page
