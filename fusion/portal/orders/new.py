"""A new order: the form with its lines, and placing it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import PLACE_ORDERS
from fusion.kernel.ids import parse_id
from fusion.ordering.place import Draft, place_order
from fusion.ordering.queries import find_order, order_document_of
from fusion.portal.forms import (
    EDIT_ROWS,
    PREVIEW,
    EffectiveTimeField,
    EndTimeField,
    LineField,
    NoteField,
)
from fusion.portal.orders.choose import choose
from fusion.portal.orders.lines import LinesForm, OrderRow, orderable
from fusion.portal.orders.preview import preview_lines
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.queries import find_subscription
from fusion.tenancy.search import subscription_names


class OrderForm(LinesForm):
    """A new order."""

    row = OrderRow
    external_reference = LineField(
        label=_("Billing reference"),
        max_length=100,
        required=False,
        help_text=_("The billing platform's id of this order."),
    )
    effective_at = EffectiveTimeField()
    ends_at = EndTimeField()
    note = NoteField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    draft_buttons = (EDIT_ROWS, PREVIEW)

    def draft(self, subscription_id: UUID) -> Draft:
        """The order for the use case; the form is valid."""
        return Draft(
            subscription_id,
            self.lines(),
            external_reference=self.cleaned_data["external_reference"] or None,
            effective_at=self.cleaned_data["effective_at"],
            note=self.cleaned_data["note"] or None,
            ends_at=self.cleaned_data["ends_at"],
        )


@page(PLACE_ORDERS, methods=FORM)
def new(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /orders/new?subscription=`; `again` is the id of an order to place again."""
    subscription_id = parse_id(request.GET.get("subscription"))
    if subscription_id is None:
        return choose(request, gettext("New order"), "orders-new")
    products = orderable(request.actor, subscription_id)
    form = form_of(request, OrderForm, row_values=_lines_again(request), products=products)
    answer = submit(
        request, form, lambda actor: place_order(actor, draft=form.draft(subscription_id))
    )
    if answer is None:
        return _show(request, form, subscription_id)
    order = answer.body
    return done(request, placed_message(order), "orders-detail", order["id"], answer=answer)


def _lines_again(request: PageRequest) -> list[dict[str, Any]]:
    """The lines of the order to place again, if any."""
    order_id = parse_id(request.GET.get("again"))
    if order_id is None:
        return []
    order = order_document_of(find_order(request.actor, order_id).id)
    return [
        {"action": line["action"], "product": line["product_id"], "quantity": line["quantity"]}
        for line in order["lines"]
    ]


def _show(request: PageRequest, form: OrderForm, subscription_id: UUID) -> HttpResponse:
    """The form with a preview of its lines."""
    subscription = find_subscription(request.actor, subscription_id)
    context = {
        "subscription": subscription,
        "tenant": subscription_names({subscription_id})[subscription_id][1],
        "preview": preview_lines(request, form, subscription_id),
    }
    return show_form(request, "portal/orders/new.html", form, context, parts=("rows", PREVIEW))


def placed_message(order: Mapping[str, Any]) -> str:
    """What happened to the order, for the top of the next page."""
    if order["state"] == "scheduled":
        return gettext("Order %(number)s was scheduled.") % {"number": order["number"]}
    return gettext("Order %(number)s was placed.") % {"number": order["number"]}
