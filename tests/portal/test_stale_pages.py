"""Pages that stayed open while something else happened: what is sent from them hurts nobody."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from fusion.access.actor import ADMINISTRATOR
from fusion.accounts.models import Member, User
from fusion.accounts.remove_member import remove_member
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization, Subscription
from fusion.trunks.models import Trunk
from tests.portal.furnished import text
from tests.portal.people import join, make_person, signed_in
from tests.trunks.calling import trunk_id
from tests.world import World


@pytest.fixture
def person(world: World) -> User:
    """An administrator of the group and of the reseller; they act for the group at first."""
    return make_person((world.group, ADMINISTRATOR), (world.reseller, ADMINISTRATOR))


def membership(person: User, organization: Organization) -> Member:
    """Theirs in that organization."""
    return Member.objects.unscoped("test").get(user=person, organization=organization)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form of a page, as a browser sends them along."""
    form = page[page.rindex("<form", 0, page.index('name="once"')) :].partition("</form>")[0]
    tags = re.findall(r'<input\s+type="hidden"\s+name="([\w-]+)"(?:\s+value="([^"]*)")?', form)
    return dict(tags)


def children(organization: Organization) -> list[str]:
    """The names of what stands directly under it."""
    rows = Organization.objects.unscoped("test").filter(parent=organization)
    return sorted(rows.values_list("name", flat=True))


def switch(client: Client, member: Member) -> None:
    """In another tab: act for another organization."""
    client.post("/account/organization", {"member": str(member.id)})


def test_a_form_of_one_organization_is_not_done_for_another(world: World, person: User) -> None:
    client = signed_in(person)
    form = {
        **hidden(text(client, "/customers/new")),
        "kind": "tenant",
        "name": "Meant for group",
        "country": "",
    }
    form["external_reference"] = ""
    switch(client, membership(person, world.reseller))
    before = children(world.reseller), children(world.group)
    answer = client.post("/customers/new", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"You are now acting for {world.reseller.name}" in page
    assert (children(world.reseller), children(world.group)) == before
    again = client.post("/customers/new", {**form, **hidden(page)})
    assert again.status_code == 303, "what is sent once more is meant"
    assert "Meant for group" in children(world.reseller)


def test_a_button_of_one_organization_is_not_done_for_another(world: World, person: User) -> None:
    client = signed_in(person)
    at = f"/subscriptions/{world.subscription.id}"
    form = hidden(text(client, f"{at}/suspend"))
    other = World()
    switch(client, join(person, other.group, ADMINISTRATOR))
    assert client.post(f"{at}/suspend", form).status_code == 404, "it is not even seen there"
    switch(client, membership(person, world.group))
    stale = {**form, "acting": str(membership(person, world.reseller).id)}
    answer = client.post(f"{at}/suspend", stale)
    assert answer.status_code == 422
    assert "you opened this page for another organization" in answer.content.decode()
    world.subscription.refresh_from_db(fields=["status"])
    assert world.subscription.status == "active"


def test_a_membership_that_has_ended_hands_nothing_on(world: World, person: User) -> None:
    client = signed_in(person)
    mine = membership(person, world.reseller)
    switch(client, mine)
    form = {
        **hidden(text(client, "/customers/new")),
        "kind": "tenant",
        "name": "For the reseller",
        "country": "",
    }
    remove_member(world.actor(), organization_id=world.reseller.id, member_id=mine.id)
    before = children(world.group)
    assert client.post("/customers/new", form).status_code == 422
    assert children(world.group) == before


def test_a_button_pressed_after_the_session_has_ended(world: World) -> None:
    """Whoever then signs in comes back to its page, and not to the address of the button."""
    at = f"/orders/{new_id()}"
    page = f"http://testserver{at}?cursor=x#end"
    back = urlencode({"next": f"{at}?cursor=x"}, safe="/")
    client = Client()
    answer = client.post(f"{at}/cancel", headers={"Referer": page})
    assert answer.headers["Location"] == f"/sign-in?{back}"
    assert "Nothing was changed" in text(client, answer.headers["Location"])
    for told in ("", "http://elsewhere.example/x", "nonsense", "http://testserver"):
        answer = Client().post(f"{at}/cancel", headers={"Referer": told})
        assert answer.headers["Location"] == "/sign-in?next=/", told
    answer = Client().post("/customers/new?once=1", headers={"Referer": page})
    assert answer.headers["Location"] == "/sign-in?next=/customers/new%3Fonce%3D1"


def test_the_address_of_a_button_is_a_page_that_says_so(world: World, person: User) -> None:
    client = signed_in(person)
    for answer in (
        client.get(f"/orders/{new_id()}/cancel"),
        client.delete(f"/orders/{new_id()}/cancel"),
    ):
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "POST"
        assert "This address only accepts a form" in answer.content.decode()


def test_concurrent_edits_change_only_edited_fields(world: World, person: User) -> None:
    client = signed_in(person)
    subscription = f"/subscriptions/{world.subscription.id}"
    for path, rows, id in (
        (f"/customers/{world.tenant.id}", Organization.objects.unscoped("test"), world.tenant.id),
        (subscription, Subscription.objects.unscoped("test"), world.subscription.id),
    ):
        rows.filter(id=id).update(name="Old", external_reference="old")
        opened = hidden(text(client, f"{path}/edit"))
        rows.filter(id=id).update(external_reference="set by another")
        fields = {"name": "New", **({"country": ""} if "customers" in path else {})}
        form = {**opened, **fields, "external_reference": "old"}
        assert client.post(f"{path}/edit", form).status_code == 303
        row = rows.get(id=id)
        assert (row.name, row.external_reference) == ("New", "set by another"), path
        opened = hidden(text(client, f"{path}/edit"))
        form = {**opened, **fields, "external_reference": ""}
        assert client.post(f"{path}/edit", form).status_code == 303
        assert rows.get(id=id).external_reference is None, "to clear it is to change it"


def test_a_cap_set_meanwhile_stays(world: World, person: User) -> None:
    client = signed_in(person)
    trunk = trunk_id(world)
    rows = Trunk.objects.unscoped("test").filter(id=trunk)
    path = f"/subscriptions/{world.subscription.id}/trunks/{trunk}/edit"
    opened = hidden(text(client, path))
    rows.update(channel_cap=3)
    form = {
        **opened,
        "name": "New",
        "channel_cap": "",
        "outside_line_prefixes": "",
        "calls_per_second": "",
    }
    assert client.post(path, form).status_code == 303
    row = rows.get()
    assert (row.name, row.channel_cap) == ("New", 3)
