"""Phone numbers in forms and filters, as people write them."""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.numbers.parse import depends_on_country, parse_number
from fusion.numbers.rules import MAX_NUMBERS
from fusion.numbers.written import NotANumber
from fusion.portal.errors import explain_field

Country = Callable[[], str | None]
"""Returns the country of numbers without a country code; called only for those."""

BETWEEN_NUMBERS = re.compile(r"[\r\n;]+|,+(?!\d+[eE]\+?\d)")
"""No comma in what a spreadsheet has made of a number, such as 3,2E+10."""

LONGEST_LINE = 40
"""Characters that a number takes in a list, on average, at most."""

MOST_ERRORS = 5
"""Most wrong numbers of a list that are explained."""

LONGEST_NUMBER = 100
"""Longest text of one number, in characters."""

IN_NONE = "0" * 16
"""More digits than any number has: the longest have fifteen."""


def read_number(text: str, country: Country) -> str:
    """The number in E.164; ValidationError in the reader's language."""
    try:
        return parse_number(text, country=country() if depends_on_country(text) else None)
    except NotANumber as error:
        raise forms.ValidationError(explain_field(str(error))) from None


class WrittenNumberField(forms.CharField):
    """One phone number as the person wrote it; the use case reads it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_NUMBER, **options)
        self.widget.attrs["inputmode"] = "tel"


class NumberField(WrittenNumberField):
    """One phone number; the form sets `country`."""

    country: Country = staticmethod(lambda: None)

    def clean(self, value: Any) -> Any:
        """The number in E.164."""
        text = super().clean(value)
        return read_number(text, self.country) if text else text


class NumbersField(forms.CharField):
    """A pasted list of at most `most` numbers; the form sets `country`."""

    country: Country = staticmethod(lambda: None)

    def __init__(self, *, most: int = MAX_NUMBERS, **options: Any) -> None:
        self.most = most
        super().__init__(
            label=_("Numbers"),
            max_length=LONGEST_LINE * most,
            widget=forms.Textarea(attrs={"rows": 4, "inputmode": "tel"}),
            help_text=_("One number per line, such as +3225550100."),
            **options,
        )

    def clean(self, value: Any) -> Any:
        """The list in E.164, each number once."""
        return numbers_in(super().clean(value), self.country, self.most)


def numbers_in(text: str, country: Country, most: int = MAX_NUMBERS) -> list[str]:
    """The numbers of a list, one per line or separated by commas; ValidationError says which are
    wrong, and in which line, or that there are more than `most`."""
    found: dict[str, None] = {}
    wrong: list[str] = []
    lines = text.splitlines()
    for place, line in enumerate(lines, start=1):
        for part in filter(str.strip, BETWEEN_NUMBERS.split(line)):
            try:
                found[read_number(part, country)] = None
            except forms.ValidationError as error:
                message = str(error.message)
                wrong.append(in_line(place, message) if len(lines) > 1 else message)
    if wrong:
        raise forms.ValidationError(wrong[:MOST_ERRORS])
    if len(found) > most:
        raise forms.ValidationError(
            _("You entered %(given)s numbers; the limit is %(most)s.")
            % {"most": most, "given": len(found)}
        )
    return list(found)


def in_line(place: int, message: str) -> str:
    """The message with the number of its line."""
    return gettext("Line %(line)s: %(message)s") % {"line": place, "message": message}
