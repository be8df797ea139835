"""Restoring a terminated subscription on its page: what is shown before, and why it is refused."""

import pytest
from django.test import Client

from fusion.access.actor import ADMINISTRATOR, AGENT
from tests.lifecycle.dating import ask, orders, state
from tests.lifecycle.restoring import equipped, no_quarantine, terminated
from tests.numbers.stock import run_out
from tests.ordering.placing import line, placed
from tests.portal.furnished import at, person, text
from tests.portal.pressing import key, shown
from tests.world import World, answer

UNSAID = {"external_reference": "", "note": "", "shown": ""}
"""The fields of the form, as it is opened."""


def test_the_page_says_what_comes_back_and_what_does_not(world: World) -> None:
    numbers = equipped(world)
    later = placed(world, line(world.seat), effective_at="2029-01-01T00:00:00Z")
    ask(world, "suspend", reason="fraud")
    terminated(world)
    run_out(numbers[0])
    path = f"/numbers/{numbers[0]}/restock"
    assert world.call("POST", path, {"reason": "Mistake"}).status_code == 200
    client = person(world)
    page = text(client, at(world))
    assert "This subscription is terminated. The page shows its history." in page
    assert at(world, "restore") in page
    page = text(client, at(world, "restore"))
    assert "You can restore it" in page and "while its numbers are in quarantine" in page
    assert f"2 × {world.seat.name}, revision 2" in page
    assert "Suspended, as it was: Fraud" in " ".join(page.split())
    assert f"{numbers[0]}: free again" in page
    assert "1 lost its number: link it again." in page
    assert "1: route numbers to it again." in page
    assert f">{later['number']}</a>" in page
    form = {**UNSAID, "shown": shown(page), "note": "A mistake", "external_reference": "back"}
    response = client.post(at(world, "restore"), form)
    assert response.status_code == 303
    assert "The subscription was restored." in text(client, response.headers["Location"])
    assert state(world) == ("suspended", ["fraud"])
    order = orders(world)[-1]
    assert (order["kind"], order["note"]) == ("reversal", "A mistake")
    assert order["external_reference"] == "back"
    assert at(world, "restore") not in text(client, at(world))


def test_a_form_that_is_sent_twice_restores_once(world: World) -> None:
    terminated(world)
    client = person(world)
    page = text(client, at(world, "restore"))
    fields = {**UNSAID, "once": key(page), "shown": shown(page)}
    for _ in range(2):
        assert client.post(at(world, "restore"), fields).status_code == 303
    assert len(orders(world, kind="reversal")) == 1


def test_what_has_changed_since_is_shown_first(world: World) -> None:
    numbers = equipped(world)
    terminated(world)
    client = person(world)
    page = text(client, at(world, "restore"))
    for fields in ({}, {"shown": "0" * 64}, {"shown": "x" * 65}):
        assert refused(client, world, **fields)
    run_out(numbers[0])
    path = f"/numbers/{numbers[0]}/restock"
    assert world.call("POST", path, {"reason": "Mistake"}).status_code == 200
    page = refused(client, world, shown=shown(page), note="Keep this")
    assert "What comes back has changed since you saw the preview." in page
    assert f"{numbers[0]}: free again" in page and "Keep this" in page
    fields = {**UNSAID, "once": key(page), "shown": shown(page)}
    assert client.post(at(world, "restore"), fields).status_code == 303
    assert state(world) == ("active", [])


def refused(client: Client, world: World, **fields: str) -> str:
    """The page that a form gets which is refused."""
    before = world.fingerprint()
    response = client.post(at(world, "restore"), {**UNSAID, **fields})
    assert response.status_code == 422
    assert world.fingerprint() == before
    return response.content.decode()


def test_refusals_in_words(world: World) -> None:
    client = person(world)
    page = refused(client, world)
    assert "Only a terminated one can be restored." in page and "You cannot restore it" in page
    terminated(world)
    with no_quarantine():
        assert at(world, "restore") not in text(client, at(world))
        page = refused(client, world)
    assert " UTC, when the quarantine of its numbers ended" in page


def test_refusals_in_german(world: World) -> None:
    terminated(world)
    client = person(world)
    client.cookies["django_language"] = "de"
    with no_quarantine():
        page = refused(client, world)
    assert "dann endete die Quarantäne seiner Rufnummern" in page


def test_a_reference_that_is_taken(world: World) -> None:
    path = f"/subscriptions/{world.subscription.id}"
    assert world.call("PATCH", path, {"external_reference": "A-1"}).status_code == 200
    terminated(world)
    body = {"tenant_id": str(world.tenant.id), "name": "New", "external_reference": "A-1"}
    answer(world.call("POST", "/subscriptions", body))
    page = refused(person(world), world)
    assert "Another subscription has the external reference A-1 now." in page


@pytest.mark.parametrize(
    ("kind", "role"), [("group", AGENT), ("reseller", ADMINISTRATOR), ("tenant", ADMINISTRATOR)]
)
def test_others_do_not_get_the_button(world: World, kind: str, role: str) -> None:
    terminated(world)
    client = person(world, kind, role)
    assert at(world, "restore") not in text(client, at(world))
    assert client.get(at(world, "restore")).status_code == 403
    assert client.post(at(world, "restore"), UNSAID).status_code == 403
