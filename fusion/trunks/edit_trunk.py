"""Changing a trunk's name or its cap. Its country and subscription never change."""

from collections.abc import Mapping
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.tenancy.queries import lock_subscription
from fusion.trunks.queries import find_trunk, trunk_document
from fusion.trunks.rules import require_living


@use_case(PROVISION, verb="trunk.change")
def edit_trunk(
    actor: Actor, *, subscription_id: UUID, trunk_id: UUID, changes: Mapping[str, str | int | None]
) -> Done:
    """Set the members of `changes`: `name`, or `channel_cap` (None: no cap).

    A cap below the number of live calls ends none of them.

    Problems: `not-found`, `subscription-terminated`.
    """
    # Admissions take this lock too: each is decided by either the old cap or the new one.
    subscription = lock_subscription(actor, subscription_id)
    trunk = find_trunk(actor, trunk_id, subscription_id)
    require_living(subscription.status)
    for name, value in changes.items():
        setattr(trunk, name, value)
    if changes:
        trunk.save(update_fields=list(changes))
    return Done(trunk_document(trunk), subscription.path, trunk.id, subscription_id=subscription.id)
