"""The release before (6b7d093) on the new tables: what its servers and workers run."""

from datetime import timedelta

from django.db import connection

from fusion.cli.verify import differences
from fusion.kernel.clock import instant
from fusion.kernel.database import database_now
from fusion.kernel.ids import new_id
from fusion.lifecycle.apply_due import apply_due_orders
from tests.instants import MOMENT, still_clock
from tests.lifecycle.dating import ask, at, fall_due, orders, scheduled, seen, state
from tests.lifecycle.test_states import balances, order
from tests.world import World, answer, make_subscription


def worker_of_the_release_before() -> int:
    """What its sweep does; how many orders it settled."""
    settled = 0
    for _ in range(50):
        with connection.cursor() as cursor:
            cursor.execute("SELECT ordering_apply_next('system:worker'::text, 'r'::text)")
            (result,) = cursor.fetchone()
        if result is None:
            return settled
        settled += result != "{}"
    raise AssertionError("it would go on for ever")


def set_status(world: World, status: str) -> None:
    """What its suspend and resume do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tenancy_subscription SET status = %s WHERE id = %s",
            [status, world.subscription.id],
        )


def test_its_worker_skips_unknown_kinds_and_later_orders(world: World) -> None:
    order(world, 3)
    ending = scheduled(world, "terminate", 3)
    before = answer(order(world, 1, effective_at=at(2)))
    world.subscription, shared = make_subscription(world.tenant, "Other"), world.subscription
    other = answer(order(world, 7, effective_at=at(2)))
    world.subscription = shared
    fall_due(world)
    assert worker_of_the_release_before() >= 1
    assert seen(world, other)["state"] == "completed"
    assert seen(world, before)["state"] == seen(world, ending)["state"] == "scheduled"
    assert apply_due_orders() == 2
    assert seen(world, before)["state"] == seen(world, ending)["state"] == "completed"
    assert differences() == []


def test_its_suspend_and_resume_keep_the_holds_right(world: World) -> None:
    set_status(world, "suspended")
    assert state(world) == ("suspended", ["other"])
    ask(world, "suspend", reason="fraud")
    assert state(world) == ("suspended", ["other", "fraud"])
    set_status(world, "active")
    assert state(world) == ("active", [])
    ask(world, "suspend", reason="fraud")
    set_status(world, "suspended")
    assert state(world) == ("suspended", ["fraud"])
    set_status(world, "active")
    assert differences() == []


def test_its_terminate(world: World) -> None:
    order(world, 3)
    ask(world, "suspend")
    later = scheduled(world, "suspend", 5, reason="fraud")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lifecycle_end_orders(%s::uuid, %s::uuid, %s::text, %s::text)",
            [world.subscription.id, new_id(), "client:x", "request"],
        )
    set_status(world, "terminated")
    assert state(world) == ("terminated", [])
    assert seen(world, later)["state"] == "cancelled"
    [ending] = orders(world, kind="termination")
    assert (ending["state"], ending["lines"][0]["quantity"]) == ("completed", 3)
    assert balances(world) == [("be-geographic", 0, 0), ("user", 0, 0)]


def test_its_worker_waits_for_what_falls_due_at_this_instant(world: World) -> None:
    """It must not apply a change past an ending that is due, be it only just."""
    later = database_now() + timedelta(hours=3)
    before = answer(order(world, 1, effective_at=instant(later - timedelta(hours=1))))
    ending = answer(ask(world, "terminate", effective_at=instant(later)))
    for now, expected in ((later, "scheduled"), (later - MOMENT, "completed")):
        with still_clock() as go_to:
            go_to(now)
            worker_of_the_release_before()
            assert seen(world, before)["state"] == expected
            assert seen(world, ending)["state"] == "scheduled"
