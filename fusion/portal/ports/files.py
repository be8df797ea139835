"""Port requests as files."""

from functools import partial
from typing import Any

from django.http.response import HttpResponseBase

from fusion.access.permissions import READ_PROVISIONING
from fusion.kernel.sheets.send import paged_table
from fusion.numbers.models import PORT_STATES
from fusion.numbers.port_requests import list_port_requests
from fusion.portal.actor_names import display_names
from fusion.portal.downloads import download
from fusion.portal.page import page
from fusion.portal.ports.pages import port_rows
from fusion.portal.requests.pages import read_filters
from fusion.portal.session_actor import PageRequest

COLUMNS = (
    "requested_at",
    "state",
    "direction",
    "customer",
    "subscription",
    "organization",
    "by",
    "numbers",
    "sku",
    "port_date",
    "carrier",
    "note",
    "attachments",
    "decided_at",
    "decided_by",
    "reason",
    "completed_at",
    "id",
)


@page(READ_PROVISIONING)
def export(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /port-requests.csv` and `.xlsx`: all requests of the chosen state."""
    actor = request.actor
    filters, wanted = read_filters(request, PORT_STATES)
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
                "numbers": ", ".join(each["numbers"]),
                "attachments": ", ".join(each["attachments"]),
            }
            for each in port_rows(actor, items)
        ]

    pages = partial(list_port_requests, actor, **wanted)
    return download(paged_table("port-requests", COLUMNS, pages, named), format)
