"""Admission: within the subscription's channels and the trunk's cap, whoever asks."""

from functools import partial
from typing import Any

import orjson
import pytest
from django.db import transaction

from fusion.kernel.clock import now, read_instant
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Subscription
from tests.concurrency.actors import at_once
from tests.numbers.stock import refused
from tests.ordering.placing import terminate
from tests.owner import owner_rows
from tests.trunks.calling import (
    admitted,
    by_sql,
    call_path,
    end,
    live,
    make_trunk,
    order_channels,
    put,
    renewed,
    rows,
    trunk_id,
    trunks_path,
)
from tests.trunks.test_trunks import suspend
from tests.world import World, answer, make_subscription


def test_up_to_the_ordered_channels(world: World) -> None:
    order_channels(world, 3)
    trunk = trunk_id(world)
    for count, call in enumerate(("a", "b", "c"), 1):
        result = admitted(world, trunk, call)
        assert (result["in_use"], result["channels"], result["emergency"]) == (count, 3, False)
        left = (read_instant(result["lease_expires_at"]) - now()).total_seconds()
        assert 115 < left <= 120
    before = world.fingerprint()
    problem = refused(world, before, put(world, trunk, "d"), 409, "no-free-channel")
    assert problem["limit"] == "subscription"
    assert problem["refusals"] == [
        {"sku": "sip-channel", "granted": 3, "used": 3, "requested": 1, "missing": 1}
    ]
    assert "3 SIP channels" in problem["detail"]
    assert live(world) == ["a", "b", "c"]

    end(world, trunk, "b")
    assert admitted(world, trunk, "d")["in_use"] == 3


def test_admission_returns_a_location(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    response = put(world, trunk, "100%/a?b@192.0.2.1")
    where = response["Location"]
    assert where == f"/api/v1/trunks/{trunk}/calls/inbound/100%25/a%3Fb@192.0.2.1"
    shown = answer(world.call("GET", where.removeprefix("/api/v1"), by=world.tenant))
    assert shown == {
        "trunk_id": trunk,
        "direction": "inbound",
        "call_id": "100%/a?b@192.0.2.1",
        "subscription_id": str(world.subscription.id),
        "caller": "+3225550100",
        "callee": "+3225550199",
        "emergency": False,
        "emergency_callback": False,
        "replaces": None,
        "admitted_at": shown["admitted_at"],
        "lease_expires_at": answer(response)["lease_expires_at"],
    }
    assert "Location" not in put(world, trunk, "100%/a?b@192.0.2.1")


def test_without_channels(world: World) -> None:
    trunk = trunk_id(world)
    before = world.fingerprint()
    problem = refused(world, before, put(world, trunk, "a"), 409, "no-free-channel")
    assert problem["refusals"][0]["granted"] == 0


def test_inbound_and_outbound_both_count(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", direction="inbound")
    # The same call id the other way is another call.
    assert admitted(world, trunk, "a", direction="outbound")["in_use"] == 2
    before = world.fingerprint()
    for direction in ("inbound", "outbound"):
        response = put(world, trunk, "b", direction=direction)
        refused(world, before, response, 409, "no-free-channel")
    end(world, trunk, "a", direction="outbound")
    assert [call["direction"] for call in answer(world.call("GET", "/calls"))["items"]] == [
        "inbound"
    ]


def test_trunks_share_the_channels_and_have_caps_of_their_own(world: World) -> None:
    order_channels(world, 3)
    one = trunk_id(world, channel_cap=2)
    two = trunk_id(world)
    admitted(world, one, "a", "b")
    before = world.fingerprint()
    problem = refused(world, before, put(world, one, "c"), 409, "no-free-channel")
    assert problem["limit"] == "trunk"
    assert "channel_cap" in problem["detail"]
    assert problem["refusals"] == [
        {"sku": "sip-channel", "granted": 2, "used": 2, "requested": 1, "missing": 1}
    ]
    assert admitted(world, two, "c")["in_use"] == 3
    before = world.fingerprint()
    problem = refused(world, before, put(world, two, "d"), 409, "no-free-channel")
    assert problem["limit"] == "subscription"
    # The cap is what stands first in the way of `one`, whose subscription is full as well.
    assert refused(world, before, put(world, one, "d"), 409, "no-free-channel")["limit"] == "trunk"


def test_a_cap_counts_from_the_next_call_on(world: World) -> None:
    order_channels(world, 9)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b", "c")
    world.call("PATCH", trunks_path(world, trunk), {"channel_cap": 1})
    assert renewed(world, trunk, "a")["in_use"] == 3
    before = world.fingerprint()
    problem = refused(world, before, put(world, trunk, "d"), 409, "no-free-channel")
    assert problem["refusals"][0]["missing"] == 3  # two over the cap, and this one
    world.call("PATCH", trunks_path(world, trunk), {"channel_cap": None})
    admitted(world, trunk, "d")
    world.call("PATCH", trunks_path(world, trunk), {"channel_cap": 0})
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "e"), 409, "no-free-channel")


def test_lowering_the_order_drains_and_cuts_no_call(world: World) -> None:
    order_channels(world, 4)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b", "c", "d")
    order_channels(world, -3)
    result = renewed(world, trunk, "a")
    assert (result["in_use"], result["channels"]) == (4, 1)
    for over in ("b", "c", "d"):
        before = world.fingerprint()
        refused(world, before, put(world, trunk, "e"), 409, "no-free-channel")
        end(world, trunk, over)
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "e"), 409, "no-free-channel")
    end(world, trunk, "a")
    admitted(world, trunk, "e")


def test_more_channels_count_at_once(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    assert put(world, trunk, "b").status_code == 409
    order_channels(world, 1)
    admitted(world, trunk, "b")


def test_suspension_refuses_new_calls_and_renews_live_ones(world: World) -> None:
    order_channels(world, 5)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    suspend(world)
    assert renewed(world, trunk, "a")["in_use"] == 1
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "b"), 409, "subscription-suspended")
    end(world, trunk, "a")
    world.call("POST", f"/subscriptions/{world.subscription.id}/resume")
    admitted(world, trunk, "b")


def test_terminated_lets_live_calls_run_out(world: World) -> None:
    order_channels(world, 5)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b")
    terminate(world)
    result = renewed(world, trunk, "a")
    assert (result["in_use"], result["channels"]) == (2, 0)
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "c"), 409, "subscription-terminated")
    end(world, trunk, "a")
    end(world, trunk, "b")
    assert live(world) == []


def test_subscriptions_have_channels_of_their_own(world: World) -> None:
    other = make_subscription(world.tenant, "Another")
    order_channels(world, 1)
    order_channels(world, 1, subscription=other)
    one, two = trunk_id(world), trunk_id(world, subscription=other)
    assert admitted(world, one, "a")["in_use"] == 1
    assert admitted(world, two, "a")["in_use"] == 1
    assert put(world, one, "b").status_code == put(world, two, "b").status_code == 409


GOOD = {"caller": "+3225550100", "callee": "+3225550199"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"callee": "+3225550199"}, "caller"),
        ({"caller": "+3225550100"}, "callee"),
        ({**GOOD, "callee": ""}, "callee"),
        ({**GOOD, "callee": "1" * 256}, "callee"),
        ({**GOOD, "caller": "1" * 256}, "caller"),
        ({**GOOD, "callee": 113}, "callee"),
        ({**GOOD, "emergency": True}, "emergency"),
        ([], "body"),
    ],
    ids=repr,
)
def test_wrong_fields(world: World, body: Any, field: str) -> None:
    order_channels(world, 1)
    path = call_path(trunk_id(world), "a")
    before = world.fingerprint()
    problem = refused(world, before, world.call("PUT", path, body), 422, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_withheld_caller_id_is_empty(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", caller="")
    assert answer(world.call("GET", "/calls"))["items"][0]["caller"] == ""


def test_unknown_trunks_and_directions(world: World) -> None:
    trunk, foreign = trunk_id(world), trunk_id(World())
    before = world.fingerprint()
    unseen = (call_path(str(new_id()), "a"), call_path(foreign, "a"))
    for path in unseen:
        for method in ("PUT", "DELETE", "GET"):
            refused(world, before, world.call(method, path, GOOD), 404, "not-found")
    for method in ("PUT", "DELETE", "GET"):
        body = GOOD if method == "PUT" else None
        response = world.call(method, call_path(trunk, "a", "sideways"), body)
        problem = refused(world, before, response, 422, "invalid-fields")
        assert [error["field"] for error in problem["errors"]] == ["direction"]
        refused(world, before, world.call(method, "/trunks/x/calls/inbound/a"), 404, "not-found")


def test_the_same_by_sql(world: World) -> None:
    order_channels(world, 1)
    trunk = make_trunk(world)["id"]
    status, result = by_sql(trunk, "a")
    assert (status, result["in_use"], result["channels"]) == (201, 1, 1)
    assert renewed(world, trunk, "a")["in_use"] == 1
    status, problem = by_sql(trunk, "b")
    assert (status, problem["code"], problem["limit"]) == (409, "no-free-channel", "subscription")
    assert by_sql(str(new_id()), "a")[0] == 404
    for wrong in ({"direction": "x"}, {"callee": ""}, {"caller": "1" * 256}, {"seconds": 0}):
        assert by_sql(trunk, "c", **wrong)[0] == 422
    assert by_sql(trunk, "1" * 256)[0] == by_sql(trunk, "")[0] == 422
    assert by_sql(trunk, "c", seconds=86_401)[0] == 422
    assert live(world) == ["a"]


def test_no_caller_id_refuses_a_call(world: World) -> None:
    """A proxy hands on bytes; what no name may have is left out."""
    trunk = trunk_id(world)
    for index, caller in enumerate(("a\0b", "\u202ea\x1b[31m", "\u200b", "\x9ca")):
        body = {"caller": caller, "callee": "112"}
        assert world.call("PUT", call_path(trunk, str(index)), body).status_code == 201
    callers = [call["caller"] for call in answer(world.call("GET", "/calls"))["items"]]
    assert sorted(callers) == ["", "a", "a[31m", "ab"]


def test_a_refusal_names_the_sku_of_its_group(world: World) -> None:
    World()  # has such a SKU, too
    owner_rows("UPDATE catalogue_sku SET code = 'lines' WHERE id = %s", [world.channel_sku.id])
    status, problem = by_sql(trunk_id(world), "a")
    assert (status, problem["refusals"][0]["sku"]) == (409, "lines")


def test_several_calls_lock_only_what_their_caller_sees(world: World) -> None:
    other = World()
    order_channels(world, 1)
    calls = [
        {"trunk_id": trunk_id(world), "path": world.group.path},
        {"trunk_id": trunk_id(other), "path": other.group.path},
        {"trunk_id": trunk_id(other), "path": world.group.path},
    ]

    def is_free(subscription: Subscription) -> bool:
        lock = "SELECT 1 FROM tenancy_subscription WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED"
        [found] = at_once(partial(rows, lock, subscription.id))
        return bool(found)

    with transaction.atomic():
        rows(
            "SELECT trunks_lock_several(%s, %s::jsonb)",
            world.group.id,
            orjson.dumps(calls).decode(),
        )
        assert (is_free(world.subscription), is_free(other.subscription)) == (False, True)
