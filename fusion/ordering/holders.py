"""The subscriptions that hold a product."""

from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.visibility import subtree
from fusion.kernel.database import fetch_dicts
from fusion.kernel.ids import read_id
from fusion.kernel.pagination import decode_cursor, encode_cursor, page

NIL = UUID(int=0)

HOLDERS = """
SELECT s.id AS subscription_id, s.name, t.name AS tenant_name, sum(h.quantity)::bigint AS quantity,
       json_agg(json_build_object('revision', h.revision, 'quantity', h.quantity)
                ORDER BY h.revision DESC) AS revisions
FROM ordering_holding h
JOIN tenancy_subscription s ON s.id = h.subscription_id
JOIN tenancy_organization t ON t.id = s.tenant_id
WHERE h.product_id = %s::uuid AND h.quantity > 0 AND h.subscription_id > %s::uuid
  AND s.path >= %s::text COLLATE "C" AND s.path < %s::text COLLATE "C"
GROUP BY h.subscription_id, s.id, t.id
ORDER BY h.subscription_id
LIMIT %s::int
"""


def list_holders(
    actor: Actor, product_id: UUID, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the subscriptions that hold the product and that `actor` sees, oldest first.

    Each with `quantity` and the quantity of each revision, newest first.
    """
    (after,) = decode_cursor(cursor, read_id) if cursor else (NIL,)
    found = fetch_dicts(HOLDERS, [product_id, after, *subtree(actor.path), limit + 1])
    rows, more = page(found, limit)
    return {
        "items": rows,
        "next": encode_cursor(rows[-1]["subscription_id"]) if more else None,
    }
