"""Raising an order request, and withdrawing it."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import REQUEST_ORDERS
from fusion.kernel.ids import parse_id
from fusion.ordering.models import OrderRequest
from fusion.ordering.request_order import request_order
from fusion.ordering.requests import find_request
from fusion.ordering.withdraw_request import withdraw_request
from fusion.portal.forms import NoteField
from fusion.portal.orders.choose import choose
from fusion.portal.orders.lines import LinesForm, orderable
from fusion.portal.page import BUTTON, FORM, form_of, page, submit
from fusion.portal.responses import confirmed, done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.queries import find_subscription
from fusion.tenancy.search import subscription_names


class RequestForm(LinesForm):
    """A new order request."""

    note = NoteField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Information for your provider, such as when you need it."),
    )


@page(REQUEST_ORDERS, methods=FORM)
def new(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /order-requests/new?subscription=`."""
    subscription_id = parse_id(request.GET.get("subscription"))
    if subscription_id is None:
        return choose(request, gettext("Request more"), "requests-new")
    products = orderable(request.actor, subscription_id)
    form = form_of(request, RequestForm, products=products)
    answer = submit(
        request,
        form,
        lambda actor: request_order(
            actor,
            subscription_id=subscription_id,
            lines=form.lines(),
            note=form.cleaned_data["note"] or None,
        ),
    )
    if answer is None:
        context = {
            "subscription": find_subscription(request.actor, subscription_id),
            "tenant": subscription_names({subscription_id})[subscription_id][1],
        }
        return show_form(request, "portal/requests/new.html", form, context, parts=("rows",))
    message = gettext("Your request was sent. You will receive an e-mail with the decision.")
    return done(request, message, "requests-detail", answer.body["id"], answer=answer)


@page(REQUEST_ORDERS, methods=BUTTON, order_request_id=find_request)
def withdraw(request: PageRequest, order_request: OrderRequest) -> HttpResponse:
    """`POST /order-requests/<id>/withdraw`."""
    return confirmed(
        request,
        lambda actor: withdraw_request(actor, request_id=order_request.id),
        gettext("The request was withdrawn."),
        "requests-detail",
        order_request.id,
    )
