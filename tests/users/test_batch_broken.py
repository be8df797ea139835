"""A batch with a row that cannot be done: that row fails and says so, all others are done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from django.test import Client

from fusion.access.actor import AGENT
from fusion.cli.verify import differences
from fusion.jobs.former import drain_former_queues
from fusion.kernel.ids import new_id
from fusion.users.provision import BATCHES, RETRIES, provision_batch, provision_next
from tests.owner import owner_rows
from tests.portal.people import make_person, signed_in
from tests.queued import clear_jobs, make_due, run_jobs, states
from tests.trunks.calling import trunk_id
from tests.users.staff import (
    equip,
    job,
    licences,
    outcomes,
    provision_batches,
    results,
    row,
    submitted,
    work,
)
from tests.world import World

TASK = provision_next.name


@contextmanager
def refusing(table: str, condition: str) -> Iterator[None]:
    """The database refuses rows of `table` where `condition` holds: a fault of our own."""
    owner_rows(
        "CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'refused by the test'; END $$"
    )
    owner_rows(
        f"CREATE TRIGGER test_refuse BEFORE INSERT ON {table} FOR EACH ROW"
        f" WHEN ({condition}) EXECUTE FUNCTION test_refuse()"
    )
    try:
        yield
    finally:
        owner_rows("DROP FUNCTION test_refuse CASCADE")


def batch(count: int) -> list[dict[str, object]]:
    """Rows with the logins u1, u2, and so on."""
    return [row(f"u{position}") for position in range(1, count + 1)]


@pytest.mark.parametrize("chunk", [1, 4, 25, 1000])
@pytest.mark.parametrize("broken", [(1,), (25,), (7, 8, 19)])
def test_innocent_rows_are_done_and_the_job_fails(
    world: World, chunk: int, broken: tuple[int, ...]
) -> None:
    id = submitted(world, batch(25))
    after = submitted(world, [row("later")])
    logins = ", ".join(f"'u{position}'" for position in broken)
    with refusing("users_user", f"NEW.login IN ({logins})"):
        work(chunk)
    outcome = job(world, id)
    assert (outcome["state"], outcome["done"], outcome["failed"]) == ("failed", 25, len(broken))
    assert outcome["finished_at"] is not None
    assert outcome["error"].startswith(f"Row {broken[0]} failed") and id in outcome["error"]
    assert outcomes(world, id) == [
        "internal-error" if position in broken else 201 for position in range(1, 26)
    ]
    [first, *_] = [each for each in results(world, id) if "problem" in each]
    assert first["status"] == 500 and "refused by the test" not in first["problem"]["detail"]
    assert (job(world, after)["state"], job(world, after)["error"]) == ("finished", None)
    assert provision_batches() == 0
    assert differences() == []


def test_a_row_of_the_previous_release_is_named_by_its_position(world: World) -> None:
    """Its servers write no number of the row."""
    id = submitted(world, batch(2))
    former = [{"id": str(new_id()), "kind": "user", **each} for each in batch(2)]
    owner_rows(
        "UPDATE users_job SET rows = %s::json WHERE id = %s", [orjson.dumps(former).decode(), id]
    )
    with refusing("users_user", "NEW.login = 'u2'"):
        work()
    assert job(world, id)["error"].startswith("Row 2 failed")


def test_a_job_of_which_nothing_can_be_done_ends_too(world: World) -> None:
    id = submitted(world, batch(3))
    with refusing("users_user", f"NEW.subscription_id = '{world.subscription.id}'"):
        work()
    assert job(world, id)["state"] == "failed"
    assert outcomes(world, id) == ["internal-error"] * 3


@pytest.mark.parametrize("faulty", [{"a\0b": 1}, {"number": "+33\0 1"}, {"sku": "a\0"}])
def test_a_null_character_anywhere_in_a_row_is_its_own_outcome(
    world: World, faulty: dict[str, Any]
) -> None:
    id = submitted(world, [row("anna", **faulty), row("berta")])
    work()
    assert job(world, id)["state"] == "finished"
    assert outcomes(world, id) == ["invalid-fields", 201]


def test_until_it_has_ended_it_is_running(world: World) -> None:
    id = submitted(world, batch(3))
    with refusing("users_user", "NEW.login = 'u1'"):
        provision_batch(job=id, chunk=1)  # type: ignore[arg-type]
    outcome = job(world, id)
    assert (outcome["state"], outcome["done"], outcome["finished_at"]) == ("running", 1, None)
    assert outcome["error"]
    work()
    assert job(world, id)["state"] == "failed"


def test_where_not_even_that_can_be_recorded_the_job_fails_in_the_end(world: World) -> None:
    """A worker tries again for a minute; others are done meanwhile, and the owner sees it."""
    clear_jobs()
    id = submitted(world, batch(3))
    with refusing("users_jobresult", f"NEW.job_id = '{id}' AND NEW.position = 2"):
        provision_batch(job=id, chunk=1)  # type: ignore[arg-type]
        other = submitted(world, [row("other")])
        for attempt in range(RETRIES.attempts):
            assert job(world, id)["state"] == "running"
            assert states(TASK)[0] == ("todo", attempt)
            make_due(TASK)
            run_jobs(BATCHES)
    assert states(TASK) == [("failed", RETRIES.attempts)]
    assert job(world, other)["state"] == "finished"
    outcome = job(world, id)
    assert (outcome["state"], outcome["total"], outcome["done"], outcome["failed"]) == (
        "failed",
        3,
        1,
        0,
    )
    assert outcome["finished_at"] is not None
    assert (
        outcome["error"].startswith("Fusion stopped after 1 of 3 rows") and id in outcome["error"]
    )
    assert outcomes(world, id) == [201]
    drain_former_queues()
    work()
    run_jobs(BATCHES)
    assert job(world, id) == outcome, "nobody tries it again"
    assert differences() == []
    client = signed_in(make_person((world.group, AGENT)))
    page = client.get(f"/subscriptions/{world.subscription.id}/users/uploads/{id}").content.decode()
    assert "Fusion stopped after 1 rows" in page and id in page
    assert "None failed" not in page and 'hx-trigger="every 2s"' not in page


def test_it_continues_once_a_fault_is_mended(world: World) -> None:
    clear_jobs()
    id = submitted(world, batch(3))
    with refusing("users_jobresult", f"NEW.job_id = '{id}'"):
        run_jobs(BATCHES)
    assert (job(world, id)["state"], job(world, id)["done"]) == ("queued", 0)
    make_due(TASK)
    run_jobs(BATCHES)
    assert (job(world, id)["state"], states(TASK)) == ("finished", [])


def test_a_number_of_a_trunk_is_not_taken_from_it(world: World) -> None:
    numbers = equip(world, 3, 3)
    trunk = trunk_id(world)
    path = f"/subscriptions/{world.subscription.id}/trunks/{trunk}/numbers/{numbers[1]}"
    assert world.call("PUT", path).status_code == 200
    id = submitted(world, [row(f"u{n}", number) for n, number in enumerate(numbers)])
    work()
    assert job(world, id)["state"] == "finished"
    assert outcomes(world, id) == [201, "number-in-use", 201]
    [refusal] = [each["problem"] for each in results(world, id) if "problem" in each]
    assert (refusal["trunk_id"], refusal["user_id"]) == (trunk, None)
    assert licences(world) == (3, 2)
    assert differences() == []


def test_the_portal_shows_the_failed_job(world: World) -> None:
    id = submitted(world, batch(4))
    with refusing("users_user", "NEW.login = 'u3'"):
        work()
    client: Client = signed_in(make_person((world.group, AGENT)))
    at = f"/subscriptions/{world.subscription.id}/users/uploads"
    page = client.get(f"{at}/{id}").content.decode()
    assert "an error in Fusion" in page and id in page
    assert "4" in page and "Something went wrong on our side" in page
    assert 'hx-trigger="every 2s"' not in page, "there is nothing more to wait for"
    assert "Failed" in client.get(at, follow=True).content.decode()
