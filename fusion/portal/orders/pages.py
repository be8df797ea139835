"""Pages of orders: the list with its filters, also as CSV, and a single order."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, pgettext

from fusion.access.actor import Actor
from fusion.access.permissions import (
    CANCEL_ORDERS,
    PLACE_ORDERS,
    READ_ORDERS,
    REQUEST_ORDERS,
    SEE_FAILURES,
)
from fusion.catalogue.models import Product
from fusion.events.events_of_object import events_of
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import problem_of
from fusion.ledger.queries import entries_of_order
from fusion.ordering.cancel import cancel_order
from fusion.ordering.models import CHANGE, REVERSIBLE, Order
from fusion.ordering.order_search import OrderSearch, list_orders, orders_table
from fusion.ordering.permissions import find_order_to_cancel, permission_of
from fusion.ordering.queries import find_order, order_document_of
from fusion.portal.actor_names import display_names
from fusion.portal.downloads import download, refused_filter
from fusion.portal.errors import sentences
from fusion.portal.forms import Confirmation
from fusion.portal.orders.forms import OrderFilter
from fusion.portal.orders.seen import SeenForm
from fusion.portal.page import BUTTON, ROWS, page
from fusion.portal.responses import confirmed, show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import product_names, sku_names
from fusion.tenancy.queries import find_organization, find_subscription
from fusion.tenancy.search import subscription_names

INSTANTS = ("placed_at", "effective_at", "completed_at", "ends_at", "charge_from")


def narrowing(request: PageRequest) -> tuple[OrderFilter, OrderSearch | None, str]:
    """The filter of the list, its search (None if invalid), and the subscription or organization.

    Problem `not-found` for a subscription or an organization that the actor does not see.
    """
    products = Product.objects.visible_to(request.actor).order_by("name", "code")
    choices = [(str(id), name) for id, name in products.values_list("id", "name")]
    form = OrderFilter(request.GET, products=choices)
    is_valid, cleaned, owner_name = form.is_valid(), form.cleaned_data, ""
    if id := cleaned.get("organization"):
        owner_name = find_organization(request.actor, id).name
    if id := cleaned.get("subscription"):
        owner_name = find_subscription(request.actor, id).name
    if not is_valid:
        return form, None, owner_name
    search = OrderSearch(
        text=cleaned["q"],
        subscription_id=cleaned["subscription"],
        organization_id=cleaned["organization"],
        product_id=UUID(cleaned["product"]) if cleaned["product"] else None,
        state=cleaned["state"] or None,
        kind=cleaned["kind"] or None,
        seen={"yes": True, "no": False}.get(cleaned["seen"]),
        placed_from=cleaned["since"],
        placed_to=cleaned["until"],
    )
    return form, search, owner_name


@page(READ_ORDERS)
def orders(request: PageRequest) -> HttpResponse:
    """`GET /orders`."""
    form, search, owner_name = narrowing(request)
    found: dict[str, Any] = {"items": [], "next": None}
    if search is not None:
        cursor = request.GET.get("cursor")
        found = orjson.loads(list_orders(request.actor, search, limit=ROWS, cursor=cursor))
    rows = listed(found["items"])
    seers = [row["seen"]["by"] for row in rows if row["seen"]]
    unseen = [row["id"] for row in rows if row["state"] == "failed" and not row["seen"]]
    context = {
        "form": form,
        "rows": rows,
        "actors": display_names(request.actor, seers),
        "seeing": SeenForm(initial={"orders": " ".join(unseen)})
        if unseen and SEE_FAILURES.allows(request.actor)
        else None,
        "unseen": len(unseen),
        "next": found["next"],
        "owner_name": owner_name,
        "query": request.GET.urlencode(),
        "filtered": any(request.GET.get(name) for name in form.fields),
        "may_order": PLACE_ORDERS.allows(request.actor),
        "may_request": REQUEST_ORDERS.allows(request.actor),
    }
    status = 422 if search is None else 200
    return show(request, "portal/orders/list.html", context, parts=("list", "more"), status=status)


def listed(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Documents of orders or order requests, with names of subscription and customer."""
    names = subscription_names({UUID(each["subscription_id"]) for each in documents})
    rows = []
    for each in documents:
        name, tenant = names[UUID(each["subscription_id"])]
        rows.append({**each, **_read(each), "subscription": name, "tenant": tenant})
    return rows


def _read(document: Mapping[str, Any]) -> dict[str, Any]:
    times: dict[str, Any] = {
        name: read_instant(document[name]) for name in INSTANTS if document.get(name)
    }
    if seen := document.get("seen"):
        times["seen"] = {**seen, "at": read_instant(seen["at"])}
    return times


@page(READ_ORDERS)
def export(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /orders.csv` and `.xlsx`: all orders that match the list's filters."""
    form, search, _ = narrowing(request)
    if search is None:
        return refused_filter(form)
    return download(orders_table(request.actor, search), format)


@page(READ_ORDERS, order_id=find_order)
def detail(request: PageRequest, order: Order) -> HttpResponse:
    """`GET /orders/<id>`."""
    actor = request.actor
    document = order_document_of(order.id)
    (row,) = listed([document])
    entries = entries_of_order(order.subscription_id, order.id, order.completed_at)
    events = events_of(actor, order.id)
    seen = [document["seen"]["by"]] if document["seen"] else []
    people = display_names(
        actor, [document["placed_by"], *seen, *(each["actor"] for each in events)]
    )
    names, failure = sku_names(actor), document["failure"]
    context = {
        "order": row,
        "entries": entries,
        "events": events,
        "actors": people,
        "names": names,
        "failure": sentences(problem_of(failure), names) if failure else (),
        "products": product_names(actor, document["lines"] or ()),
        "confirmation": Confirmation(),
        "connector": order.connector,
        "related": _related(actor, document),
        "may_reverse": PLACE_ORDERS.allows(actor) and _is_reversible(actor, document),
        "may_order_again": PLACE_ORDERS.allows(actor)
        and (order.state, order.kind) == ("failed", CHANGE),
        "may_see": order.state == "failed" and not seen and SEE_FAILURES.allows(actor),
        "may_cancel": order.state == "scheduled" and permission_of(order).allows(actor),
    }
    return show(request, "portal/orders/detail.html", context)


def _is_reversible(actor: Actor, document: Mapping[str, Any]) -> bool:
    """Whether an order changed something that was not taken back, and has not ended."""
    return (
        document["state"] == "completed"
        and document["kind"] in REVERSIBLE
        and bool(document["changes"])
        and document["reversed_by"] is None
        and (
            document["expired_by"] is None
            or find_order(actor, UUID(document["expired_by"])).state != "completed"
        )
    )


def _related(actor: Actor, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The order that this one reverses or ends, its reversal, and its end."""
    labels = {
        "reverses": pgettext("an order", "Takes back"),
        "reversed_by": pgettext("an order", "Taken back by"),
        "expires": pgettext("an order", "Ends"),
        "expired_by": pgettext("an order", "Ended by"),
    }
    others = {name: document[name] for name in labels if document[name] is not None}
    return [
        {"label": labels[name], "id": id, "number": find_order(actor, UUID(id)).number}
        for name, id in others.items()
    ]


@page(CANCEL_ORDERS, methods=BUTTON, order_id=find_order_to_cancel)
def cancel(request: PageRequest, order: Order) -> HttpResponse:
    """`POST /orders/<id>/cancel`."""
    return confirmed(
        request,
        lambda actor: cancel_order(actor, order_id=order.id),
        gettext("The order was cancelled."),
        "orders-detail",
        order.id,
    )
