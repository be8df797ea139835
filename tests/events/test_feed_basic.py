"""The event feed: CloudEvents of one's subtree in the order of commits, from any position."""

from typing import Any
from urllib.parse import quote

import pytest

from fusion.lifecycle.apply_due import apply_due_orders
from tests.ordering.placing import consume, draft, fall_due, line, place, placed, seen
from tests.paging import follow_feed
from tests.world import World, answer, make_organization, make_subscription


def read(world: World, after: str | None = None, limit: int = 500, by: Any = None) -> Any:
    """One answer of the feed."""
    position = f"&after={quote(after)}" if after else ""
    response = world.call("GET", f"/events?limit={limit}{position}", by=by)
    assert response.status_code == 200, response.content
    body = answer(response)
    assert body["next"]
    assert len(body["items"]) <= limit
    return body


def everything(world: World, limit: int = 500, by: Any = None) -> list[dict[str, Any]]:
    """The whole feed, read to where it ends."""
    pages = follow_feed(lambda after: read(world, after, limit, by))
    return [event for page in pages for event in page["items"]]


def test_an_event_is_a_cloud_event(world: World) -> None:
    order = placed(world, line(world.seat, 2))
    (event,) = everything(world)
    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": f"/groups/{world.group.id}",
        "type": "order.completed",
        "subject": order["id"],
        "time": event["time"],
        "datacontenttype": "application/json",
        "groupid": str(world.group.id),
        "subscriptionid": str(world.subscription.id),
        "actor": order["placed_by"],
        "data": order,
    }
    assert event["time"].endswith("Z")


def test_the_life_of_orders(world: World) -> None:
    later = {"effective_at": "2029-01-01T00:00:00Z"}
    done = placed(world, line(world.seat, 5))
    failing = placed(world, line(world.seat, 9, "remove"), **later)
    cancelled = placed(world, **later)
    world.call("POST", f"/orders/{cancelled['id']}/cancel")
    applied = placed(world, line(world.seat, 2), **later)
    fall_due(failing, applied)
    apply_due_orders()
    place(world, line(world.seat, 99, "remove"))  # refused: no event
    answered = [(event["type"], event["subject"]) for event in everything(world)]
    assert answered == [
        ("order.completed", done["id"]),
        ("order.scheduled", failing["id"]),
        ("order.scheduled", cancelled["id"]),
        ("order.cancelled", cancelled["id"]),
        ("order.scheduled", applied["id"]),
        ("order.failed", failing["id"]),
        ("order.completed", applied["id"]),
    ]
    assert everything(world)[-1]["data"] == seen(world, applied)


def test_following_the_cursor_sees_everything_once(world: World) -> None:
    ids = [placed(world)["id"] for _ in range(7)]
    for limit in (1, 2, 3, 7, 500):
        assert [event["subject"] for event in everything(world, limit)] == ids


def test_going_on_from_where_one_was(world: World) -> None:
    start = read(world)
    assert start["items"] == []
    assert read(world, start["next"])["items"] == []
    first = placed(world)
    second = read(world, start["next"])
    assert [event["subject"] for event in second["items"]] == [first["id"]]
    third = placed(world)
    assert [event["subject"] for event in read(world, second["next"])["items"]] == [third["id"]]
    again = read(world, start["next"])["items"]
    assert [event["subject"] for event in again] == [first["id"], third["id"]]


def test_a_batch_s_events_come_in_its_order(world: World) -> None:
    orders = [draft(world, line(world.seat, index + 1)) for index in range(5)]
    results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
    ids = [event["subject"] for event in everything(world, 2)]
    assert ids == [result["order"]["id"] for result in results]


def test_threshold_events_follow_their_cause(world: World) -> None:
    placed(world, line(world.seat, 5))
    consume(world, world.user_sku, "a", "b", "c", "d")
    _, event = everything(world)
    assert event["type"] == "balance.threshold"
    assert event["subscriptionid"] == str(world.subscription.id)
    names = ("sku", "threshold", "granted", "used", "available")
    assert tuple(event["data"][name] for name in names) == ("user", 80, 5, 4, 1)


def test_one_reads_one_s_subtree(world: World) -> None:
    elsewhere = make_subscription(make_organization("tenant", world.group))
    theirs = answer(world.call("POST", "/orders", draft(world, subscription=elsewhere)))["id"]
    mine = placed(world)["id"]
    assert [event["subject"] for event in everything(world)] == [theirs, mine]
    for organization in (world.distributor, world.reseller, world.tenant):
        for limit in (1, 500):
            found = everything(world, limit, by=organization)
            assert [event["subject"] for event in found] == [mine]
    assert everything(World()) == []


def test_product_events_go_to_the_group(world: World) -> None:
    body = {"code": "new", "name": "New", "items": [{"sku": "user", "quantity": 1}]}
    product = answer(world.call("POST", "/products", body))
    assert [(event["type"], event["data"]) for event in everything(world)] == [
        ("product.created", product)
    ]
    assert everything(world)[0]["subscriptionid"] is None


@pytest.mark.parametrize("after", ["x", "W10", "WyIxIl0", "a b", "%00"])
def test_positions_that_are_none(world: World, after: str) -> None:
    response = world.call("GET", f"/events?after={after}")
    assert response.status_code == 422
    assert answer(response)["errors"][0]["field"] == "after"
