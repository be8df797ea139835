"""Trunks: made, listed, changed and deleted, and what is refused."""

from typing import Any

import pytest

from tests.numbers.stock import refused
from tests.ordering.placing import terminate
from tests.tenancy.acting import audited
from tests.trunks.calling import admitted, end, make_trunk, order_channels, records, trunks_path
from tests.world import World, answer, make_subscription


def suspend(world: World) -> None:
    """Suspend the world's subscription."""
    path = f"/subscriptions/{world.subscription.id}/suspend"
    assert world.call("POST", path).status_code == 200


def test_made_and_shown(world: World) -> None:
    made = make_trunk(world, name="Head office", country="FR", channel_cap=7)
    shown = world.call("GET", trunks_path(world, made["id"]), by=world.tenant)
    assert answer(shown) == made
    assert made == {
        "id": made["id"],
        "subscription_id": str(world.subscription.id),
        "name": "Head office",
        "country": "FR",
        "channel_cap": 7,
        "outside_line_prefixes": [],
        "calls_per_second": None,
        "numbers": 0,
        "created_at": made["created_at"],
    }
    assert make_trunk(world)["channel_cap"] is None


def test_listed_newest_first_page_by_page(world: World) -> None:
    made = [make_trunk(world, name=f"Trunk {i}") for i in range(5)]
    make_trunk(world, subscription=make_subscription(world.tenant, "Another"))
    first = answer(world.call("GET", trunks_path(world) + "?limit=3"))
    rest = answer(world.call("GET", trunks_path(world) + f"?limit=3&cursor={first['next']}"))
    assert [*first["items"], *rest["items"]] == made[::-1]
    assert rest["next"] is None


def test_changed(world: World) -> None:
    trunk = make_trunk(world, channel_cap=3)
    path = trunks_path(world, trunk["id"])
    changes: tuple[dict[str, Any], ...] = (
        {"name": "Other"},
        {"channel_cap": 0},
        {"channel_cap": None},
        {"calls_per_second": 5},
        {},
    )
    for change in changes:
        trunk |= change
        response = world.call("PATCH", path, change, by=world.tenant)
        assert (response.status_code, answer(response)) == (200, trunk)
    assert [verb for verb, _, _ in audited(world)] == ["trunk.create"] + 5 * ["trunk.change"]


def test_deleted(world: World) -> None:
    order_channels(world, 1)
    trunk = make_trunk(world)["id"]
    admitted(world, trunk, "a")
    end(world, trunk, "a")
    assert world.call("DELETE", trunks_path(world, trunk)).status_code == 204
    assert world.call("GET", trunks_path(world, trunk)).status_code == 404
    assert [(record["trunk_id"], record["call_id"]) for record in records(world)] == [(trunk, "a")]


def test_not_deleted_while_a_call_is_live(world: World) -> None:
    order_channels(world, 1)
    trunk = make_trunk(world)["id"]
    admitted(world, trunk, "a")
    before = world.fingerprint()
    response = world.call("DELETE", trunks_path(world, trunk))
    problem = refused(world, before, response, 409, "conflict")
    assert (problem["numbers"], problem["calls"]) == (0, 1)


GOOD = {"name": "Main", "country": "BE"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"country": "BE"}, "name"),
        ({**GOOD, "name": " "}, "name"),
        ({**GOOD, "name": "x" * 201}, "name"),
        ({**GOOD, "name": "a\0b"}, "name"),
        ({**GOOD, "name": None}, "name"),
        ({"name": "Main"}, "country"),
        *(({**GOOD, "country": bad}, "country") for bad in ("be", "XX", "BEL", "", None, 32)),
        *(({**GOOD, "channel_cap": bad}, "channel_cap") for bad in (-1, 1_000_001, True, "5", 1.5)),
        *(({**GOOD, "calls_per_second": bad}, "calls_per_second") for bad in (0, 1001, True, "5")),
        ({**GOOD, "subscription_id": "x"}, "subscription_id"),
    ],
    ids=repr,
)
def test_wrong_fields(world: World, body: Any, field: str) -> None:
    before = world.fingerprint()
    response = world.call("POST", trunks_path(world), body)
    problem = refused(world, before, response, 422, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"channel_cap": -1}, "channel_cap"),
        ({"channel_cap": "3"}, "channel_cap"),
        ({"country": "FR"}, "country"),
    ],
    ids=repr,
)
def test_wrong_changes(world: World, change: Any, field: str) -> None:
    path = trunks_path(world, make_trunk(world)["id"])
    before = world.fingerprint()
    response = world.call("PATCH", path, change)
    problem = refused(world, before, response, 422, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_found_under_its_own_subscription_only(world: World) -> None:
    trunk = make_trunk(world)["id"]
    other = make_subscription(world.tenant, "Another")
    path = trunks_path(world, trunk, subscription=other)
    before = world.fingerprint()
    for method, where, body in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("GET", f"{path}/numbers", None),
        ("PUT", f"{path}/numbers/+33199000000", None),
        ("DELETE", f"{path}/numbers/+33199000000", None),
    ):
        refused(world, before, world.call(method, where, body), 404, "not-found")


def test_of_a_suspended_subscription(world: World) -> None:
    trunk = make_trunk(world)["id"]
    suspend(world)
    before = world.fingerprint()
    response = world.call("POST", trunks_path(world), GOOD)
    refused(world, before, response, 409, "subscription-suspended")
    changed = world.call("PATCH", trunks_path(world, trunk), {"channel_cap": 1})
    assert changed.status_code == 200
    assert world.call("DELETE", trunks_path(world, trunk)).status_code == 204


def test_of_a_terminated_subscription(world: World) -> None:
    trunk = make_trunk(world)["id"]
    terminate(world)
    before = world.fingerprint()
    for method, where, body in (
        ("POST", trunks_path(world), GOOD),
        ("PATCH", trunks_path(world, trunk), {"channel_cap": 1}),
    ):
        response = world.call(method, where, body)
        refused(world, before, response, 409, "subscription-terminated")
    assert world.call("DELETE", trunks_path(world, trunk)).status_code == 204
