"""Previewing a change of a subscription's state."""

from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.kernel.database import database_now
from fusion.kernel.errors import Problem
from fusion.lifecycle.placing import (
    StateChange,
    require_free_reference,
    require_timely,
)
from fusion.lifecycle.rules import require_living
from fusion.lifecycle.termination_preview import what_ends
from fusion.ordering.models import TERMINATION
from fusion.ordering.permissions import PERMISSIONS
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription

NOTHING = {"users": 0, "numbers": 0, "trunks": 0, "calls": 0, "holdings": 0}


def preview_state(actor: Actor, *, subscription_id: UUID, change: StateChange) -> dict[str, Any]:
    """{allowed, releases: {users, numbers, trunks, calls, holdings}, refusals}, as of now.

    `users` counts linked users, `numbers` assigned and reserved ones, `calls` live ones, `holdings`
    products by revision. Only a termination releases anything. Takes no lock and promises nothing.
    Problems: `forbidden`, `not-found`.
    """
    PERMISSIONS[change.kind].require_role(actor)
    subscription = find_subscription(actor, subscription_id)
    refusals = []
    try:
        _judge(actor, subscription, change)
    except Problem as problem:
        refusals = [{"code": problem.code, "detail": problem.detail}]
    return {
        "allowed": not refusals,
        "releases": _releases(subscription) if change.kind == TERMINATION else NOTHING,
        "refusals": refusals,
    }


def _judge(actor: Actor, subscription: Subscription, change: StateChange) -> None:
    require_free_reference(actor, subscription.id, change)
    if change.kind != TERMINATION or change.effective_at is not None:
        require_living(subscription.status)
    if change.effective_at is not None:
        require_timely(actor, change.effective_at, database_now())


def _releases(subscription: Subscription) -> dict[str, int]:
    ends = what_ends(subscription.id)
    return {
        "users": ends["linked"],
        "numbers": ends["numbers"],
        "trunks": ends["trunks"],
        "calls": ends["calls"],
        "holdings": ends["holdings"],
    }
