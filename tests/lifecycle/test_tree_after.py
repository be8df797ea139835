"""What subscriptions have after a move: reports by the owner of the time, links, calls, ports."""

from datetime import timedelta
from typing import Any

import orjson
from django.db import connection

from fusion.cli.verify import differences
from fusion.kernel.clock import instant, now
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.apply_due_ports import apply_due_ports
from tests.lifecycle.tree_moves import feed, moved_to
from tests.numbers.porting import fall_due, soon
from tests.numbers.stock import block, entitle, french
from tests.ordering.placing import fall_due as order_falls_due
from tests.ordering.placing import line, placed, seen
from tests.trunks.calling import admitted, call_path, end, order_channels, renewed, trunk_id
from tests.users.staff import created, equip, linked
from tests.world import World, answer, make_organization, make_subscription


def rows(world: World, path: str, by: Any = None) -> list[dict[str, Any]]:
    """The items of a report."""
    response: Any = world.call("GET", path, by=by)
    text = response.getvalue() if response.streaming else response.content
    items: list[dict[str, Any]] = orjson.loads(text)["items"]
    return items


def test_a_link_is_cut_where_its_owner_changed(world: World) -> None:
    [number] = equip(world, 1, 1)
    user = linked(world, created(world), number)
    other = make_organization("distributor", world.group, "Other")
    tenant = make_organization("tenant", other, "Next")
    moved_to(world, world.subscription, tenant)
    report = f"/reports/phone-usage?from={instant(now() - timedelta(days=1))}&to={instant(now())}"
    former, present = sorted(rows(world, report), key=lambda row: row["unlinked_at"] or "~")
    assert [former["tenant_id"], present["tenant_id"]] == [str(world.tenant.id), str(tenant.id)]
    assert former["distributor_id"] == str(world.distributor.id)
    assert (present["distributor_id"], present["reseller_id"]) == (str(other.id), None)
    assert former["unlinked_at"] == present["linked_at"]
    assert present["unlinked_at"] is None
    assert {former["number"], present["number"]} == {number}
    assert rows(world, report, world.tenant) == [former]
    assert rows(world, report, tenant) == [present]
    assert (
        answer(
            world.call(
                "GET", f"/subscriptions/{world.subscription.id}/users/{user['id']}", by=tenant
            )
        )["number"]
        == number
    )
    assert differences() == []


def test_links_of_another_subscription_are_left_as_they_are(world: World) -> None:
    beside = make_subscription(world.tenant, "Beside")
    numbers = equip(world, 1, 1), equip(world, 1, 1, beside)
    for [number], subscription in zip(numbers, (world.subscription, beside), strict=True):
        linked(world, created(world, subscription=subscription), number)
    moved_to(world, world.subscription, make_organization("tenant", world.group, "Next"))
    report = f"/reports/phone-usage?from={instant(now() - timedelta(days=1))}&to={instant(now())}"
    found = [row["number"] for row in rows(world, report)]
    assert sorted(found) == sorted([*numbers[0], *numbers[0], *numbers[1]])


def test_live_calls_go_on_and_records_stay_where_they_were_written(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, "before")
    end(world, trunk, "before")
    admitted(world, trunk, "during")
    tenant = make_organization("tenant", world.group, "Next")
    moved_to(world, world.subscription, tenant)
    renewed(world, trunk, "during")
    there = call_path(trunk, "during")
    assert world.call("DELETE", there, by=world.tenant).status_code == 404
    assert world.call("DELETE", there, by=tenant).status_code == 204
    period = f"from={instant(now() - timedelta(days=1))}&to={instant(now() + timedelta(days=1))}"
    for reader, calls in ((world.tenant, ["before"]), (tenant, ["during"])):
        records = rows(world, f"/call-records?{period}", reader)
        assert [each["call_id"] for each in records] == calls
    assert differences() == []


def test_pending_orders_and_ports_move_along(world: World) -> None:
    entitle(world, 2)
    later = instant(now() + timedelta(days=3))
    order = placed(world, line(world.seat, 2), effective_at=later)
    path = f"/subscriptions/{world.subscription.id}"
    body = {"numbers": block(1), "sku": french(world).code, "effective_at": soon()}
    port = answer(world.call("POST", f"{path}/numbers/port-in", body))
    wanted = {"direction": "in", "numbers": block(1), "sku": french(world).code, "note": "Ours."}
    wish = answer(world.call("POST", f"{path}/port-requests", wanted, by=world.reseller))
    approved = world.call("POST", f"/port-requests/{wish['id']}/approve", {"port_date": soon()})
    assert approved.status_code == 200, approved.content
    tenant = make_organization("tenant", world.group, "Next")
    moved_to(world, world.subscription, tenant)
    assert differences() == []
    own = answer(world.call("GET", f"/port-requests/{wish['id']}", by=tenant))
    assert (own["state"], own["organization_id"], own["note"]) == ("approved", str(tenant.id), None)
    assert world.call("GET", f"/port-requests/{wish['id']}", by=world.reseller).status_code == 404
    [changed] = [each for each in feed(world, tenant) if each["type"] == "port-request.changed"]
    assert (changed["subject"], changed["data"]["organization_id"]) == (own["id"], str(tenant.id))
    order_falls_due(order)
    fall_due(port)
    apply_due_orders()
    apply_due_ports()
    assert seen(world, order)["state"] == "completed"
    assert world.call("GET", f"/orders/{order['id']}", by=tenant).status_code == 200
    assert answer(world.call("GET", f"/port-requests/{port['id']}"))["state"] == "completed"
    assert differences() == []


def test_owners_are_kept_and_cannot_be_changed(world: World) -> None:
    first = make_organization("tenant", world.group, "First")
    moved_to(world, world.subscription, first)
    moved_to(world, world.subscription, world.tenant)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, since::text, until::text FROM tenancy_ownership"
            " WHERE subscription_id = %s ORDER BY until",
            [world.subscription.id],
        )
        owners = cursor.fetchall()
    assert [tenant for tenant, *_ in owners] == [world.tenant.id, first.id, world.tenant.id]
    assert [until for *_, until in owners[:-1]] == [since for _, since, _ in owners[1:]]
