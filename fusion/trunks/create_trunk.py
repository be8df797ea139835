"""Creating a SIP trunk of a subscription."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.tenancy.queries import lock_subscription
from fusion.trunks.models import Trunk
from fusion.trunks.queries import trunk_document
from fusion.trunks.rules import require_active


@use_case(PROVISION, verb="trunk.create", status=201)
def create_trunk(
    actor: Actor,
    *,
    subscription_id: UUID,
    name: str,
    country: str,
    channel_cap: int | None = None,
) -> Done:
    """A new trunk; `channel_cap` is its maximum of concurrent calls, None for no cap.

    `country` determines the emergency numbers. Problems: `not-found`, `subscription-suspended`,
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
    )
    trunk.save(force_insert=True)
    trunk.refresh_from_db(fields=["created_at"], from_queryset=Trunk.objects.visible_to(actor))
    return Done(trunk_document(trunk), subscription.path, trunk.id, subscription_id=subscription.id)
