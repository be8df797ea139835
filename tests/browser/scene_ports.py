"""Port requests in each state, for the pages that show them."""

from collections.abc import Callable
from typing import Any

from fusion.tenancy.models import Subscription
from tests.browser.scene import FOREIGN, LONG, Scene
from tests.browser.scene_subscriptions import furnished
from tests.numbers.porting import decided, port_in_on, requested, soon
from tests.numbers.stock import block, entitle


def port(name: str, *parts: str) -> Callable[[Scene], str]:
    """The URL of a page of the request of that name."""
    return lambda scene: "/".join((f"/port-requests/{ports(scene)[name]}", *parts))


def ports(scene: Scene) -> dict[str, Any]:
    """Name → id of the requests."""
    if "ports" not in scene.ids:
        scene.ids["ports"] = _made(scene)
    found: dict[str, Any] = scene.ids["ports"]
    return found


def _made(scene: Scene) -> dict[str, Any]:
    world, ids = scene.world, furnished(scene)
    subscription = Subscription.objects.unscoped("test").get(id=ids["subscription"])
    of: dict[str, Any] = {"subscription": subscription}
    entitle(world, 9, subscription)
    coming, wanted = block(6), block(2)
    texts = {"carrier": FOREIGN, "note": f"{LONG}\n{FOREIGN}", "attachments": [LONG * 2, "1"]}
    opened = requested(world, "in", coming[:4], port_date=soon(), **texts, **of)
    unknown = requested(
        world,
        "in",
        coming[4:5],
        sku="fr-geographic",
        accept_unknown=True,
        reason=f"{FOREIGN} {LONG}",
        **of,
    )
    leaving = requested(world, "out", [ids["free"]], port_date=soon(), carrier=LONG, **of)
    rejected = requested(world, "in", wanted[:1], **of)
    dated = port_in_on(world, soon(), coming[5], **of)
    return {
        "open": opened["id"],
        "unknown": unknown["id"],
        "approved": decided(world, leaving, "approve")["id"],
        "rejected": decided(world, rejected, "reject", reason=f"{LONG} {FOREIGN}")["id"],
        "dated": dated["id"],
    }
