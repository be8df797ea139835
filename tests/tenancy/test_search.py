"""API and portal find customers and subscriptions by the same words."""

import pytest
from django.db import connection

from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import list_organizations, list_subscriptions
from fusion.tenancy.search import (
    find_subscriptions,
    is_long_enough,
    matching_organizations,
)
from tests.portal.people import make_person, signed_in
from tests.world import World, make_organization, make_subscription


def names(world: World, text: str, kind: str = "group") -> set[str]:
    """The names of the subscriptions that the portal finds; the API finds the same."""
    found = find_subscriptions(world.actor(kind), text, limit=10)
    portal = {each["name"] for each in found}
    listed = list_subscriptions(world.actor(kind), q=text, limit=10)
    assert portal == {each["name"] for each in listed["items"]} or not is_long_enough(text)
    return portal


def organizations(world: World, text: str, kind: str = "group") -> set[str]:
    """The names of the organizations that the API finds; the portal shows the same."""
    listed = list_organizations(world.actor(kind), q=text, limit=10)
    found = {each["name"] for each in listed["items"]}
    if is_long_enough(text):
        client = signed_in(make_person((getattr(world, kind), "viewer")))
        page = client.get("/customers", {"q": text}).content.decode()
        for each in (*found, "Sanitär Zweigle"):
            assert (f"<strong>{each}</strong>" in page) == (each in found), (text, each)
    return found


@pytest.mark.parametrize(
    ("text", "query", "searched"),
    [
        ("", "", False),
        ("a", "'a':*", False),
        ("a b", "'a':* & 'b':*", False),
        ("C-10042", "'C':* & '10042':*", True),
        ("o'neill \\ & !x", "'o':* & 'neill':* & 'x':*", True),
        ("'", "'", False),
        ("100%", "'100':*", True),
        ("Ελλη", "'Ελλη':*", True),
        (" ".join("abcdefghij"), " & ".join(f"'{each}':*" for each in "abcdefgh"), False),
    ],
)
def test_search_text_is_never_query_syntax(
    world: World, text: str, query: str, searched: bool
) -> None:
    assert query in matching_organizations(world.actor("group"), text).params
    assert is_long_enough(text) == searched


def test_customers_are_found_by_parts_of_words(world: World) -> None:
    make_organization("tenant", world.reseller, "Sanitär Zweigle", "K_77")
    for text in ("zweig", "weigle", "ITÄR zw", "zweigle sanitär", "k_77", "77", "r z", "ä", "K"):
        assert "Sanitär Zweigle" in organizations(world, text), text
    for text in ("zweigel", "sanitärz", "77 88", "§"):
        assert "Sanitär Zweigle" not in organizations(world, text), text


@pytest.mark.parametrize("table", ["organization", "subscription"])
def test_an_index_serves_the_search(world: World, table: str) -> None:
    conditions = matching_organizations(world.actor("group"), "weigle").sql
    match = conditions.partition("WHERE ")[2].partition(" AND ")[0]
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        try:
            cursor.execute(f"EXPLAIN SELECT FROM tenancy_{table} t WHERE {match}", ["'weigle':*"])
            plan = "\n".join(row[0] for row in cursor.fetchall())
        finally:
            cursor.execute("RESET enable_seqscan")
    assert f"{table}_word_ends" in plan


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
    assert names(world, "eigle") == {"Head office", "Ünterföhring"}
    assert names(world, "eigel") == set()
    found = find_subscriptions(world.actor("group"), "crm", limit=10)
    assert found[0]["tenant_name"] == "Zweigle O'Neill & Söhne"


def test_nothing_of_other_organizations(world: World) -> None:
    other = World()
    foreign = make_organization("tenant", other.reseller, name="Quixquax")
    make_subscription(foreign, "Quixquax branch")
    beside = make_organization("tenant", world.distributor, name="Quixquax beside")
    make_subscription(beside, "Mine")
    assert names(world, "quixquax") == {"Mine"}
    assert names(world, "quixquax", "reseller") == set()
    assert organizations(world, "quixquax", "reseller") == set()


def test_pages_of_organizations(world: World) -> None:
    for number in range(3):
        make_organization("tenant", world.reseller, name=f"Brombeer {number}")
    actor = world.actor("group")
    first = list_organizations(actor, q="brom", limit=2)
    second = list_organizations(actor, q="brom", limit=2, cursor=first["next"])
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
    assert len({each["id"] for each in (*first["items"], *second["items"])}) == 3
    assert list_organizations(actor, q="brom", limit=2, kind="reseller")["items"] == []
