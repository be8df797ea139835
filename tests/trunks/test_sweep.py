"""The worker's sweep: what has lapsed becomes a record once, however many sweep."""

from collections import Counter
from pathlib import Path

import pytest
from django.db import transaction

from fusion.cli.verify import differences
from fusion.trunks.sweep import BATCH, sweep_calls
from tests.bounds import PATIENCE
from tests.concurrency.actors import at_once, holding
from tests.server import run_worker, wait_for
from tests.trunks.calling import (
    admitted,
    ask,
    by_sql,
    end,
    hang_up,
    lapsed,
    live,
    order_channels,
    outcomes,
    put,
    records,
    rows,
    trunk_id,
)
from tests.world import World

pytestmark = pytest.mark.usefixtures("crowded")


@pytest.fixture(autouse=True)
def swept() -> None:
    """What other tests have left is not counted: it is swept now, or not before this test ends.

    A call that has lapsed is not prolonged: later ones were admitted in its place. A tombstone is
    old enough after a quarter of an hour, which a slow run lasts longer than: they go now.
    """
    rows(
        "UPDATE trunks_call SET lease_expires_at = now() + interval '1 hour'"
        " WHERE ended_at IS NULL AND lease_expires_at > now()"
    )
    rows("DELETE FROM trunks_call WHERE ended_at IS NOT NULL")
    sweep_calls()


def lapse_many(world: World, count: int) -> str:
    """A trunk on which that many calls have lapsed."""
    order_channels(world, count)
    trunk = trunk_id(world)
    rows(
        "SELECT calls.admit(%s::uuid, 'inbound', 'call ' || i, 'a', 'b', interval '1 day')"
        " FROM generate_series(1, %s) i",
        trunk,
        count,
    )
    rows(
        "UPDATE trunks_call SET lease_expires_at = clock_timestamp() WHERE trunk_id = %s::uuid",
        trunk,
    )
    return trunk


def test_expired_calls_become_records(world: World) -> None:
    order_channels(world, 3)
    trunk = trunk_id(world)
    lapsed(trunk, "a", "b")
    [lease] = rows(
        "SELECT kernel_instant(lease_expires_at) FROM trunks_call WHERE call_id = 'a'"
        " AND trunk_id = %s::uuid",
        trunk,
    )
    admitted(world, trunk, "c")
    assert sweep_calls() == 2
    assert sweep_calls() == 0
    assert outcomes(world) == {"a": "lapsed", "b": "lapsed"}
    assert records(world)[-1]["ended_at"] == lease[0]
    assert live(world) == ["c"]
    # It was not ended by anybody, so the same call may come back.
    admitted(world, trunk, "a")


def test_tombstones_go_after_a_quarter_of_an_hour(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    end(world, trunk, "a")
    end(world, trunk, "b")
    age = "UPDATE trunks_call SET ended_at = ended_at - %s::interval WHERE trunk_id = %s::uuid"
    rows(age, "14 minutes", trunk)
    assert sweep_calls() == 0
    assert put(world, trunk, "a").status_code == put(world, trunk, "b").status_code == 410
    rows(age, "2 minutes", trunk)
    assert sweep_calls() == 2
    assert put(world, trunk, "b").status_code == 201
    assert outcomes(world) == {"a": "ended"}


def test_more_than_a_batch(world: World) -> None:
    lapse_many(world, 2 * BATCH + 7)
    assert sweep_calls(batches=1) == BATCH
    assert sweep_calls() == BATCH + 7


def test_several_at_once_share_the_work(world: World) -> None:
    count = 3 * BATCH
    lapse_many(world, count)
    answered = at_once(*[sweep_calls] * 8)
    assert sum(answered) == count
    assert Counter(outcomes_of(world)) == {"lapsed": count}
    assert differences() == []


def outcomes_of(world: World) -> list[str]:
    """Why each call on record is over."""
    found = rows(
        "SELECT reason FROM trunks_callrecord WHERE subscription_id = %s", world.subscription.id
    )
    return [reason for (reason,) in found]


def test_a_sweep_skips_locked_rows(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    lapsed(trunk, "a", "b")
    with transaction.atomic():
        rows(
            "SELECT FROM trunks_call WHERE trunk_id = %s::uuid AND call_id = 'a' FOR UPDATE", trunk
        )
        [answered] = at_once(sweep_calls)
        assert answered == 1  # it did not wait for the other one
    assert sweep_calls() == 1


def test_a_call_that_comes_while_it_is_swept_is_another_call(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    lapsed(trunk, "a")
    with holding() as meanwhile:
        assert sweep_calls() == 1
        again = meanwhile.start(lambda: ask(world, trunk, "a"))
    assert again.result(PATIENCE) == 201
    assert outcomes_of(world) == ["lapsed"]
    assert live(world) == ["a"]


def test_an_end_that_comes_while_it_is_swept(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    lapsed(trunk, "a")
    with holding() as meanwhile:
        assert sweep_calls() == 1
        late = meanwhile.start(lambda: hang_up(world, trunk, "a"))
    assert late.result(PATIENCE) == 204
    assert outcomes_of(world) == ["lapsed"]
    assert put(world, trunk, "a").status_code == 410


def test_sweeps_renewals_and_ends_in_a_storm(world: World) -> None:
    """Leases run out in the middle of it; every call is on record once."""
    order_channels(world, 1000)
    trunk = trunk_id(world)

    def phone(who: int) -> int:
        admissions = 0
        for i in range(12):
            call = f"{who}.{i % 3}"
            status = by_sql(trunk, call, seconds=0.004)[0]
            admissions += status == 201
            if i % 4 == 3:
                rows("SELECT calls.end_call(%s::uuid, 'inbound', %s)", trunk, call)
        return admissions

    def sweep(who: int) -> int:
        for _ in range(15):
            sweep_calls()
        return 0

    admissions = sum(at_once(*[lambda i=i: (phone if i % 4 else sweep)(i) for i in range(24)]))
    rows("SELECT pg_sleep(0.01)")
    sweep_calls()
    assert len(outcomes_of(world)) == admissions > 0
    assert differences() == []


def test_a_worker_does_it_by_itself(world: World, tmp_path: Path) -> None:
    order_channels(world, 1)
    lapsed(trunk_id(world), "a")
    with run_worker(tmp_path / "log"):
        wait_for(lambda: outcomes(world) == {"a": "lapsed"}, "the worker's sweep")
