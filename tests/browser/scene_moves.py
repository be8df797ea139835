"""Where to move organizations and subscriptions, for the pages that show it."""

from collections.abc import Callable
from uuid import UUID

from tests.browser.scene import FOREIGN, LONG, Scene
from tests.ordering.requesting import requested
from tests.world import make_organization


def move(kind: str, to: str = "") -> Callable[[Scene], str]:
    """The URL of the moves of the world's organization of that kind, or of its `subscription`.

    `to` is the name of the chosen place: see `place`.
    """

    def address(scene: Scene) -> str:
        noun = "subscriptions" if kind == "subscription" else "customers"
        path = f"/{noun}/{getattr(scene.world, kind).id}/move"
        return f"{path}?parent={place(scene, to)}" if to else path

    return address


def place(scene: Scene, name: str) -> UUID:
    """The id of the world's organization of that kind; of `partner` or `customer`, another one."""
    world, ids = scene.world, scene.ids
    if "partner" not in ids:
        partner = make_organization("distributor", world.group, LONG, "partner-7")
        ids["partner"] = partner.id
        ids["customer"] = make_organization("tenant", partner, FOREIGN, "customer-7").id
        requested(world, actor=world.actor("distributor"))
    found: UUID = ids[name] if name in ids else getattr(world, name).id
    return found
