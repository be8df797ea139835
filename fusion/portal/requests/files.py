"""Order requests as files."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.http.response import HttpResponseBase

from fusion.access.permissions import READ_ORDERS
from fusion.kernel.sheets.send import paged_table
from fusion.ordering.models import REQUEST_STATES
from fusion.ordering.requests import list_requests
from fusion.portal.actor_names import display_names
from fusion.portal.downloads import download
from fusion.portal.page import page
from fusion.portal.requests.pages import read_filters, request_rows
from fusion.portal.session_actor import PageRequest

COLUMNS = (
    "requested_at",
    "state",
    "customer",
    "subscription",
    "organization",
    "by",
    "lines",
    "note",
    "decided_at",
    "decided_by",
    "reason",
    "order_number",
    "id",
)


@page(READ_ORDERS)
def export(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /order-requests.csv` and `.xlsx`: all requests of the chosen state."""
    actor = request.actor
    filters, wanted = read_filters(request, REQUEST_STATES)
    if filters.wrong:
        return filters.refusal()

    def named(items: list[Any]) -> list[dict[str, Any]]:
        people = display_names(
            actor, [each[name] for each in items for name in ("requested_by", "decided_by")]
        )
        return [
            {
                **each,
                "customer": each["tenant"],
                "by": people[each["requested_by"]],
                "decided_by": people.get(each["decided_by"]),
                "lines": in_words(each["lines"]),
            }
            for each in request_rows(actor, items)
        ]

    pages = partial(list_requests, actor, **wanted)
    return download(paged_table("order-requests", COLUMNS, pages, named), format)


def in_words(lines: Sequence[Mapping[str, Any]]) -> str:
    """The lines in one cell: `add 2 seat; remove 1 trunk`."""
    return "; ".join(
        f"{line['action']} {line['quantity']} {line['product_code']}" for line in lines
    )
