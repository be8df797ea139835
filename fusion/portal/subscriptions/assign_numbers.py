"""Assigning numbers to a subscription: the next free ones, or chosen ones."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, cast

import orjson
from django import forms
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer
from fusion.catalogue.models import NUMBER
from fusion.kernel.errors import Problem
from fusion.ledger.queries import balances_now
from fusion.numbers.assign import ASSIGNED, RESERVED, assign_numbers
from fusion.numbers.queries import Wanted, list_numbers
from fusion.numbers.resolve import home_country
from fusion.numbers.rules import E164, MAX_NUMBERS, MAX_RESERVATION_DAYS
from fusion.portal.date_filters import end_of_day
from fusion.portal.forms import Form
from fusion.portal.list_filters import ListFilters
from fusion.portal.number_fields import Country, NumbersField, numbers_in
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.responses import done, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import number_skus
from fusion.portal.stock import with_stock
from fusion.portal.subscriptions.frame import frame
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription

OFFERED = 50
FILTERS = {"starts": _("Starts with"), "ends": _("Ends with"), "sku": _("Number type")}


class ReservingForm(Form):
    """Numbers that are assigned, or only reserved for a while."""

    until = forms.DateField(
        label=_("Only reserve until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_(
            "Leave empty to assign the numbers immediately. A reserved number counts like an "
            "assigned one."
        ),
    )

    def clean_until(self) -> datetime | None:
        """The end of that day, in the reader's time zone."""
        chosen: date | None = self.cleaned_data["until"]
        if chosen is None:
            return None
        today = timezone.localdate()
        if not today <= chosen < today + timedelta(days=MAX_RESERVATION_DAYS):
            raise forms.ValidationError(
                _("Choose a date from today, at most %(most)s days ahead.")
                % {"most": MAX_RESERVATION_DAYS}
            )
        return end_of_day(chosen.isoformat())

    def reserving(self) -> dict[str, Any]:
        """The arguments for `assign_numbers`."""
        until = self.cleaned_data["until"]
        return {"status": RESERVED if until else ASSIGNED, "until": until}


class NextForm(ReservingForm):
    """The next free numbers of a type."""

    sku = forms.ChoiceField(label=_("Number type"))
    quantity = forms.IntegerField(
        label=_("How many"), min_value=1, max_value=MAX_NUMBERS, initial=1
    )
    contiguous = forms.BooleanField(
        label=_("Consecutive"), required=False, help_text=_("A block without gaps.")
    )
    field_order = ("sku", "quantity", "contiguous", "until")

    def offer(self, skus: Mapping[str, str], entitled: Sequence[Mapping[str, Any]]) -> None:
        """Offer the types that were ordered, each with its two figures.

        `assign_numbers` refuses any other type with its numbers; it is not an unknown choice.
        """
        sku: Any = self.fields["sku"]
        sku.choices = list(skus.items())
        sku.widget.choices = [
            (each["sku"], _offered(skus.get(each["sku"], each["sku"]), each)) for each in entitled
        ]


def _offered(name: str, balance: Mapping[str, Any]) -> str:
    text = _("%(name)s (%(left)s left to assign, %(stock)s in stock)")
    return str(text) % {"name": name, "left": balance["left"], "stock": balance["stock"] or "–"}


def _set_country(form: Form, name: str, country: Country) -> None:
    field: Any = form.fields[name]
    field.country = country


class ChosenForm(ReservingForm):
    """Numbers that were ticked, typed, or both."""

    typed = NumbersField(required=False)
    field_order = ("typed", "until")
    names = {"numbers": "typed"}
    several = ("number",)

    def __init__(self, *args: Any, country: Country, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country
        _set_country(self, "typed", country)

    def clean(self) -> dict[str, Any]:
        """All of them together, as `numbers`."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "typed" in cleaned:
            ticked = cast(QueryDict, self.data).getlist("number")
            cleaned["numbers"] = numbers_in("\n".join([*ticked, *cleaned["typed"]]), self.country)
            if not cleaned["numbers"]:
                raise forms.ValidationError(_("Select or type at least one number."))
        return cleaned


@page(PROVISION, methods=FORM, subscription_id=find_subscription)
def take(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/numbers/take`: the next free ones."""
    entitled = _entitled(request, subscription)
    form = form_of(request, NextForm, {"quantity": 1, "sku": _with_most_left(entitled)})
    form.offer(number_skus(request.actor), entitled)
    answer = submit(
        request,
        form,
        lambda actor: assign_numbers(
            actor,
            subscription_id=subscription.id,
            sku=form.cleaned_data["sku"],
            quantity=form.cleaned_data["quantity"],
            contiguous=form.cleaned_data["contiguous"],
            **form.reserving(),
        ),
    )
    if answer is None:
        context = {
            **frame(request, subscription, "numbers"),
            "way": "next",
            "nothing_ordered": not entitled,
        }
        return show_form(request, "portal/subscriptions/numbers_take.html", form, context)
    return _taken(request, subscription, answer)


def _entitled(request: PageRequest, subscription: Subscription) -> list[dict[str, Any]]:
    """The balances of the ordered number types, each with its stock."""
    balances = balances_now(request.actor, subscription.id)
    ordered = [each for each in balances if each["metric"] == NUMBER and each["granted"]]
    return with_stock(request.actor, ordered)


def _with_most_left(entitled: Sequence[Mapping[str, Any]]) -> str | None:
    """The ordered number type of which most can be assigned from stock."""
    left = {each["sku"]: min(each["left"], each["stock"].count) for each in entitled}
    return max(left, key=lambda sku: left[sku], default=None)


@page(PROVISION, methods=FORM, subscription_id=find_subscription)
def choose(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/numbers/choose`: the chosen ones."""
    form = form_of(request, ChosenForm, country=_country(request, subscription))
    answer = submit(
        request,
        form,
        lambda actor: assign_numbers(
            actor,
            subscription_id=subscription.id,
            numbers=form.cleaned_data["numbers"],
            **form.reserving(),
        ),
    )
    if answer is None:
        context = {
            **frame(request, subscription, "numbers"),
            **_offer(request, subscription, _entitled(request, subscription)),
            "way": "chosen",
        }
        template = "portal/subscriptions/numbers_choose.html"
        response = show_form(request, template, form, context, parts=("found",))
        if context["wrong"] and not request.htmx and response.status_code == 200:
            response.status_code = 422
        return response
    return _taken(request, subscription, answer)


def _country(request: PageRequest, subscription: Subscription) -> Country:
    """The customer's country, read when a number without a country code needs it."""
    return cache(lambda: home_country(request.actor, subscription.id))


def _offer(
    request: PageRequest, subscription: Subscription, entitled: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Free numbers that match the search: initially of the type with most left to assign."""
    filters = ListFilters(request, FILTERS, sku=_with_most_left(entitled) or "")
    known = number_skus(request.actor)
    skus = {each["sku"]: known.get(each["sku"], each["sku"]) for each in entitled}
    starts, ends = filters.digits(_country(request, subscription))
    wanted = Wanted(
        status="free",
        sku=filters.choice("sku", skus),
        starts_with=starts,
        ends_with=ends,
    )
    found = filters.page(lambda: orjson.loads(list_numbers(request.actor, wanted, limit=OFFERED)))
    # Ticked numbers are kept when the search changes.
    sent = (request.POST if request.method == "POST" else request.GET).getlist("number")
    if len(sent) > MAX_NUMBERS:
        text = gettext("You entered %(given)s numbers; the limit is %(most)s.")
        raise Problem("invalid-fields", text % {"most": MAX_NUMBERS, "given": len(sent)})
    ticked = [e164 for e164 in sent if E164.fullmatch(e164)]
    return {
        "skus": skus,
        **filters.context,
        "ticked": ticked,
        "found": [each for each in found["items"] if each["e164"] not in ticked],
        "more": found["next"],
    }


def _taken(request: PageRequest, subscription: Subscription, answer: Answer) -> HttpResponse:
    items = answer.body["items"]
    first = items[0]["e164"]
    message = ngettext(
        "%(first)s was assigned.",
        "%(count)s numbers were assigned, starting with %(first)s.",
        len(items),
    ) % {"first": first, "count": len(items)}
    return done(request, message, "subscriptions-numbers", subscription.id, answer=answer)
