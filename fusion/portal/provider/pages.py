"""The pages with the settings of a provider: ports, dates of orders, and emergency numbers."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import MANAGE_SETTINGS, READ_SETTINGS
from fusion.numbers.written import LONGEST_TYPED
from fusion.portal.errors import explain_field
from fusion.portal.forms import Confirmation, Form, LineField
from fusion.portal.page import form_of, page, submit
from fusion.portal.provider.porting import WORDS
from fusion.portal.responses import confirmed, done, show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.group_settings import order_grace_of, porting_of
from fusion.trunks.emergency_numbers import (
    add_emergency_number,
    countries_of_trunks,
    group_numbers,
    known_numbers,
    remove_emergency_number,
)
from fusion.trunks.emergency_written import read_emergency_number
from fusion.trunks.rules import is_country


class NumberForm(Form):
    """A number for the emergency numbers of a country."""

    country = LineField(
        label=_("Country"),
        min_length=2,
        max_length=2,
        help_text=_("Two letters, such as BE. The number counts for trunks in this country."),
    )
    number = LineField(
        label=_("Number"),
        max_length=LONGEST_TYPED,
        help_text=_("2 to 6 digits, as people dial it, without prefixes."),
    )

    def clean_country(self) -> str:
        """The country in capitals, if a trunk can be there."""
        country = str(self.cleaned_data["country"]).upper()
        if not is_country(country):
            raise forms.ValidationError(_("This is not the code of a country."))
        return country

    def clean_number(self) -> str:
        """The digits of the number."""
        try:
            return read_emergency_number(str(self.cleaned_data["number"]))
        except ValueError as error:
            raise forms.ValidationError(explain_field(str(error))) from None


@page(READ_SETTINGS)
def show_settings(request: PageRequest) -> HttpResponse:
    """`GET /provider`."""
    own = group_numbers(request.actor.group_id)
    countries = sorted({*own, *countries_of_trunks(request.actor.group_id)})
    context = {
        "porting": WORDS[porting_of(request.actor.group_id)],
        "grace": order_grace_of(request.actor.group_id),
        "rows": [
            {"country": each, "known": known_numbers(each), "own": own.get(each, ())}
            for each in countries
        ],
        "may_change": MANAGE_SETTINGS.allows(request.actor),
        "confirmation": Confirmation(),
    }
    return show(request, "portal/provider/settings.html", context)


@page(MANAGE_SETTINGS, methods=("GET", "POST"))
def add(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /provider/emergency-numbers/new`."""
    form = form_of(request, NumberForm)
    answer = submit(request, form, lambda actor: add_emergency_number(actor, **form.cleaned_data))
    if answer is None:
        return show_form(request, "portal/provider/number_form.html", form)
    message = gettext("Calls to %(number)s now pass as emergency calls.") % form.cleaned_data
    return done(request, message, "provider", answer=answer)


@page(MANAGE_SETTINGS, methods=("POST",))
def remove(request: PageRequest, country: str, number: str) -> HttpResponse:
    """`POST /provider/emergency-numbers/<country>/<number>/remove`."""
    return confirmed(
        request,
        lambda actor: remove_emergency_number(actor, country=country, number=number),
        gettext("The number was removed from the emergency numbers."),
        "provider",
    )
