"""Read models of orders and holdings.

The database renders the documents; they are passed on unparsed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Q, QuerySet

from fusion.access.actor import Actor
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import InvalidFields, not_found
from fusion.kernel.ids import parse_id
from fusion.kernel.pagination import decode_cursor, encode_cursor, page
from fusion.ordering.models import Order
from fusion.tenancy.queries import find_organization

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


def list_orders(
    actor: Actor,
    *,
    limit: int,
    cursor: str | None,
    subscription_id: UUID | None = None,
    organization_id: UUID | None = None,
    state: str | None = None,
    kind: str | None = None,
    external_reference: str | None = None,
    placed_from: datetime | None = None,
    placed_to: datetime | None = None,
) -> str:
    """One page of the orders that `actor` sees, newest first, as JSON text.

    `placed_from` is inclusive, `placed_to` exclusive. The caller has checked that the ids are
    visible.
    """
    rows = Order.objects.visible_to(actor)
    if subscription_id:
        rows = rows.filter(subscription_id=subscription_id)
    if organization_id:
        organization = find_organization(actor, organization_id)
        rows = rows.filter(**{f"{organization.kind}_id": organization.id})
    if state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind, group_id=actor.group_id)
    if external_reference:
        rows = rows.filter(external_reference=external_reference)
    if placed_from:
        rows = rows.filter(placed_at__gte=placed_from)
    if placed_to:
        rows = rows.filter(placed_at__lt=placed_to)
    ids, next_ = newest_orders(rows, limit=limit, cursor=cursor)
    items = ",".join(order_documents(ids))
    return f'{{"items":[{items}],"next":{orjson.dumps(next_).decode()}}}'


def newest_orders(
    rows: QuerySet[Order], *, limit: int, cursor: str | None
) -> tuple[list[UUID], str | None]:
    """The ids of one page of `rows`, newest first, and the cursor of the next."""
    keys, more = page(
        list(
            _after(rows, cursor)
            .order_by("-placed_at", "-id")
            .values_list("placed_at", "id")[: limit + 1]
        ),
        limit,
    )
    next_ = encode_cursor(keys[-1][0].isoformat(), keys[-1][1]) if more else None
    return [id for _, id in keys], next_


def _after(rows: QuerySet[Order], cursor: str | None) -> QuerySet[Order]:
    """The rows older than the cursor's; the first condition is the start of the index scan."""
    if cursor is None:
        return rows
    at_text, id_text = decode_cursor(cursor, 2)
    id = parse_id(id_text)
    try:
        at = read_instant(at_text)
    except ValueError:
        at = None
    if id is None or at is None:
        raise InvalidFields(
            cursor="Invalid cursor: pass the `next` value of a previous page of this list."
        )
    return rows.filter(placed_at__lte=at).filter(Q(placed_at__lt=at) | Q(id__lt=id))


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
