"""Who is here and what they see: memberships, switching, what is hidden, what pages cost."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fusion.access.actor import ADMINISTRATOR, AGENT, KINDS, ROLES, VIEWER
from fusion.accounts.change_role import change_role
from fusion.accounts.models import Member
from fusion.accounts.remove_member import remove_member
from fusion.branding.set_brand import set_brand, set_host
from fusion.kernel.ids import new_id
from fusion.portal.models import Preference
from fusion.portal.session_actor import ZONE_COOKIE
from tests.portal.people import join, make_person, signed_in
from tests.world import World


def text(client: Client, path: str = "/", **headers: str) -> str:
    """The page."""
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.content
    return response.content.decode()


def test_anonymous_visitors_are_sent_to_sign_in() -> None:
    for path in ("/", "/account", "/account/security", "/brand"):
        response = Client().get(path)
        assert (response.status_code, response.headers["Location"][:8]) == (302, "/sign-in")


def test_a_part_of_a_page_is_sent_there_as_a_whole() -> None:
    response = Client().get("/", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/sign-in"


def test_someone_without_a_membership(world: World) -> None:
    client = signed_in(make_person())
    response = client.get("/")
    assert response.status_code == 403
    assert "You belong to no organization" in response.content.decode()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_navigation_and_pages_agree_for_each_role(world: World, kind: str, role: str) -> None:
    client = signed_in(make_person((getattr(world, kind), role)))
    page = text(client)
    may = kind == "group" and role == ADMINISTRATOR
    assert ('href="/brand"' in page) == may
    before = world.fingerprint()
    assert client.get("/brand").status_code == (200 if may else 403)
    if not may:
        forced = client.post("/brand/edit", {"name": "Forced", "colour": "#102030"})
        assert forced.status_code == 403
        assert world.fingerprint() == before


def test_switching_organization(world: World) -> None:
    person = make_person((world.group, VIEWER))
    below = join(person, world.reseller, AGENT)
    client = signed_in(person)
    assert world.group.name in text(client)
    response = client.post("/account/organization", {"member": str(below.id)})
    assert response.status_code == 302
    page = text(client)
    assert f'<span class="clip">{world.reseller.name}</span>' in page
    assert world.distributor.name not in page, "what stands above stays invisible"


def test_another_persons_membership_cannot_be_used(world: World) -> None:
    other = join(make_person(), world.group)
    client = signed_in(make_person((world.tenant, VIEWER)))
    for member in (str(other.id), str(new_id()), "", "x"):
        assert client.post("/account/organization", {"member": member}).status_code == 404
    assert world.group.name not in text(client)


def test_a_change_of_role_counts_at_once(world: World) -> None:
    person = make_person((world.group, ADMINISTRATOR))
    join(make_person(), world.group)
    client = signed_in(person)
    assert client.get("/brand").status_code == 200
    mine = Member.objects.unscoped("test").get(user=person)
    change_role(world.actor(), organization_id=world.group.id, member_id=mine.id, role=VIEWER)
    assert client.get("/brand").status_code == 403
    remove_member(world.actor(), organization_id=world.group.id, member_id=mine.id)
    assert client.get("/brand").status_code == 403
    assert "You belong to no organization" in client.get("/").content.decode()


def test_a_host_name_shows_its_groups_brand_and_no_other_group(world: World) -> None:
    other, host = World(), "localhost"
    set_host(world.actor(), host=host)
    set_brand(world.actor(), name="Our own name", colour="#aa3300")
    try:
        page = text(Client(), "/sign-in", Host=host)
        assert "Our own name" in page
        stylesheet = re.findall(r'href="(/brand/[^"]+\.css)"', page)[0]
        style = Client().get(stylesheet, headers={"Host": host})
        assert style.status_code == 200 and "#aa3300" in style.content.decode()
        assert "immutable" in style.headers["Cache-Control"]
        person = make_person((world.tenant, VIEWER), (other.group, ADMINISTRATOR))
        client = signed_in(person)
        assert other.group.name not in text(client, Host=host)
        assert "Our own name" not in text(Client(), "/sign-in")
        outsider = signed_in(make_person((other.group, ADMINISTRATOR)))
        assert outsider.get("/", headers={"Host": host}).status_code == 403
    finally:
        set_host(world.actor(), host=None)


def test_language_time_zone_and_theme(world: World) -> None:
    person = make_person((world.group, VIEWER))
    client = signed_in(person)
    wanted = {"Accept-Language": "nl"}
    assert '<html lang="nl"' in client.get("/", headers=wanted).content.decode()
    fields = {"language": "de", "time_zone": "Europe/Brussels", "theme": "dark"}
    assert client.post("/account", fields).status_code == 303
    page = client.get("/account", headers=wanted, follow=True).content.decode()
    assert '<html lang="de" data-theme="dark"' in page
    assert Preference.objects.get(user=person).time_zone == "Europe/Brussels"
    wrong = client.post("/account", {**fields, "time_zone": "Nowhere/Land"})
    assert wrong.status_code == 422
    assert Preference.objects.get(user=person).time_zone == "Europe/Brussels"


@pytest.mark.parametrize(
    ("cookie", "zone"),
    [
        (None, "UTC"),
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("../../etc/passwd", "UTC"),
        ("Nowhere/Land", "UTC"),
        ("x" * 3000, "UTC"),
        ("", "UTC"),
    ],
)
def test_the_browser_s_time_zone(world: World, cookie: str | None, zone: str) -> None:
    client = signed_in(make_person((world.group, VIEWER)))
    if cookie is not None:
        client.cookies[ZONE_COOKIE] = cookie
    assert f"Times are in {zone}." in client.get("/orders").content.decode()


def test_language_before_signing_in() -> None:
    client = Client()
    client.post("/account/language", {"language": "fr", "next": "/sign-in"})
    assert '<html lang="fr"' in text(client, "/sign-in")


def test_machines_do_not_pay_for_pages(world: World) -> None:
    """A call of the API needs no session, though it brings the cookie of one."""
    client = signed_in(make_person((world.group, VIEWER)))
    headers = {"Authorization": f"Bearer {world.token(world.group)}"}
    path = f"/api/v1/subscriptions/{world.subscription.id}/balances"
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path, headers=headers)
    assert response.status_code == 200
    assert len(captured) == 1
    assert not {"Vary", "X-Frame-Options", "Content-Language"} & set(response.headers)


def test_unknown_addresses_are_pages_for_people_and_problems_for_programs(world: World) -> None:
    client = signed_in(make_person((world.group, VIEWER)))
    for_people = client.get("/nowhere", headers={"Accept": "text/html,*/*"})
    assert (for_people.status_code, for_people.headers["Content-Type"][:9]) == (404, "text/html")
    assert world.group.name in for_people.content.decode()
    for_programs = client.get("/nowhere")
    assert for_programs.headers["Content-Type"] == "application/problem+json"


def test_a_malformed_request_gets_a_page(world: World) -> None:
    client = signed_in(make_person((world.group, VIEWER)))
    fields = {f"f{number}": "1" for number in range(5_001)}
    answer = client.post("/account/theme", fields, headers={"Accept": "text/html,*/*"})
    page = answer.content.decode()
    assert answer.status_code == 400 and "has too many fields" in page
    assert answer.headers["Content-Type"][:9] == "text/html"
    assert client.post("/account/theme", fields).json()["code"] == "invalid-json"
