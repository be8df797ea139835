"""Changes of trunks: create, edit, delete, route numbers to them and remove the routes."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import PROVISION
from fusion.kernel.quantities import MAX_QUANTITY
from fusion.numbers.resolve import home_country
from fusion.portal.forms import ChangeForm, Confirmation, Form, LineField
from fusion.portal.page import BUTTON, FORM, form_of, page, submit
from fusion.portal.responses import confirmed, done, refused, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.frame import frame
from fusion.portal.subscriptions.number_finder import NumberForm, number_search
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.trunks.create_trunk import create_trunk
from fusion.trunks.delete_trunk import delete_trunk
from fusion.trunks.edit_trunk import edit_trunk
from fusion.trunks.queries import find_trunk, prefixes_of
from fusion.trunks.route_number import route_number
from fusion.trunks.rules import is_country
from fusion.trunks.unroute_number import unroute_number

PREFIXES = re.compile(r"[0-9*#]{1,4}", re.ASCII)
MOST_PREFIXES = 5
MOST_PER_SECOND = 1000


class PrefixesField(LineField):
    """Prefixes for an outside line, with commas or spaces in between; a list of texts."""

    def prepare_value(self, value: Any) -> Any:
        """The list as one text."""
        return value if isinstance(value, str) else ", ".join(value or ())

    def clean(self, value: Any) -> Any:
        """The prefixes; ValidationError with the first wrong one."""
        prefixes: Sequence[str] = list(dict.fromkeys(re.split(r"[\s,;]+", super().clean(value))))
        prefixes = [each for each in prefixes if each]
        for each in prefixes:
            if not PREFIXES.fullmatch(each):
                raise forms.ValidationError(
                    _("“%(text)s” is no prefix: it must have 1 to 4 digits, * or #.")
                    % {"text": each}
                )
        if len(prefixes) > MOST_PREFIXES:
            raise forms.ValidationError(_("A trunk has at most five prefixes."))
        return prefixes

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other prefixes were entered."""
        return super().has_changed(self.prepare_value(initial), data)


class TrunkForm(Form):
    """The editable fields of a trunk."""

    name = LineField(label=_("Name"), max_length=200)
    channel_cap = forms.IntegerField(
        label=_("Maximum simultaneous calls"),
        required=False,
        min_value=0,
        max_value=MAX_QUANTITY,
        help_text=_("Leave empty to allow one call per ordered channel. Live calls are never cut."),
    )
    calls_per_second = forms.IntegerField(
        label=_("Maximum calls per second"),
        required=False,
        min_value=1,
        max_value=MOST_PER_SECOND,
        help_text=_("Calls that begin within a second. Leave empty for no limit."),
    )
    outside_line_prefixes = PrefixesField(
        label=_("Prefixes for an outside line"),
        max_length=40,
        required=False,
        help_text=_("If people dial 0 first, enter 0: then a call to 0112 is an emergency call."),
    )


class EditTrunkForm(ChangeForm, TrunkForm):
    """The same, for an existing trunk."""


class NewTrunkForm(TrunkForm):
    """A new trunk, with its country, which never changes."""

    country = LineField(
        label=_("Country"),
        min_length=2,
        max_length=2,
        help_text=_(
            "Two letters, such as BE. Calls to this country's emergency numbers are always allowed."
        ),
    )
    field_order = ("name", "country", "channel_cap", "calls_per_second", "outside_line_prefixes")

    def clean_country(self) -> str:
        """The country in capitals, if its emergency numbers are known."""
        country = str(self.cleaned_data["country"]).upper()
        if not is_country(country):
            raise forms.ValidationError(_("Fusion has no emergency numbers for this country."))
        return country


@page(PROVISION, methods=FORM, subscription_id=find_subscription)
def new(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/trunks/new`."""
    form = form_of(request, NewTrunkForm)
    answer = submit(
        request,
        form,
        lambda actor: create_trunk(actor, subscription_id=subscription.id, **form.cleaned_data),
    )
    if answer is None:
        context = frame(request, subscription, "trunks")
        return show_form(request, "portal/subscriptions/trunk_form.html", form, context)
    message = gettext("The trunk was added.")
    ids = (subscription.id, answer.body["id"])
    return done(request, message, "subscriptions-trunk", *ids, answer=answer)


@page(PROVISION, methods=FORM, subscription_id=find_subscription)
def edit(request: PageRequest, subscription: Subscription, trunk_id: UUID) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/trunks/<trunk id>/edit`."""
    found = find_trunk(request.actor, trunk_id, subscription.id)
    initial = {
        "name": found.name,
        "channel_cap": found.channel_cap,
        "calls_per_second": found.calls_per_second,
        "outside_line_prefixes": prefixes_of(found),
    }
    form = form_of(request, EditTrunkForm, initial)
    answer = submit(
        request,
        form,
        lambda actor: edit_trunk(
            actor,
            subscription_id=subscription.id,
            trunk_id=trunk_id,
            changes=form.changed(),
        ),
    )
    if answer is None:
        context = {**frame(request, subscription, "trunks"), "trunk": found}
        return show_form(request, "portal/subscriptions/trunk_form.html", form, context)
    message = gettext("The trunk was changed.")
    ids = (subscription.id, trunk_id)
    return done(request, message, "subscriptions-trunk", *ids, answer=answer)


@page(PROVISION, methods=FORM, subscription_id=find_subscription)
def route(request: PageRequest, subscription: Subscription, trunk_id: UUID) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/trunks/<trunk id>/route`: choose a number."""
    found = find_trunk(request.actor, trunk_id, subscription.id)
    form = form_of(
        request, NumberForm, country=lambda: home_country(request.actor, subscription.id)
    )
    answer = submit(
        request,
        form,
        lambda actor: route_number(
            actor,
            subscription_id=subscription.id,
            trunk_id=trunk_id,
            e164=form.cleaned_data["number"],
        ),
    )
    if answer is None:
        context = {
            **frame(request, subscription, "trunks"),
            **number_search(request, subscription),
            "trunk": found,
        }
        template = "portal/subscriptions/trunk_route.html"
        return show_form(request, template, form, context, parts=("found",))
    message = gettext("%(number)s is now routed to this trunk.") % form.cleaned_data
    ids = (subscription.id, trunk_id)
    return done(request, message, "subscriptions-trunk", *ids, answer=answer)


@page(PROVISION, methods=BUTTON, subscription_id=find_subscription)
def unroute(
    request: PageRequest, subscription: Subscription, trunk_id: UUID, e164: str
) -> HttpResponse:
    """`POST /subscriptions/<id>/trunks/<trunk id>/numbers/<number>/unroute`."""
    return confirmed(
        request,
        lambda actor: unroute_number(
            actor, subscription_id=subscription.id, trunk_id=trunk_id, e164=e164
        ),
        gettext("The number was removed from the trunk. The subscription keeps it."),
        "subscriptions-trunk",
        subscription.id,
        trunk_id,
    )


@page(PROVISION, methods=BUTTON, subscription_id=find_subscription)
def delete(request: PageRequest, subscription: Subscription, trunk_id: UUID) -> HttpResponse:
    """`POST /subscriptions/<id>/trunks/<trunk id>/delete`: to the list, or back if refused."""
    form = Confirmation(request.POST)
    answer = submit(
        request,
        form,
        lambda actor: delete_trunk(actor, subscription_id=subscription.id, trunk_id=trunk_id),
    )
    if answer is not None:
        message = gettext("The trunk was deleted.")
        return done(request, message, "subscriptions-trunks", subscription.id, answer=answer)
    return refused(request, form, "subscriptions-trunk", subscription.id, trunk_id)
