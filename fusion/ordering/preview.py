"""Previewing an order: what placing it now would do, without locks or promises."""

import orjson

from fusion.access.actor import Actor
from fusion.access.permissions import PREVIEW_ORDERS
from fusion.access.use_case import Answer
from fusion.kernel.errors import problem_of
from fusion.ordering.place import Draft, call_place, order_document


def preview_order(actor: Actor, *, draft: Draft) -> Answer:
    """200 with {allowed, balances, refusals}; writes nothing and ignores idempotency keys.

    Problems: `forbidden`, `not-found`, `invalid-fields`, `duplicate-line`.
    """
    PREVIEW_ORDERS.require_role(actor)
    draft.check()
    ((status, _, answer),) = call_place(actor, [order_document(draft, None, b"")], preview=True)
    if status != 200:
        raise problem_of(orjson.loads(answer))
    return Answer(status, answer)
