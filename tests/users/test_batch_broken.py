"""A batch with a row that cannot be done: that row fails and says so, all others are done."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.test import Client

from fusion.access.actor import AGENT
from fusion.cli.verify import differences
from fusion.users.provision import provision_batch, provision_batches
from tests.owner import owner_rows
from tests.portal.people import make_person, signed_in
from tests.trunks.calling import trunk_id
from tests.users.staff import equip, job, licences, outcomes, results, row, submitted, work
from tests.world import World


@contextmanager
def map_constraint_errors(table: str, condition: str) -> Iterator[None]:
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
    with map_constraint_errors("users_user", f"NEW.login IN ({logins})"):
        work(chunk)
    told = job(world, id)
    assert (told["state"], told["done"], told["failed"]) == ("failed", 25, len(broken))
    assert told["finished_at"] is not None
    assert told["error"].startswith(f"Row {broken[0]} failed") and id in told["error"]
    assert outcomes(world, id) == [
        "internal-error" if position in broken else 201 for position in range(1, 26)
    ]
    [first, *_] = [each for each in results(world, id) if "problem" in each]
    assert first["status"] == 500 and "refused by the test" not in first["problem"]["detail"]
    assert (job(world, after)["state"], job(world, after)["error"]) == ("finished", None)
    assert provision_batches() == 0
    assert differences() == []


def test_a_job_of_which_nothing_can_be_done_ends_too(world: World) -> None:
    id = submitted(world, batch(3))
    with map_constraint_errors("users_user", f"NEW.subscription_id = '{world.subscription.id}'"):
        work()
    assert job(world, id)["state"] == "failed"
    assert outcomes(world, id) == ["internal-error"] * 3


def test_until_it_has_ended_it_is_running(world: World) -> None:
    id = submitted(world, batch(3))
    with map_constraint_errors("users_user", "NEW.login = 'u1'"):
        provision_batch(job=id, chunk=1)  # type: ignore[arg-type]
    told = job(world, id)
    assert (told["state"], told["done"], told["finished_at"]) == ("running", 1, None)
    assert told["error"]
    work()
    assert job(world, id)["state"] == "failed"


def test_where_not_even_that_can_be_recorded_the_others_are_done(world: World) -> None:
    id = submitted(world, batch(2))
    other = submitted(world, [row("other")])
    with map_constraint_errors("users_jobresult", f"NEW.job_id = '{id}'"):
        for _ in range(3):
            provision_batches()
    assert (job(world, id)["state"], job(world, id)["done"]) == ("queued", 0)
    assert job(world, other)["state"] == "finished"
    work()
    assert job(world, id)["state"] == "finished"


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
    with map_constraint_errors("users_user", "NEW.login = 'u3'"):
        work()
    client: Client = signed_in(make_person((world.group, AGENT)))
    at = f"/subscriptions/{world.subscription.id}/users/uploads"
    page = client.get(f"{at}/{id}").content.decode()
    assert "an error in Fusion" in page and id in page
    assert "4" in page and "Something went wrong on our side" in page
    assert 'hx-trigger="every 2s"' not in page, "there is nothing more to wait for"
    assert "Failed" in client.get(at, follow=True).content.decode()
