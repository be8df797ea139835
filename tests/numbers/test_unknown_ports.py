"""Ports of numbers that only the provider knows: on a date, and by request."""

from typing import Any

import pytest
from django.db import connection

from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from fusion.lifecycle.apply_due_ports import apply_due_ports
from tests.bounds import drain
from tests.numbers.porting import (
    decide,
    decided,
    fall_due,
    porting,
    request,
    requested,
    seen,
    soon,
)
from tests.numbers.stock import assigned, entitle, number, path, refused, statuses, stock
from tests.world import World, answer

SKU = "us-geographic"
ACCEPTED: dict[str, Any] = {
    "sku": SKU,
    "accept_unknown": True,
    "reason": "The losing carrier confirmed it.",
}
WORD: dict[str, Any] = {"accept_unknown": True, "reason": "Seen on the invoice."}


def unknown(world: World, entitlements: int = 1) -> str:
    """A number with an area code that does not exist, and entitlements for it."""
    entitle(world, entitlements, sku=world.sku(SKU, "entitlement", "number", "US", "geographic"))
    return f"+1471{2_000_000 + new_id().int % 7_000_000}"


def port_in(world: World, e164: str, by: Any = None, **more: Any) -> Any:
    body = {"numbers": [e164], "effective_at": soon(), **more}
    return world.call("POST", path(world, "port-in"), body, by=by)


def audited(world: World, verb: str) -> list[Any]:
    """The reasons in the audit records of a verb."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT detail ->> 'reason' FROM tenancy_auditrecord"
            " WHERE group_id = %s AND verb = %s ORDER BY id",
            [world.group.id, verb],
        )
        return [reason for (reason,) in cursor.fetchall()]


def test_a_dated_port_on_the_provider_s_word(world: World) -> None:
    e164 = unknown(world)
    before = world.fingerprint()
    refused(world, before, port_in(world, e164, sku=SKU), 422, "invalid-fields")
    response = port_in(world, e164, **ACCEPTED)
    assert response.status_code == 202, response.content
    port = answer(response)
    assert (port["accept_unknown"], port["accept_reason"]) == (True, ACCEPTED["reason"])
    assert port["history"][0]["accept_reason"] == ACCEPTED["reason"]
    assert audited(world, "port-request.schedule") == [ACCEPTED["reason"]]
    assert number(world, e164)["accepted"]
    fall_due(port)
    drain(apply_due_ports)
    shown = number(world, e164)
    assert (shown["status"], shown["accepted"], shown["origin"]) == ("assigned", True, "ported")
    assert differences() == []


def test_only_the_group_accepts_on_a_date(world: World) -> None:
    e164 = unknown(world)
    porting(world, "anyone")
    world.token(world.tenant)
    before = world.fingerprint()
    problem = refused(
        world, before, port_in(world, e164, by=world.tenant, **ACCEPTED), 403, "forbidden"
    )
    assert "Send a port request" in problem["detail"]
    for more, field in (
        ({"sku": SKU, "accept_unknown": True}, "reason"),
        ({"sku": SKU, "reason": "Because."}, "reason"),
        (WORD, "sku"),
    ):
        problem = refused(world, before, port_in(world, e164, **more), 422, "invalid-fields")
        assert [each["field"] for each in problem["errors"]] == [field]


def test_the_group_accepts_when_it_approves(world: World) -> None:
    e164 = unknown(world)
    before = world.fingerprint()
    refused(world, before, request(world, "in", [e164], sku=SKU), 422, "invalid-fields")
    port = requested(world, "in", [e164], port_date=soon(), **ACCEPTED)
    assert (port["accept_unknown"], port["accept_reason"]) == (True, ACCEPTED["reason"])
    assert audited(world, "port-request.create") == [ACCEPTED["reason"]]
    before = world.fingerprint()
    for body, field in (
        (dict[str, Any](), "accept_unknown"),
        ({"accept_unknown": True}, "reason"),
        ({"reason": "Because."}, "reason"),
        ({"accept_unknown": False}, "accept_unknown"),
    ):
        response = decide(world, port, "approve", **body)
        problem = refused(world, before, response, 422, "invalid-fields")
        assert [each["field"] for each in problem["errors"]] == [field]
    done = decided(world, port, "approve", **WORD)
    assert (done["state"], done["accept_reason"]) == ("approved", WORD["reason"])
    assert [each.get("accept_reason") for each in done["history"]] == [
        ACCEPTED["reason"],
        WORD["reason"],
    ]
    assert audited(world, "port-request.approve") == [WORD["reason"]]
    assert seen(world, port, by=world.tenant)["accept_reason"] == WORD["reason"]
    before = world.fingerprint()
    response = decide(world, port, "approve", port_date=soon(9), **WORD)
    refused(world, before, response, 422, "invalid-fields")
    assert decided(world, port, "approve", port_date=soon(9))["accept_reason"] == WORD["reason"]
    assert number(world, e164)["accepted"]


def test_accepted_at_once(world: World) -> None:
    e164 = unknown(world)
    port = requested(world, "in", [e164], **ACCEPTED)
    done = decided(world, port, "approve", **WORD)
    assert (done["state"], statuses(e164)) == ("completed", ["assigned"])
    assert done["history"][-1]["accept_reason"] == WORD["reason"]
    assert number(world, e164)["accepted"]
    assert differences() == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"sku": SKU, "accept_unknown": True}, "reason"),
        ({"sku": SKU, "reason": "Because."}, "reason"),
        (WORD, "sku"),
        ({**WORD, "sku": "nothing"}, "sku"),
    ],
)
def test_what_a_request_for_unknown_numbers_needs(
    world: World, more: dict[str, Any], field: str
) -> None:
    e164 = unknown(world)
    before = world.fingerprint()
    problem = refused(world, before, request(world, "in", [e164], **more), 422, "invalid-fields")
    assert [each["field"] for each in problem["errors"]] == [field]


def test_no_word_for_other_requests(world: World) -> None:
    [mine] = stock(world, 1)
    entitle(world, 1)
    assigned(world, mine)
    before = world.fingerprint()
    refused(world, before, request(world, "out", [mine], **WORD), 422, "invalid-fields")
    port = requested(world, "out", [mine])
    before = world.fingerprint()
    refused(world, before, decide(world, port, "approve", **WORD), 422, "invalid-fields")


def test_a_number_that_returns_is_what_its_range_says(world: World) -> None:
    """The word for the others does not make it an accepted one."""
    [mine] = stock(world, 1)
    entitle(world, 2)
    assigned(world, mine)
    assert world.call("POST", path(world, mine, "port-out")).status_code == 204
    body = {"numbers": [mine], "sku": "fr-geographic", **WORD}
    assert world.call("POST", path(world, "port-in"), body).status_code == 201
    assert (number(world, mine)["accepted"], number(world, mine)["origin"]) == (False, "inventory")
    assert differences() == []


def test_the_group_is_warned_of_shorter_and_longer_numbers(world: World) -> None:
    """When it ports in, dates a port or approves a request; nobody below learns its numbers."""
    entitle(world, 9, sku=world.sku("at-geographic", "entitlement", "number", "AT", "geographic"))
    more: dict[str, Any] = {**WORD, "sku": "at-geographic"}
    short = f"+431500{new_id().int % 10_000:04}"
    longer, other = f"{short}00", f"{short}7"

    def warned(response: Any) -> list[str]:
        assert response.status_code in (200, 201, 202), response.content
        return [each["detail"] for each in answer(response)["warnings"]]

    def ported(e164: str, **body: Any) -> Any:
        body = {"numbers": [e164], **more, **body}
        return world.call("POST", path(world, "port-in"), body)

    assert warned(ported(short)) == []
    [detail] = warned(ported(longer))
    assert detail == (
        f"Your inventory has {short}, which is the beginning of {longer}. Check that both exist."
    )
    dated = ported(other, effective_at=soon())
    assert len(warned(dated)) == 1
    decided(world, answer(dated), "reject", reason="Mistake.")
    sent = request(world, "in", [other], **more)
    assert warned(sent) == []
    assert len(warned(decide(world, answer(sent), "approve", **WORD))) == 1
    assert "warnings" not in seen(world, answer(sent))
    elsewhere = World()
    entitle(
        elsewhere,
        1,
        sku=elsewhere.sku("at-geographic", "entitlement", "number", "AT", "geographic"),
    )
    response = elsewhere.call(
        "POST", path(elsewhere, "port-in"), {"numbers": [f"{short}8"], **more}
    )
    assert warned(response) == []
    assert world.call("POST", path(world, short, "port-out")).status_code == 204
    assert world.call("POST", path(world, short, "port-out")).status_code == 409
    [detail] = warned(ported(short))
    assert (
        detail == f"Your inventory has {longer}, which begins with {short}. Check that both exist."
    )
