"""Previewing an order: what placing it now would do, without locks or promises."""

import orjson

from fusion.access.actor import Actor
from fusion.access.permissions import PREVIEW_ORDERS
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.database import fetch_rows
from fusion.kernel.errors import problem_of
from fusion.ordering.place import Draft, order_document

PREVIEW = "SELECT status, answer FROM ordering_preview_v2(%s::uuid, %s::jsonb)"


@hot_use_case(PREVIEW_ORDERS)
def preview_order(actor: Actor, *, draft: Draft) -> Answer:
    """200 with {allowed, balances, refusals}; writes nothing and ignores idempotency keys.

    Problems: `forbidden`, `not-found`, `invalid-fields`, `duplicate-line`.
    """
    draft.check()
    document = orjson.dumps([order_document(actor, draft, None, b"")]).decode()
    [(status, answer)] = fetch_rows(PREVIEW, [actor.group_id, document])
    if status != 200:
        raise problem_of(orjson.loads(answer))
    return Answer(status, answer)
