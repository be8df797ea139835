"""Reservations lapse and quarantines end, once, whoever sweeps and whatever stands in the way."""

from typing import cast

import pytest
from django.db import connection
from django.http import HttpResponse

from fusion.numbers.models import Number
from fusion.numbers.sweep import sweep_numbers
from tests.concurrency.actors import at_once, holding
from tests.numbers.stock import (
    assign,
    assigned,
    balance,
    block,
    entitle,
    entries,
    events_of,
    french,
    path,
    run_out,
    statuses,
    stock,
)
from tests.world import World, make_subscription

LATER = "2027-01-01T00:00:00Z"


def test_expired_reservations_and_quarantines_end(world: World) -> None:
    lapsing, resting, kept, mine = stock(world, 4)
    [ported] = block(1)
    entitle(world, 9)
    assigned(world, lapsing, kept, status="reserved", until=LATER)
    assigned(world, resting, mine)
    world.call("POST", path(world, "port-in"), {"numbers": [ported]})
    for e164 in (resting, ported):
        world.call("DELETE", path(world, e164))
    sweep_numbers()
    assert statuses(lapsing, resting, ported) == ["reserved", "quarantined", "quarantined"]
    run_out(lapsing, resting, ported)
    assert sweep_numbers() >= 3
    assert statuses(lapsing, resting, ported, kept, mine) == [
        "free",
        "free",
        None,
        "reserved",
        "assigned",
    ]
    assert balance(world) == (9, 2)
    assert entries(world, lapsing) == ["consume", "release"]
    assert list(events_of(world, lapsing))[-1] == ("number.released", "free")
    assert list(events_of(world, resting)) == [
        ("number.assigned", "assigned"),
        ("number.released", "quarantined"),
        ("number.quarantine-ended", "free"),
    ]
    assert list(events_of(world, ported))[-1] == ("number.quarantine-ended", "quarantined")
    before = world.fingerprint()
    sweep_numbers()
    assert world.fingerprint() == before
    assigned(world, lapsing, resting)


def test_of_a_subscription_that_is_suspended_or_terminated(world: World) -> None:
    lapsing, resting = stock(world, 2)
    entitle(world, 2)
    assigned(world, lapsing, status="reserved", until=LATER)
    other = make_subscription(world.tenant)
    entitle(world, 1, other)
    assigned(world, resting, subscription=other)
    world.call("POST", f"/subscriptions/{world.subscription.id}/suspend")
    world.call("POST", f"/subscriptions/{other.id}/terminate")
    run_out(lapsing, resting)
    sweep_numbers()
    assert statuses(lapsing, resting) == ["free", "free"]
    assert balance(world) == (2, 0)


def test_several_workers(world: World) -> None:
    subscriptions = [make_subscription(world.tenant, f"s{i}") for i in range(6)]
    numbers = stock(world, 60)
    sweep_numbers()  # what other tests have left
    for i, subscription in enumerate(subscriptions):
        entitle(world, 10, subscription)
        mine = numbers[i * 10 : i * 10 + 10]
        assigned(world, *mine, subscription=subscription, status="reserved", until=LATER)
    run_out(*numbers)
    swept = at_once(*[sweep_numbers] * 4)
    sweep_numbers()  # what each of the four left to the others
    assert set(statuses(*numbers)) == {"free"}
    assert sum(swept) <= 60
    for subscription in subscriptions:
        assert balance(world, subscription) == (10, 0)
    for e164 in numbers:
        assert entries(world, e164) == ["consume", "release"]


def test_in_small_steps(world: World) -> None:
    numbers = stock(world, 9)
    entitle(world, 9)
    sweep_numbers()
    assigned(world, *numbers, status="reserved", until=LATER)
    run_out(*numbers)
    assert [sweep_numbers(limit=4) for _ in range(4)] == [4, 4, 1, 0]


def test_a_sweep_skips_locked_subscriptions(world: World) -> None:
    mine, theirs = stock(world, 2)
    other = make_subscription(world.tenant)
    entitle(world, 1)
    entitle(world, 1, other)
    assigned(world, mine, status="reserved", until=LATER)
    assigned(world, theirs, status="reserved", until=LATER, subscription=other)
    run_out(mine, theirs)
    with holding():
        lock(world)
        [count] = at_once(sweep_numbers)
        assert count >= 1
        assert statuses(mine, theirs) == ["reserved", "free"]
    sweep_numbers()
    assert statuses(mine) == ["free"]


def lock(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM tenancy_subscription WHERE id = %s FOR NO KEY UPDATE",
            [world.subscription.id],
        )


def test_a_faulty_number_does_not_delay_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Its entitlement is not there to be given back: something that must not be."""
    numbers = stock(world, 4)
    other = french(world, "fr-other")
    [wrong] = stock(world, 1, other)
    entitle(world, 4)
    assigned(world, *numbers, status="reserved", until=LATER)
    row = Number.objects.unscoped("test").get(e164=numbers[0])
    faulty = Number.objects.unscoped("test").filter(e164=wrong)
    faulty.update(
        status="reserved",
        subscription_id=world.subscription.id,
        until="2026-01-01T00:00:00Z",
        distributor_id=row.distributor_id,
        reseller_id=row.reseller_id,
        tenant_id=row.tenant_id,
    )
    run_out(*numbers)
    sweep_numbers()
    assert statuses(*numbers, wrong) == ["free"] * 4 + ["reserved"]
    faulty.delete()
    assert balance(world) == (4, 0)


def test_a_reservation_assigned_while_it_expires(world: World) -> None:
    """Whoever has the subscription first decides; the other finds what that left."""
    [e164] = stock(world, 1)
    entitle(world, 1)
    for _ in range(4):
        assigned(world, e164, status="reserved", until=LATER)
        run_out(e164)
        responses = at_once(lambda: assign(world, e164), sweep_numbers)
        assert cast("HttpResponse", responses[0]).status_code == 201
        assert statuses(e164) == ["assigned"]
        assert balance(world) == (1, 1)
        world.call("DELETE", path(world, e164))
        run_out(e164)
        sweep_numbers()
