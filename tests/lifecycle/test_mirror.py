"""A mirror kept by the feed alone equals what the API shows, whatever was done."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.lifecycle.mirror import SHOWN, Mirror
from tests.lifecycle.random_changes import Provider
from tests.paging import all_items, follow_feed
from tests.world import World, answer


def mirrored(world: World) -> tuple[Mirror, set[str]]:
    """A mirror that read the whole feed, and the types that came."""
    mirror, types = Mirror(), set()

    def read(after: str | None) -> Any:
        position = f"&after={quote(after)}" if after else ""
        return answer(world.call("GET", f"/events?limit=100{position}"))

    for page in follow_feed(read):
        for event in page["items"]:
            mirror.apply(event)
            types.add(event["type"])
    return mirror, types


def compare(world: World, mirror: Mirror) -> None:
    """Each of the mirror's objects is as the API shows it, and none is missing."""
    subscriptions = {
        each["id"]: each
        for each in all_items(world, "/subscriptions", 500)
        if each["id"] != str(world.subscription.id)  # a row of the test's, without an event
    }
    numbers = [
        *all_items(world, "/numbers", 500),
        *all_items(world, "/numbers?status=ported_out", 500),
    ]
    shown = {each["e164"]: {name: each[name] for name in SHOWN} for each in numbers}
    assert mirror.numbers == shown
    mirror.subscriptions.pop(str(world.subscription.id), None)  # its tenant may have moved
    assert mirror.subscriptions == subscriptions
    ranges = {each["id"]: each for each in all_items(world, "/number-ranges", 500)}
    assert mirror.ranges == ranges
    users: dict[str, Any] = {}
    trunks: dict[str, Any] = {}
    balances: dict[tuple[str, str], tuple[int, int]] = {}
    for id in subscriptions:
        users |= {each["id"]: each for each in all_items(world, f"/subscriptions/{id}/users")}
        trunks |= {each["id"]: each for each in all_items(world, f"/subscriptions/{id}/trunks")}
        for each in answer(world.call("GET", f"/subscriptions/{id}/balances"))["items"]:
            balances[id, each["sku"]] = (each["granted"], each["used"])
    assert mirror.users == users
    for trunk in (*mirror.trunks.values(), *trunks.values()):
        del trunk["numbers"]  # a count: the numbers say where they are routed
    assert mirror.trunks == trunks
    empty = {key: value for key, value in mirror.balances().items() if value != (0, 0)}
    assert empty == {key: value for key, value in balances.items() if value != (0, 0)}


USUAL = {
    "number.assigned",
    "number.ported",
    "number.released",
    "number.reserved",
    "range.changed",
    "range.created",
    "trunk.created",
    "user.created",
    "user.deleted",
    "user.linked",
    "user.unlinked",
}


@pytest.mark.parametrize("seed", range(3))
def test_a_mirror_kept_by_the_feed_alone(world: World, seed: int) -> None:
    world.sku("fr-other", "entitlement", "number", "FR", "geographic")
    provider = Provider(world, seed)
    for _ in range(3):
        for _ in range(33):
            provider.act()
        mirror, types = mirrored(world)
        compare(world, mirror)
    assert types >= USUAL
    assert len(provider.done) > 25, set(provider.tried) - set(provider.done)
