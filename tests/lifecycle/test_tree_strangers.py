"""What a move keeps the former and the new side from: records, names, words and clients."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import ProgrammingError, connection

from fusion.cli.verify import differences
from fusion.kernel.clock import instant, now
from fusion.kernel.ids import new_id
from fusion.lifecycle.move import move_organization
from fusion.ordering.place import Line
from fusion.ordering.request_order import request_order
from fusion.tenancy.models import Organization
from tests.bounds import PATIENCE
from tests.concurrency.actors import holding
from tests.lifecycle.tree_moves import move, moved_to
from tests.numbers.stock import assigned, block, entitle, french, stock
from tests.tenancy.acting import client_of, token_of
from tests.trunks.calling import admitted, end, live, order_channels, put, trunk_id
from tests.users.staff import created, equip, linked
from tests.world import World, answer, make_organization


@pytest.fixture
def other(world: World) -> Organization:
    """Another distributor of the group."""
    return make_organization("distributor", world.group, "Other")


def items(world: World, path: str, by: Any) -> list[dict[str, Any]]:
    """The items of a list or report; none if it is refused as not found."""
    response: Any = world.call("GET", path, by=by)
    text = response.getvalue() if response.streaming else response.content
    found: list[dict[str, Any]] = orjson.loads(text).get("items", [])
    assert found or response.status_code in (200, 404)
    return found


def test_call_records_stay_with_the_former_side_under_every_filter(
    world: World, other: Organization
) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "before")
    end(world, trunk, "before")
    tenant = make_organization("tenant", other, "Next")
    moved_to(world, world.subscription, tenant)
    ids = (f"subscription_id={world.subscription.id}", f"trunk_id={trunk}")
    period = f"from={instant(now() - timedelta(days=1))}&to={instant(now() + timedelta(days=1))}"
    for query in ("", *ids, period, f"{ids[0]}&{period}"):
        for by in (tenant, other):
            assert items(world, f"/call-records?{query}", by) == []
        assert len(items(world, f"/call-records?{query}", world.group)) == 1


def test_phone_usage_is_shown_to_the_owners_of_the_time_alone(
    world: World, other: Organization
) -> None:
    [number] = equip(world, 1, 1)
    user = linked(world, created(world), number)
    moved_to(world, world.reseller, other)
    path = f"/subscriptions/{world.subscription.id}"
    for there in (path, f"/organizations/{world.reseller.id}", f"/organizations/{world.tenant.id}"):
        renamed = {"name": "LATER", "external_reference": f"LATER {new_id()}"}
        assert world.call("PATCH", there, renamed, by=other).status_code == 200
    names = {"login": "later", "display_name": "LATER"}
    assert world.call("PATCH", f"{path}/users/{user['id']}", names, by=other).status_code == 200
    period = f"from={instant(now() - timedelta(days=1))}&to={instant(now() + timedelta(days=1))}"
    report = f"/reports/phone-usage?{period}"
    [former] = items(world, report, world.distributor)
    assert "later" not in str(former).lower()
    assert (former["tenant_name"], former["login"]) == (world.tenant.name, "anna")
    for query in (
        "",
        f"&organization_id={world.reseller.id}",
        f"&organization_id={world.tenant.id}",
    ):
        [present] = items(world, report + query, other)
        assert (present["tenant_name"], present["login"]) == ("LATER", "later")
        assert present["linked_at"] == former["unlinked_at"]


def moving(world: World, to: Organization) -> None:
    move_organization(world.actor(), organization_id=world.reseller.id, parent_id=to.id)


def test_the_moved_organization_goes_on_during_its_move(world: World, other: Organization) -> None:
    entitle(world, 2)
    [one, two] = stock(world, 2)
    assigned(world, one)
    trunk = trunk_id(world)
    path = f"/subscriptions/{world.subscription.id}/numbers"
    calls = (
        lambda: put(world, trunk, "em", direction="outbound", callee="112", by=world.tenant),
        lambda: world.call("POST", path, {"numbers": [two]}, by=world.reseller),
        lambda: world.call("DELETE", f"{path}/{one}", by=world.tenant),
    )
    for by in (world.tenant, world.reseller):
        world.token(by)
    with holding() as meanwhile:
        moving(world, other)
        late = [meanwhile.start(call) for call in calls]
    assert [each.result(PATIENCE).status_code for each in late] == [201, 201, 204]
    assert live(world) == ["em"]


@pytest.mark.parametrize("what", ["api-clients", "members", "organizations", "subscriptions"])
def test_who_lost_sight_while_waiting_creates_nothing(
    world: World, other: Organization, what: str
) -> None:
    path, body = {
        "api-clients": (
            f"/organizations/{world.reseller.id}/api-clients",
            {"name": "Late", "scopes": ["tenancy:read"]},
        ),
        "members": (
            f"/organizations/{world.reseller.id}/members",
            {"email": f"{new_id()}@example.com", "role": "viewer"},
        ),
        "organizations": (
            "/organizations",
            {"kind": "tenant", "parent_id": str(world.reseller.id), "name": "Late"},
        ),
        "subscriptions": ("/subscriptions", {"tenant_id": str(world.tenant.id), "name": "Late"}),
    }[what]
    world.token(world.distributor)
    with holding() as meanwhile:
        moving(world, other)
        late = meanwhile.start(lambda: world.call("POST", path, body, by=world.distributor))
    assert late.result(PATIENCE).status_code == 404


def test_clients_outlive_those_of_the_former_side(world: World, other: Organization) -> None:
    first = client_of(world, world.distributor, ["tenancy:write", "orders:read"])
    body = {"name": "Made", "scopes": ["orders:read"]}
    path = f"/organizations/{world.reseller.id}/api-clients"
    made = answer(world.call("POST", path, body, by=token_of(first)))
    moved_to(world, world.reseller, other)
    former = f"/organizations/{world.distributor.id}/api-clients/{first['id']}"
    assert world.call("DELETE", former).status_code == 204
    assert world.call("GET", "/orders", by=token_of(made)).status_code == 200


def test_the_new_side_does_not_read_the_words_of_the_former(
    world: World, other: Organization
) -> None:
    body = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
        "note": "SECRET",
    }
    wish = answer(world.call("POST", "/order-requests", body, by=world.distributor))
    reason = {"reason": "SECRET"}
    assert world.call("POST", f"/order-requests/{wish['id']}/reject", reason).status_code == 200
    port = {"direction": "in", "numbers": block(1), "sku": french(world).code, "note": "SECRET"}
    path = f"/subscriptions/{world.subscription.id}/port-requests"
    request = answer(world.call("POST", path, {**port, "carrier": "SECRET"}, by=world.distributor))
    assert world.call("POST", f"/port-requests/{request['id']}/reject", reason).status_code == 200
    moved_to(world, world.reseller, other)
    for noun, id in (("order-requests", wish["id"]), ("port-requests", request["id"])):
        for there in (f"/{noun}", f"/{noun}/{id}"):
            for by in (other, world.reseller):
                response = world.call("GET", there, by=by)
                assert response.status_code == 200
                assert b"SECRET" not in response.content
            assert b"SECRET" in world.call("GET", there).content


def test_a_request_written_during_the_move_is_the_requester_s(
    world: World, other: Organization
) -> None:
    actor = world.actor("reseller")
    lines = (Line(world.seat.id, 1),)
    with holding() as meanwhile:
        moving(world, other)
        late = meanwhile.start(
            lambda: request_order(actor, subscription_id=world.subscription.id, lines=lines)
        )
    id = late.result(PATIENCE).body["id"]
    withdrawn = world.call("POST", f"/order-requests/{id}/withdraw", by=world.reseller)
    assert withdrawn.status_code == 200, withdrawn.content
    assert differences() == []


def test_only_moves_write_former_owners(world: World, other: Organization) -> None:
    moved_to(world, world.reseller, other)
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("SET ROLE fusion_runtime")
        try:
            cursor.execute(
                "INSERT INTO tenancy_subscriptionowner SELECT * FROM tenancy_subscriptionowner"
            )
        finally:
            cursor.execute("RESET ROLE")


def test_a_dry_run_to_where_it_is_moves_nothing(world: World) -> None:
    for moved, there in ((world.reseller, world.distributor), (world.subscription, world.tenant)):
        preview = answer(move(world, moved, there, dry_run=True))
        assert (preview["organizations"], preview["subscriptions"]) == (0, 0)
