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
from fusion.ordering.requests import find_request, request_documents
from fusion.portal.forms import EDIT_ROWS, PREVIEW, Form, NoteField
from fusion.portal.orders.lines import LinesForm, orderable
from fusion.portal.orders.preview import preview_lines
from fusion.portal.page import form_of, page, submit
from fusion.portal.requests.pages import told
from fusion.portal.responses import done, show_form
from fusion.portal.visit import PageRequest
from fusion.tenancy.queries import find_subscription

WRITES = ("GET", "POST")


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


@page(PLACE_ORDERS, methods=WRITES, asked_id=find_request)
def approve(request: PageRequest, asked: OrderRequest) -> HttpResponse:
    """`GET` and `POST /order-requests/<id>/approve`, with the requested lines or others."""
    requested = [
        {"action": line["action"], "product": line["product_id"], "quantity": line["quantity"]}
        for line in asked.lines
    ]
    products = orderable(request.actor, asked.subscription_id)
    form = form_of(request, ApprovalForm, row_values=requested, products=products)
    answer = submit(
        request,
        form,
        lambda actor: approve_request(actor, request_id=asked.id, lines=form.lines()),
    )
    if answer is None:
        context = {
            **_context(request, asked),
            "subscription": find_subscription(request.actor, asked.subscription_id),
            "preview": preview_lines(request, form, asked.subscription_id),
        }
        template = "portal/requests/approve.html"
        return show_form(request, template, form, context, parts=("rows", PREVIEW))
    message = gettext("The request was approved and became order %(number)s.")
    number = {"number": answer.body["order_number"]}
    return done(request, message % number, "requests-detail", asked.id, answer=answer)


def _context(request: PageRequest, asked: OrderRequest) -> dict[str, Any]:
    (document,) = told(request.actor, request_documents([asked]))
    return {"asked": document}


@page(PLACE_ORDERS, methods=WRITES, asked_id=find_request)
def reject(request: PageRequest, asked: OrderRequest) -> HttpResponse:
    """`GET` and `POST /order-requests/<id>/reject`."""
    form = form_of(request, ReasonForm)
    answer = submit(
        request,
        form,
        lambda actor: reject_request(
            actor, request_id=asked.id, reason=form.cleaned_data["reason"]
        ),
    )
    if answer is None:
        return show_form(request, "portal/requests/reject.html", form, _context(request, asked))
    message = gettext("The request was rejected.")
    return done(request, message, "requests-detail", asked.id, answer=answer)
