"""Changing many numbers of a subscription at once: moving, releasing, unlinking.

One round trip to `change_numbers.sql`, which decides and writes: all numbers or none, or each with
its own result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.catalogue.queries import find_skus
from fusion.kernel.database import longer_statements
from fusion.kernel.errors import InvalidFields, problem_of
from fusion.numbers.release import quarantine_days
from fusion.numbers.resolve import home_country, resolve_numbers, resolve_prefix

MAX_CHANGED = 10_000
"""Most numbers of one change; `change_numbers.sql` has the same limit."""

RELEASE, UNLINK, MOVE = "release", "unlink", "move"
ACTIONS = (RELEASE, UNLINK, MOVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Numbers of a subscription: those of a list, or those that match filters.

    The filters are those of `numbers.queries.Wanted`. With `quantity`, the first ones by number,
    those without a link before the others.
    """

    numbers: Sequence[str] | None = None
    sku: str | None = None
    status: str | None = None
    linked: bool | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    quantity: int | None = None

    def members(self) -> dict[str, Any]:
        """The members of a call of the database function."""
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
) -> Answer:
    """Release, unlink or move numbers, each on its own; 200 and
    `{results: [{e164, status, number | problem}]}`.

    Problems of the request: those of `move_numbers` that concern no single number.
    """
    members = {"to_subscription_id": to_subscription_id, "unlink": unlink, "each": True}
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
    choice = _resolved(actor, subscription_id, choice)
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


def _resolved(actor: Actor, subscription_id: UUID, choice: Choice) -> Choice:
    """The choice with its numbers in E.164."""
    numbers, starts = choice.numbers, choice.starts_with
    if numbers is not None:
        numbers = resolve_numbers(actor, numbers, subscription_id=subscription_id)
    if starts is not None:
        starts = resolve_prefix(
            starts, lambda: home_country(actor, subscription_id), field="selection.starts_with"
        )
    return replace(choice, numbers=numbers, starts_with=starts)


def _completed(result: dict[str, Any]) -> dict[str, Any]:
    """The result with its problem in the form of RFC 9457."""
    if "problem" in result:
        result["problem"] = problem_of(result["problem"]).document()
    return result
