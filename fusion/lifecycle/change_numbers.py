"""Changing many numbers of a subscription at once: move, release, unlink, link to a trunk.

One round trip to `change_numbers.sql`, which decides and writes: all numbers or none, or each with
its own result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.catalogue.queries import find_skus
from fusion.kernel.database import longer_statements
from fusion.kernel.errors import InvalidFields, Problem, problem_of
from fusion.numbers.release import quarantine_days
from fusion.numbers.resolve import (
    home_country,
    resolve_numbers,
    resolve_prefix,
    resolve_suffix,
)
from fusion.numbers.rows import refuse_doubled, resolve_rows, shown_item

MAX_CHANGED = 10_000
"""Most numbers of one change; `change_numbers.sql` has the same limit."""

RELEASE, UNLINK, MOVE, LINK = "release", "unlink", "move", "link"
ACTIONS = (RELEASE, UNLINK, MOVE, LINK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Numbers of a subscription: those of a list, or those that match filters.

    The filters are those of `numbers.queries.Wanted`. With `quantity`, the first ones by number,
    those without a link before the others. `problems`: why a row of the list is refused, None if
    it is not; empty if none is.
    """

    numbers: Sequence[Any] | None = None
    problems: Sequence[Problem | None] = ()
    sku: str | None = None
    status: str | None = None
    linked: bool | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    quantity: int | None = None

    def members(self) -> dict[str, Any]:
        """The members of a call of the database function."""
        if self.problems:
            problems = [each and each.refusal() for each in self.problems]
            return {"numbers": self.numbers, "problems": problems}
        if self.numbers is not None:
            return {"numbers": self.numbers}
        filters = ("sku", "status", "linked", "starts_with", "ends_with", "quantity")
        return {"selection": {name: getattr(self, name) for name in filters}}


@hot_use_case(PROVISION)
def move_numbers(
    actor: Actor,
    *,
    subscription_id: UUID,
    to_subscription_id: UUID,
    choice: Choice,
    unlink: bool = False,
) -> Answer:
    """Move numbers to another subscription that the actor sees, all or none; 200 and `{items}`.

    They consume entitlements there and free those here, without a quarantine. A number with a link
    is refused, or with `unlink` loses it. A reserved number stays reserved. The source may be
    suspended.

    Problems: `forbidden`, `not-found`, `invalid-fields`, `idempotency-key-reused`,
    `subscription-suspended` and `subscription-terminated` (the target), `number-not-assigned`,
    `number-in-use`, `no-entitlement`.
    """
    if choice.quantity is not None and not unlink:
        choice = replace(choice, linked=False)
    members = {"to_subscription_id": to_subscription_id, "unlink": unlink}
    return _call_change(actor, subscription_id, MOVE, choice, members)


@hot_use_case(PROVISION)
def change_numbers(
    actor: Actor,
    *,
    subscription_id: UUID,
    action: str,
    choice: Choice,
    unlink: bool = False,
    to_subscription_id: UUID | None = None,
    trunk_id: UUID | None = None,
) -> Answer:
    """Release, unlink, move or link numbers, each on its own; 200 and
    `{results: [{e164, status, number | problem}]}`.

    To link is to route a number to the trunk, as `route_number` does. With `unlink`, links of the
    numbers end that would prevent the action.

    A row of the list that is no number, or whose number another row has, is refused alone.
    Problems of the request: those of `move_numbers` that concern no single number; of a link,
    `not-found` (the trunk), `subscription-suspended`, `subscription-terminated`.
    """
    members = {
        "to_subscription_id": to_subscription_id,
        "trunk_id": trunk_id,
        "unlink": unlink,
        "each": True,
    }
    answer = _call_change(actor, subscription_id, action, choice, members)
    results = [_completed(result) for result in answer.body["results"]]
    return replace(answer, text=orjson.dumps({"results": results}).decode())


def _call_change(
    actor: Actor, subscription_id: UUID, action: str, choice: Choice, members: Mapping[str, Any]
) -> Answer:
    if members["to_subscription_id"] == subscription_id:
        raise InvalidFields(to_subscription_id="must be another subscription")
    if choice.sku is not None and choice.sku not in find_skus(actor, [choice.sku]):
        raise InvalidFields(sku="is not the code of a number type in your catalogue")
    choice = _resolved(actor, subscription_id, choice, each="each" in members)
    with longer_statements():
        return call_function(
            actor,
            "lifecycle_change_numbers_v1",
            subscription_id=subscription_id,
            action=action,
            quarantine=f"{quarantine_days()} days",
            **members,
            **choice.members(),
        )


def _resolved(actor: Actor, subscription_id: UUID, choice: Choice, *, each: bool) -> Choice:
    """The choice with its numbers in E.164; with `each`, refused rows have their problem."""
    starts, ends = choice.starts_with, choice.ends_with
    if choice.numbers is not None and each:
        return _judged(actor, subscription_id, choice.numbers)
    if choice.numbers is not None:
        numbers = resolve_numbers(actor, choice.numbers, subscription_id=subscription_id)
        return replace(choice, numbers=numbers)
    country = partial(home_country, actor, subscription_id)
    if starts is not None:
        starts = resolve_prefix(starts, country, field="selection.starts_with")
    if ends is not None:
        ends = resolve_suffix(ends, country)
    return replace(choice, starts_with=starts, ends_with=ends)


def _judged(actor: Actor, subscription_id: UUID, items: Sequence[Any]) -> Choice:
    """The rows of a list; one that is refused keeps what was written."""
    numbers = resolve_rows(actor, items, subscription_id=subscription_id)
    rows = refuse_doubled(numbers)
    problems = [row if isinstance(row, Problem) else None for row in rows]
    if not any(problems):
        return Choice(numbers=numbers)
    written = [
        shown_item(item) if isinstance(number, Problem) else number
        for item, number in zip(items, numbers, strict=True)
    ]
    return Choice(numbers=written, problems=problems)


def _completed(result: dict[str, Any]) -> dict[str, Any]:
    """The result with its problem in the form of RFC 9457."""
    if "problem" in result:
        result["problem"] = problem_of(result["problem"]).document()
    return result
