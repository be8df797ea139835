"""Placing up to a thousand orders: each atomic, judged as if those before it had been applied."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from django.db import transaction

from fusion.access import idempotency
from fusion.access.actor import Actor
from fusion.access.permissions import PLACE_ORDERS
from fusion.access.use_case import Answer, hot_use_case
from fusion.catalogue.models import Product
from fusion.kernel.database import execute, longer_statements
from fusion.kernel.errors import Problem, not_found, problem_of
from fusion.ordering.place import Draft, call_place, order_document
from fusion.ordering.rules import runs_of_distinct
from fusion.tenancy.models import Subscription


@dataclass(frozen=True, slots=True)
class Item:
    """One order of a batch: a draft with its own key, or the problem found in its input."""

    draft: Draft | None
    problem: Problem | None = None
    key: str | None = None
    fingerprint: bytes = b""

    def names(self) -> frozenset[str]:
        """The names that two orders in the same run must not share."""
        key = None if self.key is None else f"key:{self.key}"
        return frozenset(name for name in (key, self.reference()) if name is not None)

    def reference(self) -> str | None:
        """The name of the order's external reference, as it is locked."""
        reference = self.draft.external_reference if self.draft else None
        return None if reference is None else f"order:{reference}"


@hot_use_case(PLACE_ORDERS)
def place_orders(actor: Actor, *, items: Sequence[Item]) -> Answer:
    """Place the orders of a batch: 200 with one result for each, in their order.

    A refused or malformed order has its own result and does not fail the batch. With an idempotency
    key for the whole batch, the batch is one transaction and its answer is stored.
    """
    request = actor.request
    if request.key is None:
        with longer_statements():
            return Answer(200, _results(actor, items))
    chosen = [_with_own_key(item, request.key) for item in items]
    with transaction.atomic(), longer_statements():
        _lock(actor, request.key, chosen)
        stored = idempotency.recall(actor)
        if stored is not None:
            _require_visible(actor, stored)
            return Answer(stored.status, stored.text, replayed=True)
        text = _results(actor, chosen)
        idempotency.remember(actor, idempotency.Stored(200, text))
    return Answer(200, text)


def _require_visible(actor: Actor, stored: idempotency.Stored) -> None:
    """Problem `not-found` unless the actor sees the subscription of each order that was placed."""
    results = orjson.loads(stored.text)["results"]
    placed = [result["order"] for result in results if "order" in result]
    subscriptions = {order["subscription_id"] for order in placed}
    products = {line["product_id"] for order in placed for line in order["lines"]}
    seen = Subscription.objects.visible_to(actor).filter(id__in=subscriptions)
    if seen.count() < len(subscriptions):
        raise not_found("subscription")
    if Product.objects.visible_to(actor).filter(id__in=products).count() < len(products):
        raise not_found("product")


def _with_own_key(item: Item, key: str) -> Item:
    """The item, refused if its key equals `key`, the key of the whole batch."""
    if item.key != key:
        return item
    detail = "The whole batch uses this idempotency key. Choose a different key for the order."
    return Item(None, Problem("idempotency-key-reused", detail))


def _lock(actor: Actor, key: str, items: Sequence[Item]) -> None:
    """Take the locks of all orders at once.

    They are held to the end of the batch. If it took them run by run, a batch could deadlock with
    another batch or with a single order.
    """
    drafts = [item.draft for item in items]
    execute(
        "SELECT access_lock(%s::uuid, %s::text[], %s::uuid[], %s::text[], %s::text[],"
        " ordering_gate(%s::uuid))",
        [
            actor.group_id,
            [actor.path] * (len(items) + 1),
            [None, *(draft and draft.subscription_id for draft in drafts)],
            [key, *(item.key for item in items)],
            [item.reference() for item in items],
            actor.group_id,
        ],
    )


def _results(actor: Actor, items: Sequence[Item]) -> str:
    results = [refused(item.problem) if item.problem else "" for item in items]
    sound = [index for index, item in enumerate(items) if item.draft is not None]
    for run in runs_of_distinct([items[index].names() for index in sound]):
        chosen = [sound[position] for position in run]
        orders = []
        for index in chosen:
            item = items[index]
            if item.draft is not None:
                orders.append(order_document(actor, item.draft, item.key, item.fingerprint))
        for index, row in zip(chosen, call_place(actor, orders), strict=True):
            results[index] = _result(*row)
    return results_of(results)


def results_of(results: Sequence[str]) -> str:
    """The answer to a batch, from the results of its orders as JSON texts."""
    return '{"results":[' + ",".join(results) + "]}"


def _result(status: int, replayed: bool, answer: str) -> str:
    if status not in (200, 201):
        return refused(problem_of(orjson.loads(answer)))
    if status == 200:
        return f'{{"status":200,{answer.lstrip()[1:]}'
    mark = ',"replayed":true' if replayed else ""
    return f'{{"status":201,"order":{answer}{mark}}}'


def refused(problem: Problem) -> str:
    """The result of an order that is refused."""
    return orjson.dumps(
        {"status": problem.status, "problem": problem.document()}, default=str
    ).decode()
