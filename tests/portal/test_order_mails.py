"""E-mails about failed scheduled orders: to the group's writers and who placed it, each once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from fusion.access.actor import ADMINISTRATOR, AGENT, VIEWER
from fusion.accounts.models import User
from fusion.kernel.database import database_now
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.ordering.place import Draft, Line, place_order
from fusion.ordering.remind_expiring import remind_expiring
from fusion.portal.mails.events import NEXT
from fusion.portal.models import Preference
from fusion.portal.orders.mail import READERS, write_order_mails
from tests.bounds import drain
from tests.concurrency.actors import at_once
from tests.lifecycle.dating import at
from tests.ordering.placing import consume, fall_due, line, placed
from tests.portal.people import join, make_person
from tests.queued import clear_mails, waiting_mails
from tests.world import World


@pytest.fixture(autouse=True)
def nothing_else() -> None:
    """Write the mails of what other tests have left first."""
    apply_due_orders()
    drain(write_order_mails)
    clear_mails()


def people(world: World) -> list[User]:
    """Two who may order, and others who get no mail."""
    make_person((world.group, VIEWER))
    make_person((world.tenant, ADMINISTRATOR))
    return [make_person((world.group, role)) for role in (ADMINISTRATOR, AGENT)]


def test_a_failed_order_is_reported_once(world: World) -> None:
    writers = people(world)
    placed(world, line(world.seat, 3))
    consume(world, world.user_sku, "a", "b")
    order = placed(world, line(world.seat, 2, "remove"), effective_at=at(5))
    fall_due(order)
    apply_due_orders()
    at_once(write_order_mails, write_order_mails)
    drain(write_order_mails)
    mails = waiting_mails()
    assert sorted(mail.recipient for mail in mails) == sorted(each.email for each in writers)
    for mail in mails:
        assert mail.subject == f"Order {order['number']} for {world.tenant.name} failed"
        assert "−2 seat" in mail.text and f"/orders/{order['id']}" in mail.text
        assert "2 in use. To remove 2, release 1 first." in mail.text
    clear_mails()
    drain(write_order_mails)
    assert waiting_mails() == []


def test_who_placed_it_learns_of_it_in_their_language(world: World) -> None:
    people(world)
    person = make_person()
    member = join(person, world.group, AGENT)
    Preference.objects.create(user=person, language="de")
    actor = replace(world.actor(), label=f"member:{member.id}")
    draft = Draft(
        world.subscription.id,
        (Line(world.seat.id, 2, "remove"),),
        effective_at=database_now() + timedelta(hours=5),
    )
    order = place_order(actor, draft=draft).body
    member.role = VIEWER
    member.save(update_fields=["role"])
    fall_due(order)
    apply_due_orders()
    drain(write_order_mails)
    [mail] = waiting_mails(person.email)
    assert mail.subject == f"Auftrag {order['number']} für {world.tenant.name} ist fehlgeschlagen"
    assert len(waiting_mails()) == 3


def test_an_order_that_ends_is_announced_and_reported_while_it_is_in_use(world: World) -> None:
    writers = sorted(each.email for each in people(world))
    order = placed(world, line(world.seat, 3), ends_at=at(24 * 9))
    expiry = {"id": order["expired_by"]}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ordering_order SET placed_at = placed_at - interval '3 days',"
            " effective_at = effective_at - interval '3 days' WHERE id = %s",
            [expiry["id"]],
        )
    remind_expiring()
    drain(write_order_mails)
    mails = waiting_mails()
    assert sorted(mail.recipient for mail in mails) == writers
    for mail in mails:
        assert mail.subject.endswith(f"will end something of {world.tenant.name}")
        assert "−3 seat" in mail.text and f"/orders/{expiry['id']}" in mail.text
    clear_mails()
    consume(world, world.user_sku, "a")
    fall_due(expiry)
    apply_due_orders()
    drain(write_order_mails)
    mails = waiting_mails()
    assert sorted(mail.recipient for mail in mails) == writers
    for mail in mails:
        assert mail.subject.endswith(f"for {world.tenant.name} is overdue")
        assert "1 in use. To remove 3, release 1 first." in mail.text


def test_the_readers_find_their_events_by_index(world: World) -> None:
    for action, reader in READERS.items():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {NEXT}", [reader, f"order.{action}", 9])
            plan = "\n".join(row for (row,) in cursor.fetchall())
        assert "event_of_" in plan, plan


def test_other_events_of_orders_write_none(world: World) -> None:
    people(world)
    order = placed(world, effective_at=at(5))
    fall_due(order)
    apply_due_orders()
    drain(write_order_mails)
    assert waiting_mails() == []
