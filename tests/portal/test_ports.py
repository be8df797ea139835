"""Ports in the portal: of the group, requests from below, decisions, and their mails."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fusion.access.actor import ADMINISTRATOR
from fusion.kernel.ids import new_id
from fusion.lifecycle.apply_due_ports import apply_due_ports
from fusion.numbers.models import PortRequest
from fusion.portal.ports.mail import write_port_mails
from tests.bounds import drain
from tests.lifecycle.moving import neighbour, second
from tests.numbers.porting import fall_due, porting, requested, seen
from tests.numbers.stock import assigned, block, entitle, french, number, statuses, stock
from tests.portal.furnished import at, follow, person, post, text
from tests.portal.people import make_person
from tests.queued import clear_mails, waiting_mails
from tests.world import World


@pytest.fixture(autouse=True)
def nothing_else() -> Iterator[None]:
    """What other tests have left is told before."""
    drain(write_port_mails)
    clear_mails()
    yield
    clear_mails()


def in_days(days: int) -> str:
    """The value of a field for date and time."""
    return (timezone.localtime() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def requests_of(world: World) -> list[dict[str, Any]]:
    """All port requests of the provider, oldest first."""
    rows = PortRequest.objects.unscoped("test").filter(group_id=world.group.id).order_by("id")
    return [seen(world, {"id": str(row.id)}) for row in rows]


def mails() -> dict[str, str]:
    """Recipient → subject of the mails that were written."""
    drain(write_port_mails)
    found = {mail.recipient: mail.subject for mail in waiting_mails()}
    clear_mails()
    return found


EMPTY = dict.fromkeys(("sku", "port_date", "carrier", "note", "attachments", "reason"), "")


def test_a_request_from_the_form_to_the_port(world: World) -> None:
    french(world)
    entitle(world, 2)
    one, two = block(2)
    admin, agent = make_person((world.group, ADMINISTRATOR)), person(world, "tenant", "agent")
    page = at(world, "numbers", "port-in")
    assert "Your provider decides on the request" in text(agent, page)
    sent = post(
        agent,
        page,
        **EMPTY
        | {
            "numbers": f"{one}\n{two}",
            "carrier": "Other Telecom",
            "note": "Before the move.",
            "attachments": "https://files.example/loa.pdf\n\n ticket 7 ",
        },
    )
    assert "was sent to your provider" in follow(agent, sent)
    [port] = requests_of(world)
    assert port["attachments"] == ["https://files.example/loa.pdf", "ticket 7"]
    assert port["numbers"] == [one, two]
    assert mails()[admin.email] == f"{world.tenant.name} requests a port"

    group = person(world)
    assert world.tenant.name in text(group, "/port-requests")
    there = f"/port-requests/{port['id']}"
    shown = text(group, there)
    assert "Other Telecom" in shown and "ticket 7" in shown and "Review" not in shown
    approved = post(group, f"{there}/approve", port_date=in_days(5))
    assert "will be ported on their date" in follow(group, approved)
    assert statuses(one, two) == ["reserved", "reserved"]
    assert "has a date" in "".join(mails().values())
    assert there in text(agent, at(world, "numbers", one))
    fall_due(port)
    drain(apply_due_ports)
    assert "Completed" in text(agent, there)
    assert "were ported" in "".join(mails().values())


def test_rejected_and_withdrawn(world: World) -> None:
    french(world)
    one, two = block(2)
    agent, group = person(world, "tenant", "agent"), person(world)
    first, last = requested(world, "in", [one]), requested(world, "in", [two])
    there = f"/port-requests/{first['id']}"
    before = world.fingerprint()
    assert post(group, f"{there}/reject", reason=" ").status_code == 422
    for path, fields in (("approve", {"port_date": ""}), ("reject", {"reason": "x"})):
        assert post(agent, f"{there}/{path}", **fields).status_code == 403
    assert post(group, f"{there}/approve", port_date=in_days(-1)).status_code == 422
    assert post(group, f"{there}/approve", port_date=in_days(400)).status_code == 422
    assert post(group, f"{there}/approve", port_date="").status_code == 422  # not entitled
    assert world.fingerprint() == before
    assert "was rejected" in follow(group, post(group, f"{there}/reject", reason="No contract."))
    assert "No contract." in text(agent, there)
    there = f"/port-requests/{last['id']}"
    assert "was withdrawn" in follow(agent, post(agent, f"{there}/withdraw"))
    assert "already withdrawn" in follow(agent, post(agent, f"{there}/withdraw"))
    stranger = person(World())
    text(stranger, there, 404)


def test_the_group_ports_on_a_date(world: World) -> None:
    [mine], [coming] = stock(world, 1), block(1)
    entitle(world, 2)
    assigned(world, mine)
    customer = make_person((world.tenant, ADMINISTRATOR))
    group = person(world)
    page = at(world, "numbers", "port-out")
    assert mine in text(group, f"{page}?numbers=%2B{mine[1:]}")
    before = world.fingerprint()
    assert post(group, page, numbers=mine, port_date="").status_code == 422
    assert post(group, page, numbers=coming, port_date=in_days(3)).status_code == 422
    assert world.fingerprint() == before
    done = post(group, page, numbers=mine, port_date=in_days(3))
    assert "will be ported on their date" in follow(group, done)
    page = at(world, "numbers", "port-in")
    done = post(group, page, numbers=coming, sku="", port_date=in_days(3), reason="")
    assert "will be ported on their date" in follow(group, done)
    assert set(mails()) == {customer.email}
    fall_due(*requests_of(world))
    drain(apply_due_ports)
    assert statuses(mine, coming) == ["ported_out", "assigned"]
    listed = text(group, "/inventory?status=ported_out")
    assert mine in listed and coming not in listed
    assert mine not in text(group, "/inventory")


def test_the_setting_counts_in_pages(world: World) -> None:
    [mine], [coming] = stock(world, 1), block(1)
    entitle(world, 2)
    assigned(world, mine)
    agent = person(world, "tenant", "agent")
    page = text(agent, at(world, "numbers", mine))
    assert "Request to port out" in page and 'id="port-out"' not in page
    before = world.fingerprint()
    assert post(agent, at(world, "numbers", mine, "port-out")).status_code == 403
    assert world.fingerprint() == before
    porting(world, "anyone")
    assert 'id="port-out"' in text(agent, at(world, "numbers", mine))
    done = post(agent, at(world, "numbers", "port-in"), numbers=coming, sku="", port_date="")
    assert f"{coming} was assigned" in follow(agent, done)
    porting(world, "group")
    text(agent, at(world, "numbers", "port-in"), 403)
    assert "Request to port out" not in text(agent, at(world, "numbers", mine))


def test_unknown_numbers(world: World) -> None:
    """The customer says why they exist, and the group accepts them."""
    entitle(world, 2, sku=world.sku("us-geographic", "entitlement", "number", "US", "geographic"))
    wanted, other = (f"+1471{2_000_000 + new_id().int % 7_000_000}" for _ in range(2))
    group, agent = person(world), person(world, "tenant", "agent")
    page = at(world, "numbers", "port-in")
    assert "The numbers may be unknown" in text(agent, page)
    assert "accept_unknown" not in text(agent, at(world, "numbers", "port-out"))
    fields = EMPTY | {"numbers": wanted, "sku": "us-geographic"}
    before = world.fingerprint()
    assert post(agent, page, **fields).status_code == 422
    refused = post(agent, page, **fields | {"accept_unknown": "on"})
    assert refused.status_code == 422 and "Is required" in refused.content.decode()
    assert world.fingerprint() == before
    fields |= {"accept_unknown": "on", "reason": "On our invoice."}
    assert "was sent to your provider" in follow(agent, post(agent, page, **fields))
    [port] = requests_of(world)
    there = f"/port-requests/{port['id']}"
    assert "On our invoice." in text(group, there)
    assert "On our invoice." in text(group, f"{there}/approve")
    for missing in ({"reason": "Seen."}, {"reason": "", "accept_unknown": "on"}):
        assert post(group, f"{there}/approve", port_date="", **missing).status_code == 422
    accepted = {"accept_unknown": "on", "reason": "Seen.", "port_date": ""}
    assert "were ported" in follow(group, post(group, f"{there}/approve", **accepted))
    assert "Seen." in text(agent, there)
    assert "Accepted as unknown" in text(agent, at(world, "numbers", wanted))

    direct = {"numbers": other, "sku": "us-geographic", "port_date": in_days(3)}
    assert post(group, page, **direct, reason="").status_code == 422
    done = post(group, page, **direct, accept_unknown="on", reason="Seen.")
    assert "will be ported on their date" in follow(group, done)
    assert number(world, other)["accepted"]
    porting(world, "anyone")
    assert "accept_unknown" not in text(agent, page)


def test_put_back_into_stock(world: World) -> None:
    [mine] = stock(world, 1)
    entitle(world, 1)
    assigned(world, mine)
    world.call("DELETE", f"/subscriptions/{world.subscription.id}/numbers/{mine}")
    group, agent = person(world), person(world, "tenant", "agent")
    there = at(world, "numbers", mine, "restock")
    assert there in text(group, at(world, "numbers", mine))
    assert there not in text(agent, at(world, "numbers", mine))
    before = world.fingerprint()
    text(agent, there, 403)
    assert post(group, there, reason="").status_code == 422
    assert world.fingerprint() == before
    assert "is free again" in follow(group, post(group, there, reason="Mistake"))
    assert number(world, mine)["status"] == "free"


def test_change_many(world: World) -> None:
    numbers = stock(world, 4)
    entitle(world, 4)
    assigned(world, *numbers)
    own, other = second(world, 2), neighbour(world, 1)
    agent, reseller = person(world, "tenant", "agent"), person(world, "reseller")
    page = at(world, "numbers", "change")
    shown = text(agent, f"{page}?number=%2B{numbers[0][1:]}&number=%2B{numbers[1][1:]}")
    assert f"{numbers[0]}\n{numbers[1]}" in shown and "Second · " in shown
    assert str(other.id)[-12:] not in shown
    fields = {
        "action": "move",
        "numbers": "\n".join(numbers[:3]),
        "to": str(own.id),
        "trunk": "",
    }
    before = world.fingerprint()
    assert post(agent, page, **fields | {"to": ""}).status_code == 422
    assert post(agent, page, **fields | {"to": str(other.id)}).status_code == 404
    assert post(agent, page, **fields | {"numbers": "x"}).status_code == 422
    assert post(agent, page, **fields | {"action": "delete"}).status_code == 422
    assert world.fingerprint() == before
    result = post(agent, page, **fields)
    shown = result.content.decode()
    assert result.status_code == 200 and "Changed: 2. Not changed: 1." in shown
    assert "No number entitlement is left" in shown and numbers[2] in shown
    assert number(world, numbers[0])["subscription_id"] == str(own.id)
    fields |= {"numbers": numbers[2], "to": str(other.id)}
    assert "Changed: 1. Not changed: 0." in post(reseller, page, **fields).content.decode()
    everything = f"{page}?all=1&sku=&status=unlinked&starts={numbers[3][1:]}&ends="
    assert numbers[3][1:] in text(agent, everything)
    result = post(agent, everything, action="release", to="", trunk="")
    assert "Changed: 1. Not changed: 0." in result.content.decode()
    assert statuses(numbers[3]) == ["quarantined"]
    viewer = person(world, "tenant", "viewer")
    text(viewer, page, 403)
    assert 'type="checkbox"' not in text(viewer, at(world, "numbers"))
