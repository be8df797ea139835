"""Taking an order back: its page shows the effect before the button is pressed."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import PLACE_ORDERS
from fusion.ordering.models import Order
from fusion.ordering.place import Draft, place_order
from fusion.ordering.queries import find_order
from fusion.ordering.reverse import reversal_of
from fusion.portal.forms import EffectiveTimeField, Form, LineField, NoteField
from fusion.portal.orders.new import placed_message
from fusion.portal.orders.preview import preview_draft
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.queries import find_subscription
from fusion.tenancy.search import subscription_names


class ReversalForm(Form):
    """The reversal of an order."""

    external_reference = LineField(
        label=_("Billing reference"),
        max_length=100,
        required=False,
        help_text=_("The billing platform's id of this order."),
    )
    effective_at = EffectiveTimeField()
    note = NoteField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def draft(self, request: PageRequest, order: Order) -> Draft:
        """The reversal for the use case; the form is valid."""
        return reversal_of(
            request.actor,
            order.id,
            external_reference=self.cleaned_data["external_reference"] or None,
            effective_at=self.cleaned_data["effective_at"],
            note=self.cleaned_data["note"] or None,
        )


@page(PLACE_ORDERS, methods=FORM, order_id=find_order)
def reverse(request: PageRequest, order: Order) -> HttpResponse:
    """`GET` and `POST /orders/<id>/reverse`."""
    form = form_of(request, ReversalForm)
    answer = submit(
        request, form, lambda actor: place_order(actor, draft=form.draft(request, order))
    )
    if answer is not None:
        reversal = answer.body
        return done(
            request, placed_message(reversal), "orders-detail", reversal["id"], answer=answer
        )
    subscription = find_subscription(request.actor, order.subscription_id)
    context = {
        "order": order,
        "subscription": subscription,
        "tenant": subscription_names({subscription.id})[subscription.id][1],
        "preview": preview_draft(request.actor, reversal_of(request.actor, order.id)),
    }
    return show_form(request, "portal/orders/reverse.html", form, context)
