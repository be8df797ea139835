"""A new order: choose the subscription, enter lines, preview the effect, and place it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext

from fusion.access.permissions import PLACE_ORDERS
from fusion.kernel.ids import parse_id
from fusion.kernel.pagination import MAX_LIMIT
from fusion.ordering.place import Draft, Line, place_order
from fusion.ordering.queries import find_order, order_document_of
from fusion.portal.asked import asked_for
from fusion.portal.forms import done, form_of, show_form, submit
from fusion.portal.orders.forms import OrderForm
from fusion.portal.orders.lines import ADD, REMOVE, line_rows, lines_of
from fusion.portal.orders.preview import previewed
from fusion.portal.page import page, show
from fusion.portal.rows import Rows, asks_for_rows
from fusion.portal.visit import PageRequest
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription, list_subscriptions
from fusion.tenancy.search import find_subscriptions, subscription_names

FOUND = 10
"""Most subscriptions below the search."""

TERMINATED = "terminated"

PREVIEW = "preview"
"""The button, and the part of the page, for the preview of the order."""


@page(PLACE_ORDERS, methods=("GET", "POST"))
def new(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /orders/new?subscription=`; `reverse` is the id of an order to reverse."""
    given = parse_id(request.GET.get("subscription"))
    if given is None:
        return choose(request, gettext("New order"), "orders-new")
    subscription = find_subscription(request.actor, given)
    initial = _initial(request)
    rows = line_rows(request, subscription.id, initial)
    form = form_of(request, OrderForm, {}, rows)
    if request.method == "POST" and not asks_for_rows(request) and PREVIEW not in request.POST:
        answer = submit(
            request,
            form,
            lambda actor: place_order(actor, draft=_draft(form, subscription, rows)),
        )
        if answer is not None:
            order = answer.body
            return done(request, _placed(order), "orders-detail", order["id"], answer=answer)
    context = {
        "subscription": subscription,
        "tenant": subscription_names({subscription.id})[subscription.id][1],
        "preview": _preview(request, subscription, rows, initial),
    }
    parts, looking = ("rows", PREVIEW), PREVIEW in request.POST
    return show_form(request, "portal/orders/new.html", form, context, parts=parts, looking=looking)


def choose(request: PageRequest, heading: str, to: str) -> HttpResponse:
    """The page that searches for a subscription, and continues with the page named `to`."""
    text = asked_for(request, "q")["q"]
    if text:
        rows, more = find_subscriptions(request.actor, text, limit=FOUND + 1), False
    else:
        rows, more = _newest(request)
    context = {
        "heading": heading,
        "to": to,
        "q": text,
        "rows": rows[:FOUND],
        "more": more or len(rows) > FOUND,
    }
    return show(request, "portal/orders/choose.html", context, parts=("found",))


def _newest(request: PageRequest) -> tuple[list[dict[str, Any]], bool]:
    """The newest subscriptions that are not terminated, with their customers; whether there are
    more.
    """
    listed = list_subscriptions(request.actor, limit=MAX_LIMIT)
    rows = [each for each in listed["items"] if each["status"] != TERMINATED]
    names = subscription_names({UUID(each["id"]) for each in rows[:FOUND]})
    shown = [{**each, "tenant_name": names[UUID(each["id"])][1]} for each in rows[:FOUND]]
    return shown, len(rows) > FOUND or listed["next"] is not None


def _placed(order: Mapping[str, Any]) -> str:
    if order["state"] == "scheduled":
        return gettext("Order %(number)s was scheduled.") % {"number": order["number"]}
    return gettext("Order %(number)s was placed.") % {"number": order["number"]}


def _initial(request: PageRequest) -> list[dict[str, Any]]:
    reversed_ = parse_id(request.GET.get("reverse"))
    if reversed_ is None:
        return []
    order = order_document_of(find_order(request.actor, reversed_).id)
    return [
        {
            "action": REMOVE if line["action"] == ADD else ADD,
            "product": line["product_id"],
            "quantity": line["quantity"],
        }
        for line in order["lines"]
    ]


def _draft(form: OrderForm, subscription: Subscription, rows: Rows) -> Draft:
    return Draft(
        subscription.id,
        lines_of(rows),
        external_reference=form.cleaned_data.get("external_reference") or None,
        effective_at=form.cleaned_data.get("effective_at"),
    )


def _preview(
    request: PageRequest,
    subscription: Subscription,
    rows: Rows,
    initial: Sequence[Mapping[str, Any]],
) -> dict[str, Any] | None:
    """The preview of the lines, at first of the initial ones; None without lines."""
    if rows.is_bound:
        lines = lines_of(rows) if rows.is_valid() else ()
    else:
        given = () if asks_for_rows(request) else initial
        lines = tuple(
            Line(UUID(each["product"]), each["quantity"], each["action"]) for each in given
        )
    return previewed(request.actor, Draft(subscription.id, lines)) if lines else None
