"""Inventory, events and audit: for the group alone, and what they find."""

from datetime import timedelta
from typing import Any

import pytest

from fusion.access.actor import ADMINISTRATOR, AGENT, GROUP, KINDS, ROLES, VIEWER
from fusion.events import event_list
from fusion.events.event_list import WantedEvents, list_events
from fusion.events.feed import EventFilter
from fusion.events.types import OBJECTS
from fusion.kernel.clock import now
from tests.numbers.stock import assigned, block, entitle, french, stock
from tests.ordering.placing import line, placed
from tests.paging import follow
from tests.portal.people import make_person, signed_in
from tests.world import World, make_organization, make_subscription


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role(world: World, kind: str, role: str) -> None:
    client = signed_in(make_person((getattr(world, kind), role)))
    french(world)
    home = client.get("/").content.decode()
    sees, adds = kind == GROUP, kind == GROUP and role != VIEWER
    for path in ("/inventory", "/inventory/ranges", "/events", "/audit"):
        assert client.get(path).status_code == (200 if sees else 403), path
        if path != "/inventory/ranges":
            assert (f'href="{path}"' in home) == sees
    if sees:
        assert ("/inventory/ranges/new" in client.get("/inventory").content.decode()) == adds
    first, *_, last = block(3)
    before = world.fingerprint()
    answer = client.post(
        "/inventory/ranges/new",
        {"sku": "fr-geographic", "first": first, "last": last, "reason": ""},
    )
    assert answer.status_code == (303 if adds else 403)
    assert (world.fingerprint() == before) != adds


def test_nothing_of_another_group(world: World) -> None:
    other = World()
    numbers = stock(other, 2)
    entitle(other, 2)
    assigned(other, *numbers[:1])
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    for path in ("/inventory", "/inventory/ranges", "/events", "/audit"):
        page = client.get(path).content.decode()
        assert str(other.subscription.id) not in page and numbers[0] not in page
    assert client.get(f"/events?subscription={other.subscription.id}").status_code == 404
    assert client.get(f"/audit?organization={other.tenant.id}").status_code == 404
    foreign = client.get("/audit", {"object": numbers[0]}).content.decode()
    assert "No action matches" in foreign


def test_an_unavailable_range_is_refused(world: World) -> None:
    taken = stock(World(), 3)
    french(world)
    client = signed_in(make_person((world.group, AGENT)))
    before = world.fingerprint()
    for first, last in (
        (taken[0], taken[-1]),
        ("33 1", "33 2"),
        ("", ""),
        ("+33199009999", "+33199009990"),
        ("+3212345678", "+3212345679"),
        ("<script>", "x" * 41),
    ):
        fields = {"sku": "fr-geographic", "first": first, "last": last, "reason": ""}
        answer = client.post("/inventory/ranges/new", fields)
        assert answer.status_code == 422, fields
        assert b"Nothing was changed" in answer.content
    for sku in ("", "user", "unknown"):
        ends = {"first": "+33199009990", "last": "+33199009999"}
        fields = {"sku": sku, **ends, "reason": ""}
        assert client.post("/inventory/ranges/new", fields).status_code == 422
    assert world.fingerprint() == before


def test_numbers_are_found(world: World) -> None:
    numbers = stock(world, 4)
    entitle(world, 1)
    assigned(world, numbers[1])
    client = signed_in(make_person((world.group, VIEWER)))

    def found(**query: str) -> list[bool]:
        page = client.get("/inventory", query).content.decode()
        return [number in page for number in numbers]

    assert found() == [True] * 4
    assert found(status="assigned") == [False, True, False, False]
    assert found(status="free", starts=numbers[2]) == [False, False, True, False]
    assert found(ends=numbers[3][-4:]) == [False, False, False, True]
    assert found(sku="fr-geographic", starts="+33 " + numbers[0][3:]) == [True] + [False] * 3
    assert world.subscription.name in client.get("/inventory?status=assigned").content.decode()


def test_events_and_audit_are_found(world: World) -> None:
    other = make_subscription(make_organization("tenant", world.group), "Elsewhere")
    placed(world, line(world.seat, 1))
    placed(world, line(world.seat, 1), subscription=other)
    client = signed_in(make_person((world.group, VIEWER)))
    page = client.get("/events?type=order.*").content.decode()
    assert page.count("<code>order.completed</code>") == 2 and "Elsewhere" in page
    page = client.get(f"/events?type=order.*&subscription={world.subscription.id}").content.decode()
    assert page.count("<code>order.completed</code>") == 1 and "Elsewhere" not in page
    assert "<code>order.completed" not in client.get("/events?type=product.*").content.decode()
    audit = client.get("/audit?verb=order").content.decode()
    assert audit.count("Order placed") == 2
    assert "Order placed" not in client.get("/audit?verb=product").content.decode()
    assert "Order placed" in client.get(f"/audit?organization={world.tenant.id}").content.decode()
    for path in ("/events?cursor=x", "/audit?cursor=x", "/inventory?cursor=x"):
        assert client.get(path).status_code == 422


def test_pages_of_events(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        placed(world, line(world.seat, 1))
        placed(world, line(world.seat, 1, "remove"))
    actor = world.actor()

    def walked(limit: int, noun: str = "") -> list[str]:
        types = frozenset({f"{noun}.*"} if noun else ())
        wanted = WantedEvents(filter=EventFilter(types=types))

        def read(cursor: str | None) -> Any:
            return list_events(actor, wanted, limit=limit, cursor=cursor)

        return [each["id"] for page in follow(read) for each in page["items"]]

    everything = walked(500)
    assert len(everything) == len(set(everything)) >= 10
    assert walked(3) == everything
    orders = walked(500, noun="order")
    assert len(orders) == 10
    monkeypatch.setattr(event_list, "WALK", 2)
    assert walked(3) == everything
    assert walked(3, noun="order") == orders
    assert walked(3, noun="product") == []
    assert sum(len(walked(500, noun=noun)) for noun in OBJECTS) == len(everything)


def test_filters_of_events(world: World) -> None:
    """By type, customer, subscription, object and day; each can be shared as a URL."""
    far = make_organization("tenant", world.group, name="Far & Away Ltd")
    other = make_subscription(far, "Elsewhere")
    numbers = stock(world, 2)
    entitle(world, 2)
    assigned(world, numbers[0])
    placed(world, line(world.seat, 1), subscription=other)
    client = signed_in(make_person((world.group, VIEWER)))

    def found(**query: object) -> str:
        response = client.get("/events", {name: str(text) for name, text in query.items()})
        assert response.status_code == 200, response.content
        return str(response.content.decode())

    assert "Elsewhere" in found() and "number.assigned" in found()
    for organization in (far.id, "far", "Far & Away Ltd", "away"):
        page = found(organization=organization)
        assert "Far &amp; Away Ltd and everything below" in page
        assert "<code>order.completed" in page and "<code>number.assigned" not in page
    below = found(organization=world.reseller.id)
    assert "<code>number.assigned" in below and "Elsewhere" not in below
    assert "<code>order.completed" not in found(type="number.assigned")
    for text in (numbers[0], f"{numbers[0][:4]} {numbers[0][4:]}"):
        assert found(object=text, type="number.assigned").count("<code>number.assigned") == 1
    assert "No event matches" in found(object=numbers[1])
    assert "<code>order.completed" in found(since=now().date().isoformat())
    assert "No event matches" in found(since=(now() + timedelta(days=2)).date().isoformat())
    assert client.get(f"/events?organization={World().group.id}").status_code == 404
    query = {"organization": "far", "type": "order.*"}
    file = b"".join(client.get("/events.csv", query)).decode()
    assert "order.completed" in file and "number.assigned" not in file


def test_invalid_filters_of_events(world: World) -> None:
    for number in range(4):
        make_organization("tenant", world.group, name=f"Twin {number}")
    client = signed_in(make_person((world.group, AGENT)))
    for name, text, message in (
        ("type", "order.eaten", "order.eaten"),
        ("organization", "Twin", "Several match “Twin”: "),
        ("organization", "Nowhere", "No customer or partner matches “Nowhere”."),
        ("organization", "a\u202eb", "U+202E"),
        ("object", "nonsense", "nonsense"),
        ("object", "112", "112"),
        ("since", "yesterday", "yesterday is not a date"),
        ("subscription", "x", "This is not the id of a subscription."),
    ):
        response = client.get("/events", {name: text})
        page = response.content.decode()
        assert response.status_code == 422, name
        assert f'id="id_{name}_error"' in page and message in page, (name, page)
        response = client.get("/events.xlsx", {name: text})
        assert response.status_code == 422 and message in response.content.decode()
