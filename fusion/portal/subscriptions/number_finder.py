"""Choosing one of a subscription's unlinked numbers, searched as the user types."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fusion.numbers.linkable import linkable_numbers
from fusion.numbers.rules import E164
from fusion.portal.forms import Form, LineField
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import sku_names
from fusion.tenancy.models import Subscription

SHOWN = 20
"""Most numbers offered; with more, the user types on."""

BETWEEN_DIGITS = re.compile(r"[\s().\-/\u00a0]+")
"""Separators that people write between digits."""


def strip_separators(text: str) -> str:
    """A number without the separators between its digits."""
    return BETWEEN_DIGITS.sub("", text)


class NumberForm(Form):
    """The chosen number."""

    number = LineField(label=_("Number"), max_length=40)

    def clean_number(self) -> str:
        """The number as in the inventory."""
        number = strip_separators(self.cleaned_data["number"])
        if not E164.fullmatch(number):
            raise forms.ValidationError(_("This is not a phone number such as +3225550100."))
        return number


def number_search(request: PageRequest, subscription: Subscription) -> dict[str, Any]:
    """The context of `portal/subscriptions/found_numbers.html`."""
    typed = request.GET.get("q", "")[:40]
    digits = strip_separators(typed).replace("\0", "")
    return {
        "typed": typed,
        "found": linkable_numbers(subscription.id, digits, limit=SHOWN),
        "names": sku_names(request.actor),
        "shown_at_most": SHOWN,
    }
