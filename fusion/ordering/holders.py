"""The subscriptions that hold a product."""

from typing import Any
from uuid import UUID

from django.db import connection

from fusion.access.actor import Actor
from fusion.access.visibility import subtree
from fusion.kernel.errors import InvalidFields
from fusion.kernel.ids import parse_id
from fusion.kernel.pagination import decode_cursor, encode_cursor, page

NIL = UUID(int=0)

HOLDERS = """
SELECT s.id, s.name, t.name, sum(h.quantity)::bigint,
       json_agg(json_build_object('revision', h.revision, 'quantity', h.quantity)
                ORDER BY h.revision DESC)
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
    after = parse_id(decode_cursor(cursor, 1)[0]) if cursor else NIL
    if after is None:
        raise InvalidFields(
            cursor="Invalid cursor: pass the `next` value of a previous page of this list."
        )
    with connection.cursor() as sql:
        sql.execute(HOLDERS, [product_id, after, *subtree(actor.path), limit + 1])
        rows, more = page(sql.fetchall(), limit)
    names = ("subscription_id", "name", "tenant_name", "quantity", "revisions")
    return {
        "items": [dict(zip(names, row, strict=True)) for row in rows],
        "next": encode_cursor(rows[-1][0]) if more else None,
    }
