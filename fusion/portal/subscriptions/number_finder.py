"""Choosing one of a subscription's numbers that nobody has, found as one types."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fusion.numbers.linkable import linkable_numbers
from fusion.numbers.rules import E164
from fusion.portal.fields import LineField
from fusion.portal.forms import Form
from fusion.portal.skus import sku_names
from fusion.portal.visit import PageRequest
from fusion.tenancy.models import Subscription

SHOWN = 20
"""Numbers that are offered; with more, one types on."""

BETWEEN_DIGITS = re.compile(r"[\s().\-/\u00a0]+")
"""What people write between digits."""


def plain(text: str) -> str:
    """A number as people write it, without what they put between the digits."""
    return BETWEEN_DIGITS.sub("", text)


class NumberForm(Form):
    """The number that was chosen."""

    number = LineField(label=_("Number"), max_length=40)

    def clean_number(self) -> str:
        """As the inventory writes it."""
        number = plain(self.cleaned_data["number"])
        if not E164.fullmatch(number):
            raise forms.ValidationError(_("This is no phone number, such as +3225550100."))
        return number


def found_numbers(request: PageRequest, subscription: Subscription) -> dict[str, Any]:
    """What `portal/subscriptions/found_numbers.html` shows."""
    typed = request.GET.get("q", "")[:40]
    digits = plain(typed).replace("\0", "")
    return {
        "typed": typed,
        "found": linkable_numbers(subscription.id, digits, limit=SHOWN),
        "names": sku_names(request.actor),
        "shown_at_most": SHOWN,
    }
