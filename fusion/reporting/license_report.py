"""Licence consumption: per SKU of a subtree, and per subscription in it."""

from collections.abc import Iterator
from functools import partial
from typing import Literal
from uuid import UUID

import orjson
from pydantic import BaseModel

from fusion.access.actor import Actor
from fusion.catalogue.metrics import MetricCode
from fusion.kernel.clock import instant, now
from fusion.kernel.sheets.send import Table
from fusion.kernel.stream import Query, Row, json_items
from fusion.reporting.owners import NAMES, joins, owned_by
from fusion.reporting.schemas import Owned
from fusion.tenancy.models import Organization


class Consumption(BaseModel):
    """The granted, used and available quantity of a SKU."""

    sku: str
    type: Literal["license", "entitlement"]
    metric: MetricCode
    granted: int
    used: int
    available: int


class LicenseRow(Owned, Consumption):
    """The totals of one SKU in one subscription."""

    subscription_status: Literal["active", "suspended", "terminated"]


class LicenseReport(BaseModel):
    """Totals per SKU, and all rows per subscription and SKU."""

    as_of: str
    totals: list[Consumption]
    items: list[LicenseRow]
    next: None


QUANTITIES = tuple(Consumption.model_fields)
COLUMNS = (*Owned.model_fields, "subscription_status", *QUANTITIES)

USED = "SELECT ledger_used(b, m.live) AS used OFFSET 0"  # evaluated once

DETAIL = f"""
SELECT {NAMES}, s.status, b.sku, b.type, b.metric, b.granted, u.used,
       greatest(b.granted - u.used, 0)
FROM tenancy_subscription s
{joins("s")}
JOIN ledger_balance b ON b.group_id = s.group_id AND b.subscription_id = s.id
JOIN catalogue_metric m ON m.code = b.metric
CROSS JOIN LATERAL ({USED}) u
"""

TOTALS = f"""
SELECT b.sku, b.type, b.metric, sum(b.granted)::bigint, sum(u.used)::bigint,
       sum(greatest(b.granted - u.used, 0))::bigint
FROM tenancy_subscription s
JOIN ledger_balance b ON b.group_id = s.group_id AND b.subscription_id = s.id
JOIN catalogue_metric m ON m.code = b.metric
CROSS JOIN LATERAL ({USED}) u
"""


def licenses_as_json(
    actor: Actor, organization: Organization, subscription_id: UUID | None, query: Query
) -> Iterator[str]:
    """`{"as_of", "totals": [per SKU], "items": [per subscription and SKU], "next": null}`."""
    owner, ids = owned_by("s", actor, organization, subscription_id)
    totals = query(f"{TOTALS} WHERE {owner} GROUP BY 1, 2, 3 ORDER BY 1", ids)
    yield f'{{"as_of":"{instant(now())}","totals":['
    yield from json_items(_json(QUANTITIES, row) for row in totals)
    yield '],"items":['
    rows = _rows(actor, organization, subscription_id, query)
    yield from json_items(_json(COLUMNS, row) for row in rows)
    yield '],"next":null}'


def licenses_table(actor: Actor, organization: Organization, subscription_id: UUID | None) -> Table:
    """The rows per subscription and SKU."""
    return Table("licenses", COLUMNS, partial(_rows, actor, organization, subscription_id))


def _rows(
    actor: Actor, organization: Organization, subscription_id: UUID | None, query: Query
) -> Iterator[Row]:
    owner, ids = owned_by("s", actor, organization, subscription_id)
    return query(f"{DETAIL} WHERE {owner} ORDER BY s.path, s.id, b.sku", ids)


def _json(columns: tuple[str, ...], row: Row) -> str:
    return orjson.dumps(dict(zip(columns, row, strict=True))).decode()
