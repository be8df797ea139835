"""Finding customers and subscriptions by the beginnings of words."""

import pytest

from fusion.tenancy.models import Subscription
from fusion.tenancy.search import find_organizations, find_subscriptions, query_of
from tests.world import World, make_organization, make_subscription


def names(world: World, text: str, kind: str = "group") -> set[str]:
    """The names of the subscriptions found."""
    found = find_subscriptions(world.actor(kind), text, limit=10)
    return {each["name"] for each in found}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", None),
        ("a", None),
        ("a b", "'a':* & 'b':*"),
        ("C-10042", "'C':* & '10042':*"),
        ("o'neill \\ & !x", "'o':* & 'neill':* & 'x':*"),
        ("'", None),
        ("Ελλη", "'Ελλη':*"),
    ],
)
def test_search_text_is_never_query_syntax(text: str, query: str | None) -> None:
    assert query_of(text) == query


def test_by_name_reference_and_customer(world: World) -> None:
    tenant = make_organization("tenant", world.reseller, name="Zweigle O'Neill & Söhne")
    head = make_subscription(tenant, "Head office")
    Subscription.objects.unscoped("test").filter(id=head.id).update(
        external_reference="CRM-77.120/4"
    )
    make_subscription(tenant, "Ünterföhring")
    assert names(world, "zweig") == {"Head office", "Ünterföhring"}
    assert names(world, "söh o'nei") == {"Head office", "Ünterföhring"}
    assert names(world, "crm-77.12") == {"Head office"}
    assert names(world, "120/4") == {"Head office"}
    assert names(world, "office hea") == {"Head office"}
    assert names(world, "eigle") == set()
    found = find_subscriptions(world.actor("group"), "crm", limit=10)
    assert found[0]["tenant_name"] == "Zweigle O'Neill & Söhne"


def test_nothing_of_anybody_else(world: World) -> None:
    other = World()
    foreign = make_organization("tenant", other.reseller, name="Quixquax")
    make_subscription(foreign, "Quixquax branch")
    beside = make_organization("tenant", world.distributor, name="Quixquax beside")
    make_subscription(beside, "Mine")
    assert names(world, "quixquax") == {"Mine"}
    assert names(world, "quixquax", "reseller") == set()
    assert find_organizations(world.actor("reseller"), "quixquax", limit=5)["items"] == []


def test_pages_of_organizations(world: World) -> None:
    for number in range(3):
        make_organization("tenant", world.reseller, name=f"Brombeer {number}")
    actor = world.actor("group")
    first = find_organizations(actor, "brom", limit=2)
    second = find_organizations(actor, "brom", limit=2, cursor=first["next"])
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
    assert len({each["id"] for each in (*first["items"], *second["items"])}) == 3
    assert find_organizations(actor, "brom", limit=2, kinds=("reseller",))["items"] == []
