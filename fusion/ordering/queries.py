"""Read models of orders and holdings.

The database renders the documents; they are passed on unparsed.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from fusion.access.actor import Actor
from fusion.kernel.errors import InvalidFields, not_found
from fusion.kernel.pagination import decode_cursor, encode_cursor, page
from fusion.ordering.models import Order

DOCUMENTS = """
SELECT d.document::text
FROM unnest(%s::uuid[]) WITH ORDINALITY AS w(id, position)
JOIN ordering_document d ON d.id = w.id
ORDER BY w.position
"""


def find_order(actor: Actor, id: UUID) -> Order:
    """The order; Problem `not-found` unless `actor` sees it."""
    order = Order.objects.visible_to(actor).filter(id=id).first()
    if order is None:
        raise not_found("order")
    return order


def order_documents(ids: Sequence[UUID]) -> list[str]:
    """The JSON documents of these orders. The caller has checked that they are visible."""
    with connection.cursor() as cursor:
        cursor.execute(DOCUMENTS, [list(ids)])
        return [row[0] for row in cursor.fetchall()]


def order_document_of(id: UUID) -> dict[str, Any]:
    """The JSON document of one order. The caller has checked that it is visible."""
    document: dict[str, Any] = orjson.loads(order_documents([id])[0])
    return document


def list_holdings(subscription_id: UUID, *, limit: int, cursor: str | None) -> dict[str, Any]:
    """One page of the subscription's holdings, by product code and revision.

    The caller has checked that the actor sees the subscription.
    """
    after = decode_cursor(cursor, 2) if cursor else ["", "0"]
    if not after[1].isascii() or not after[1].isdigit() or len(after[1]) > 9:
        raise InvalidFields(
            cursor="Invalid cursor: pass the `next` value of a previous page of this list."
        )
    with connection.cursor() as sql:
        sql.execute(
            """
            SELECT h.product_id, p.code, p.name, h.revision, h.quantity
            FROM tenancy_subscription s
            JOIN ordering_holding h ON h.group_id = s.group_id AND h.subscription_id = s.id
            JOIN catalogue_product p ON p.id = h.product_id
            WHERE s.id = %s::uuid AND h.quantity > 0
              AND (p.code, h.revision) > (%s::text, %s::int)
            ORDER BY p.code, h.revision LIMIT %s::int
            """,
            [subscription_id, after[0], int(after[1]), limit + 1],
        )
        rows, more = page(sql.fetchall(), limit)
    names = ("product_id", "product_code", "product_name", "revision", "quantity")
    return {
        "items": [dict(zip(names, row, strict=True)) for row in rows],
        "next": encode_cursor(rows[-1][1], rows[-1][3]) if more else None,
    }
