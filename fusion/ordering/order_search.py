"""The list of orders, filtered and searched: as JSON for the API and the portal, and as CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Exists, OuterRef, Q, QuerySet

from fusion.access.actor import Actor
from fusion.kernel.clock import instant, read_instant
from fusion.kernel.ids import read_id
from fusion.kernel.pagination import MAX_BIGINT, decode_cursor, encode_cursor, page
from fusion.kernel.sheets.send import Table
from fusion.kernel.stream import Query
from fusion.ordering.models import Order, OrderLine, SeenFailure
from fusion.ordering.origin import has_origin
from fusion.ordering.queries import order_documents
from fusion.tenancy.queries import find_organization
from fusion.tenancy.search import is_long_enough, matching_subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSearch:
    """The filters of the list. The caller has checked that the ids are visible.

    `seen` is for failed orders: whether they are marked as seen.
    `text` is a complete order number or reference; if it is neither, words of the names of
    customers and subscriptions. `placed_from` is inclusive, `placed_to` exclusive;
    likewise `completed_from` and `completed_to`.
    """

    text: str = ""
    external_reference: str | None = None
    subscription_id: UUID | None = None
    organization_id: UUID | None = None
    product_id: UUID | None = None
    state: str | None = None
    kind: str | None = None
    seen: bool | None = None
    number: int | None = None
    line_external_reference: str | None = None
    origin: str | None = None
    placed_from: datetime | None = None
    placed_to: datetime | None = None
    completed_from: datetime | None = None
    completed_to: datetime | None = None


def list_orders(actor: Actor, search: OrderSearch, *, limit: int, cursor: str | None = None) -> str:
    """One page of the matching orders that `actor` sees, newest first, as JSON text."""
    rows = _after(_filtered(actor, search), cursor).order_by("-placed_at", "-id")
    keys, more = page(list(rows.values_list("placed_at", "id")[: limit + 1]), limit)
    items = ",".join(order_documents([id for _, id in keys]))
    next_ = encode_cursor(keys[-1][0].isoformat(), keys[-1][1]) if more else None
    return f'{{"items":[{items}],"next":{orjson.dumps(next_).decode()}}}'


def _after(rows: QuerySet[Order], cursor: str | None) -> QuerySet[Order]:
    """The rows older than the cursor's; the first condition is the start of the index scan."""
    if cursor is None:
        return rows
    at, id = decode_cursor(cursor, read_instant, read_id)
    return rows.filter(placed_at__lte=at).filter(Q(placed_at__lt=at) | Q(id__lt=id))


def _filtered(actor: Actor, search: OrderSearch) -> QuerySet[Order]:
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
    if search.seen is not None:
        rows = rows.filter(is_seen(search.seen), state="failed", group_id=actor.group_id)
    if search.kind:
        rows = rows.filter(kind=search.kind, group_id=actor.group_id)
    if search.external_reference:
        rows = rows.filter(external_reference=search.external_reference)
    if search.number:
        rows = rows.filter(number=search.number, group_id=actor.group_id)
    if search.line_external_reference:
        of_line = OrderLine.objects.filter(
            group_id=actor.group_id, external_reference=search.line_external_reference
        )
        rows = rows.filter(id__in=of_line.values("order_id"))
    if search.origin:
        rows = rows.filter(has_origin(search.origin), group_id=actor.group_id)
    if search.product_id:
        lines = OrderLine.objects.filter(
            group_id=OuterRef("group_id"),
            order_id=OuterRef("id"),
            product_id=search.product_id,
        )
        rows = rows.filter(Exists(lines))
    rows = _between(rows, search)
    return _named(actor, rows, search.text) if search.text else rows


def is_seen(seen: bool) -> Q:
    """Failed orders that somebody of the group marked as seen; not `seen`: the others."""
    marks = SeenFailure.objects.filter(group_id=OuterRef("group_id"), order_id=OuterRef("id"))
    return Q(Exists(marks)) if seen else ~Q(Exists(marks))


def _between(rows: QuerySet[Order], search: OrderSearch) -> QuerySet[Order]:
    """The rows placed and completed in these periods.

    No order is completed before it is placed, so that the index of `placed_at` also limits the scan
    for orders that were completed before an instant.
    """
    if search.placed_from:
        rows = rows.filter(placed_at__gte=search.placed_from)
    if search.placed_to:
        rows = rows.filter(placed_at__lt=search.placed_to)
    if search.completed_from:
        rows = rows.filter(completed_at__gte=search.completed_from)
    if search.completed_to:
        rows = rows.filter(completed_at__lt=search.completed_to, placed_at__lt=search.completed_to)
    return rows


def _named(actor: Actor, rows: QuerySet[Order], text: str) -> QuerySet[Order]:
    named = Q(external_reference=text)
    if text.isascii() and text.isdigit() and int(text) <= MAX_BIGINT:
        named |= Q(number=int(text))
    found = list(
        Order.objects.visible_to(actor)
        .filter(named, group_id=actor.group_id)
        .values_list("id", flat=True)
    )
    if found:
        return rows.filter(id__in=found)
    if not is_long_enough(text):
        return rows.none()
    return rows.filter(subscription_id__in=matching_subscriptions(actor, text))


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
    "quantity_before",
    "line_external_reference",
    "metadata",
    "seen_at",
    "origin",
    "charge_from",
)

LINES = """
SELECT o.number, o.kind, o.state, o.subscription_id::text, s.name, t.name, o.external_reference,
       o.placed_at, o.effective_at, o.completed_at, l.action, p.code, l.revision, l.quantity,
       o.reason, o.note, l.quantity_before, l.external_reference, o.metadata,
       x.seen_at, ordering_origin(o.placed_by, o.connector), o.charge_from
FROM ordering_order o
JOIN tenancy_subscription s ON s.id = o.subscription_id
JOIN tenancy_organization t ON t.id = s.tenant_id
LEFT JOIN ordering_orderline l ON l.group_id = o.group_id AND l.order_id = o.id
LEFT JOIN catalogue_product p ON p.id = l.product_id
LEFT JOIN ordering_seenfailure x ON x.group_id = o.group_id AND x.order_id = o.id
WHERE o.id IN ({found})
ORDER BY o.placed_at DESC, o.id DESC, l.position
"""


def orders_table(actor: Actor, search: OrderSearch) -> Table:
    """All matching orders, newest first, with a row for each line.

    An order without lines has a row of its own.
    """
    matching = _filtered(actor, search)

    def rows(query: Query) -> Iterator[Sequence[Any]]:
        if matching.query.is_empty():
            return
        ids, parameters = matching.values("id").query.sql_with_params()
        for row in query(LINES.format(found=ids), parameters):
            placed, effective, completed = (instant(at) for at in row[7:10])
            yield (
                *row[:7],
                placed,
                effective,
                completed,
                *row[10:19],
                instant(row[19]),
                row[20],
                instant(row[21]),
            )

    return Table("orders", COLUMNS, rows)
