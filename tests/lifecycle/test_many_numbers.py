"""Many numbers at once: a result for each, crossing moves, ten thousand, and a killed process."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.lifecycle.change_numbers import MAX_CHANGED, Choice, change_numbers, move_numbers
from fusion.numbers.assign import assign_numbers
from fusion.numbers.models import Number, Range
from fusion.tenancy.models import Subscription
from tests.bounds import PATIENCE, killed_after
from tests.concurrency.actors import at_once, holding, order, remove
from tests.concurrency.pool import pool_for
from tests.contract.stage import trunk_of
from tests.lifecycle.moving import changed, move, moved_events, outcomes, second
from tests.numbers.stock import (
    assigned,
    balance,
    block,
    entitle,
    french,
    number,
    path,
    refused,
    statuses,
    stock,
)
from tests.owner import owner_rows
from tests.users.staff import created, equip, licences, linked, seen
from tests.world import World, answer

CROWD = 12
FIRST = 33262_000000
"""Numbers that no other test has."""


@pytest.fixture(autouse=True, scope="module")
def crowded() -> Iterator[None]:
    """A connection for each of the crowd."""
    with pool_for(CROWD + 4):
        yield


def test_each_number_has_its_result(world: World) -> None:
    linked_one, one, two, three = equip(world, 1, 4)
    free, theirs = stock(world, 2)
    linked(world, created(world), linked_one)
    target = second(world, 3)
    assigned(world, theirs, subscription=target)  # two entitlements are left
    results = changed(
        world,
        "move",
        numbers=[linked_one, three, free, one, two],
        to_subscription_id=str(target.id),
    )
    assert outcomes(results) == ["number-in-use", 200, "number-not-assigned", 200, "no-entitlement"]
    assert [each["e164"] for each in results] == [linked_one, three, free, one, two]
    assert results[1]["number"] == number(world, three)
    assert results[4]["problem"]["refusals"][0]["missing"] == 1
    assert results[0]["problem"]["type"] == "urn:fusion:problem:number-in-use"
    assert (balance(world), balance(world, target)) == ((4, 2), (3, 3))
    assert len(moved_events(world, world.group)) == 4


def test_release_a_selection(world: World) -> None:
    numbers = equip(world, 1, 5)
    user = linked(world, created(world), numbers[0])
    ends = numbers[3][-4:]
    whole = f"00{numbers[3][1:]}"
    assert outcomes(changed(world, "unlink", selection={"ends_with": whole})) == [200]
    assert outcomes(changed(world, "release", selection={"ends_with": ends})) == [200]
    assert statuses(numbers[3]) == ["quarantined"]
    assert outcomes(changed(world, "release", selection={"linked": False, "quantity": 2})) == [
        200,
        200,
    ]
    assert statuses(*numbers[1:3]) == ["quarantined", "quarantined"]
    assert outcomes(changed(world, "release", selection={})) == ["number-in-use", 200]
    assert outcomes(changed(world, "release", selection={}, unlink=True)) == [200]
    assert seen(world, user)["number"] is None
    assert (balance(world), licences(world)) == ((5, 0), (1, 0))
    assert changed(world, "release", selection={}) == []


def test_unlink_users_and_trunks(world: World) -> None:
    of_user, of_trunk, loose = equip(world, 1, 3)
    [reserved] = stock(world, 1)
    entitle(world, 1)
    assigned(world, reserved, status="reserved", until="2027-01-01T00:00:00Z")
    linked(world, created(world), of_user)
    trunk = trunk_of(world, world.subscription)
    routed = f"/subscriptions/{world.subscription.id}/trunks/{trunk}/numbers/{of_trunk}"
    assert world.call("PUT", routed).status_code == 200
    results = changed(world, "unlink", numbers=[of_user, of_trunk, loose, reserved])
    assert outcomes(results) == [200, 200, 200, "number-not-assigned"]
    for e164 in (of_user, of_trunk):
        shown = number(world, e164)
        assert (shown["user_id"], shown["trunk_id"], shown["status"]) == (None, None, "assigned")
    assert (balance(world), licences(world)) == ((4, 4), (1, 0))


def test_what_a_batch_must_say(world: World) -> None:
    [one] = stock(world, 1)
    entitle(world, 1)
    assigned(world, one)
    target = second(world)
    before = world.fingerprint()
    for body in (
        {"action": "release"},
        {"action": "release", "numbers": [one], "selection": {}},
        {"action": "release", "numbers": []},
        {"action": "delete", "numbers": [one]},
        {"action": "move", "numbers": [one]},
        {"action": "release", "numbers": [one], "to_subscription_id": str(target.id)},
        {"action": "release", "selection": {"sku": "nothing"}},
        {"action": "release", "selection": {"status": "free"}},
        {"action": "release", "selection": {"starts_with": "3%"}},
        {"action": "release", "numbers": [f"+{FIRST + i}" for i in range(MAX_CHANGED + 1)]},
    ):
        response = world.call("POST", path(world, "batch"), body)
        refused(world, before, response, 422, "invalid-fields")


def test_a_repeated_batch(world: World) -> None:
    one, two = equip(world, 0, 2)
    body = {"action": "release", "numbers": [one]}
    headers = {"Idempotency-Key": "b"}
    first = world.call("POST", path(world, "batch"), body, headers=headers)
    before = world.fingerprint()
    again = world.call("POST", path(world, "batch"), body, headers=headers)
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert world.fingerprint() == before
    assert statuses(one, two) == ["quarantined", "assigned"]


def carry(world: World, a: Subscription, b: Subscription, *numbers: str) -> str:
    """Move from a to b; "moved" or the code of the refusal."""
    try:
        move_numbers(
            world.actor(),
            subscription_id=a.id,
            to_subscription_id=b.id,
            choice=Choice(numbers=numbers),
        )
    except Problem as problem:
        return problem.code
    return "moved"


def test_opposite_moves(world: World) -> None:
    """Nobody waits crosswise, and the books stay right."""
    numbers = stock(world, CROWD)
    target = second(world, CROWD)
    entitle(world, CROWD)
    half = CROWD // 2
    assigned(world, *numbers[:half])
    assigned(world, *numbers[half:], subscription=target)
    for _ in range(4):
        calls = []
        for i, e164 in enumerate(numbers):
            ends = (world.subscription, target) if i % 2 else (target, world.subscription)
            calls.append(lambda e164=e164, ends=ends: carry(world, *ends, e164))
        assert set(at_once(*calls)) <= {"moved", "number-not-assigned"}
    here, there = balance(world)[1], balance(world, target)[1]
    assert (here + there, here) == (CROWD, half)
    assert differences() == []


def test_one_number_wanted_by_two(world: World) -> None:
    [one] = stock(world, 1)
    entitle(world, 1)
    assigned(world, one)
    targets = [second(world, 1) for _ in range(2)]
    with holding() as meanwhile:
        assert carry(world, world.subscription, targets[0], one) == "moved"
        other = meanwhile.start(lambda: carry(world, world.subscription, targets[1], one))
    assert other.result(PATIENCE) == "number-not-assigned"
    assert [balance(world, each) for each in targets] == [(1, 1), (1, 0)]


def test_the_last_entitlement_of_the_target(world: World) -> None:
    """Wanted by a move, an assignment and an order that removes it."""
    one, two = stock(world, 2)
    entitle(world, 1)
    assigned(world, one)
    target = second(world, 1)
    product = world.entitling[french(world).id]  # type: ignore[attr-defined]

    def take() -> str:
        try:
            assign_numbers(world.actor(), subscription_id=target.id, numbers=[two])
        except Problem as problem:
            return problem.code
        return "assigned"

    done = at_once(
        lambda: carry(world, world.subscription, target, one),
        take,
        lambda: order(world, remove(product), subscription=target)[0],
    )
    assert sum(each in ("moved", "assigned", "placed") for each in done) == 1
    assert set(done) <= {"moved", "assigned", "placed", "no-entitlement", "below-use"}
    assert differences() == []


def test_moves_releases_and_a_termination(world: World) -> None:
    numbers = stock(world, 10)
    entitle(world, 10)
    assigned(world, *numbers)
    target = second(world, 10)
    world.token(world.group)

    def release(e164: str) -> str:
        result = change_numbers(
            world.actor(),
            subscription_id=world.subscription.id,
            action="release",
            choice=Choice(numbers=[e164]),
        )
        return "released" if outcomes(result.body["results"]) == [200] else "refused"

    def terminate() -> str:
        there = f"/subscriptions/{target.id}/terminate"
        return str(world.call("POST", there).status_code)

    done = at_once(
        terminate,
        *[lambda e164=e164: carry(world, world.subscription, target, e164) for e164 in numbers[:8]],
        *[lambda e164=e164: release(e164) for e164 in numbers[6:]],
    )
    assert done[0] == "200"
    assert set(done[1:9]) <= {"moved", "subscription-terminated", "number-not-assigned"}
    assert Counter(statuses(*numbers)).keys() <= {"assigned", "quarantined"}
    assert balance(world, target) == (0, 0)
    assert differences() == []


@pytest.fixture
def ten_thousand(world: World) -> list[str]:
    """Numbers of the world's subscription, and a second subscription entitled to them."""
    sku = french(world)
    made = Range(group_id=world.group.id, sku=sku, first=FIRST, last=FIRST + MAX_CHANGED - 1)
    made.save(force_insert=True)
    numbers = [f"+{FIRST + i}" for i in range(MAX_CHANGED)]
    Number.objects.unscoped("test").bulk_create(
        Number(e164=e164, group_id=world.group.id, sku_id=sku.id, range_id=made.id)
        for e164 in numbers
    )
    entitle(world, MAX_CHANGED)
    for start in range(0, MAX_CHANGED, 1000):
        assigned(world, *numbers[start : start + 1000])
    return numbers


def test_ten_thousand_move_with_few_statements(world: World, ten_thousand: list[str]) -> None:
    target = second(world, MAX_CHANGED)
    with CaptureQueriesContext(connection) as queries:
        response = move(world, target, *ten_thousand)
    assert len(queries) < 20
    assert response.status_code == 200
    assert (balance(world)[1], balance(world, target)[1]) == (0, MAX_CHANGED)
    assert len(answer(response)["items"]) == MAX_CHANGED
    too_many = {"starts_with": "33"}
    extra = block(1)
    Number.objects.unscoped("test").bulk_create(
        Number(
            e164=e164,
            group_id=world.group.id,
            sku_id=french(world).id,
            origin="ported",
            status="quarantined",
            subscription_id=target.id,
            tenant_id=target.tenant_id,
            until="2027-01-01T00:00:00Z",
        )
        for e164 in extra
    )
    results = changed(world, "unlink", selection=too_many, subscription=target)
    assert len(results) == MAX_CHANGED  # what is in quarantine is not selected
    Number.objects.unscoped("test").filter(e164__in=extra).delete()


KILLED = """
import os, sys, django
django.setup()
from uuid import UUID
from django.db import connection, transaction
from fusion.access.actor import system_actor
from fusion.lifecycle.change_numbers import Choice, move_numbers
group, source, target = map(UUID, sys.argv[1:])
with transaction.atomic():
    move_numbers(system_actor(group, "test"), subscription_id=source, to_subscription_id=target,
                 choice=Choice(status="assigned"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        print(cursor.fetchone()[0], flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("way", ["the application", "its backend"])
def test_killed_in_the_middle(world: World, way: str) -> None:
    numbers = equip(world, 0, 8)
    target = second(world, 8)
    before = world.fingerprint()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            KILLED,
            *map(str, (world.group.id, world.subscription.id, target.id)),
        ],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "fusion.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    with killed_after(process):
        backend = int(process.stdout.readline())
    try:
        if way == "its backend":
            assert owner_rows("SELECT pg_terminate_backend(%s)", [backend]) == [(True,)]
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()
        process.stdin.close()
    assert move(world, target, *numbers).status_code == 200  # waits for the dead transaction
    assert (balance(world), balance(world, target)) == ((8, 0), (8, 8))
    assert world.fingerprint() != before
    assert differences() == []
