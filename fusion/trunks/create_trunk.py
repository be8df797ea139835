"""Creating a SIP trunk of a subscription."""

from collections.abc import Sequence
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.tenancy.queries import lock_subscription
from fusion.trunks.emit_changes import emit_trunk_event
from fusion.trunks.models import Trunk
from fusion.trunks.rules import require_active


@use_case(PROVISION, verb="trunk.create", status=201)
def create_trunk(
    actor: Actor,
    *,
    subscription_id: UUID,
    name: str,
    country: str,
    channel_cap: int | None = None,
    outside_line_prefixes: Sequence[str] = (),
    calls_per_second: int | None = None,
) -> Done:
    """A new trunk; `channel_cap` is its maximum of concurrent calls, `calls_per_second` that of
    calls that begin within a second; None for no limit of its own.

    `country` determines the emergency numbers, which may be dialled after one of the
    `outside_line_prefixes`. Problems: `not-found`, `subscription-suspended`,
    `subscription-terminated`.
    """
    subscription = lock_subscription(actor, subscription_id)
    require_active(subscription.status)
    trunk = Trunk(
        group_id=subscription.group_id,
        subscription_id=subscription.id,
        name=name,
        country=country,
        channel_cap=channel_cap,
        outside_line_prefixes=",".join(outside_line_prefixes),
        calls_per_second=calls_per_second,
    )
    trunk.save(force_insert=True)
    trunk.refresh_from_db(fields=["created_at"], from_queryset=Trunk.objects.visible_to(actor))
    document = emit_trunk_event(actor, subscription, trunk, "created")
    return Done(document, subscription.path, trunk.id, subscription_id=subscription.id)
