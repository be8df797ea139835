"""Two and more actors at once: last licences, one number, one user, one job."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection

from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.lifecycle.terminate import terminate
from fusion.users.delete_user import delete_user
from fusion.users.link import link_user
from fusion.users.unlink import unlink_user
from tests.bounds import PATIENCE
from tests.concurrency.actors import at_once, count_waiting, holding, rows
from tests.concurrency.pool import pool_for
from tests.numbers.stock import entitle, french, stock
from tests.owner import owner_rows
from tests.users.staff import (
    created,
    equip,
    job,
    licences,
    linked,
    outcomes,
    provision_batches,
    row,
    seen,
    submitted,
    work,
)
from tests.world import World

ACTORS = 24


@pytest.fixture(autouse=True, scope="module")
def crowded() -> Iterator[None]:
    """As many pooled connections as the largest test has actors."""
    with pool_for(ACTORS):
        yield


def _link(world: World, user: dict[str, Any], number: str) -> str:
    try:
        link_user(
            world.actor(),
            subscription_id=world.subscription.id,
            user_id=user["id"],
            number=number,
        )
    except Problem as problem:
        return problem.code
    return "linked"


def _unlink(world: World, user: dict[str, Any]) -> str:
    unlink_user(world.actor(), subscription_id=world.subscription.id, user_id=user["id"])
    return "unlinked"


def _delete(world: World, user: dict[str, Any]) -> str:
    delete_user(world.actor(), subscription_id=world.subscription.id, user_id=user["id"])
    return "deleted"


def test_the_last_licences(world: World) -> None:
    numbers = equip(world, 5, 16)
    users = [created(world, f"u{n}") for n in range(16)]
    actions = [
        lambda user=user, number=number: _link(world, user, number)
        for user, number in zip(users, numbers, strict=True)
    ]
    assert Counter(at_once(*actions)) == {"linked": 5, "no-license": 11}
    assert licences(world) == (5, 5)
    assert differences() == []


def test_of_two_for_the_last_licence_one_waits_and_is_refused(world: World) -> None:
    first, second = equip(world, 1, 2)
    one, two = created(world, "one"), created(world, "two")
    with holding() as meanwhile:
        assert _link(world, one, first) == "linked"
        other = meanwhile.start(lambda: _link(world, two, second))
    assert other.result(PATIENCE) == "no-license"


def test_one_number_for_many(world: World) -> None:
    (number,) = equip(world, 16, 1)
    users = [created(world, f"u{n}") for n in range(16)]
    outcomes_ = Counter(at_once(*[lambda u=user: _link(world, u, number) for user in users]))
    assert outcomes_ == {"linked": 1, "number-in-use": 15}
    assert licences(world) == (16, 1)


def test_many_numbers_for_one(world: World) -> None:
    numbers = equip(world, 2, 12)
    user = created(world)
    assert at_once(*[lambda n=n: _link(world, user, n) for n in numbers]) == ["linked"] * 12
    assert licences(world) == (2, 1)
    assert seen(world, user)["number"] in numbers
    assert differences() == []


def test_swaps_and_unlinkings_in_a_storm(world: World) -> None:
    numbers = equip(world, 3, 4)
    users = [created(world, f"u{n}") for n in range(3)]
    for _ in range(5):
        actions: list[Any] = [
            lambda u=user, n=number: _link(world, u, n) for user in users for number in numbers[:3]
        ]
        actions += [lambda u=user: _unlink(world, u) for user in users]
        assert set(at_once(*actions)) <= {"linked", "unlinked", "number-in-use"}
    assert licences(world)[1] == sum(1 for user in users if seen(world, user)["number"])
    assert differences() == []


def test_moving_against_unlinking(world: World) -> None:
    a, b = equip(world, 1, 2)
    user = linked(world, created(world), a)
    with holding() as meanwhile:
        _unlink(world, user)
        move = meanwhile.start(lambda: _link(world, user, b))
    assert move.result(PATIENCE) == "linked"
    with holding() as meanwhile:
        assert _link(world, user, a) == "linked"
        end = meanwhile.start(lambda: _unlink(world, user))
    assert end.result(PATIENCE) == "unlinked"
    assert licences(world) == (1, 0)
    assert differences() == []


def test_deleting_against_linking(world: World) -> None:
    (number,) = equip(world, 1, 1)
    user = created(world)
    with holding() as meanwhile:
        _delete(world, user)
        late = meanwhile.start(lambda: _link(world, user, number))
    assert late.result(PATIENCE) == "not-found"
    user = created(world)
    with holding() as meanwhile:
        assert _link(world, user, number) == "linked"
        end = meanwhile.start(lambda: _delete(world, user))
    assert end.result(PATIENCE) == "deleted"
    assert (licences(world), seen(world, user)) == ((1, 0), None)
    assert differences() == []


def test_terminating_against_linking_and_batches(world: World) -> None:
    numbers = equip(world, 8, 8)
    users = [created(world, f"u{n}") for n in range(4)]
    id = submitted(world, [row(f"b{n}", number) for n, number in enumerate(numbers[4:])])
    answered = at_once(
        *[lambda u=u, n=n: _link(world, u, n) for u, n in zip(users, numbers[:4], strict=True)],
        lambda: str(terminate(world.actor(), subscription_id=world.subscription.id).status),
        lambda: str(provision_batches(chunk=2)),
    )
    assert set(answered[:4]) <= {"linked", "subscription-terminated"}
    work()
    assert set(outcomes(world, id)) <= {201, "subscription-terminated"}
    assert licences(world) == (0, 0)
    assert differences() == []


def test_a_batch_against_single_links_for_the_last_licences(world: World) -> None:
    numbers = equip(world, 10, 20)
    users = [created(world, f"u{n}") for n in range(10)]
    id = submitted(world, [row(f"b{n}", number) for n, number in enumerate(numbers[10:])])

    def provision() -> str:
        work(chunk=2)
        return "worked"

    singles = [
        lambda u=u, n=n: _link(world, u, n) for u, n in zip(users, numbers[:10], strict=True)
    ]
    answered = Counter(at_once(*singles, provision))
    work()
    batch = Counter(outcomes(world, id))
    assert answered["linked"] + batch[201] == 10
    assert answered["no-license"] + batch["no-license"] == 10
    assert licences(world) == (10, 10)
    assert differences() == []


def test_several_workers_share_the_jobs(world: World) -> None:
    numbers = equip(world, 60, 60)
    ids = [
        submitted(world, [row(f"{k}.{n}", numbers[k * 20 + n]) for n in range(20)])
        for k in range(3)
    ]

    def worker() -> None:
        for _ in range(30):
            provision_batches(chunk=3)

    at_once(*[worker] * 6)
    work()
    for id in ids:
        assert job(world, id)["state"] == "finished"
        assert outcomes(world, id) == [201] * 20
    assert licences(world) == (60, 60)
    assert differences() == []


WRITES = (
    "users_user",
    "ledger_entry",
    "numbers_number",
    "events_event",
    "tenancy_auditrecord",
    "users_jobresult",
)


@pytest.mark.parametrize("table", WRITES)
def test_a_worker_killed_at_any_of_its_writes(world: World, table: str) -> None:
    """A lock on the table stops the chunk just there, with all its writes before it done."""
    numbers = equip(world, 6, 6)
    id = submitted(world, [row(f"u{n}", number) for n, number in enumerate(numbers)])
    provision_batches(chunk=2)
    before = world.fingerprint()

    def provision() -> str:
        try:
            provision_batches(chunk=2)
        except DatabaseError as error:
            return type(error.__cause__).__name__
        return "done"

    with holding() as meanwhile:
        owner_rows(f"LOCK TABLE {table} IN SHARE MODE")
        late = meanwhile.start(provision)
        assert count_waiting() == 1
        owner_rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        assert late.result(PATIENCE) == "AdminShutdown"
    assert world.fingerprint() == before
    assert job(world, id)["done"] == 2
    work(chunk=2)
    assert outcomes(world, id) == [201] * 6
    assert licences(world) == (6, 6)
    assert differences() == []


def test_a_job_locked_by_another_worker_is_skipped(world: World) -> None:
    ids = [submitted(world, [row(f"u{n}")]) for n in range(2)]
    with holding() as meanwhile:
        rows("SELECT id FROM users_job WHERE id = %s FOR NO KEY UPDATE", [ids[0]])
        future = meanwhile._pool.submit(_provision_and_close)
        assert future.result(PATIENCE) >= 1
        assert [job(world, id)["state"] for id in ids] == ["queued", "finished"]
    work()
    assert job(world, ids[0])["state"] == "finished"


def _provision_and_close() -> int:
    try:
        return provision_batches()
    finally:
        connection.close()


def test_a_batch_waits_for_the_last_free_numbers(world: World) -> None:
    """Others hold them, and give them back."""
    equip(world, 2, 1)
    entitle(world, 2)
    held, _ = stock(world, 2)
    wanted = [{**row(login), "sku": french(world).code} for login in ("anna", "berta")]
    id = submitted(world, wanted)
    with holding() as meanwhile:
        rows("SELECT e164 FROM numbers_number WHERE e164 = %s FOR UPDATE", [held])
        late = meanwhile.start(provision_batches)
    assert late.result(PATIENCE) >= 1
    assert outcomes(world, id) == [201, 201]
