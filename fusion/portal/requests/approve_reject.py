"""The group decides on a request: approves it, possibly with other lines, or rejects it."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import PLACE_ORDERS
from fusion.ordering.approve_request import approve_request
from fusion.ordering.models import OrderRequest
from fusion.ordering.reject_request import reject_request
from fusion.ordering.requests import documents_for, find_request
from fusion.portal.forms import EDIT_ROWS, PREVIEW, Form, NoteField
from fusion.portal.orders.lines import LinesForm, orderable
from fusion.portal.orders.preview import preview_lines
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.requests.pages import request_rows
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.queries import find_subscription


class ApprovalForm(LinesForm):
    """The lines to order."""

    draft_buttons = (EDIT_ROWS, PREVIEW)


class ReasonForm(Form):
    """The reason for a rejection."""

    reason = NoteField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The requester sees this here and in an e-mail."),
    )


@page(PLACE_ORDERS, methods=FORM, order_request_id=find_request)
def approve(request: PageRequest, order_request: OrderRequest) -> HttpResponse:
    """`GET` and `POST /order-requests/<id>/approve`, with the requested lines or others."""
    requested = [
        {"action": line["action"], "product": line["product_id"], "quantity": line["quantity"]}
        for line in order_request.lines
    ]
    products = orderable(request.actor, order_request.subscription_id)
    form = form_of(request, ApprovalForm, row_values=requested, products=products)
    answer = submit(
        request,
        form,
        lambda actor: approve_request(actor, request_id=order_request.id, lines=form.lines()),
    )
    if answer is None:
        context = {
            **_context(request, order_request),
            "subscription": find_subscription(request.actor, order_request.subscription_id),
            "preview": preview_lines(request, form, order_request.subscription_id),
        }
        template = "portal/requests/approve.html"
        return show_form(request, template, form, context, parts=("rows", PREVIEW))
    message = gettext("The request was approved and became order %(number)s.")
    number = {"number": answer.body["order_number"]}
    return done(request, message % number, "requests-detail", order_request.id, answer=answer)


def _context(request: PageRequest, order_request: OrderRequest) -> dict[str, Any]:
    (document,) = request_rows(request.actor, documents_for(request.actor, [order_request]))
    return {"order_request": document}


@page(PLACE_ORDERS, methods=FORM, order_request_id=find_request)
def reject(request: PageRequest, order_request: OrderRequest) -> HttpResponse:
    """`GET` and `POST /order-requests/<id>/reject`."""
    form = form_of(request, ReasonForm)
    answer = submit(
        request,
        form,
        lambda actor: reject_request(
            actor, request_id=order_request.id, reason=form.cleaned_data["reason"]
        ),
    )
    if answer is None:
        return show_form(
            request, "portal/requests/reject.html", form, _context(request, order_request)
        )
    message = gettext("The request was rejected.")
    return done(request, message, "requests-detail", order_request.id, answer=answer)
