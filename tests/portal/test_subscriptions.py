"""A subscription's overview and its audit: who sees what, what it costs, what it says."""

from dataclasses import replace

import pytest

from fusion.access.actor import ADMINISTRATOR, KINDS, ROLES, VIEWER, Actor
from fusion.accounts.models import Member, User
from fusion.kernel.ids import new_id
from fusion.users.create_user import create_user
from tests.numbers.stock import assigned, entitle, stock
from tests.ordering.placing import line, placed
from tests.portal.furnished import at, person, text
from tests.portal.people import make_person, signed_in
from tests.trunks.calling import admitted, order_channels, trunk_id
from tests.world import World, make_subscription


def add_user(world: World, login: str, actor: Actor | None = None) -> str:
    """The id of a new user."""
    answer = create_user(
        actor or world.actor(),
        subscription_id=world.subscription.id,
        login=login,
        display_name=login.title(),
        kind="user",
    )
    return str(answer.body["id"])


def member_id(user: User) -> str:
    """The id of someone's one membership."""
    return str(Member.objects.unscoped("test").get(user=user).id)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_everyone_above_sees_it(world: World, kind: str, role: str) -> None:
    placed(world, line(world.seat, 1200))
    client = person(world, kind, role)
    page = text(client, at(world))
    assert "of 1,200 in use" in page and world.tenant.name in page
    assert "Order placed" in text(client, at(world, "audit"))


@pytest.mark.parametrize("path", ["", "/live", "/audit"])
def test_subscriptions_of_others_are_404(world: World, path: str) -> None:
    other = World()
    order_channels(other, 1)
    before = other.fingerprint()
    for id in (other.subscription.id, new_id()):
        assert person(world).get(f"/subscriptions/{id}{path}").status_code == 404
    beside = World()
    assert person(beside, "tenant", VIEWER).get(at(world) + path).status_code == 404
    assert other.fingerprint() == before


def test_live_calls_and_the_most_of_the_day(world: World) -> None:
    order_channels(world, 4)
    client = person(world, "tenant", VIEWER)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b")
    assert "of 4 channels in use now" in text(client, at(world))
    part = text(client, at(world, "live"))
    assert '<span class="big">2</span>' in part and "at most 2 in the last 24 hours" in part
    assert "<html" not in part and "<a " not in part


def test_without_channels_there_is_nothing_live(world: World) -> None:
    text(person(world), at(world, "live"), 404)


def test_a_full_balance_is_marked(world: World) -> None:
    empty = make_subscription(world.tenant, "Empty")
    entitle(world, 2)
    [number, _] = stock(world, 2)
    assigned(world, number)
    client = person(world)
    assert "All in use" not in text(client, at(world))
    assigned(world, sku="fr-geographic", quantity=1)
    assert "All in use" in text(client, at(world))
    assert "Nothing has been ordered yet" in text(client, f"/subscriptions/{empty.id}")


@pytest.mark.parametrize(
    ("action", "word"), [("suspend", "is suspended."), ("terminate", "is terminated.")]
)
def test_its_state_is_shown(world: World, action: str, word: str) -> None:
    where = f"/subscriptions/{world.subscription.id}"
    assert world.call("POST", f"{where}/{action}").status_code == 200
    assert word in text(person(world, "tenant", VIEWER), at(world))


def test_the_audit_is_filtered_and_names_people_below_only(world: World) -> None:
    group = make_person((world.group, ADMINISTRATOR))
    tenant = make_person((world.tenant, ADMINISTRATOR))
    for someone, login in ((group, "by-group"), (tenant, "by-tenant")):
        add_user(world, login, replace(world.actor(), label=f"member:{member_id(someone)}"))
    placed(world, line(world.seat))
    page = text(signed_in(tenant), at(world, "audit"))
    assert ("Your provider" in page, "Robin Example" in page) == (True, True)
    label = f"member:{member_id(tenant)}"
    mine = text(signed_in(tenant), at(world, "audit") + f"?by={label}")
    assert ("by-tenant" in mine, "by-group" in mine) == (True, False)
    users = text(signed_in(tenant), at(world, "audit") + "?verb=user")
    assert ("User added" in users, "Order placed" in users) == (True, False)
    for nothing in ("?from=2031-01-01", "?to=2001-01-01", "?by=x%00y"):
        assert "No action matches" in text(signed_in(tenant), at(world, "audit") + nothing)
    for odd in ("?verb=&by=", "?from=1970-01-01", "?to=9998-12-31"):
        assert "User added" in text(signed_in(tenant), at(world, "audit") + odd)


def test_the_audit_shows_client_names_and_changes(world: World) -> None:
    user = add_user(world, "anna")
    where = f"/subscriptions/{world.subscription.id}/users/{user}"
    assert world.call("PATCH", where, {"display_name": "Zoë"}).status_code == 200
    path = at(world, "audit") + "?verb=user"
    page = text(person(world), path)
    assert "client of the test itself" in page and f">{'Zoë'}</a>" in page
    below = text(person(world, "tenant"), path)
    assert "client of the test itself" not in below and "Your provider" in below


def test_a_second_page_of_the_audit(world: World) -> None:
    for index in range(52):
        add_user(world, f"u{index:02}")
    client = person(world, "reseller", VIEWER)
    first = text(client, at(world, "audit"))
    assert ("u51" in first, "u01" in first) == (True, False)
    cursor = first.split("cursor=")[1].split('"')[0]
    more = text(
        client,
        at(world, "audit") + f"?cursor={cursor}",
        part="more",
    )
    assert ("u01" in more, "u51" in more, "<html" in more) == (True, False, False)
    assert client.get(at(world, "audit") + "?cursor=x").status_code == 422
