"""The provider's setting that says how long the date of an order may be past."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import MANAGE_SETTINGS
from fusion.lifecycle.edit_settings import edit_settings
from fusion.portal.forms import Form
from fusion.portal.page import form_of, page, submit
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.group_settings import order_grace_of
from fusion.tenancy.models import MOST_ORDER_GRACE


class GraceForm(Form):
    """How long the date of an order may be past."""

    order_grace_hours = forms.IntegerField(
        label=_("Hours"),
        min_value=0,
        max_value=MOST_ORDER_GRACE,
        help_text=_(
            "An order with a date that is past by at most this takes effect at once and keeps its "
            "date. 0: only dates in the future."
        ),
    )


@page(MANAGE_SETTINGS, methods=("GET", "POST"))
def grace(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /provider/order-grace`."""
    group_id = request.actor.group_id
    form = form_of(request, GraceForm, {"order_grace_hours": order_grace_of(group_id)})
    answer = submit(
        request,
        form,
        lambda actor: edit_settings(actor, organization_id=group_id, **form.cleaned_data),
    )
    if answer is None:
        return show_form(request, "portal/provider/grace.html", form)
    return done(request, gettext("The setting was changed."), "provider", answer=answer)
