"""Putting numbers back into stock before their quarantine ends."""

import pytest
from django.http import HttpResponse

from fusion.numbers.sweep import sweep_numbers
from tests.concurrency.actors import at_once
from tests.numbers.stock import (
    assigned,
    balance,
    block,
    entitle,
    events_of,
    number,
    path,
    refused,
    run_out,
    statuses,
    stock,
)
from tests.world import World, answer, make_subscription


def restock(world: World, e164: str, **more: object) -> HttpResponse:
    headers = {"Idempotency-Key": str(more.pop("key"))} if "key" in more else {}
    by = more.pop("by", None)
    body = {"reason": "Released by mistake.", **more}
    return world.call("POST", f"/numbers/{e164}/restock", body, by=by, headers=headers)  # type: ignore[arg-type]


def resting(world: World, count: int = 1) -> list[str]:
    """Numbers in quarantine."""
    numbers = stock(world, count)
    entitle(world, count)
    assigned(world, *numbers)
    for e164 in numbers:
        assert world.call("DELETE", path(world, e164)).status_code == 204
    return numbers


def test_another_subscription_gets_it_at_once(world: World) -> None:
    [one] = resting(world)
    response = restock(world, one, key="r")
    assert (response.status_code, answer(response)) == (200, number(world, one))
    assert (answer(response)["status"], answer(response)["subscription_id"]) == ("free", None)
    assert list(events_of(world, one))[-1] == ("number.restocked", "free")
    again = restock(world, one, key="r")
    assert (again.content, again["Idempotency-Replayed"]) == (response.content, "true")
    other = make_subscription(world.tenant, "Other")
    entitle(world, 1, other)
    assigned(world, one, subscription=other)
    assert (balance(world), balance(world, other)) == ((1, 0), (1, 1))


def test_what_is_not_put_back(world: World) -> None:
    [one] = resting(world)
    mine, free = stock(world, 2)
    [ported] = block(1)
    entitle(world, 2)
    assigned(world, mine)
    assert world.call("POST", path(world, "port-in"), {"numbers": [ported]}).status_code == 201
    world.call("DELETE", path(world, ported))
    [foreign] = resting(World())
    before = world.fingerprint()
    for e164, status in ((mine, "assigned"), (free, "free")):
        problem = refused(world, before, restock(world, e164), 409, "number-not-available")
        assert f"its status is {status}" in problem["detail"]
    problem = refused(world, before, restock(world, ported), 409, "number-not-available")
    assert "was ported in" in problem["detail"]
    for e164 in (foreign, block(1)[0]):
        refused(world, before, restock(world, e164), 404, "not-found")
    for reason in ("", " ", "x" * 2001):
        refused(world, before, restock(world, one, reason=reason), 422, "invalid-fields")
    refused(world, before, restock(world, one, surely=1), 422, "invalid-fields")
    for by in (world.distributor, world.reseller, world.tenant):
        refused(world, before, restock(world, one, by=by), 403, "forbidden")


@pytest.mark.parametrize("swept", [True, False])
def test_with_the_end_of_its_quarantine_and_a_restoration(world: World, swept: bool) -> None:
    """Whichever comes first: it happens once."""
    [one] = resting(world)
    if swept:
        run_out(one)
    world.token(world.group)

    def restore() -> int:
        return world.call("POST", path(world, one, "restore")).status_code

    done = at_once(lambda: restock(world, one).status_code, restore, sweep_numbers)
    assert done[0] in (200, 409) and done[1] in (200, 409)
    assert (done[0] == 200) + (done[1] == 200) <= 1  # if none, the sweep was first
    assert statuses(one) == ["assigned" if done[1] == 200 else "free"]
