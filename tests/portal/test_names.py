"""Pages name nobody who stands above or beside the reader's organization."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fusion.access.actor import ADMINISTRATOR, KINDS, Actor
from fusion.clients.models import ApiClient
from fusion.kernel.clock import now
from fusion.kernel.ids import new_id
from fusion.numbers.assign import assign_numbers
from fusion.ordering.approve_request import approve_request
from fusion.ordering.cancel import cancel_order
from fusion.ordering.place import Draft, Line, place_order
from fusion.ordering.reject_request import reject_request
from fusion.ordering.request_order import request_order
from fusion.tenancy.edit_subscription import edit_subscription
from fusion.tenancy.models import Organization
from fusion.trunks.create_trunk import create_trunk
from fusion.users.create_user import create_user
from tests.numbers.stock import entitle, stock
from tests.portal.people import join, make_person, signed_in
from tests.portal.walking import walk
from tests.world import World, make_organization


def member(organization: Organization, world: World, kind: str) -> tuple[Actor, tuple[str, str]]:
    """A member of that organization, with their name and e-mail address."""
    person = make_person(email=f"who-{new_id()}@example.com")
    row = join(person, organization, ADMINISTRATOR)
    row.name = f"Whoever {new_id()}"
    row.save(update_fields=["name"])
    actor = replace(world.actor(kind), label=f"member:{row.id}")
    return actor, (row.name, person.email)


def client(organization: Organization, world: World, kind: str) -> tuple[Actor, tuple[str, str]]:
    """An API client of that organization, with its name (twice)."""
    row = ApiClient(
        organization=organization,
        name=f"Client {new_id()}",
        scopes="tenancy:read",
        client_type=ApiClient.CLIENT_CONFIDENTIAL,
        authorization_grant_type=ApiClient.GRANT_CLIENT_CREDENTIALS,
    )
    row.save(force_insert=True)
    return replace(world.actor(kind), label=f"client:{row.id}"), (row.name, row.name)


def act_for_the_group(world: World, actor: Actor) -> None:
    """Everything that pages tell about with the name of who did it."""
    id, lines = world.subscription.id, (Line(world.seat.id, 2),)
    place_order(actor, draft=Draft(id, lines))
    later = now() + timedelta(days=30)
    for _ in range(2):
        scheduled = place_order(actor, draft=Draft(id, lines, effective_at=later))
    cancel_order(actor, order_id=scheduled.body["id"])
    create_user(actor, subscription_id=id, login=str(new_id()), display_name="U", kind="user")
    create_trunk(actor, subscription_id=id, name="T", country="BE")
    entitle(world, 1)
    assign_numbers(actor, subscription_id=id, numbers=stock(world, 1))


def act_below(world: World, actor: Actor) -> None:
    """What those may do who may not order."""
    edit_subscription(
        actor, subscription_id=world.subscription.id, changes={"name": f"S {new_id()}"}
    )
    request_order(actor, subscription_id=world.subscription.id, lines=(Line(world.seat.id, 1),))


def decide(world: World, above: Actor, asker: Actor) -> None:
    """Requests of `asker`, of which one is approved and one rejected by `above`."""
    id, lines = world.subscription.id, (Line(world.seat.id, 1),)
    first, second = (
        request_order(asker, subscription_id=id, lines=lines).body["id"] for _ in range(2)
    )
    approve_request(above, request_id=first)
    reject_request(above, request_id=second, reason="Not now")


@pytest.mark.parametrize("make", [member, client])
@pytest.mark.parametrize("kind", KINDS)
def test_only_organizations_above_see_an_actors_name(world: World, kind: str, make: object) -> None:
    assert callable(make)
    names: dict[str, tuple[str, str]] = {}
    actors: dict[str, Actor] = {}
    for each in KINDS:
        actors[each], names[each] = make(getattr(world, each), world, each)
    act_for_the_group(world, actors["group"])
    for each in KINDS[1:]:
        act_below(world, actors[each])
        decide(world, actors["group"], actors[each])
    beside = make_organization("tenant", world.reseller)
    _, names["beside"] = make(beside, world, "tenant")

    reader = signed_in(make_person((getattr(world, kind), ADMINISTRATOR)))
    pages = list(walk(reader))
    text = "\n".join(page.text for page in pages)
    acted = "\n".join(page.text for page in pages if "/organizations" not in page.path)
    height = KINDS.index(kind)
    for each in KINDS[:height]:
        assert not [name for name in names[each] if name in text], f"{each} is named to {kind}"
    for each in KINDS[height:]:
        assert names[each][0] in acted, f"{each} is not named to {kind}, who may know"
    if kind == "tenant":
        assert not [name for name in names["beside"] if name in text]
