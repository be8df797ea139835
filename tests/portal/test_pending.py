"""What is scheduled and what has failed, on the pages of subscriptions, orders and the overview."""

from datetime import timedelta
from uuid import UUID

import pytest

from fusion.access.actor import AGENT
from fusion.kernel.clock import now
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.ordering.see import see_failure
from fusion.portal import pending
from tests.lifecycle.dating import at, scheduled
from tests.ordering.placing import consume, fall_due, line, placed
from tests.portal.furnished import at as page_of
from tests.portal.furnished import compact, person, text
from tests.world import World


def test_pending_changes_on_the_page_of_a_subscription(world: World) -> None:
    tenant = person(world, "tenant", "viewer")
    first = placed(world, line(world.seat, 3), effective_at=at(24))
    page = compact(text(tenant, page_of(world)))
    assert "3 more" in page and f"/orders/{first['id']}" in page
    placed(world, line(world.seat, 5))
    for hours in range(25, 31):
        placed(world, line(world.seat, 2, "remove"), effective_at=at(hours))
    page = compact(text(tenant, page_of(world)))
    assert page.count("2 fewer") == 8 and "3 more" in page  # four of each SKU
    assert "All scheduled orders" in page
    scheduled(world, "terminate", 1)
    page = compact(text(tenant, page_of(world)))
    assert "5 fewer" in page and "could not be made today" in page


def fields_of(world: World) -> dict[str, str]:
    """The form of an order that adds 4 seats, to be previewed."""
    return {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-action": "add",
        "lines-0-product": str(world.seat.id),
        "lines-0-quantity": "4",
        "external_reference": "",
        "effective_at": "",
        "note": "",
        "preview": "1",
    }


def test_the_form_of_an_order_shows_its_date(world: World) -> None:
    client = person(world, "group", AGENT)
    path = f"/orders/new?subscription={world.subscription.id}"
    date = (now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    fields = {**fields_of(world), "lines-0-action": "remove", "effective_at": date}

    def preview() -> str:
        return compact(client.post(path, fields).content.decode())

    placed(world, line(world.seat, 5))
    consume(world, world.user_sku, "a", "b")
    page = preview()
    assert "this order could not be carried out" in page
    assert "No other order is scheduled before it." in page
    placed(world, line(world.seat, 2), effective_at=at(24))
    page = preview()
    assert "UTC this order can be carried out" in page and "Held then" in page
    assert "1 scheduled order before it is counted." in page
    assert '<td class="num">7</td>' in page and "<strong>3</strong>" in page
    assert "After scheduled orders" in page
    failing = placed(world, line(world.seat, 99, "remove"), effective_at=at(48))
    page = preview()
    assert "it is uncertain whether this order can be carried out" in page
    assert f'/orders/{failing["id"]}"' in page and "Held now" in page
    scheduled(world, "terminate", 25)
    page = preview()
    assert "this order could not be carried out" in page
    assert "terminates the subscription before that date" in page


def test_pending_changes_in_the_form_of_an_order(world: World) -> None:
    client = person(world, "group", AGENT)
    path = f"/orders/new?subscription={world.subscription.id}"
    fields = fields_of(world)
    placed(world, line(world.seat, 5))
    assert "After scheduled orders" not in client.post(path, fields).content.decode()
    placed(world, line(world.seat, 2, "remove"), effective_at=at(24))
    page = compact(client.post(path, fields).content.decode())
    assert "After scheduled orders" in page and "2 fewer" in page
    assert '<td class="num">7</td>' in page
    placed(world, line(world.seat, 40, "remove"), effective_at=at(25))
    page = compact(client.post(path, fields).content.decode())
    assert "could not be made today" in page and '<td class="num">–</td>' in page


def test_warnings_in_words(world: World) -> None:
    client = person(world, "group", AGENT)
    placed(world, line(world.seat, 3))
    consume(world, world.user_sku, "a", "b")
    order = placed(world, line(world.seat, 2, "remove"), effective_at=at(24))
    page = text(client, f"/orders/{order['id']}")
    assert "3 ordered, 2 in use. To remove 2, release 1 first." in page


def test_failed_orders_are_marked_until_they_are_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, tenant = person(world, "group", "viewer"), person(world, "tenant")
    assert "Waiting for you" not in text(client, "/")
    order = placed(world, line(world.seat, 2, "remove"), effective_at=at(1))
    fall_due(order)
    apply_due_orders()
    page = compact(text(client, "/"))
    assert "1 scheduled order failed" in page
    assert f"/orders/{order['id']}" in page and 'href="/orders?state=failed&amp;seen=no"' in page
    assert "scheduled order failed" not in text(tenant, "/")
    for reader in (client, tenant):
        page = text(reader, page_of(world))
        assert "Scheduled orders failed" in page and f"/orders/{order['id']}" in page
    with monkeypatch.context() as later:
        later.setattr(pending, "now", lambda: now() + timedelta(days=7))
        assert "scheduled order failed" in text(client, "/")
        assert "Scheduled orders failed" in text(client, page_of(world))
        assert "Scheduled orders failed" not in text(tenant, page_of(world))
    see_failure(world.actor("group", AGENT), order_id=UUID(order["id"]))
    assert "scheduled order failed" not in text(client, "/")
    for reader in (client, tenant):
        assert "Scheduled orders failed" not in text(reader, page_of(world))
