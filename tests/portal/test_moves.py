"""Moving organizations and subscriptions on pages: choosing the place, the preview, the button."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from fusion.access.actor import ADMINISTRATOR, GROUP, KINDS, ROLES
from fusion.kernel.ids import new_id
from fusion.lifecycle import move_plan
from fusion.lifecycle.carry_out_job import carry_out_job
from fusion.tenancy.models import Organization, Subscription
from tests.contract.stage import port_requested, requested
from tests.lifecycle.tree_moves import Moved, moved_to, moves_seen
from tests.portal.furnished import compact, follow, person, post, text
from tests.portal.people import make_person, signed_in
from tests.portal.pressing import key, shown
from tests.users.staff import equip
from tests.world import World, make_organization, make_subscription

CHANGED = "The effect of this move has changed since you saw the preview."


@pytest.fixture
def other(world: World) -> Organization:
    """Another distributor of the group."""
    return make_organization("distributor", world.group, "Other Distribution", "ref-77")


@pytest.fixture
def client(world: World) -> Client:
    """An administrator of the group."""
    return person(world)


def at(moved: Moved, to: Organization | None = None) -> str:
    """The page of its moves."""
    noun = "customers" if isinstance(moved, Organization) else "subscriptions"
    return f"/{noun}/{moved.id}/move" + (f"?parent={to.id}" if to else "")


def confirm(client: Client, moved: Moved, to: Organization) -> Any:
    """Open the preview and press its button; the answer."""
    return post(client, at(moved, to), shown=shown(text(client, at(moved, to))))


def parent_of(organization: Organization) -> Any:
    return Organization.objects.unscoped("test").get(id=organization.id).parent_id


def tenant_of(subscription: Subscription) -> Any:
    return Subscription.objects.unscoped("test").get(id=subscription.id).tenant_id


def test_a_reseller_moves_after_its_preview(
    world: World, other: Organization, client: Client
) -> None:
    detail = f"/customers/{world.reseller.id}"
    assert at(world.reseller) in text(client, detail)
    page = text(client, at(world.reseller))
    assert f"Now below {world.distributor.name}." in page
    assert at(world.reseller, other) in page
    equip(world, 2, 2)
    requested(world, world.subscription, world.distributor)
    port_requested(world, world.subscription, world.distributor)
    path = f"/subscriptions/{world.subscription.id}"
    reference = {"external_reference": "x"}
    assert world.call("PATCH", path, reference, by=world.distributor).status_code == 200
    before = world.fingerprint()
    page = compact(text(client, at(world.reseller, other)))
    assert "You can move it" in page
    assert f"2: {world.reseller.name} and all below it" in page
    assert "1, with users, numbers, trunks and orders" in page
    will, _, no_longer = page.partition("Will no longer see it")
    assert "Other Distribution</a>(Distributor)" in will
    assert f"{world.distributor.name}</a>(Distributor)" in no_longer
    assert "1 is cleared" in page and "2 are withdrawn" in page
    assert world.fingerprint() == before, "a preview changes nothing"
    answer = confirm(client, world.reseller, other)
    assert answer.headers["Location"] == detail
    page = follow(client, answer)
    assert f"{world.reseller.name} was moved to Other Distribution." in page
    assert parent_of(world.reseller) == other.id
    assert len(moves_seen(world, other)) == 3
    assert "Organization moved" in text(client, "/audit")


def test_a_subscription_moves_after_its_preview(world: World, client: Client) -> None:
    tenant = make_organization("tenant", world.group, "Merged")
    detail = f"/subscriptions/{world.subscription.id}"
    assert at(world.subscription) in text(client, detail)
    page = text(client, at(world.subscription))
    assert f"Now a subscription of {world.tenant.name}." in page
    assert at(world.subscription, tenant) in page
    assert at(world.subscription, world.reseller) not in page
    page = compact(text(client, at(world.subscription, tenant)))
    assert "The subscription with its users, numbers, trunks and orders" in page
    assert page.count("All stay") == 2
    page = follow(client, confirm(client, world.subscription, tenant))
    assert "Main was moved to Merged." in page
    assert tenant_of(world.subscription) == tenant.id
    assert "Subscription moved" in text(client, f"{detail}/audit")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role(world: World, other: Organization, kind: str, role: str) -> None:
    client = person(world, kind, role)
    may = kind == GROUP and role == ADMINISTRATOR
    tenant = make_organization("tenant", world.reseller)
    before = world.fingerprint()
    for moved, to in ((world.tenant, world.reseller), (world.subscription, tenant)):
        noun = at(moved).removesuffix("/move")
        assert (at(moved) in text(client, noun)) == may
        for path in (at(moved), at(moved, to)):
            assert client.get(path, follow=True).status_code == (200 if may else 403)
            if not may:
                assert post(client, path, shown="").status_code == 403
    assert world.fingerprint() == before


def test_ids_of_others_and_places_that_are_none(
    world: World, other: Organization, client: Client
) -> None:
    foreign = World()
    before = (world.fingerprint(), foreign.fingerprint())
    foreign_tenant = make_organization("tenant", foreign.group)
    for moved, to in (
        (foreign.reseller, None),
        (foreign.subscription, None),
        (foreign.reseller, other),
        (world.reseller, foreign.distributor),
        (world.subscription, foreign_tenant),
        (world.group, None),
        (world.group, other),
        (world.distributor, None),
        (world.distributor, other),
    ):
        assert client.get(at(moved, to), follow=True).status_code == 404
        assert post(client, at(moved, to), shown="").status_code == 404
    for wrong in (str(new_id()), "x", "é"):
        path = f"{at(world.reseller)}?parent={wrong}"
        assert client.get(path).status_code == 404
        assert post(client, path, shown="").status_code == 404
    foreign_tenant.delete()
    assert (world.fingerprint(), foreign.fingerprint()) == before


def test_no_button_where_nothing_can_move(world: World, client: Client) -> None:
    for organization in (world.group, world.distributor):
        assert "/move" not in text(client, f"/customers/{organization.id}")


def test_only_kinds_that_may_be_above(world: World, other: Organization, client: Client) -> None:
    for organization, kinds in (
        (world.reseller, {world.group, world.distributor, other}),
        (world.tenant, {world.group, world.distributor, other, world.reseller}),
    ):
        page = text(client, at(organization))
        offered = set(re.findall(r"/move\?parent=([0-9a-f-]+)", page))
        assert offered == {str(each.id) for each in kinds if each.id != parent_of(organization)}
        assert "Where it is now" in page
    before = world.fingerprint()
    for moved, to in (
        (world.reseller, world.tenant),
        (world.tenant, world.tenant),
        (world.subscription, world.reseller),
    ):
        page = text(client, at(moved, to), status=422)
        assert f"{to.name} cannot be chosen" in page and "Choose one from the list." in page
        assert post(client, at(moved, to), shown="").status_code == 422
    answer = post(client, at(world.reseller), shown="")
    assert answer.status_code == 422
    assert "Choose where to move it." in answer.content.decode()
    assert world.fingerprint() == before


def test_the_search(world: World, other: Organization, client: Client) -> None:
    beside = make_organization("distributor", world.group, "Other <i>house</i>")
    for typed, expected in (
        ("other distr", {other}),
        ("ref-77", {other}),
        ("oth", {other, beside}),
        ("zzz", set()),
        ("o", set()),
    ):
        for part in ("", "found"):
            page = text(client, f"{at(world.reseller)}?q={typed}", part=part)
            offered = set(re.findall(r"/move\?parent=([0-9a-f-]+)", page))
            assert offered == {str(each.id) for each in expected}, typed
            assert "<i>house" not in page
    assert "Nothing matches" in text(client, f"{at(world.reseller)}?q=zzz")
    for short in ("o", "r-7", "-"):
        assert "Type at least two letters." in text(client, f"{at(world.reseller)}?q={short}")
    page = text(client, f"{at(world.reseller)}?q={world.distributor.name}")
    assert "Where it is now" in page and "/move?parent=" not in page
    for number in range(11):
        make_organization("distributor", world.group, f"Many {number:02}")
    page = text(client, f"{at(world.reseller)}?q=many")
    assert re.findall(r"Many \d\d", page) == [f"Many {number:02}" for number in range(10)]
    assert "There are more results. Keep typing." in page
    assert "Only some are shown." in text(client, at(world.reseller))


def test_organizations_of_one_name_are_told_apart(world: World, client: Client) -> None:
    for parent in (world.reseller, world.group):
        make_organization("tenant", parent, "Twin")
    page = compact(text(client, f"{at(world.subscription)}?q=twin"))
    assert f"Customer · {world.reseller.name}" in " ".join(page.split())
    assert f"Customer · {world.group.name}" in " ".join(page.split())


def test_there_is_no_other_place(world: World, client: Client) -> None:
    assert "There is no other customer" in text(client, at(world.subscription))
    group = make_organization("group")
    client = signed_in(make_person((group, ADMINISTRATOR)))
    alone = make_organization("reseller", group)
    page = text(client, at(alone))
    assert "There is no other place" in page and "/customers/new" in page


def test_nothing_moves_without_the_preview(
    world: World, other: Organization, client: Client
) -> None:
    before = world.fingerprint()
    for fields in ({}, {"shown": ""}, {"shown": "0" * 64}, {"shown": "x" * 65}):
        answer = post(client, at(world.reseller, other), **fields)
        assert answer.status_code == 422, fields
        assert "It was not moved" in answer.content.decode()
    other_preview = shown(text(client, at(world.reseller, world.group)))
    answer = post(client, at(world.reseller, other), shown=other_preview)
    assert answer.status_code == 422
    assert world.fingerprint() == before


def test_what_has_changed_since_is_shown_first(
    world: World, other: Organization, client: Client
) -> None:
    page = text(client, at(world.reseller, other))
    make_subscription(world.tenant, "New since")
    before = world.fingerprint()
    fields = {"once": key(page), "shown": shown(page)}
    answer = client.post(at(world.reseller, other), fields)
    page = compact(answer.content.decode())
    assert answer.status_code == 422 and CHANGED in page
    assert "2, with users, numbers, trunks and orders" in page
    assert world.fingerprint() == before
    answer = client.post(at(world.reseller, other), {"once": key(page), "shown": shown(page)})
    assert "was moved to" in follow(client, answer)
    assert parent_of(world.reseller) == other.id


def test_a_form_that_is_sent_twice_moves_once(
    world: World, other: Organization, client: Client
) -> None:
    page = text(client, at(world.reseller, other))
    fields = {"once": key(page), "shown": shown(page)}
    assert client.post(at(world.reseller, other), fields).status_code == 303
    before = world.fingerprint()
    page = follow(client, client.post(at(world.reseller, other), fields))
    assert "This was done before; it was not done again." in page
    assert world.fingerprint() == before
    moved_to(world, world.reseller, world.distributor)
    page = follow(client, client.post(at(world.reseller, other), fields))
    assert "This was done before; it was not done again." in page
    moved_to(world, world.reseller, world.group)
    answer = client.post(at(world.reseller, other), fields)
    assert answer.status_code == 422 and CHANGED in answer.content.decode()
    assert parent_of(world.reseller) == world.group.id


def test_what_is_there_already(world: World, other: Organization, client: Client) -> None:
    page = text(client, at(world.reseller, world.distributor))
    assert f"It is already at {world.distributor.name}" in page and 'name="shown"' not in page
    page = text(client, at(world.reseller, other))
    moved_to(world, world.reseller, other)
    seen_before = moves_seen(world, world.group)
    answer = client.post(
        at(world.reseller, other), {"once": key(page), "shown": shown(page)}, follow=True
    )
    assert "was already at Other Distribution. Nothing was changed." in answer.content.decode()
    assert moves_seen(world, world.group) == seen_before


def test_a_terminated_subscription_stays(world: World, client: Client) -> None:
    tenant = make_organization("tenant", world.group)
    page = text(client, at(world.subscription, tenant))
    path = f"/subscriptions/{world.subscription.id}"
    assert world.call("POST", f"{path}/terminate").status_code == 200
    before = world.fingerprint()
    stays = f"It stays with {world.tenant.name}."
    assert stays in text(client, at(world.subscription))
    assert stays in text(client, at(world.subscription, tenant))
    assert at(world.subscription) not in text(client, path)
    answer = client.post(at(world.subscription, tenant), {"once": key(page), "shown": shown(page)})
    assert answer.status_code == 422 and stays in answer.content.decode()
    assert world.fingerprint() == before


def test_a_large_move_is_a_job(
    world: World, other: Organization, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(move_plan, "MOST", 0)
    page = text(client, at(world.reseller, other))
    assert "it moves in the background" in page
    answer = client.post(at(world.reseller, other), {"once": key(page), "shown": shown(page)})
    page = follow(client, answer)
    assert "It was accepted and is being carried out." in page and "Other Distribution" in page
    assert parent_of(world.reseller) == world.distributor.id
    job = UUID(answer.headers["Location"].rpartition("/")[2])
    carry_out_job(world.group.id, job)
    assert "1</span>" in compact(text(client, answer.headers["Location"]))
    assert parent_of(world.reseller) == other.id


def test_a_move_whose_new_place_is_gone_says_so(
    world: World, other: Organization, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(move_plan, "MOST", 0)
    answer = confirm(client, world.reseller, other)
    assert world.call("DELETE", f"/organizations/{other.id}").status_code == 204
    carry_out_job(world.group.id, UUID(answer.headers["Location"].rpartition("/")[2]))
    page = text(client, answer.headers["Location"])
    assert "This organization or its new place was deleted before the move." in page
    assert "The page does not exist" not in page
    assert parent_of(world.reseller) == world.distributor.id
