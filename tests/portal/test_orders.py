"""Who may do what on the pages of orders and order requests, and what they cost."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from fusion.access.actor import ADMINISTRATOR, AGENT, GROUP, KINDS, ROLES, VIEWER
from fusion.catalogue.models import Sku
from fusion.kernel.ids import new_id
from fusion.lifecycle.apply_due import apply_due_orders
from tests.lifecycle.dating import at
from tests.ordering.placing import consume, events, fall_due, line, placed, seen
from tests.ordering.requesting import requested
from tests.portal.furnished import compact, follow, person, post, text
from tests.portal.people import make_person, signed_in
from tests.world import World, make_organization, make_subscription


def fields(world: World, quantity: int = 1) -> dict[str, str]:
    """What the form of an order, of a request and of an approval sends."""
    return {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-action": "add",
        "lines-0-product": str(world.seat.id),
        "lines-0-quantity": str(quantity),
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role(world: World, kind: str, role: str) -> None:
    client = signed_in(make_person((getattr(world, kind), role)))
    order = placed(world, line(world.seat, 1), effective_at="2029-01-01T00:00:00Z")["id"]
    wanted = requested(world)
    writes = role != VIEWER
    orders, asks = writes and kind == GROUP, writes and kind != GROUP
    subscription = world.subscription.id

    listed = client.get("/orders").content.decode()
    assert ("/orders/new" in listed) == orders
    detail = client.get(f"/orders/{order}").content.decode()
    assert (f"/orders/{order}/cancel" in detail) == orders
    assert (f"/orders/{order}/date" in detail) == orders
    assert ("/order-requests/new" in client.get("/order-requests").content.decode()) == asks
    request = client.get(f"/order-requests/{wanted}").content.decode()
    assert ("/approve" in request, "/reject" in request) == (orders, orders)
    assert ("/withdraw" in request) == asks

    forced = {
        f"/orders/new?subscription={subscription}": orders,
        f"/orders/{order}/cancel": orders,
        f"/orders/{order}/date": orders,
        f"/order-requests/new?subscription={subscription}": writes,
        f"/order-requests/{wanted}/approve": orders,
        f"/order-requests/{wanted}/reject": orders,
        f"/order-requests/{wanted}/withdraw": writes,
    }
    for path, may in forced.items():
        if not may:
            before = world.fingerprint()
            assert client.post(path, fields(world)).status_code == 403, path
            assert world.fingerprint() == before, path
    assert client.get("/orders/new").status_code == (200 if orders else 403)


def test_invisible_orders_are_404(world: World) -> None:
    other = World()
    order, wanted = placed(other, line(other.seat, 1))["id"], requested(other)
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    before = other.fingerprint()
    for order_id in (order, new_id()):
        assert client.get(f"/orders/{order_id}").status_code == 404
        assert client.post(f"/orders/{order_id}/cancel").status_code == 404
        assert client.post(f"/orders/{order_id}/date").status_code == 404
    for id in (wanted, new_id()):
        assert client.get(f"/order-requests/{id}").status_code == 404
        for action in ("approve", "reject", "withdraw"):
            assert client.post(f"/order-requests/{id}/{action}", fields(other)).status_code == 404
    for path in ("/orders/new", "/order-requests/new"):
        address = f"{path}?subscription={other.subscription.id}"
        assert client.get(address).status_code == 404
        assert client.post(address, fields(other)).status_code == 404
    for path in ("/orders", "/orders.csv", "/order-requests"):
        assert client.get(f"{path}?subscription={other.subscription.id}").status_code == 404
    assert client.get(f"/orders?organization={other.tenant.id}").status_code == 404
    assert (
        client.get(f"/orders/new?subscription={world.subscription.id}&again={order}").status_code
        == 404
    )
    foreign = {**fields(world), "lines-0-product": str(other.seat.id)}
    answer = client.post(f"/orders/new?subscription={world.subscription.id}", foreign)
    assert answer.status_code == 422
    assert other.fingerprint() == before


def test_a_tenant_sees_its_own_orders_alone(world: World) -> None:
    beside = make_subscription(make_organization("tenant", world.group), "Beside")
    placed(world, line(world.seat, 1), subscription=beside, external_reference="BESIDE-1")
    mine = placed(world, line(world.seat, 1), external_reference="MINE-1")
    client = signed_in(make_person((world.tenant, VIEWER)))
    for path in ("/orders", "/orders.csv"):
        answer = client.get(path)
        body = b"".join(answer) if answer.streaming else answer.content
        assert (b"MINE-1" in body, b"BESIDE-1" in body) == (True, False)
    for search in ("BESIDE-1", "beside"):
        assert b"No order matches" in client.get("/orders", {"q": search}).content
    detail = client.get(f"/orders/{mine['id']}").content.decode()
    assert "Your provider" in detail and "client:" not in detail


def test_invalid_filters_are_reported(world: World) -> None:
    placed(world, line(world.seat, 1))
    client = signed_in(make_person((world.group, AGENT)))
    for name, value in {
        "state": "x",
        "product": str(new_id()),
        "since": "2026-13-01",
        "until": "0000-00-00",
        "q": "x" * 201,
    }.items():
        answer = client.get("/orders", {name: value})
        assert answer.status_code == 422
        assert b' err"' in answer.content
        assert b"tbody" not in answer.content
        assert client.get("/orders.csv", {name: value}).status_code == 422
    assert client.get("/orders", {"until": "9999-12-31"}).status_code == 200
    assert client.get("/orders", {"q": "9" * 60}).status_code == 200
    assert client.get("/orders", {"cursor": "x"}).status_code == 422


def test_search(world: World) -> None:
    first = placed(world, external_reference="A 1")
    second = placed(world, effective_at="2029-01-01T00:00:00Z")
    client = signed_in(make_person((world.group, AGENT)))
    today = timezone.localdate()
    both = {first["number"], second["number"]}
    for query, found in {
        f"q={first['number']}": {first["number"]},
        "q=A+1": {first["number"]},
        "q=A+2": set(),
        "state=completed": {first["number"]},
        "state=scheduled": {second["number"]},
        "kind=change": both,
        "kind=termination": set(),
        f"since={today}": both,
        f"until={today - timedelta(days=1)}": set(),
        f"product={world.seat.id}": both,
    }.items():
        page = client.get(f"/orders?{query}").content.decode()
        assert {
            int(each) for each in re.findall(r'<a\s+href="/orders/[^"]+"\s*>(\d+)<', page)
        } == found
        rows = b"".join(client.get(f"/orders.csv?{query}")).decode().splitlines()[1:]
        assert {int(row.partition(",")[0]) for row in rows} == found


def test_a_refusal_names_a_licence_by_name_and_code(world: World) -> None:
    placed(world, line(world.seat, 3))
    late = placed(world, line(world.seat, 2, "remove"), effective_at="2029-01-01T00:00:00Z")
    consume(world, world.user_sku, "a", "b", "c")
    client = signed_in(make_person((world.group, AGENT)))
    path = f"/orders/new?subscription={world.subscription.id}"
    Sku.objects.unscoped("test").filter(id=world.user_sku.id).update(name="Desk")
    result = "Desk (user): 3 ordered, 3 in use. To remove 2, release 2"
    removed = {
        **fields(world, 2),
        "lines-0-action": "remove",
        "external_reference": "",
        "effective_at": "",
        "ends_at": "",
        "note": "",
    }
    refused = client.post(path, removed)
    assert refused.status_code == 422 and refused.content.decode().count(result) == 2
    fall_due(late)
    apply_due_orders()
    assert result in client.get(f"/orders/{late['id']}").content.decode()
    more = client.post(path, {**removed, "lines-0-quantity": "9"}).content.decode()
    assert "holds 3 of product seat, 6 fewer than the 9 to remove" in more


def test_malformed_lines_are_refused(world: World) -> None:
    client = signed_in(make_person((world.group, AGENT)))
    path = f"/orders/new?subscription={world.subscription.id}"
    before = world.fingerprint()
    wrong = (
        {"lines-TOTAL_FORMS": "0"},
        {"lines-TOTAL_FORMS": "101"},
        {"lines-0-action": "x"},
        {"lines-0-product": "x"},
        {"lines-0-quantity": "-1"},
        {"lines-0-quantity": "1e3"},
        {"external_reference": "x" * 101},
        {"effective_at": "soon"},
        {"effective_at": "2099-01-01T00:00"},
    )
    for change in wrong:
        assert client.post(path, {**fields(world), **change}).status_code == 422, change
    twice = {
        **fields(world),
        "lines-TOTAL_FORMS": "2",
        "lines-1-action": "add",
        "lines-1-product": str(world.seat.id),
        "lines-1-quantity": "1",
    }
    answer = client.post(path, twice)
    assert answer.status_code == 422 and b"more than one line" in answer.content
    assert world.fingerprint() == before


def test_another_date_for_a_scheduled_order(world: World) -> None:
    client = person(world, GROUP, AGENT)
    order = placed(world, line(world.seat, 2), effective_at=at(48))
    page = f"/orders/{order['id']}/date"
    assert 'type="datetime-local"' in text(client, page)
    before = world.fingerprint()
    for wrong in ("", "x", _local(-25 * 60)):
        assert post(client, page, effective_at=wrong).status_code == 422
    assert world.fingerprint() == before
    shown = follow(client, post(client, page, effective_at=_local(600)))
    assert "The date of order" in shown and "order.rescheduled" in shown
    shown = follow(client, post(client, page, effective_at=_local(-60)))
    assert "was completed" in shown and "later than planned" in shown
    again = post(client, page, effective_at=_local(600))
    assert again.status_code == 422 and "only a scheduled order can get" in again.content.decode()


def test_an_unchanged_date_keeps_its_seconds(world: World) -> None:
    """The form shows minutes only."""
    client = person(world, GROUP, AGENT)
    second = (datetime.now(UTC) + timedelta(days=2)).replace(second=59, microsecond=0)
    order = placed(world, line(world.seat, 2), effective_at=second.isoformat())
    page = f"/orders/{order['id']}/date"
    shown = f"{second:%Y-%m-%dT%H:%M}"
    assert f'value="{shown}"' in text(client, page)
    follow(client, post(client, page, effective_at=shown))
    assert seen(world, order)["effective_at"] == order["effective_at"]
    assert events(world, "order.rescheduled") == []


def test_an_order_with_a_past_date(world: World) -> None:
    client = person(world, GROUP, AGENT)
    page = f"/orders/new?subscription={world.subscription.id}"
    wanted = {**fields(world), "external_reference": "", "note": "", "ends_at": ""}
    shown = client.post(page, {**wanted, "effective_at": _local(-60), "preview": "1"})
    assert "later than planned" in shown.content.decode()
    old = _local(-25 * 60)
    shown = client.post(page, {**wanted, "effective_at": old, "preview": "1"})
    assert "at most 24 hours in the past" in shown.content.decode()
    refused = post(client, page, **wanted, effective_at=old)
    assert refused.status_code == 422
    assert "at most 24 hours in the past" in refused.content.decode()
    done = follow(client, post(client, page, **wanted, effective_at=_local(-60)))
    assert "was placed" in done and "later than planned" in done


def test_an_order_with_an_end(world: World) -> None:
    """The preview knows when it ends; what has ended cannot be taken back."""
    client = person(world, GROUP, AGENT)
    page = f"/orders/new?subscription={world.subscription.id}"
    placed(world, line(world.seat, 40), effective_at=at(1))
    wanted = {**fields(world), "external_reference": "", "note": "", "effective_at": ""}
    shown = client.post(page, {**wanted, "ends_at": _local(600), "preview": "1"})
    assert '<td class="num">40</td>' in compact(shown.content.decode())
    shown = client.post(page, {**wanted, "ends_at": _local(-60), "preview": "1"})
    assert "later than the order takes effect" in shown.content.decode()
    order = placed(world, line(world.seat, 3), ends_at=at(2))
    assert "Take it back" in text(client, f"/orders/{order['id']}")
    fall_due({"id": order["expired_by"]})
    apply_due_orders()
    assert "Take it back" not in text(client, f"/orders/{order['id']}")


def _local(minutes: int) -> str:
    """So many minutes from now, as browsers send it; people in tests read UTC."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")
