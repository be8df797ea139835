"""Who may do what under a subscription: each page and each forced request, for each role."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from fusion.access.actor import ADMINISTRATOR, AGENT, KINDS, ROLES, VIEWER
from fusion.kernel.ids import new_id
from tests.portal.furnished import Furnished, at, person, post, text
from tests.world import World

FIELDS = {
    "login": "forced",
    "display_name": "Forced",
    "kind": "user",
    "sku": "fr-geographic",
    "quantity": "1",
    "name": "Forced",
    "country": "BE",
}

CHANGES = re.compile(r'<main.*?(method="post"|show-modal|/new|/take|/edit|/link")', re.DOTALL)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role(world: World, kind: str, role: str) -> None:
    stage = Furnished(world)
    client = person(world, kind, role)
    may = role != VIEWER
    for path in [*stage.pages(), at(world, "users", "uploads")]:
        page = text(client, path)
        if not may:
            assert not CHANGES.search(page), path
    assert bool(CHANGES.search(text(client, at(world, "users")))) == may
    for path in stage.forms():
        text(client, path, 200 if may else 403)
    if may:
        return
    before = world.fingerprint()
    numbers = {"number": stage.unlinked, "numbers": stage.free[0], "typed": stage.free[1]}
    for path in [*stage.forms(), *stage.buttons()]:
        assert post(client, path, **FIELDS, **numbers).status_code == 403, path
    list_ = SimpleUploadedFile("a.csv", b"login,display_name,kind,number\na,A,user,\n", "text/csv")
    assert post(client, at(world, "users", "uploads"), file=list_).status_code == 403
    assert world.fingerprint() == before


def test_ordering_is_for_the_group_and_asking_for_the_others(world: World) -> None:
    Furnished(world)
    for kind in KINDS:
        for role in (ADMINISTRATOR, AGENT, VIEWER):
            page = text(person(world, kind, role), at(world))
            orders = f"/orders/new?subscription={world.subscription.id}"
            asks = f"/order-requests/new?subscription={world.subscription.id}"
            if role == VIEWER:
                assert orders not in page and asks not in page
            elif kind == "group":
                assert asks not in page
            else:
                assert orders not in page


def test_other_organizations_see_nothing(world: World) -> None:
    stage = Furnished(world)
    outsider, beside = World(), World()
    others = [person(outsider), person(beside, "tenant", AGENT)]
    before = world.fingerprint()
    numbers = {"number": stage.unlinked, "numbers": stage.free[0], "typed": stage.free[1]}
    for client in others:
        for path in [*stage.pages(), *stage.forms()]:
            assert client.get(path).status_code == 404, path
        for path in [*stage.forms(), *stage.buttons()]:
            assert post(client, path, **FIELDS, **numbers).status_code == 404, path
    assert world.fingerprint() == before


def test_objects_of_another_subscription_are_404(world: World) -> None:
    stage, other = Furnished(world), World()
    theirs = Furnished(other)
    client = person(world)
    before, before_theirs = world.fingerprint(), other.fingerprint()
    for path in [*theirs.pages()[3:5], theirs.pages()[6], theirs.pages()[8], *theirs.buttons()]:
        mixed = path.replace(str(other.subscription.id), str(world.subscription.id))
        answer = post(client, mixed) if path in theirs.buttons() else client.get(mixed)
        refused = answer.status_code == 404 or ("/numbers" in mixed and answer.status_code == 303)
        assert refused, mixed
    for part in ("users", "trunks"):
        assert client.get(at(world, part, new_id())).status_code == 404
    assert client.get(at(world, "numbers", stage.free[0])).status_code == 404
    assert client.get(at(world, "numbers", "+19999999999")).status_code == 404
    assert (world.fingerprint(), other.fingerprint()) == (before, before_theirs)


@pytest.mark.parametrize("status", ["suspended", "terminated"])
def test_a_subscription_that_is_not_active_offers_nothing_new(world: World, status: str) -> None:
    stage = Furnished(world)
    action = {"suspended": "suspend", "terminated": "terminate"}[status]
    where = f"/subscriptions/{world.subscription.id}"
    assert world.call("POST", f"{where}/{action}").status_code == 200
    client = person(world)
    for path in stage.pages():
        page = text(client, path)
        # Orders are taken while it is suspended.
        main = page.split("<main")[-1].replace("/orders/new", "")
        assert "/take" not in main and "/new" not in main, path
        if status == "terminated":
            assert "show-modal" not in main and "/orders/new" not in page, path
    before = world.fingerprint()
    numbers = {"number": stage.unlinked, "typed": stage.free[1]}
    for path in ("numbers/take", "numbers/choose", "trunks/new", f"trunks/{stage.trunk}/route"):
        assert post(client, at(world, path), **FIELDS, **numbers).status_code == 422, path
    linking = post(client, at(world, "users", stage.spare["id"], "link"), **numbers)
    assert linking.status_code == 422 and status in linking.content.decode()
    assert world.fingerprint() == before
