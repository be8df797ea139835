"""A form does what it asks for once: double click, reload, back button."""

import threading
from typing import Any

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from fusion.access.actor import ADMINISTRATOR, VIEWER, Actor
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from fusion.portal.forms import Confirmation, Form, LineField
from fusion.portal.page import acting_once, submit
from fusion.tenancy.create_subscription import create_subscription
from fusion.tenancy.models import Subscription
from tests.bounds import PATIENCE
from tests.portal.people import make_person, signed_in
from tests.world import World, make_subscription


class Named(Form):
    """A form with one field."""

    name = LineField()


def sent(actor: Actor, **fields: str) -> Any:
    """A request as a page gets it, with these fields of a form."""
    request = RequestFactory().post("/subscriptions/new", fields)
    request.actor = actor  # type: ignore[attr-defined]
    return request


def create(world: World, request: Any, form: Form) -> Any:
    """Create a subscription by that form."""
    return submit(
        request,
        form,
        lambda actor: create_subscription(
            actor, tenant_id=world.tenant.id, name=request.POST["name"]
        ),
    )


def names(world: World) -> list[str]:
    """What the tenant's subscriptions are called."""
    rows = Subscription.objects.unscoped("test").filter(tenant=world.tenant)
    return sorted(rows.values_list("name", flat=True))


def test_the_second_time_gives_the_first_answer(world: World) -> None:
    actor, once = world.actor(), str(new_id())
    first, second = (
        create(world, request, Named(request.POST))
        for request in (sent(actor, name="Twice", once=once) for _ in range(2))
    )
    assert first.body == second.body
    assert (first.replayed, second.replayed) == (False, True)
    assert names(world) == ["Main", "Twice"]


def test_a_double_click_counts_once(world: World) -> None:
    from django.db import connection  # noqa: PLC0415

    actor, once, answers = world.actor(), str(new_id()), []

    def click() -> None:
        request = sent(actor, name="Clicked", once=once)
        answers.append(create(world, request, Named(request.POST)).body["id"])
        connection.close()

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join(PATIENCE)
    assert len(answers) == 4
    assert len(set(answers)) == 1
    assert names(world) == ["Clicked", "Main"]


def test_another_form_with_the_same_key_is_refused_and_gets_a_new_one(world: World) -> None:
    actor, once = world.actor(), str(new_id())
    request = sent(actor, name="First", once=once)
    create(world, request, Named(request.POST))
    before = world.fingerprint()
    request = sent(actor, name="Changed", once=once)
    form = Named(request.POST)
    assert create(world, request, form) is None
    assert form.problem is not None and form.problem.code == "idempotency-key-reused"
    assert form.once != once
    assert world.fingerprint() == before


def test_keys_of_two_members_do_not_meet(world: World) -> None:
    once = str(new_id())
    for _ in range(2):
        request = sent(world.actor(), name="Same", once=once)
        assert not create(world, request, Named(request.POST)).replayed
    assert names(world) == ["Main", "Same", "Same"]


@pytest.mark.parametrize("given", ["", "x", "0" * 400, "é", "a\0b"])
def test_a_key_that_is_none_is_replaced(given: str) -> None:
    data = QueryDict(mutable=True)
    data["once"] = given
    form = Confirmation(data)
    assert len(form.once) == 36 and form.once != given


def test_a_form_that_was_not_sent_has_a_key_of_its_own() -> None:
    assert Confirmation().once != Confirmation().once


def test_the_form_key_is_a_valid_idempotency_key(world: World) -> None:
    request = sent(world.actor(), name="x")
    key = acting_once(request, str(new_id())).request.key
    assert key is not None and len(key) <= 255 and key.isascii() and key.isprintable()


def test_a_forbidden_change_is_raised_not_shown_in_the_form(world: World) -> None:
    before = world.fingerprint()
    request = sent(world.actor("tenant", VIEWER), name="No")
    with pytest.raises(Problem) as refusal:
        create(world, request, Named(request.POST))
    assert refusal.value.code == "forbidden"
    assert world.fingerprint() == before


def test_the_same_fields_for_another_subscription_are_another_request(world: World) -> None:
    """What an order is for stands in the address of its form."""
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    other = make_subscription(world.tenant, "Other")
    fields = {
        "once": str(new_id()),
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-action": "add",
        "lines-0-product": str(world.seat.id),
        "lines-0-quantity": "1",
        "external_reference": "",
        "effective_at": "",
        "ends_at": "",
        "note": "",
    }
    first = client.post(f"/orders/new?subscription={world.subscription.id}", fields)
    assert first.status_code == 303
    again = client.post(f"/orders/new?subscription={world.subscription.id}", fields)
    assert again.headers["Location"] == first.headers["Location"]
    answer = client.post(f"/orders/new?subscription={other.id}", fields)
    assert answer.status_code == 422
    assert "already sent this form with different content" in answer.content.decode()
