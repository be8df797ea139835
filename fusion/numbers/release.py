"""Releasing a number: its entitlement is free again, and the number is quarantined before its next
use.
"""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.database import fetch_value
from fusion.kernel.environment import setting
from fusion.tenancy.models import Subscription


@hot_use_case(PROVISION)
def release_number(actor: Actor, *, subscription_id: UUID, e164: str) -> Answer:
    """Release a number; an assigned number goes into quarantine, a reserved one becomes free; 204.

    Problems: `forbidden`, `not-found`, `number-not-assigned`, `number-in-use`.
    """
    return call_function(
        actor,
        "numbers_release_v2",
        subscription_id=subscription_id,
        e164=e164,
        quarantine=f"{quarantine_days()} days",
    )


def release_all_numbers(actor: Actor, subscription: Subscription) -> int:
    """Release every number of a subscription that is being terminated; returns how many.

    An operation: the caller holds the subscription's lock and has unlinked its numbers.
    """
    count = fetch_value(
        "SELECT numbers_release_all(%s::uuid, %s::text, %s::text, %s::int * interval '1 day')",
        [subscription.id, actor.label, traced(actor), quarantine_days()],
    )
    return int(count)


def quarantine_days() -> int:
    """How many days a released number stays in quarantine."""
    days: int = setting("FUSION_QUARANTINE_DAYS")
    return days
