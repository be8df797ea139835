"""The provider's setting that says who may port numbers."""

from collections.abc import Mapping
from typing import Any

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
from fusion.tenancy.group_settings import ANYONE, BY_REQUEST, ONLY_GROUP, porting_of

WORDS: Mapping[str, Any] = {
    BY_REQUEST: _("Customers and partners send port requests, and you decide"),
    ONLY_GROUP: _("Only you port numbers; nobody else can request it"),
    ANYONE: _("Customers and partners port numbers themselves"),
}
"""Value of the setting → what it means, the default first."""


class PortingForm(Form):
    """Who may port numbers."""

    porting = forms.ChoiceField(
        label=_("Who ports numbers"),
        choices=list(WORDS.items()),
        widget=forms.RadioSelect,
        help_text=_("Requests and ports that exist already stay as they are."),
    )


@page(MANAGE_SETTINGS, methods=("GET", "POST"))
def porting(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /provider/porting`."""
    group_id = request.actor.group_id
    form = form_of(request, PortingForm, {"porting": porting_of(group_id)})
    answer = submit(
        request,
        form,
        lambda actor: edit_settings(
            actor, organization_id=group_id, porting=form.cleaned_data["porting"]
        ),
    )
    if answer is None:
        return show_form(request, "portal/provider/porting.html", form)
    return done(request, gettext("The setting was changed."), "provider", answer=answer)
