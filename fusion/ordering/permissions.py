"""The permissions needed to place or cancel an order, by its kind."""

from collections.abc import Mapping
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PLACE_ORDERS, SUSPEND, TERMINATE, Permission
from fusion.ordering.models import RESUMPTION, SUSPENSION, TERMINATION, Order
from fusion.ordering.queries import find_order

PERMISSIONS: Mapping[str, Permission] = {
    SUSPENSION: SUSPEND,
    RESUMPTION: SUSPEND,
    TERMINATION: TERMINATE,
}
"""Kind → permission; every other kind needs the permission to place orders."""


def permission_of(order: Order) -> Permission:
    """The permission needed to place an order of this kind."""
    return PERMISSIONS.get(order.kind, PLACE_ORDERS)


def find_order_to_cancel(actor: Actor, id: UUID) -> Order:
    """The order; the actor is allowed to cancel it.

    Problems: `not-found`, `forbidden`.
    """
    order = find_order(actor, id)
    permission = permission_of(order)
    permission.require_scope(actor)
    permission.require_role(actor)
    return order
