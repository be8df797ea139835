"""Refusals of numbers that the numbering plan does not know: they name `accept_unknown` where the
caller may use it and where it would help, and nowhere else.
"""

from typing import Any

import pytest
from django.http import HttpResponse

from fusion.catalogue.models import Sku
from fusion.kernel.ids import new_id
from tests.numbers.porting import decide, porting, request, requested, soon
from tests.numbers.stock import entitle, path, refused
from tests.world import World, answer

SKU = "us-toll-free"
WORD = {"sku": SKU, "accept_unknown": True, "reason": "The regulator gave it to us."}

NUMBERS = {
    "unknown area code": lambda digits: f"+1471{digits}",
    "another type": lambda digits: f"+1212{digits}",
    "another country with the same code": lambda digits: f"+1416{digits}",
    "another country": lambda digits: f"+3227{digits}",
    "no country": lambda digits: f"+999{digits}",
}
HELPFUL = ("unknown area code", "another type", "another country with the same code")


def digits() -> str:
    """Seven digits that no other test has."""
    return str(5_550_000 + new_id().int % 4_000_000)


def load(world: World, e164: str, **more: Any) -> HttpResponse:
    body = {"sku": SKU, "first": e164, "last": e164, **more}
    return world.call("POST", "/number-ranges", body)


def port(world: World, e164: str, **more: Any) -> HttpResponse:
    return world.call("POST", path(world, "port-in"), {"numbers": [e164], "sku": SKU, **more})


def port_later(world: World, e164: str, **more: Any) -> HttpResponse:
    return port(world, e164, effective_at=soon(), **more)


def request_port(world: World, e164: str, **more: Any) -> HttpResponse:
    return request(world, "in", [e164], **{"sku": SKU, **more})


WAYS = {"range": load, "port in": port, "port later": port_later, "request": request_port}


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("way", WAYS)
def test_what_a_refusal_advises_helps(world: World, way: str, kind: str) -> None:
    entitle(world, 2, sku=world.sku(SKU, "entitlement", "number", "US", "toll_free"))
    e164 = NUMBERS[kind](digits())
    before = world.fingerprint()
    problem = refused(world, before, WAYS[way](world, e164), 422, "invalid-fields")
    [message] = {error["message"] for error in problem["errors"]}
    assert message.startswith(f"{e164} is "), message
    advised = "`accept_unknown`" in message
    accepted = WAYS[way](world, e164, **WORD).status_code < 300
    assert advised == accepted == (kind in HELPFUL), message


def test_below_the_group_a_direct_port_advises_a_request(world: World) -> None:
    entitle(world, 2, sku=world.sku(SKU, "entitlement", "number", "US", "toll_free"))
    porting(world, "anyone")
    e164 = NUMBERS["unknown area code"](digits())
    for body in ({}, {"effective_at": soon()}):
        response = world.call(
            "POST", path(world, "port-in"), {"numbers": [e164], **body}, by=world.tenant
        )
        assert "send a port request with" in answer(response)["errors"][0]["message"]
    assert request_port(world, e164, **WORD).status_code == 201


def test_changing_a_range_advises_it(world: World) -> None:
    entitle(world, 2, sku=world.sku(SKU, "entitlement", "number", "US", "toll_free"))
    first = int(digits()) // 10 * 10
    made = answer(load(world, f"+1471{first}", **WORD | {"sku": SKU}))
    other = answer(load(world, f"+1833{first}"))
    there = f"/number-ranges/{other['id']}"
    wrong = {"first": f"+1471{first + 20}", "last": f"+1471{first + 21}"}
    response = world.call("PATCH", there, wrong)
    assert "`accept_unknown`" in answer(response)["errors"][0]["message"]
    word = {name: WORD[name] for name in ("accept_unknown", "reason")}
    assert world.call("PATCH", there, {**wrong, **word}).status_code == 200
    # Its numbers are accepted already.
    wrong = {"last": f"+1471{first + 1}"}
    assert world.call("PATCH", f"/number-ranges/{made['id']}", wrong).status_code == 200


def test_an_approval_advises_nothing_that_it_would_refuse(world: World) -> None:
    """The request was for a number of a SKU that has changed hands since."""
    entitle(world, 2, sku=world.sku(SKU, "entitlement", "number", "US", "toll_free"))
    made = requested(world, "in", [f"+1833{digits()}"])
    Sku.objects.unscoped("test").filter(group=world.group, code=SKU).update(number_type="mobile")
    response = decide(world, made, "approve")
    assert response.status_code == 422
    assert "accept_unknown" not in response.content.decode()
