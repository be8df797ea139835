"""Placing up to a thousand orders: each atomic, judged as if those before it had been applied."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from django.db import OperationalError, transaction

from fusion.kernel.errors import Problem, problem_of
from fusion.ordering.place import Draft, call_place, order_document
from fusion.ordering.rules import runs_of_distinct
from fusion.tenancy import idempotency
from fusion.tenancy.actor import Actor
from fusion.tenancy.permissions import PLACE_ORDERS
from fusion.tenancy.use_case import Answer

DEADLOCK = "40P01"
TRIES = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One order of a batch: a draft with its own key, or the problem that it came with."""

    draft: Draft | None
    problem: Problem | None = None
    key: str | None = None
    fingerprint: bytes = b""

    def names(self) -> frozenset[str]:
        """What it must not share with another order that is decided in the same breath."""
        reference = self.draft.external_reference if self.draft else None
        named = (("key", self.key), ("order", reference))
        return frozenset(f"{kind}:{name}" for kind, name in named if name is not None)


def place_orders(actor: Actor, *, items: Sequence[Item]) -> Answer:
    """Place the orders of a batch: 200 with one result for each, in their order.

    An order that is refused, or was malformed, is its own result and not the batch's. With an
    idempotency key for the whole batch, all of it is one transaction and its answer is stored.
    """
    PLACE_ORDERS.require_role(actor)
    for attempt in range(TRIES):
        try:
            return _place_once(actor, items)
        except OperationalError as error:
            # Batches that share references across several runs may wait for each other crosswise;
            # PostgreSQL ends one of them, which has then written nothing of that transaction.
            if _state(error) != DEADLOCK or attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _state(error: OperationalError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)


def _place_once(actor: Actor, items: Sequence[Item]) -> Answer:
    request = actor.request
    if request.key is None:
        return Answer(200, _results(actor, items))
    with transaction.atomic():
        stored = idempotency.recall(actor.group_id, request.key, request.fingerprint)
        if stored is not None:
            return Answer(stored.status, stored.text, replayed=True)
        text = _results(actor, items)
        idempotency.remember(
            actor.group_id, request.key, request.fingerprint, idempotency.Stored(200, text)
        )
    return Answer(200, text)


def _results(actor: Actor, items: Sequence[Item]) -> str:
    results = [_refused(item.problem) if item.problem else "" for item in items]
    sound = [index for index, item in enumerate(items) if item.draft is not None]
    for run in runs_of_distinct([items[index].names() for index in sound]):
        chosen = [sound[position] for position in run]
        orders = []
        for index in chosen:
            item = items[index]
            if item.draft is not None:
                orders.append(order_document(item.draft, item.key, item.fingerprint))
        for index, row in zip(chosen, call_place(actor, orders), strict=True):
            results[index] = _result(*row)
    return '{"results":[' + ",".join(results) + "]}"


def _result(status: int, replayed: bool, answer: str) -> str:
    if status != 201:
        return _refused(problem_of(orjson.loads(answer)))
    mark = ',"replayed":true' if replayed else ""
    return f'{{"status":201,"order":{answer}{mark}}}'


def _refused(problem: Problem) -> str:
    return orjson.dumps(
        {"status": problem.status, "problem": problem.document()}, default=str
    ).decode()
