"""Read models of orders and holdings.

The database renders the documents; they are passed on unparsed.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.authenticate import Read
from fusion.kernel.database import fetch_dicts, fetch_rows
from fusion.kernel.errors import or_not_found
from fusion.kernel.pagination import MAX_INT, decode_cursor, encode_cursor, page, position
from fusion.ordering.models import Order

DOCUMENTS = """
SELECT d.document::text
FROM unnest(%s::uuid[]) WITH ORDINALITY AS w(id, position)
JOIN ordering_document d ON d.id = w.id
ORDER BY w.position
"""

ORDER = Read(
    "(SELECT d.document::text FROM ordering_order w JOIN ordering_document d ON d.id = w.id"
    " WHERE w.id = %s::uuid AND w.group_id = o.group_id"
    " AND (o.kind = 'group' OR o.id IN (w.distributor_id, w.reseller_id, w.tenant_id)))",
    ("order_id",),
)
"""The document of an order; null if the caller does not see it."""

HOLDINGS = """
SELECT h.product_id, p.code AS product_code, p.name AS product_name, h.revision, h.quantity
FROM tenancy_subscription s
JOIN ordering_holding h ON h.group_id = s.group_id AND h.subscription_id = s.id
JOIN catalogue_product p ON p.id = h.product_id
WHERE s.id = %s::uuid AND h.quantity > 0 AND (p.code, h.revision) > (%s::text, %s::int)
ORDER BY p.code, h.revision LIMIT %s::int
"""


def find_order(actor: Actor, id: UUID) -> Order:
    """The order; Problem `not-found` unless `actor` sees it."""
    return or_not_found(Order.objects.visible_to(actor).filter(id=id).first(), "order")


def order_documents(ids: Sequence[UUID]) -> list[str]:
    """The JSON documents of these orders. The caller has checked that they are visible."""
    return [text for (text,) in fetch_rows(DOCUMENTS, [list(ids)])]


def order_document_of(id: UUID) -> dict[str, Any]:
    """The JSON document of one order. The caller has checked that it is visible."""
    document: dict[str, Any] = orjson.loads(order_documents([id])[0])
    return document


def list_holdings(subscription_id: UUID, *, limit: int, cursor: str | None) -> dict[str, Any]:
    """One page of the subscription's holdings, by product code and revision.

    The caller has checked that the actor sees the subscription.
    """
    after = decode_cursor(cursor, str, position(MAX_INT)) if cursor else ("", 0)
    rows, more = page(fetch_dicts(HOLDINGS, [subscription_id, *after, limit + 1]), limit)
    return {
        "items": rows,
        "next": encode_cursor(rows[-1]["product_code"], rows[-1]["revision"]) if more else None,
    }
