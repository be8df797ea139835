"""Previewing orders: what placing them would do, without locks or promises."""

from collections.abc import Sequence

import orjson

from fusion.access.actor import Actor
from fusion.access.permissions import PREVIEW_ORDERS
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.database import fetch_rows, longer_statements
from fusion.kernel.errors import problem_of
from fusion.ordering.place import Draft, order_document
from fusion.ordering.place_batch import Item, refused, results_of

PREVIEW = "SELECT status, answer FROM ordering_preview_v2(%s::uuid, %s::jsonb)"


@hot_use_case(PREVIEW_ORDERS)
def preview_order(actor: Actor, *, draft: Draft) -> Answer:
    """200 with {allowed, balances, holdings, warnings, refusals, when_due}; writes nothing and
    ignores idempotency keys. `when_due` is the result on its date, if that is in the future.

    Problems: `forbidden`, `not-found`, `invalid-fields`, `duplicate-line`.
    """
    draft.check()
    [(status, answer)] = _call_preview(actor, [draft])
    if status != 200:
        raise problem_of(orjson.loads(answer))
    return Answer(status, answer)


@hot_use_case(PREVIEW_ORDERS)
def preview_orders(actor: Actor, *, items: Sequence[Item]) -> Answer:
    """Preview the orders of a batch: 200 with one result for each, in their order.

    Each is judged as if those before it had been placed, and on its date together with all that
    is scheduled, the later orders of the batch included. Idempotency keys are ignored.
    """
    drafts = [item.draft for item in items if item.draft is not None]
    with longer_statements():
        rows = iter(_call_preview(actor, drafts) if drafts else ())
    results = [
        refused(item.problem) if item.problem is not None else _result(*next(rows))
        for item in items
    ]
    return Answer(200, results_of(results))


def _call_preview(actor: Actor, drafts: Sequence[Draft]) -> list[tuple[int, str]]:
    """(status, answer) of each draft, in their order."""
    documents = [order_document(actor, draft, None, b"") for draft in drafts]
    return fetch_rows(PREVIEW, [actor.group_id, orjson.dumps(documents).decode()])


def _result(status: int, answer: str) -> str:
    if status != 200:
        return refused(problem_of(orjson.loads(answer)))
    return f'{{"status":200,"preview":{answer}}}'
