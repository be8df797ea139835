"""Pages of port requests: the list, and a single one with its history."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import READ_PROVISIONING
from fusion.kernel.clock import read_instant
from fusion.kernel.ids import parse_id
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
from fusion.portal.requests.pages import request_rows
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.queries import find_subscription

ROWS = 50
ALL = "all"
INSTANTS = ("port_date", "completed_at")


@page(READ_PROVISIONING)
def ports(request: PageRequest) -> HttpResponse:
    """`GET /port-requests`: the open ones, unless another state is chosen."""
    subscription = parse_id(request.GET.get("subscription"))
    found = listed_ports(request)(limit=ROWS, cursor=request.GET.get("cursor"))
    context = {
        "rows": port_rows(request.actor, found["items"]),
        "next": found["next"],
        "state": _state(request) or ALL,
        "states": (*PORT_STATES, ALL),
        "subscription": subscription,
        "owner_name": find_subscription(request.actor, subscription).name if subscription else "",
        "is_group": request.actor.kind == GROUP,
    }
    return show(request, "portal/ports/list.html", context, parts=("more",))


def _state(request: PageRequest) -> str | None:
    chosen = request.GET.get("state", "open")
    return chosen if chosen in PORT_STATES else None


def listed_ports(request: PageRequest) -> partial[dict[str, Any]]:
    """The port requests of the chosen state and subscription; Problem `not-found`."""
    subscription_id = parse_id(request.GET.get("subscription"))
    if subscription_id is not None:
        find_subscription(request.actor, subscription_id)
    return partial(
        list_port_requests, request.actor, state=_state(request), subscription_id=subscription_id
    )


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
