"""Where a licence went: from a balance to its entries, to the order or to who has it."""

from tests.ordering.placing import line, placed
from tests.portal.furnished import Furnished, at, person, post, statements, text
from tests.portal.test_subscription_users import rows
from tests.users.staff import equip
from tests.world import World


def test_a_balance_links_to_its_holders(world: World) -> None:
    stage = Furnished(world)
    client = person(world, "tenant", "viewer")
    ledger = at(world, "ledger")
    assert f'href="{ledger}?sku=user"' in text(client, at(world))
    page = text(client, f"{ledger}?sku=user")
    assert f'href="{at(world, "users", stage.user["id"])}"' in page
    assert "3 ordered, 1 in use" in page
    numbers = text(client, f"{ledger}?sku=fr-geographic&kind=consume", part="list")
    assert numbers.count(f'href="{at(world, "numbers")}/+') == 4 and "<html" not in numbers
    queries = {
        "?kind=grant": 5,
        "?kind=release": 0,
        "?sku=be-geographic": 1,
        "?sku=&kind=": rows(text(client, ledger)),
        "?from=2031-01-01": 0,
        "?to=2001-01-01": 0,
    }
    for query, count in queries.items():
        assert rows(text(client, ledger + query)) == count, query


def test_deleted_holders_are_marked(world: World) -> None:
    stage = Furnished(world)
    client = person(world)
    assert post(client, at(world, "users", stage.user["id"], "delete")).status_code == 303
    page = text(client, at(world, "ledger") + "?sku=user&kind=release")
    assert "A deleted user" in page and rows(page) == 1


def test_empty_then_a_second_page(world: World) -> None:
    client = person(world, "tenant", "viewer")
    assert "The ledger is empty" in text(client, at(world, "ledger"))
    placed(world, line(world.seat, 1))
    few = statements(client, [at(world, "ledger")])
    equip(world, 0, 55)
    assert statements(client, [at(world, "ledger")]) == few
    assert few[0] <= 14
    page = text(client, at(world, "ledger"))
    assert rows(page) == 50
    cursor = page.split("cursor=")[1].split('"')[0]
    part = text(client, at(world, "ledger") + f"?cursor={cursor}", part="more")
    assert part.count("<tr>") == 8
    assert client.get(at(world, "ledger") + "?cursor=x").status_code == 422
