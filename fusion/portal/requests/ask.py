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
from fusion.portal.fields import NoteField
from fusion.portal.forms import Form, confirmed, done, form_of, show_form, submit
from fusion.portal.orders.lines import line_rows, lines_of
from fusion.portal.orders.new import choose
from fusion.portal.page import page
from fusion.portal.rows import asks_for_rows
from fusion.portal.visit import PageRequest
from fusion.tenancy.queries import find_subscription
from fusion.tenancy.search import subscription_names


class RequestForm(Form):
    """The fields of a request other than its lines."""

    note = NoteField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Information for your provider, such as when you need it."),
    )


@page(REQUEST_ORDERS, methods=("GET", "POST"))
def new(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /order-requests/new?subscription=`."""
    given = parse_id(request.GET.get("subscription"))
    if given is None:
        return choose(request, gettext("Request more"), "requests-new")
    subscription = find_subscription(request.actor, given)
    rows = line_rows(request, subscription.id)
    form = form_of(request, RequestForm, {}, rows)
    if request.method == "POST" and not asks_for_rows(request):
        answer = submit(
            request,
            form,
            lambda actor: request_order(
                actor,
                subscription_id=subscription.id,
                lines=lines_of(rows),
                note=form.cleaned_data["note"] or None,
            ),
        )
        if answer is not None:
            message = gettext(
                "Your request was sent. You will receive an e-mail with the decision."
            )
            return done(request, message, "requests-detail", answer.body["id"], answer=answer)
    context = {
        "subscription": subscription,
        "tenant": subscription_names({subscription.id})[subscription.id][1],
    }
    return show_form(request, "portal/requests/new.html", form, context, parts=("rows",))


@page(REQUEST_ORDERS, methods=("POST",), asked_id=find_request)
def withdraw(request: PageRequest, asked: OrderRequest) -> HttpResponse:
    """`POST /order-requests/<id>/withdraw`."""
    return confirmed(
        request,
        lambda actor: withdraw_request(actor, request_id=asked.id),
        gettext("The request was withdrawn."),
        "requests-detail",
        asked.id,
    )
