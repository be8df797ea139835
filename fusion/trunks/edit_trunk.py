"""Changing a trunk's name, limits or prefixes. Its country and subscription never change."""

from collections.abc import Mapping
from uuid import UUID

from django.db import connection

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.tenancy.queries import lock_subscription
from fusion.trunks.emit_changes import emit_trunk_event
from fusion.trunks.queries import find_trunk, trunk_document
from fusion.trunks.rules import require_living


@use_case(PROVISION, verb="trunk.change")
def edit_trunk(
    actor: Actor,
    *,
    subscription_id: UUID,
    trunk_id: UUID,
    changes: Mapping[str, str | int | list[str] | None],
) -> Done:
    """Set the members of `changes`: `name`, `channel_cap`, `calls_per_second` (None: no
    limit), `outside_line_prefixes`.

    A cap below the number of live calls ends none of them.

    Problems: `not-found`, `subscription-terminated`.
    """
    # Admissions take this lock too: each is decided by either the old cap or the new one.
    subscription = lock_subscription(actor, subscription_id)
    trunk = find_trunk(actor, trunk_id, subscription_id)
    require_living(subscription.status)
    before = trunk_document(trunk)
    for name, value in changes.items():
        setattr(trunk, name, ",".join(value) if isinstance(value, list) else value)
    if trunk_document(trunk) != before:
        trunk.save(update_fields=list(changes))
        emit_trunk_event(actor, subscription, trunk, "changed")
    if changes.get("calls_per_second") is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT trunks_begin_rate(%s::uuid, %s::uuid)", [trunk.group_id, trunk.id]
            )
    return Done(trunk_document(trunk), subscription.path, trunk.id, subscription_id=subscription.id)
