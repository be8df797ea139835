"""Releasing a number: its entitlement is free again, and the number is quarantined before its next
use.
"""

from datetime import timedelta
from uuid import UUID

from django.db import connection

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer
from fusion.kernel.environment import setting
from fusion.numbers.call import asked_by, call
from fusion.tenancy.models import Subscription


def release_number(actor: Actor, *, subscription_id: UUID, e164: str) -> Answer:
    """Release a number; an assigned number goes into quarantine, a reserved one becomes free; 204.

    Problems: `forbidden`, `not-found`, `number-not-assigned`, `number-in-use`.
    """
    PROVISION.require_role(actor)
    return call(
        "numbers_release",
        *asked_by(actor),
        ("uuid", subscription_id),
        ("text", e164),
        ("interval", timedelta(days=quarantine_days())),
    )


def release_all_numbers(actor: Actor, subscription: Subscription) -> int:
    """Release every number of a subscription that is being terminated; returns how many.

    An operation: the caller holds the subscription's lock and has unlinked its numbers.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT numbers_release_all(%s::uuid, %s::text, %s::text, %s::int * interval '1 day')",
            [subscription.id, actor.label, traced(actor), quarantine_days()],
        )
        (count,) = cursor.fetchone()
    return int(count)


def quarantine_days() -> int:
    """How many days a released number stays in quarantine."""
    days: int = setting("FUSION_QUARANTINE_DAYS")
    return days
