"""The hot route of placing orders: see `place` in `api.py`."""

from fusion.access.hot_route import HotRequest, HotRoute, Members
from fusion.access.http_auth import location_of
from fusion.access.permissions import PLACE_ORDERS
from fusion.access.use_case import Answer
from fusion.ordering.api import ORDERS
from fusion.ordering.place import FUNCTION, order_members
from fusion.ordering.schemas import OrderBody

MOST_LINES = 5
"""Most lines of an order that shares a transaction: longer ones would delay the others."""


def _read(request: HotRequest) -> Members | None:
    body = OrderBody.model_validate(request.body)
    if body.subscription_id is None:
        return None
    draft = body.draft_for(body.subscription_id)
    draft.check()
    return order_members(draft)


def _headers(request: HotRequest, answer: Answer) -> dict[str, str]:
    return location_of(answer, ORDERS)


def _may_share(members: Members) -> bool:
    """A dated order is judged with what else is scheduled; a long one takes long."""
    return members["effective_at"] is None and len(members["lines"]) <= MOST_LINES


HOT = (
    HotRoute(
        "POST",
        "orders",
        PLACE_ORDERS,
        FUNCTION,
        _read,
        _headers,
        has_body=True,
        takes_key=True,
        try_lock="ordering_try_lock_calls",
        may_share=_may_share,
    ),
)
