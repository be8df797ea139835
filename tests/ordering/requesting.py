"""Order requests in tests."""

from fusion.access.actor import Actor
from fusion.ordering.place import Line
from fusion.ordering.request_order import request_order
from tests.world import World


def requested(
    world: World, *, quantity: int = 2, note: str | None = None, actor: Actor | None = None
) -> str:
    """The id of a request for that many seats, by default of the tenant."""
    answer = request_order(
        actor or world.actor("tenant"),
        subscription_id=world.subscription.id,
        lines=(Line(world.seat.id, quantity),),
        note=note,
    )
    return str(answer.body["id"])
