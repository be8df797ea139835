"""A subscription with users, numbers, trunks, calls and an upload, for the pages that show them.

Created when a page first needs it, because other pages are faster without.
"""

from collections.abc import Callable
from typing import Any

from fusion.tenancy.models import Subscription
from tests.browser.scene import FOREIGN, LONG, Scene
from tests.numbers.stock import entitle
from tests.ordering.placing import line, placed
from tests.trunks.calling import admitted, end, make_trunk, order_channels
from tests.users.staff import created, equip, linked, row, submitted, work
from tests.world import World, answer, make_subscription


def under(*parts: str) -> Callable[[Scene], str]:
    """The URL of a page of that subscription; `{name}` is replaced by one of its ids."""
    return lambda scene: "/".join(("/subscriptions/{subscription}", *parts)).format(
        **furnished(scene)
    )


def bare(scene: Scene) -> str:
    """The URL of an empty subscription."""
    if "bare" not in scene.ids:
        scene.ids["bare"] = make_subscription(scene.world.tenant, LONG).id
    return f"/subscriptions/{scene.ids['bare']}"


def ended(scene: Scene) -> str:
    """The URL of a terminated subscription, one of whose numbers is free again."""
    if "ended" not in scene.ids:
        world = scene.world
        subscription = make_subscription(world.tenant, LONG)
        [first, *_] = equip(world, 2, 3, subscription)
        linked(world, created(world, "anna", subscription=subscription), first)
        make_trunk(world, subscription=subscription, name=FOREIGN)
        later = {"subscription": subscription, "effective_at": "2029-01-01T00:00:00Z"}
        placed(world, line(world.seat, 1), **later)
        path = f"/subscriptions/{subscription.id}"
        world.call("POST", f"{path}/suspend", {"reason": "fraud"})
        assert world.call("POST", f"{path}/terminate").status_code == 200
        restocked = world.call("POST", f"/numbers/{first}/restock", {"reason": "Mistake"})
        assert restocked.status_code == 200
        scene.ids["ended"] = subscription.id
    return f"/subscriptions/{scene.ids['ended']}"


def furnished(scene: Scene) -> dict[str, Any]:
    """The ids of its objects."""
    if "furnished" not in scene.ids:
        subscription = make_subscription(scene.world.tenant, FOREIGN)
        ids = {"subscription": subscription.id, "full": scene.ids["full"]}
        scene.ids["furnished"] = (
            ids | _people(scene.world, subscription) | _calls(scene.world, subscription)
        )
    ids = scene.ids["furnished"]
    return dict(ids)


def _people(world: World, subscription: Subscription) -> dict[str, Any]:
    """Five users, four of them with a number: one of five licences is left."""
    numbers = equip(world, 5, 8, subscription)
    of = {"subscription": subscription}
    users = [
        created(world, f"user.{index}@example.com", display_name=name, **of)
        for index, name in enumerate((FOREIGN, LONG, "Anna Example", "Bob Example"))
    ]
    for user, number in zip(users, numbers, strict=False):
        linked(world, user, number)
    spare = created(world, "reception" * 20, kind="resource_account", **of)
    where = f"/subscriptions/{subscription.id}/numbers"
    assert world.call("DELETE", f"{where}/{numbers[6]}").status_code == 204
    reserve = {"sku": "fr-geographic", "quantity": 1, "status": "reserved"}
    entitle(world, 1, subscription)
    reserved = world.call("POST", where, {**reserve, "until": "2027-06-01T00:00:00Z"})
    assert reserved.status_code in (201, 409)
    rows = [
        row("carla"),
        row("USER.0@example.com"),
        {"login": LONG * 3},
        row("dan", "+33199999999"),
    ]
    job = submitted(world, rows, subscription=subscription)
    work()
    waiting = submitted(world, rows, subscription=subscription)
    return {
        "user": users[0]["id"],
        "long": users[1]["id"],
        "spare": spare["id"],
        "linked": numbers[0],
        "free": numbers[7],
        "released": numbers[6],
        "job": job,
        "waiting": waiting,
    }


def _calls(world: World, subscription: Subscription) -> dict[str, Any]:
    """A nearly full trunk with a history, and an unused one."""
    order_channels(world, 5, subscription)
    trunk = make_trunk(world, subscription=subscription, name=LONG, channel_cap=5)["id"]
    make_trunk(world, subscription=subscription, name=FOREIGN)
    [spare] = [
        item["e164"]
        for item in _numbers(world, subscription)
        if item["user_id"] is None and item["status"] == "assigned"
    ][:1]
    route = f"/subscriptions/{subscription.id}/trunks/{trunk}/numbers/{spare}"
    assert world.call("PUT", route).status_code == 200
    admitted(world, trunk, "a", "b", "c", "d", "e")
    end(world, trunk, "a")
    admitted(world, trunk, "sos", callee="112", direction="outbound")
    end(world, trunk, "sos", direction="outbound")
    placed(world, line(world.seat, 1), subscription=subscription)
    return {"trunk": trunk}


def _numbers(world: World, subscription: Subscription) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = answer(
        world.call("GET", f"/subscriptions/{subscription.id}/numbers")
    )["items"]
    return items
