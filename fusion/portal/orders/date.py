"""Another date for a scheduled order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from fusion.access.permissions import CANCEL_ORDERS
from fusion.lifecycle.reschedule import reschedule_order
from fusion.ordering.models import Order
from fusion.ordering.permissions import find_order_to_cancel
from fusion.portal.forms import EffectiveTimeField, Form
from fusion.portal.page import form_of, page, submit
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest


class DateForm(Form):
    """When a scheduled order takes effect."""

    effective_at = EffectiveTimeField(required=True)


@page(CANCEL_ORDERS, methods=("GET", "POST"), order_id=find_order_to_cancel)
def change_date(request: PageRequest, order: Order) -> HttpResponse:
    """`GET` and `POST /orders/<id>/date`."""
    form = form_of(request, DateForm, {"effective_at": order.effective_at})
    answer = submit(
        request,
        form,
        lambda actor: reschedule_order(
            actor, order_id=order.id, effective_at=_chosen(order, form.cleaned_data["effective_at"])
        ),
    )
    if answer is None:
        return show_form(request, "portal/orders/date.html", form, {"order": order})
    return done(request, _changed(answer.body), "orders-detail", order.id, answer=answer)


def _chosen(order: Order, at: datetime) -> datetime:
    """The instant that the form means: it shows minutes, and an unchanged one keeps its seconds."""
    due = order.effective_at
    if due is not None and at == due.replace(second=0, microsecond=0):
        return due
    return at


def _changed(order: Mapping[str, Any]) -> str:
    if order["state"] == "scheduled":
        return gettext("The date of order %(number)s was changed.") % {"number": order["number"]}
    return gettext("Done: order %(number)s was completed.") % {"number": order["number"]}
