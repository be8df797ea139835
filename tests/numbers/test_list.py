"""The inventory as its callers see it: filters, pages, and what is whose."""

from typing import Any
from urllib.parse import urlencode

import pytest

from fusion.access.actor import VIEWER
from fusion.kernel.ids import new_id
from fusion.numbers.queries import Wanted, list_numbers
from fusion.tenancy.models import Organization
from tests.numbers.stock import assigned, entitle, french, path, refused, stock
from tests.paging import all_items
from tests.world import World, answer, make_organization, make_subscription, make_token

SOON = "2027-01-01T00:00:00Z"


def listed(world: World, by: Organization | str | None = None, **asked: Any) -> list[str]:
    """All pages of a list, which are in the order of the numbers."""
    return paged(world, "/numbers", by, **asked)


def paged(
    world: World, there: str, by: Organization | str | None = None, **asked: Any
) -> list[str]:
    limit = int(asked.pop("limit", 50))
    path = f"{there}?{urlencode(asked)}" if asked else there
    found = [item["e164"] for item in all_items(world, path, limit, by=by)]
    assert found == sorted(set(found))
    return found


class Shelf:
    """A world with numbers of two SKUs in every status, of two subscriptions of two resellers."""

    def __init__(self) -> None:
        self.world = World()
        world = self.world
        self.other_sku = french(world, "fr-other")
        self.sibling = make_organization("tenant", make_organization("reseller", world.distributor))
        self.theirs = make_subscription(self.sibling)
        self.first, self.second = stock(world, 12), stock(world, 6, self.other_sku)
        entitle(world, 9)
        entitle(world, 9, self.theirs)
        entitle(world, 9, sku=self.other_sku)
        assigned(world, *self.first[0:2], self.second[0])
        assigned(world, *self.first[2:4], subscription=self.theirs)
        assigned(world, self.first[4], status="reserved", until=SOON)
        assigned(world, self.first[5])
        world.call("DELETE", path(world, self.first[5]))
        self.free = self.first[6:] + self.second[1:]
        self.mine = sorted([*self.first[0:2], *self.first[4:6], self.second[0]])


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf()


def test_filters(shelf: Shelf) -> None:
    world, first, second = shelf.world, shelf.first, shelf.second
    everything = sorted(first + second)
    assert listed(world) == listed(world, limit=4) == everything
    assert listed(world, sku="fr-other") == second
    assert listed(world, sku="fr-geographic", limit=5) == first
    assert listed(world, status="free", limit=3) == sorted(shelf.free)
    assert listed(world, status="reserved") == [first[4]]
    assert listed(world, status="quarantined", sku="fr-geographic") == [first[5]]
    assert listed(world, status="quarantined", sku="fr-other") == []
    assert listed(world, sku="nothing") == listed(world, sku="user") == []
    assert listed(world, subscription_id=world.subscription.id, limit=2) == shelf.mine
    assert listed(world, subscription_id=shelf.theirs.id, status="assigned") == first[2:4]
    assert listed(world, subscription_id=shelf.theirs.id, sku="fr-other") == []


def test_digits(shelf: Shelf) -> None:
    world = shelf.world
    everything = sorted(shelf.first + shelf.second)
    for e164 in (shelf.first[3], shelf.second[2]):
        for cut in (4, 9, 10):
            start, end = e164[1:cut], e164[cut:]
            starting = [each for each in everything if each.startswith(f"+{start}")]
            ending = [each for each in everything if each.endswith(end)]
            assert listed(world, starts_with=start) == starting
            assert listed(world, starts_with=f"+{start}", limit=3) == starting
            assert listed(world, ends_with=end) == ending
            both = [each for each in starting if each in ending]
            assert listed(world, starts_with=start, ends_with=end) == both
            free = [each for each in ending if each in shelf.free]
            assert listed(world, ends_with=end, status="free") == free
            own = [each for each in ending if each in shelf.mine]
            assert listed(world, ends_with=end, subscription_id=world.subscription.id) == own
    there = f"/numbers?starts_with=+{shelf.first[0][1:]}"  # a plus sign that was not encoded
    assert [item["e164"] for item in answer(world.call("GET", there))["items"]] == shelf.first[:1]


@pytest.mark.parametrize("asked", [{}, {"limit": 2}])
def test_below_the_group(shelf: Shelf, asked: dict[str, Any]) -> None:
    world = shelf.world
    theirs = shelf.first[2:4]
    for by, own in [
        (world.distributor, shelf.mine + theirs),
        (world.reseller, shelf.mine),
        (world.tenant, shelf.mine),
        (shelf.sibling, theirs),
    ]:
        assert listed(world, by, **asked) == sorted(own + shelf.free)
        assert listed(world, by, status="free", **asked) == sorted(shelf.free)
        assert listed(world, by, status="assigned", **asked) == sorted(
            set(own) - {shelf.first[4], shelf.first[5]}
        )
        assert listed(world, by, sku="fr-other", **asked) == sorted(
            {*own, *shelf.free} & {*shelf.second}
        )
        for e164 in shelf.first + shelf.second:
            response = world.call("GET", f"/numbers/{e164}", by=by)
            assert response.status_code == (200 if e164 in own + shelf.free else 404)


def test_only_assigners_see_free_numbers(shelf: Shelf) -> None:
    world = shelf.world
    reader = make_token(world.tenant, ("provisioning:read",))
    assert listed(world, reader) == shelf.mine
    assert listed(world, reader, status="free") == []
    assert world.call("GET", f"/numbers/{shelf.free[0]}", by=reader).status_code == 404
    text = list_numbers(world.actor("tenant", VIEWER), Wanted(), limit=50)
    assert shelf.mine[0] in text and shelf.free[0] not in text
    of_the_group = list_numbers(world.actor("group", VIEWER), Wanted(), limit=50)
    assert shelf.free[0] in of_the_group


def test_another_provider_sees_nothing(shelf: Shelf) -> None:
    other = World()
    assert listed(other) == listed(other, status="free") == []
    assert other.call("GET", f"/numbers/{shelf.free[0]}").status_code == 404
    assert other.call("GET", f"/numbers/{shelf.mine[0]}", by=other.tenant).status_code == 404
    for id in (shelf.theirs.id, new_id()):
        response = other.call("GET", f"/numbers?subscription_id={id}")
        assert response.status_code == 404
        assert other.call("GET", f"/subscriptions/{id}/numbers").status_code == 404


def test_numbers_of_a_subscription(shelf: Shelf) -> None:
    world = shelf.world
    there = path(world)
    assert paged(world, there) == paged(world, there, world.tenant, limit=2) == shelf.mine
    assert paged(world, there, status="quarantined") == [shelf.first[5]]
    assert paged(world, there, sku="fr-other") == [shelf.second[0]]
    assert paged(world, there, ends_with=shelf.first[1][-3:]) == [shelf.first[1]]
    theirs = path(world, subscription=shelf.theirs)
    assert world.call("GET", theirs, by=world.tenant).status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "lost"),
        ("starts_with", "x"),
        ("starts_with", ""),
        ("starts_with", "++33"),
        ("starts_with", "1" * 16),
        ("ends_with", "'; --"),
        ("starts_with", "0475"),
        ("starts_with", "+"),
        ("ends_with", "1+"),
        ("ends_with", "0000 0001 0002 0003"),
        ("subscription_id", "x"),
        ("limit", "501"),
        ("cursor", "x"),
        ("cursor", "WyInIl0"),
    ],
)
def test_wrong_filters(shelf: Shelf, name: str, value: str) -> None:
    before = shelf.world.fingerprint()
    response = shelf.world.call("GET", f"/numbers?{urlencode({name: value})}")
    problem = refused(shelf.world, before, response, 422, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == [name]


def test_how_many_are_free(shelf: Shelf) -> None:
    world = shelf.world
    for by in (world.group, world.tenant, make_token(world.tenant, ("provisioning:read",))):
        items = answer(world.call("GET", "/numbers/summary", by=by))["items"]
        assert [(item["sku"], item["free"], item["more"]) for item in items] == [
            ("be-geographic", 0, False),
            ("fr-geographic", 6, False),
            ("fr-other", 5, False),
        ]
    assert items[1]["country"], items[1]["number_type"] == ("FR", "geographic")
    first = answer(world.call("GET", "/numbers/summary?limit=1"))
    rest = answer(world.call("GET", f"/numbers/summary?cursor={first['next']}"))
    assert first["items"] + rest["items"] == items
