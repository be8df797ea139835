"""Phone usage: a row for each period in which a user had a number, with all data for an invoice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, Field

from fusion.access.actor import Actor
from fusion.kernel.clock import instant
from fusion.kernel.fields import Instant, ends
from fusion.kernel.sheets.send import Table
from fusion.kernel.stream import Query, Row, json_items
from fusion.reporting.owners import joins, names_then, owned_by
from fusion.reporting.schemas import Owned, ReportFilter
from fusion.tenancy.models import Organization


class UsageRow(Owned):
    """A user's link to a number from `linked_at` to `unlinked_at`, which is null while linked."""

    number: str
    sku: str
    country: str
    number_type: str
    origin: Literal["inventory", "ported"]
    user_id: UUID
    login: str
    display_name: str
    kind: Literal["user", "resource_account"]
    linked_at: str
    unlinked_at: str | None


class UsageReport(BaseModel):
    """All rows at once."""

    items: list[UsageRow]
    next: None


class UsageFilter(ReportFilter):
    """The links that existed in a period; without a period, the current links."""

    from_: Instant | None = Field(default=None, alias="from", description="Included.")
    to: Annotated[Instant | None, ends("from_", "from")] = Field(
        default=None, description="Not included."
    )


COLUMNS = tuple(UsageRow.model_fields)

SELECT = f"""
SELECT {names_then("w")}, l.e164, k.code, catalogue_country(k.country), k.number_type, l.origin,
       l.user_id::text, coalesce(u.login, l.login),
       coalesce(u.display_name, l.display_name), l.kind, l.linked_at, l.unlinked_at
FROM users_link l
JOIN catalogue_sku k ON k.id = l.sku_id
LEFT JOIN LATERAL (
    SELECT o.until, o.names FROM tenancy_subscriptionowner o
    WHERE o.group_id = l.group_id AND o.subscription_id = l.subscription_id
      AND o.until > l.linked_at
    ORDER BY o.until LIMIT 1) w ON true
LEFT JOIN users_user u ON u.id = l.user_id AND w.until IS NULL
JOIN tenancy_subscription s ON s.id = l.subscription_id
{joins("l")}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since` (inclusive) to `until` (exclusive); without either, the present links."""

    since: datetime | None = None
    until: datetime | None = None

    def condition(self) -> tuple[str, list[datetime]]:
        """The condition for links that overlap it."""
        if self.since is None and self.until is None:
            return "coalesce(l.unlinked_at, 'infinity') = 'infinity'", []
        parts, parameters = [], []
        if self.since is not None:
            parts.append("coalesce(l.unlinked_at, 'infinity') > %s::timestamptz")
            parameters.append(self.since)
        if self.until is not None:
            parts.append("l.linked_at < %s::timestamptz")
            parameters.append(self.until)
        return " AND ".join(parts), parameters


def usage_as_json(
    actor: Actor,
    organization: Organization,
    subscription_id: UUID | None,
    period: Period,
    query: Query,
) -> Iterator[str]:
    """`{"items": [row], "next": null}`, links by id within one period's end."""
    yield '{"items":['
    rows = _rows(actor, organization, subscription_id, period, query)
    yield from json_items(
        orjson.dumps(dict(zip(COLUMNS, row, strict=True))).decode() for row in rows
    )
    yield '],"next":null}'


def usage_table(
    actor: Actor, organization: Organization, subscription_id: UUID | None, period: Period
) -> Table:
    """The same rows."""
    return Table(
        "phone-usage", COLUMNS, partial(_rows, actor, organization, subscription_id, period)
    )


def _rows(
    actor: Actor,
    organization: Organization,
    subscription_id: UUID | None,
    period: Period,
    query: Query,
) -> Iterator[Row]:
    owner, ids = owned_by("l", actor, organization, subscription_id)
    when, instants = period.condition()
    parameters: list[Any] = [*ids, *instants]
    for *columns, linked_at, unlinked_at in query(
        f"{SELECT} WHERE {owner} AND {when} ORDER BY coalesce(l.unlinked_at, 'infinity'), l.id",
        parameters,
    ):
        yield (*columns, instant(linked_at), instant(unlinked_at))
