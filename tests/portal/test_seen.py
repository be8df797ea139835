"""Failed orders in the portal: the list, its filter and counts, and marking them as seen."""

import pytest
from django.test import Client

from fusion.access.actor import AGENT, VIEWER
from fusion.portal import pending
from tests.ordering.failing import failed
from tests.ordering.placing import events, seen
from tests.portal.furnished import compact, person, text
from tests.world import World


def badge(client: Client) -> str:
    """The count of failures in the navigation; empty without one."""
    page = compact(text(client, "/orders"))
    mark = 'title="Failed orders that nobody has seen">'
    return page.partition(mark)[2].partition("<")[0]


def test_one_is_marked_on_its_page(world: World) -> None:
    agent, viewer, tenant = person(world, "group", AGENT), person(world), person(world, "tenant")
    viewer = person(world, "group", VIEWER)
    (order,) = failed(world)
    page = f"/orders/{order['id']}"
    assert "Mark as seen" in text(agent, page)
    for other in (viewer, tenant):
        assert "Mark as seen" not in text(other, page)
        assert other.post(f"{page}/seen").status_code == 403
    assert seen(world, order)["seen"] is None
    assert (badge(agent), badge(viewer), badge(tenant)) == ("1", "1", "")
    done = agent.post(f"{page}/seen", follow=True).content.decode()
    assert "The failure was marked as seen." in done and "Mark as seen" not in done
    assert seen(world, order)["seen"]["by"].startswith("member:")
    assert "Seen by<bdi>Robin Example</bdi>," in compact(text(viewer, page))
    assert "Seen by<bdi>Your provider</bdi>," in compact(text(tenant, page))
    assert badge(agent) == ""


def test_all_that_the_list_shows_are_marked(world: World) -> None:
    agent, tenant = person(world, "group", AGENT), person(world, "tenant")
    first, second = failed(world, 2)
    listed = compact(text(agent, "/orders?state=failed&seen=no"))
    assert "Mark 2 failed orders as seen" in listed
    assert "failed orders as seen" not in text(tenant, "/orders?state=failed")
    ids = listed.partition('name="orders" value="')[2].partition('"')[0]
    assert set(ids.split()) == {first["id"], second["id"]}
    (third,) = failed(world)  # nobody has seen it in that list
    done = agent.post("/orders/seen", {"orders": ids}, follow=True)
    assert "2 failed orders were marked as seen." in done.content.decode()
    unseen = compact(text(agent, "/orders?state=failed&seen=no"))
    assert f"/orders/{third['id']}" in unseen and f"/orders/{first['id']}" not in unseen
    marked = compact(text(agent, "/orders?seen=yes"))
    assert "Seen by<bdi>Robin Example</bdi>," in marked and f"/orders/{third['id']}" not in marked
    assert badge(agent) == "1"
    assert tenant.post("/orders/seen", {"orders": ids}).status_code == 403
    again = agent.post("/orders/seen", {"orders": ids}, follow=True).content.decode()
    assert "0 failed orders were marked as seen." in again


@pytest.mark.parametrize("ids", ["", "x", "01a207b6-cb3c-7317-933a-237f75106487"])
def test_odd_ids_mark_nothing(world: World, ids: str) -> None:
    agent = person(world, "group", AGENT)
    failed(world)
    before = world.fingerprint()
    response = agent.post("/orders/seen", {"orders": ids}, follow=True)
    assert response.status_code in (200, 404)
    assert world.fingerprint() == before and events(world, "order.seen") == []


def test_many_are_not_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "MOST", 1)
    failed(world, 2)
    assert badge(person(world, "group", VIEWER)) == "1+"
