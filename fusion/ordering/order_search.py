"""Search of orders: by number, reference or customer, and by the filters of the list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Exists, OuterRef, Q, QuerySet

from fusion.access.actor import Actor
from fusion.kernel.clock import instant
from fusion.kernel.stream import Query, csv_lines
from fusion.ordering.models import Order, OrderLine
from fusion.ordering.queries import newest_orders, order_documents
from fusion.tenancy.queries import find_organization
from fusion.tenancy.search import ids_of_subscriptions

MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSearch:
    """A search. The caller has checked that the ids are visible; `until` is exclusive.

    `text` is a complete order number or reference; if it is neither, words of the names of
    customers and subscriptions, which match from their beginnings.
    """

    text: str = ""
    subscription_id: UUID | None = None
    organization_id: UUID | None = None
    product_id: UUID | None = None
    state: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def search_orders(
    actor: Actor, search: OrderSearch, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the matching orders that `actor` sees, newest first: {items: documents, next}."""
    ids, next_ = newest_orders(_narrowed(actor, search), limit=limit, cursor=cursor)
    return {"items": [orjson.loads(text) for text in order_documents(ids)], "next": next_}


def _narrowed(actor: Actor, search: OrderSearch) -> QuerySet[Order]:
    rows = Order.objects.visible_to(actor)
    if search.subscription_id:
        rows = rows.filter(subscription_id=search.subscription_id)
    if search.organization_id:
        organization = find_organization(actor, search.organization_id)
        rows = rows.filter(**{f"{organization.kind}_id": organization.id})
    if search.state:
        rows = rows.filter(state=search.state)
        if search.state != "completed":
            rows = rows.filter(group_id=actor.group_id)  # for the index of orders not completed
    if search.kind:
        rows = rows.filter(kind=search.kind, group_id=actor.group_id)
    if search.since:
        rows = rows.filter(placed_at__gte=search.since)
    if search.until:
        rows = rows.filter(placed_at__lt=search.until)
    if search.product_id:
        lines = OrderLine.objects.filter(
            group_id=OuterRef("group_id"),
            order_id=OuterRef("id"),
            product_id=search.product_id,
        )
        rows = rows.filter(Exists(lines))
    return _named(actor, rows, search.text) if search.text else rows


def _named(actor: Actor, rows: QuerySet[Order], text: str) -> QuerySet[Order]:
    named = Q(external_reference=text)
    if text.isascii() and text.isdigit() and int(text) <= MAX_NUMBER:
        named |= Q(number=int(text))
    found = list(
        Order.objects.visible_to(actor)
        .filter(named, group_id=actor.group_id)
        .values_list("id", flat=True)
    )
    if found:
        return rows.filter(id__in=found)
    subscriptions = ids_of_subscriptions(actor, text)
    return rows.none() if subscriptions is None else rows.filter(subscription_id__in=subscriptions)


COLUMNS = (
    "number",
    "kind",
    "state",
    "subscription_id",
    "subscription_name",
    "tenant_name",
    "external_reference",
    "placed_at",
    "effective_at",
    "completed_at",
    "action",
    "product_code",
    "revision",
    "quantity",
    "reason",
    "note",
)

LINES = """
SELECT o.number, o.kind, o.state, o.subscription_id::text, s.name, t.name, o.external_reference,
       o.placed_at, o.effective_at, o.completed_at, l.action, p.code, l.revision, l.quantity,
       o.reason, o.note
FROM ordering_order o
JOIN tenancy_subscription s ON s.id = o.subscription_id
JOIN tenancy_organization t ON t.id = s.tenant_id
LEFT JOIN ordering_orderline l ON l.group_id = o.group_id AND l.order_id = o.id
LEFT JOIN catalogue_product p ON p.id = l.product_id
WHERE o.id IN ({found})
ORDER BY o.placed_at DESC, o.id DESC, l.position
"""


def orders_as_csv(actor: Actor, search: OrderSearch, query: Query) -> Iterator[str]:
    """All matching orders, newest first, as CSV: a header line, then a row for each line.

    An order without lines has a row of its own.
    """
    yield from csv_lines([COLUMNS])
    rows = _narrowed(actor, search)
    if rows.query.is_empty():
        return
    found, parameters = rows.values("id").query.sql_with_params()
    for row in query(LINES.format(found=found), parameters):
        placed, effective, completed = (instant(at) for at in row[7:10])
        yield from csv_lines([(*row[:7], placed, effective, completed, *row[10:])])
