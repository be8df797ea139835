"""The numbers of a subscription that can be linked to a user or a trunk."""

from typing import Any
from uuid import UUID

from fusion.kernel.database import fetch_rows

LINKABLE = """
SELECT n.e164, k.code
FROM numbers_number n JOIN catalogue_sku k ON k.id = n.sku_id
WHERE n.subscription_id = %(subscription)s::uuid AND n.status = 'assigned'
  AND n.user_id IS NULL AND n.trunk_id IS NULL
  AND (%(digits)s::text IS NULL OR strpos(n.e164, %(digits)s::text) > 0)
ORDER BY n.e164 LIMIT %(limit)s::int
"""


def linkable_numbers(
    subscription_id: UUID, digits: str | None = None, *, limit: int
) -> list[dict[str, Any]]:
    """The first of them by number, as `{e164, sku}`, whose number contains `digits`.

    Walks the subscription's own numbers. The caller has checked that the actor sees the
    subscription.
    """
    wanted = {"subscription": subscription_id, "digits": digits or None, "limit": limit}
    return [{"e164": e164, "sku": sku} for e164, sku in fetch_rows(LINKABLE, wanted)]
