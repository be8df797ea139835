"""What waits, on the overview: to decide, due soon, failed; below the group one's own requests."""

from datetime import timedelta

import pytest
from django.test import Client

from fusion.access.actor import ADMINISTRATOR, VIEWER
from fusion.kernel.clock import now
from fusion.portal.overview import waiting as waiting_module
from fusion.portal.overview.waiting import waiting
from tests.lifecycle.moving import neighbour
from tests.numbers.porting import decided, requested, soon
from tests.numbers.stock import assigned, block, entitle, stock
from tests.ordering.placing import terminate
from tests.ordering.requesting import requested as order_requested
from tests.portal.furnished import compact, text
from tests.portal.people import make_person, signed_in
from tests.world import World


def client_of(world: World, kind: str, role: str = ADMINISTRATOR) -> Client:
    """Somebody who is signed in."""
    return signed_in(make_person((getattr(world, kind), role)))


def test_what_waits_for_the_group(world: World) -> None:
    group, viewer = client_of(world, "group"), client_of(world, "group", VIEWER)
    assert "Waiting for you" not in text(group, "/")
    numbers = stock(world, 3)
    entitle(world, 9)
    assigned(world, *numbers)
    order = order_requested(world)
    ports = [requested(world, "in", block(1)) for _ in range(4)]
    due = decided(world, requested(world, "in", block(1)), "approve", port_date=soon(3))
    later = decided(world, requested(world, "in", block(1)), "approve", port_date=soon(30))
    for client in (group, viewer):
        page = compact(text(client, "/"))
        assert "Waiting for you" in page
        assert "1 open order request<" in page and f"/order-requests/{order}" in page
        assert 'href="/port-requests?state=open"' in page and "4 open port requests" in page
        named = [port["id"] for port in ports if f"/port-requests/{port['id']}" in page]
        assert named == [port["id"] for port in ports[:3]]  # the oldest wait longest
        assert "1 port within 7 days" in page and f"/port-requests/{due['id']}" in page
        assert f"/port-requests/{later['id']}" not in page
        assert "Waiting for you" not in text(client, f"/overview/{world.tenant.id}")


def test_failed_ports_are_shown_for_a_week(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    group = client_of(world, "group")
    entitle(world, 1)
    port = decided(world, requested(world, "in", block(1)), "approve", port_date=soon(60))
    assert "Waiting for you" not in text(group, "/")
    terminate(world)
    page = compact(text(group, "/"))
    assert "1 port failed in the last 7 days" in page and f"/port-requests/{port['id']}" in page
    monkeypatch.setattr(waiting_module, "now", lambda: now() + timedelta(days=8))
    assert "port failed" not in text(group, "/")


def test_own_requests_below_the_group(world: World) -> None:
    beside = neighbour(world)
    entitle(world, 1)
    order_requested(world)
    own = requested(world, "in", block(1))
    other = requested(world, "in", block(1), by=beside.tenant, subscription=beside)
    for kind, sees_both in (("tenant", False), ("reseller", True)):
        for role in (ADMINISTRATOR, VIEWER):
            page = text(client_of(world, kind, role), "/")
            assert "Your requests" in page and "Waiting for you" not in page
            assert "open order request" in page and f"/port-requests/{own['id']}" in page
            assert (f"/port-requests/{other['id']}" in page) is (
                sees_both and beside.tenant.path.startswith(world.reseller.path)
            )
    foreign = World()
    assert "Your requests" not in text(client_of(foreign, "tenant"), "/")


def test_many_requests_are_counted_to_a_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entitle(world, 5)
    for _ in range(3):
        requested(world, "in", block(1))
    monkeypatch.setattr(waiting_module, "MOST", 2)
    (entry,) = waiting(world.actor())
    assert entry["label"] == "more than 2 open port requests"
