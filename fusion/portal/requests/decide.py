"""The group decides on a request: approves it, possibly with other lines, or rejects it."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import PLACE_ORDERS
from fusion.ordering.approve_request import approve_request
from fusion.ordering.models import OrderRequest
from fusion.ordering.place import Draft
from fusion.ordering.reject_request import reject_request
from fusion.ordering.requests import find_request, request_documents
from fusion.ordering.requests import lines_of as asked_lines
from fusion.portal.fields import NoteField
from fusion.portal.forms import Form, done, form_of, show_form, submit
from fusion.portal.orders.lines import line_rows, lines_of
from fusion.portal.orders.new import PREVIEW
from fusion.portal.orders.preview import previewed
from fusion.portal.page import page
from fusion.portal.requests.pages import told
from fusion.portal.rows import Rows, asks_for_rows
from fusion.portal.visit import PageRequest
from fusion.tenancy.queries import find_subscription

WRITES = ("GET", "POST")


class ApprovalForm(Form):
    """No fields besides the lines."""


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
    initial = [
        {"action": line["action"], "product": line["product_id"], "quantity": line["quantity"]}
        for line in asked.lines
    ]
    rows = line_rows(request, asked.subscription_id, initial)
    form = form_of(request, ApprovalForm, {}, rows)
    if request.method == "POST" and not asks_for_rows(request) and PREVIEW not in request.POST:
        answer = submit(
            request,
            form,
            lambda actor: approve_request(actor, request_id=asked.id, lines=lines_of(rows)),
        )
        if answer is not None:
            message = gettext("The request was approved and became order %(number)s.")
            number = {"number": answer.body["order_number"]}
            return done(request, message % number, "requests-detail", asked.id, answer=answer)
    context = {
        **_context(request, asked),
        "subscription": find_subscription(request.actor, asked.subscription_id),
        "preview": _preview(request, asked, rows),
    }
    template, parts, looking = (
        "portal/requests/approve.html",
        ("rows", PREVIEW),
        PREVIEW in request.POST,
    )
    return show_form(request, template, form, context, parts=parts, looking=looking)


def _context(request: PageRequest, asked: OrderRequest) -> dict[str, Any]:
    (document,) = told(request.actor, request_documents([asked]))
    return {"asked": document}


def _preview(request: PageRequest, asked: OrderRequest, rows: Rows) -> dict[str, Any] | None:
    """The preview of the lines: those that were sent, initially those of the request."""
    if rows.is_bound:
        lines = lines_of(rows) if rows.is_valid() else ()
    else:
        lines = () if asks_for_rows(request) else asked_lines(asked)
    return previewed(request.actor, Draft(asked.subscription_id, lines)) if lines else None


@page(PLACE_ORDERS, methods=WRITES, asked_id=find_request)
def reject(request: PageRequest, asked: OrderRequest) -> HttpResponse:
    """`GET` and `POST /order-requests/<id>/reject`."""
    form = form_of(request, ReasonForm, {})
    if request.method == "POST":
        answer = submit(
            request,
            form,
            lambda actor: reject_request(
                actor, request_id=asked.id, reason=form.cleaned_data["reason"]
            ),
        )
        if answer is not None:
            message = gettext("The request was rejected.")
            return done(request, message, "requests-detail", asked.id, answer=answer)
    return show_form(request, "portal/requests/reject.html", form, _context(request, asked))
