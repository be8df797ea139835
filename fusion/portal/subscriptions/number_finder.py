"""Choosing one of a subscription's unlinked numbers, searched as the user types."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from fusion.numbers.blocks import digits_of
from fusion.numbers.linkable import linkable_numbers
from fusion.numbers.parse import parse_prefix
from fusion.numbers.resolve import home_country
from fusion.numbers.written import NotANumber, canonical
from fusion.portal.forms import Form
from fusion.portal.number_fields import IN_NONE, Country, NumberField
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import sku_names
from fusion.tenancy.models import Subscription

SHOWN = 20
"""Most numbers offered; with more, the user types on."""


class NumberForm(Form):
    """The chosen number, of `country` if it has no country code."""

    number = NumberField(label=_("Number"))

    def __init__(self, *args: Any, country: Country, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["number"]
        field.country = country


def number_search(request: PageRequest, subscription: Subscription) -> dict[str, Any]:
    """The context of `portal/subscriptions/found_numbers.html`."""
    typed = request.GET.get("q", "")[:40]
    return {
        "typed": typed,
        "found": linkable_numbers(
            subscription.id, _contained(request, subscription, typed), limit=SHOWN
        ),
        "names": sku_names(request.actor),
        "shown_at_most": SHOWN,
    }


def _contained(request: PageRequest, subscription: Subscription, typed: str) -> str | None:
    """Digits of the numbers that `typed` means: the beginning of a national number, or any part."""
    digits = digits_of(canonical(typed))
    if not digits:
        return IN_NONE if typed.strip() else None
    if "+" not in canonical(typed) and not digits.startswith("0"):
        return digits
    try:
        return parse_prefix(typed, country=home_country(request.actor, subscription.id))
    except NotANumber:
        return digits.lstrip("0") or None
