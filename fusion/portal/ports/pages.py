"""Pages of port requests: the list, and a single one with its history."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import READ_PROVISIONING
from fusion.kernel.clock import read_instant
from fusion.numbers.models import PORT_STATES, PortRequest
from fusion.numbers.port_requests import (
    PENDING,
    find_port_request,
    list_port_requests,
    port_documents,
)
from fusion.numbers.porting import DECIDE_PORTS, WITHDRAW_PORTS
from fusion.portal.actor_names import display_names
from fusion.portal.forms import Confirmation
from fusion.portal.page import page
from fusion.portal.requests.pages import ALL, filters_context, read_filters, request_rows
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest

ROWS = 50
INSTANTS = ("port_date", "completed_at")


@page(READ_PROVISIONING)
def ports(request: PageRequest) -> HttpResponse:
    """`GET /port-requests`: the open ones, unless another state is chosen."""
    filters, wanted = read_filters(request, PORT_STATES)
    pages = partial(list_port_requests, request.actor, **wanted)
    found = filters.page(lambda: pages(limit=ROWS, cursor=request.GET.get("cursor")))
    context = {
        "rows": port_rows(request.actor, found["items"]),
        "next": found["next"],
        **filters_context(request, filters, wanted),
        "states": (*PORT_STATES, ALL),
        "is_group": request.actor.kind == GROUP,
    }
    template = "portal/ports/list.html"
    return show(request, template, context, parts=("more",), status=filters.status)


def port_rows(actor: Actor, documents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Port requests with names and instants, in a fixed number of statements."""
    return [
        {**each, **{name: read_instant(each[name]) for name in INSTANTS if each[name]}}
        for each in request_rows(actor, documents)
    ]


@page(READ_PROVISIONING, port_request_id=find_port_request)
def detail(request: PageRequest, port_request: PortRequest) -> HttpResponse:
    """`GET /port-requests/<id>`."""
    actor = request.actor
    (document,) = port_rows(actor, port_documents(actor, [port_request]))
    is_pending = port_request.state in PENDING
    decides = is_pending and DECIDE_PORTS.allows(actor)
    context = {
        "port": document,
        "history": [_entry(each) for each in document["history"]],
        "actors": display_names(actor, [each["by"] for each in document["history"]]),
        "confirmation": Confirmation(),
        "may_decide": decides,
        "may_withdraw": is_pending
        and not decides
        and WITHDRAW_PORTS.allows(actor)
        and port_request.path.startswith(actor.path),
    }
    return show(request, "portal/ports/detail.html", context)


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    dates = {name: read_instant(entry[name]) for name in ("at", "port_date") if entry.get(name)}
    return {**entry, **dates}
