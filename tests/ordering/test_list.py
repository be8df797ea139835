"""Lists of orders: newest first, filtered, paged by key, stable while orders are added."""

import base64
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from tests.ordering.placing import draft, line, placed, retire
from tests.paging import all_pages
from tests.world import World, answer, make_organization, make_subscription

LATER = "2029-01-01T00:00:00Z"


def listed(world: World, query: str = "", by: Any = None) -> list[str]:
    """The ids of one page."""
    response = world.call("GET", f"/orders?{query}", by=by)
    assert response.status_code == 200, response.content
    return [item["id"] for item in answer(response)["items"]]


def test_newest_first_with_everything_an_order_shows(world: World) -> None:
    orders = [placed(world, line(world.seat, index + 1)) for index in range(3)]
    body = answer(world.call("GET", "/orders"))
    assert body == {"items": orders[::-1], "next": None}


def test_pages_add_up(world: World) -> None:
    ids = [placed(world)["id"] for _ in range(7)][::-1]
    for limit in (1, 2, 3, 6, 7, 8, 500):
        found = all_pages(world, "/orders", limit)
        assert [item["id"] for page in found for item in page] == ids
        assert all(len(page) == limit for page in found[:-1])
        assert 0 < len(found[-1]) <= limit


def test_a_list_with_nothing_in_it(world: World) -> None:
    assert answer(world.call("GET", "/orders")) == {"items": [], "next": None}


def test_pages_are_stable_while_orders_are_added(world: World) -> None:
    ids = [placed(world)["id"] for _ in range(5)][::-1]
    first = answer(world.call("GET", "/orders?limit=2"))
    newer = placed(world)["id"]
    second = answer(world.call("GET", f"/orders?limit=500&cursor={quote(first['next'])}"))
    seen = [item["id"] for item in first["items"] + second["items"]]
    assert seen == ids
    assert listed(world, "limit=1") == [newer]


def test_orders_of_one_batch_page_too(world: World) -> None:
    """They were placed at the same instant: the id decides."""
    orders = [draft(world) for _ in range(5)]
    results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
    assert len({result["order"]["placed_at"] for result in results}) == 1
    ids = [item["id"] for page in all_pages(world, "/orders", 2) for item in page]
    assert ids == [result["order"]["id"] for result in results][::-1]


def test_the_default_limit_is_50(world: World) -> None:
    world.call("POST", "/orders/batch", {"orders": [draft(world) for _ in range(51)]})
    body = answer(world.call("GET", "/orders"))
    assert len(body["items"]) == 50
    assert body["next"]


def test_filters(world: World) -> None:
    other = make_subscription(make_organization("tenant", world.group), "Other")
    done = placed(world, external_reference="a")
    later = placed(world, effective_at=LATER)
    cancelled = placed(world, effective_at=LATER, external_reference="b")
    world.call("POST", f"/orders/{cancelled['id']}/cancel")
    body = draft(world, subscription=other)
    elsewhere = answer(world.call("POST", "/orders", body))

    everything = [elsewhere["id"], cancelled["id"], later["id"], done["id"]]
    assert listed(world) == everything
    assert listed(world, f"subscription_id={other.id}") == [elsewhere["id"]]
    assert listed(world, f"subscription_id={world.subscription.id}") == everything[1:]
    assert listed(world, f"organization_id={world.group.id}") == everything
    for organization in (world.distributor, world.reseller, world.tenant):
        assert listed(world, f"organization_id={organization.id}") == everything[1:]
    assert listed(world, "state=completed") == [elsewhere["id"], done["id"]]
    assert listed(world, "state=scheduled") == [later["id"]]
    assert listed(world, "state=cancelled") == [cancelled["id"]]
    assert listed(world, "state=failed") == []
    assert listed(world, "external_reference=a") == [done["id"]]
    assert listed(world, "external_reference=b") == [cancelled["id"]]
    assert listed(world, "external_reference=A") == []
    query = f"state=completed&subscription_id={world.subscription.id}&external_reference=a"
    assert listed(world, query) == [done["id"]]


def test_placed_from_is_inclusive_and_placed_to_exclusive(world: World) -> None:
    orders = [placed(world) for _ in range(3)]
    at = [quote(order["placed_at"]) for order in orders]
    ids = [order["id"] for order in orders]
    assert listed(world, f"placed_from={at[1]}") == [ids[2], ids[1]]
    assert listed(world, f"placed_to={at[1]}") == [ids[0]]
    assert listed(world, f"placed_from={at[1]}&placed_to={at[2]}") == [ids[1]]
    assert listed(world, "placed_from=0001-01-01T00:00:00Z") == ids[::-1]
    assert listed(world, "placed_to=9999-12-31T23:59:59Z") == ids[::-1]
    offset = quote(orders[1]["placed_at"].replace("Z", "+00:00"))
    assert listed(world, f"placed_from={offset}") == [ids[2], ids[1]]


@pytest.mark.parametrize(
    ("instant", "status"),
    [
        ("2026-01-01T00:00:00%2B18:00", 200),
        ("2026-01-01T00:00:00-23:59", 200),
        ("0001-01-01T00:00:00%2B23:59", 422),
        ("9999-12-31T23:59:59-23:59", 422),
        ("2026-01-01T00:00:00", 422),
        ("2026-01-01", 422),
        ("yesterday", 422),
        ("", 422),
    ],
)
def test_instants_in_filters(world: World, instant: str, status: int) -> None:
    for path in (
        "/orders?placed_from={}",
        "/orders?placed_to={}",
        f"/subscriptions/{world.subscription.id}/entries?from={{}}",
        f"/subscriptions/{world.subscription.id}/entries?to={{}}",
        f"/subscriptions/{world.subscription.id}/balances?at={{}}",
    ):
        assert world.call("GET", path.format(instant)).status_code == status


def test_filters_page_too(world: World) -> None:
    other = make_subscription(world.tenant, "Other")
    wanted = []
    for _ in range(4):
        wanted.append(placed(world)["id"])
        world.call("POST", "/orders", draft(world, subscription=other))
    path = f"/orders?subscription_id={world.subscription.id}"
    found = all_pages(world, path, 3)
    assert [item["id"] for page in found for item in page] == wanted[::-1]


def test_an_actor_sees_the_orders_of_its_subtree(world: World) -> None:
    elsewhere = make_subscription(make_organization("tenant", world.group))
    mine = placed(world)["id"]
    theirs = answer(world.call("POST", "/orders", draft(world, subscription=elsewhere)))["id"]
    assert listed(world) == [theirs, mine]
    for organization in (world.distributor, world.reseller, world.tenant):
        assert listed(world, by=organization) == [mine]
        assert world.call("GET", f"/orders/{mine}", by=organization).status_code == 200
        assert world.call("GET", f"/orders/{theirs}", by=organization).status_code == 404
    assert listed(World()) == []


def test_an_order_of_a_retired_product_still_shows(world: World) -> None:
    order = placed(world)
    retire(world.seat)
    for organization in (world.group, world.tenant):
        shown = answer(world.call("GET", f"/orders/{order['id']}", by=organization))
        placed_by = order["placed_by"] if organization == world.group else "group"
        assert shown == {**order, "placed_by": placed_by}


def forged(*parts: Any) -> str:
    """A cursor as ours are written, of these parts."""
    return base64.urlsafe_b64encode(orjson.dumps(list(parts))).decode().rstrip("=")


ID = "01a207bc-ff60-7531-a0f5-371f6dead6be"
INSTANT = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%%",
        "é",
        "W10",
        forged(),
        forged(INSTANT),
        forged(INSTANT, ID, ID, ID),
        forged(INSTANT, "x"),
        forged(INSTANT, "urn:" + "0" * 32),
        forged("", "----" + "0" * 32),
        forged(INSTANT, ID[:-1]),
        forged("x", ID),
        forged("2026-01-01T00:00:00", ID),
        forged("0001-01-01T00:00:00+23:59", ID),
        forged("9999-12-31T23:59:59-23:59", ID),
        forged("infinity", ID),
        forged("\0", ID),
        forged("", ""),
        forged(1, 2),
        forged(None, None),
        forged({}, []),
        forged(-1, ID, -1),
        forged(INSTANT, ID, "-1"),
        forged(INSTANT, ID, "9" * 20),
        forged(INSTANT, ID, "9" * 5_000),
        forged(INSTANT, ID, "x"),
        forged("seat", "-1"),
        forged("seat", "9" * 10),
        forged("seat", "١"),
        forged("1", "2", "x"),
        forged("9" * 21, "1", "1"),
        forged("1", str(2**64), "1"),
        forged("1", "1", str(2**63)),
        forged(str(2**31), "1", "1"),
        base64.urlsafe_b64encode(b'["a"').decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        "A" * 10_000,
    ],
    ids=lambda cursor: cursor[:24],
)
def test_cursors_that_are_not_of_the_list(world: World, cursor: str) -> None:
    """422, or what some position of the list shows: never a fault."""
    subscription = f"/subscriptions/{world.subscription.id}"
    strict = ["/orders", f"{subscription}/entries", "/products", "/licenses?by=subscription"]
    for path in [*strict, "/skus", f"{subscription}/holdings", "/organizations", "/subscriptions"]:
        mark = "&" if "?" in path else "?"
        response = world.call("GET", f"{path}{mark}cursor={quote(cursor)}")
        assert response.status_code in (200, 422), (path, response.content)
        if response.status_code == 422:
            assert [error["field"] for error in answer(response)["errors"]] == ["cursor"]
    response = world.call("GET", f"/events?after={quote(cursor)}")
    assert response.status_code in (200, 422)
    assert world.call("GET", f"/orders?cursor={quote(cursor)}").status_code == 422


def test_a_cursor_of_another_list(world: World) -> None:
    for _ in range(2):
        placed(world)
    cursor = answer(world.call("GET", "/orders?limit=1"))["next"]
    path = f"/subscriptions/{world.subscription.id}/entries?cursor={quote(cursor)}"
    assert world.call("GET", path).status_code == 422
    assert world.call("GET", f"/products?cursor={quote(cursor)}").status_code == 422


def test_by_the_reference_of_a_line(world: World) -> None:
    one = placed(world, {**line(world.seat), "external_reference": "l-1"})
    both = placed(
        world,
        {**line(world.seat), "external_reference": "l-1"},
        {**line(world.product("other", {world.user_sku: 1})), "external_reference": "l-2"},
    )
    placed(world, external_reference="l-1")
    other = World()
    placed(other, {**line(other.seat), "external_reference": "l-1"})
    assert listed(world, "line_external_reference=l-1") == [both["id"], one["id"]]
    assert listed(world, "line_external_reference=l-2") == [both["id"]]
    assert listed(world, "line_external_reference=none") == []
    assert listed(world, "line_external_reference=l-1", by=world.tenant) == [both["id"], one["id"]]


def test_by_number(world: World) -> None:
    orders = [placed(world) for _ in range(2)]
    assert listed(world, f"number={orders[1]['number']}") == [orders[1]["id"]]
    assert listed(world, f"number={orders[1]['number'] + 1}") == []
    for wrong in ("0", "x", "-1", "1.5", str(2**63)):
        assert world.call("GET", f"/orders?number={wrong}").status_code == 422


def test_by_the_time_of_completion(world: World) -> None:
    first, second = placed(world), placed(world)
    placed(world, effective_at=LATER)
    since, until = quote(first["completed_at"]), quote(second["completed_at"])
    assert listed(world, f"completed_from={since}") == [second["id"], first["id"]]
    assert listed(world, f"completed_from={since}&completed_to={until}") == [first["id"]]
    assert listed(world, f"completed_to={since}") == []
    reversed_period = f"/orders?completed_from={until}&completed_to={since}"
    assert world.call("GET", reversed_period).status_code == 422


def test_by_origin(world: World) -> None:
    order = placed(world)
    assert order["origin"] == "api"
    assert listed(world, "origin=api") == [order["id"]]
    assert listed(world, "origin=portal") == []
    assert world.call("GET", "/orders?origin=elsewhere").status_code == 422
