"""Marking failed orders as seen: one, or all that a list shows."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from fusion.access.permissions import SEE_FAILURES
from fusion.kernel.ids import parse_id
from fusion.ordering.models import Order
from fusion.ordering.queries import find_order
from fusion.ordering.see import see_failure, see_failures
from fusion.portal.forms import Form, LineField
from fusion.portal.list_filters import not_an_id
from fusion.portal.page import BUTTON, ROWS, form_of, page, submit
from fusion.portal.responses import confirmed, done, refused
from fusion.portal.session_actor import PageRequest

LONGEST = 37 * ROWS
"""Characters of as many ids as a page of the list has rows."""


class SeenForm(Form):
    """The ids of the failed orders that the page showed, separated by spaces."""

    orders = LineField(max_length=LONGEST, widget=forms.HiddenInput)

    def clean_orders(self) -> list[UUID]:
        """The ids."""
        texts = str(self.cleaned_data["orders"]).split()
        ids = [parse_id(text) for text in texts]
        for text, id in zip(texts, ids, strict=True):
            if id is None:
                raise forms.ValidationError(not_an_id(text))
        return [id for id in ids if id is not None]


@page(SEE_FAILURES, methods=BUTTON, order_id=find_order)
def see(request: PageRequest, order: Order) -> HttpResponse:
    """`POST /orders/<id>/seen`."""
    return confirmed(
        request,
        lambda actor: see_failure(actor, order_id=order.id),
        gettext("The failure was marked as seen."),
        "orders-detail",
        order.id,
    )


@page(SEE_FAILURES, methods=BUTTON)
def see_all(request: PageRequest) -> HttpResponse:
    """`POST /orders/seen`: those that the list showed."""
    form: Any = form_of(request, SeenForm)
    answer = submit(
        request, form, lambda actor: see_failures(actor, order_ids=form.cleaned_data["orders"])
    )
    unseen = f"{reverse('orders')}?state=failed&seen=no"
    if answer is None:
        for text in form.errors.get("orders", ()):
            messages.error(request, text)
        return refused(request, form, unseen)
    count = answer.body["orders"]
    message = ngettext(
        "%(count)s failed order was marked as seen.",
        "%(count)s failed orders were marked as seen.",
        count,
    )
    return done(request, message % {"count": count}, unseen, answer=answer)
