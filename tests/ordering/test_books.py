"""What the ledger shows: balances now and then, entries, holdings, licences of a subtree."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from fusion.kernel.clock import instant
from tests.ordering.placing import (
    balances,
    consume,
    draft,
    line,
    placed,
    release,
    revise,
)
from tests.paging import all_pages
from tests.world import World, answer, make_organization, make_subscription


def entries(world: World, query: str = "") -> list[dict[str, Any]]:
    """One page of the ledger."""
    response = world.call("GET", f"/subscriptions/{world.subscription.id}/entries?{query}")
    assert response.status_code == 200, response.content
    items: list[dict[str, Any]] = answer(response)["items"]
    return items


def result(entry: dict[str, Any]) -> tuple[Any, ...]:
    """What an entry says of its balance."""
    names = ("sequence", "sku", "kind", "quantity", "granted_after", "used_after")
    return tuple(entry[name] for name in names)


def a_history(world: World) -> list[dict[str, Any]]:
    """Some orders and uses; the ledger, oldest first."""
    trunk = world.product("trunk", {world.channel_sku: 10, world.user_sku: 1})
    placed(world, line(world.seat, 4))
    consume(world, world.user_sku, "a", "b")
    placed(world, line(trunk, 2), line(world.seat, 1, "remove"))
    release(world, world.user_sku, "a")
    revise(world.seat, {world.user_sku: 5})
    placed(world, line(world.seat, 2))
    placed(world, line(world.seat, 3, "remove"))
    consume(world, world.number_sku, "+3221234567")
    return entries(world, "limit=500")[::-1]


def test_an_entry_names_its_order_or_its_holder(world: World) -> None:
    order = placed(world, line(world.seat, 4))
    consume(world, world.user_sku, "someone")
    use, *grants = entries(world)
    assert result(use) == (2, "user", "consume", 1, 4, 1)
    assert (use["order_id"], use["order_number"]) == (None, None)
    assert use["holder"] == {"type": "holder", "id": "someone"}
    assert use["actor"] == "test"
    for grant in grants:
        assert result(grant)[2:] == ("grant", 4, 4, 0)
        assert (grant["order_id"], grant["order_number"]) == (order["id"], order["number"])
        assert grant["holder"] is None
        assert grant["actor"] == order["placed_by"]
        assert grant["at"] <= order["completed_at"]
    assert sorted(grant["sku"] for grant in grants) == ["be-geographic", "user"]


def test_grants_before_revokes_per_line_and_sku(world: World) -> None:
    small = world.product("small", {world.user_sku: 2})
    placed(world, line(small, 5))
    placed(world, line(small, 5, "remove"), line(world.seat, 12))
    of_users = [result(entry) for entry in entries(world, "sku=user")][::-1]
    assert of_users == [
        (1, "user", "grant", 10, 10, 0),
        (2, "user", "grant", 12, 22, 0),
        (3, "user", "revoke", 10, 12, 0),
    ]


def test_a_removal_over_revisions_is_one_entry_per_sku(world: World) -> None:
    placed(world, line(world.seat, 2))
    revise(world.seat, {world.user_sku: 3})
    placed(world, line(world.seat, 2))
    placed(world, line(world.seat, 3, "remove"))
    newest = entries(world, "kind=revoke")
    assert sorted(result(entry)[1:5] for entry in newest) == [
        ("be-geographic", "revoke", 1, 1),
        ("user", "revoke", 7, 1),
    ]


def test_every_balance_is_the_sum_of_its_entries(world: World) -> None:
    history = a_history(world)
    sums: dict[str, list[int]] = {}
    for entry in history:
        granted_used = sums.setdefault(entry["sku"], [0, 0])
        granted_used[entry["kind"] in ("consume", "release")] += entry["quantity"] * (
            1 if entry["kind"] in ("grant", "consume") else -1
        )
        assert (entry["granted_after"], entry["used_after"]) == tuple(granted_used)
    assert balances(world) == {sku: tuple(numbers) for sku, numbers in sums.items()}
    for sku in sums:
        sequences = [entry["sequence"] for entry in history if entry["sku"] == sku]
        assert sequences == list(range(1, len(sequences) + 1))
        instants = [entry["at"] for entry in history if entry["sku"] == sku]
        assert instants == sorted(instants)


def test_newest_first_and_pages_add_up(world: World) -> None:
    history = a_history(world)[::-1]
    path = f"/subscriptions/{world.subscription.id}/entries"
    assert [entry["at"] for entry in history] == sorted(
        (entry["at"] for entry in history), reverse=True
    )
    for limit in (1, 2, 3, len(history), 500):
        assert [entry for page in all_pages(world, path, limit) for entry in page] == history


def test_filters_of_entries(world: World) -> None:
    history = a_history(world)[::-1]
    for kind in ("grant", "revoke", "consume", "release"):
        wanted = [entry for entry in history if entry["kind"] == kind]
        assert wanted and entries(world, f"kind={kind}") == wanted
    for sku in ("user", "sip-channel", "be-geographic"):
        wanted = [entry for entry in history if entry["sku"] == sku]
        assert wanted and entries(world, f"sku={sku}") == wanted
    assert entries(world, "sku=unknown") == []
    middle = history[len(history) // 2]["at"]
    assert entries(world, f"from={quote(middle)}") == [e for e in history if e["at"] >= middle]
    assert entries(world, f"to={quote(middle)}") == [e for e in history if e["at"] < middle]
    both = entries(world, f"sku=user&kind=grant&to={quote(middle)}")
    assert both == [
        e for e in history if e["at"] < middle and (e["sku"], e["kind"]) == ("user", "grant")
    ]
    response = world.call("GET", f"/subscriptions/{world.subscription.id}/entries?kind=Grant")
    assert response.status_code == 422


def at(world: World, when: str) -> dict[str, tuple[int, int | None, int | None]]:
    """SKU → (granted, used, available) as it stood then."""
    path = f"/subscriptions/{world.subscription.id}/balances?at={quote(when)}"
    response = world.call("GET", path)
    assert response.status_code == 200, response.content
    return {
        item["sku"]: (item["granted"], item["used"], item["available"])
        for item in answer(response)["items"]
    }


def instants(history: list[dict[str, Any]]) -> Iterator[str]:
    """Each instant of the history, and just before and after it."""
    for text in sorted({entry["at"] for entry in history}):
        exact = datetime.fromisoformat(text)
        for step in (-1, 0, 1):
            yield str(instant(exact + timedelta(microseconds=step)))


def test_past_balances_are_the_sums_of_entries(world: World) -> None:
    history = a_history(world)
    for when in instants(history):
        expected: dict[str, tuple[int, int | None, int | None]] = {}
        for entry in history:
            if entry["at"] <= when:  # inclusive
                granted, used = entry["granted_after"], entry["used_after"]
                expected[entry["sku"]] = (granted, used, granted - used)
        if "sip-channel" in expected:  # the peak of a past minute is not kept in the ledger
            expected["sip-channel"] = (expected["sip-channel"][0], None, None)
        assert at(world, when) == expected


def test_balances_before_and_after_all_time(world: World) -> None:
    placed(world, line(world.seat, 3))
    assert at(world, "1970-01-01T00:00:00Z") == {}
    assert at(world, "0001-01-01T00:00:00Z") == {}
    for when in ("9999-12-31T23:59:59Z", str(instant(datetime.now(UTC)))):
        assert at(world, when)["user"] == (3, 0, 3)


def test_a_past_removal_shows_at_its_instant(world: World) -> None:
    placed(world, line(world.seat, 3))
    order = placed(world, line(world.seat, 3, "remove"))
    assert at(world, order["completed_at"])["user"] == (0, 0, 0)


def test_a_balance_shows_type_and_metric(world: World) -> None:
    trunk = world.product("trunk", {world.channel_sku: 10})
    placed(world, line(world.seat), line(trunk))
    path = f"/subscriptions/{world.subscription.id}/balances"
    shown = {
        item["sku"]: (item["type"], item["metric"])
        for item in answer(world.call("GET", path))["items"]
    }
    assert shown == {
        "be-geographic": ("entitlement", "number"),
        "sip-channel": ("license", "sip_channel"),
        "user": ("license", "user"),
    }
    assert list(shown) == sorted(shown)


def test_holdings_by_product_and_revision(world: World) -> None:
    other = world.product("another", {world.user_sku: 1})
    placed(world, line(world.seat, 2), line(other, 5))
    revise(world.seat, {world.user_sku: 2})
    placed(world, line(world.seat, 3))
    placed(world, line(other, 5, "remove"))
    path = f"/subscriptions/{world.subscription.id}/holdings"
    items = answer(world.call("GET", path))["items"]
    assert items == [
        {
            "product_id": str(world.seat.id),
            "product_code": "seat",
            "product_name": "seat",
            "revision": revision,
            "quantity": quantity,
        }
        for revision, quantity in ((1, 2), (2, 3))
    ]
    assert [item for page in all_pages(world, path, 1) for item in page] == items


def licenses(world: World, query: str = "", by: Any = None) -> dict[str, Any]:
    """The overview of a subtree."""
    response = world.call("GET", f"/licenses?{query}", by=by)
    assert response.status_code == 200, response.content
    body: dict[str, Any] = answer(response)
    assert datetime.now(UTC) - datetime.fromisoformat(body["as_of"]) < timedelta(seconds=60)
    return body


def totals(body: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """SKU → (granted, used, available)."""
    return {
        item["sku"]: (item["granted"], item["used"], item["available"]) for item in body["items"]
    }


def test_licences_of_a_subtree(world: World) -> None:
    elsewhere = make_subscription(make_organization("tenant", world.group))
    second = make_subscription(world.tenant)
    placed(world, line(world.seat, 3))
    consume(world, world.user_sku, "a")
    world.call("POST", "/orders", draft(world, line(world.seat, 2), subscription=second))
    world.call("POST", "/orders", draft(world, line(world.seat, 10), subscription=elsewhere))
    foreign = World()
    placed(foreign, line(foreign.seat, 100))

    everything = {"be-geographic": (15, 0, 15), "user": (15, 1, 14)}
    below = {"be-geographic": (5, 0, 5), "user": (5, 1, 4)}
    assert totals(licenses(world)) == everything
    for organization in (world.distributor, world.reseller, world.tenant):
        assert totals(licenses(world, by=organization)) == below
        assert totals(licenses(world, f"organization_id={organization.id}")) == below
    assert licenses(world)["organization_id"] == str(world.group.id)


def test_licences_by_subscription(world: World) -> None:
    others = [make_subscription(world.tenant, f"S{index}") for index in range(3)]
    placed(world, line(world.seat, 3))
    path = f"/licenses?by=subscription&organization_id={world.reseller.id}"
    body = licenses(world, path.partition("?")[2])
    shown = {item["subscription_id"]: totals(item) for item in body["items"]}
    assert shown == {
        str(world.subscription.id): {"be-geographic": (3, 0, 3), "user": (3, 0, 3)},
        **{str(other.id): {} for other in others},
    }
    for limit in (1, 3, 4):
        found = all_pages(world, path, limit)
        assert [item for page in found for item in page] == body["items"]


@pytest.mark.parametrize("query", ["by=product", "organization_id=x", "by=subscription&limit=0"])
def test_invalid_queries_of_licences_are_refused(world: World, query: str) -> None:
    assert world.call("GET", f"/licenses?{query}").status_code == 422
