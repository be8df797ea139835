"""What becomes of trunks and calls when their subscription or organization comes to its end."""

from tests.numbers.stock import assigned, balance, entitle, refused, statuses, stock
from tests.ordering.placing import terminate
from tests.trunks.calling import (
    admitted,
    end,
    live,
    order_channels,
    outcomes,
    put,
    records,
    renewed,
    rows,
    trunk_id,
    trunks_path,
)
from tests.trunks.test_use import channel_balance
from tests.world import World, answer


def test_terminated_with_trunks_numbers_and_calls(world: World) -> None:
    entitle(world, 3)
    numbers = stock(world, 3)
    assigned(world, *numbers)
    order_channels(world, 2)
    one, two = trunk_id(world), trunk_id(world)
    for trunk, e164 in ((one, numbers[0]), (one, numbers[1]), (two, numbers[2])):
        assert world.call("PUT", trunks_path(world, trunk, "numbers", e164)).status_code == 200
    admitted(world, one, "a")
    admitted(world, two, "b")
    terminate(world)

    assert statuses(*numbers) == ["quarantined"] * 3
    assert balance(world) == (0, 0)
    assert rows(
        "SELECT count(*) FROM numbers_number WHERE subscription_id = %s AND trunk_id IS NOT NULL",
        world.subscription.id,
    ) == [(0,)]
    # No call is cut: what is live shows until it ends.
    assert channel_balance(world) == (0, 2, 0)
    assert renewed(world, one, "a")["in_use"] == 2
    end(world, one, "a")
    end(world, two, "b")
    assert channel_balance(world) == (0, 0, 0)
    assert outcomes(world) == {"a": "ended", "b": "ended"}

    shown = answer(world.call("GET", trunks_path(world)))["items"]
    assert [trunk["numbers"] for trunk in shown] == [0, 0]
    before = world.fingerprint()
    path = trunks_path(world, one, "numbers", numbers[0])
    refused(world, before, world.call("PUT", path), 409, "subscription-terminated")


def test_an_organization_is_deleted_and_its_calls_stay_on_record(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    before = world.fingerprint()
    path = f"/organizations/{world.tenant.id}"
    refused(world, before, world.call("DELETE", path), 409, "conflict")
    terminate(world)
    assert world.call("DELETE", path).status_code == 204
    # The proxy, which is the group's, still tells how the last call ends.
    assert live(world) == ["a"]
    end(world, trunk, "a")
    assert put(world, trunk, "b").status_code == 409
    assert [record["call_id"] for record in records(world)] == ["a"]


def test_a_trunk_s_last_tombstones_go_with_it(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    end(world, trunk, "a")
    end(world, trunk, "never admitted")
    assert rows("SELECT count(*) FROM trunks_call WHERE trunk_id = %s::uuid", trunk) == [(2,)]
    assert world.call("DELETE", trunks_path(world, trunk)).status_code == 204
    assert rows("SELECT count(*) FROM trunks_call WHERE trunk_id = %s::uuid", trunk) == [(0,)]
    before = world.fingerprint()
    for method in ("PUT", "DELETE"):
        body = {"caller": "", "callee": "1"}
        response = world.call(method, f"/trunks/{trunk}/calls/inbound/a", body)
        refused(world, before, response, 404, "not-found")


def test_expired_calls_of_a_deleted_trunk_have_records(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    rows(
        "SELECT calls.admit(%s::uuid, 'inbound', 'a', '', '1', interval '5 ms'), pg_sleep(0.02)",
        trunk,
    )
    assert world.call("DELETE", trunks_path(world, trunk)).status_code == 204
    assert outcomes(world) == {"a": "lapsed"}


def test_the_end_of_a_call_that_its_caller_cannot_see(world: World) -> None:
    trunk = trunk_id(world)
    before = world.fingerprint()
    ending = "SELECT calls.end_call(%s::uuid, 'inbound', 'a', %s::text)"
    assert rows(ending, trunk, World().group.path) == [(None,)]
    assert world.fingerprint() == before


def test_deleting_a_trunk_keeps_what_belongs_to_another(world: World) -> None:
    order_channels(world, 5)
    trunk, other = trunk_id(world), trunk_id(world, channel_cap=2, calls_per_second=9)
    admitted(world, other, "a")
    admitted(world, other, "help", direction="outbound", callee="112")

    def kept() -> list[int]:
        counted = {
            "trunks_call": "trunk_id",
            "trunks_emergencycaller": "trunk_id",
            "trunks_channelthreshold": "subject_id",
            "trunks_ratedcall": "trunk_id",
        }
        return [
            rows(f"SELECT count(*)::int FROM {table} WHERE {column} = %s::uuid", other)[0][0]
            for table, column in counted.items()
        ]

    before = kept()
    assert min(before) > 0
    assert world.call("DELETE", trunks_path(world, trunk)).status_code == 204
    assert (kept(), records(world)) == (before, [])
