"""The filter of the list of orders."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fusion.kernel.ids import parse_id
from fusion.ordering.models import STATES
from fusion.portal.date_filters import no_day, reversed_range
from fusion.portal.forms import LineField
from fusion.portal.list_filters import not_an_id
from fusion.portal.templatetags.kit import BADGES, ORDER_WORDS


class DayField(forms.DateField):
    """A day; the refusal of anything else names it."""

    def to_python(self, value: Any) -> date | None:
        """The day; ValidationError."""
        try:
            return super().to_python(value)
        except forms.ValidationError:
            raise forms.ValidationError(no_day(str(value))) from None


class OrderFilter(forms.Form):
    """The filters of the list of orders, from the query string."""

    q = LineField(
        label=_("Number, reference or customer"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    product = forms.ChoiceField(label=_("Product"), required=False)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("All")), *((state, BADGES[state][2]) for state in STATES)],
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("All")), *ORDER_WORDS.items()],
    )
    seen = forms.ChoiceField(
        label=_("Failures"),
        required=False,
        choices=[("", _("All")), ("no", _("Not seen")), ("yes", _("Seen"))],
    )
    since = DayField(
        label=_("Placed from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = DayField(
        label=_("Placed until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    subscription = LineField(label=_("Subscription"), required=False, widget=forms.HiddenInput)
    organization = LineField(
        label=_("Customer or partner"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, products: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["product"]
        choice.choices = [("", _("All")), *products]

    def clean_since(self) -> datetime | None:
        """The start of the day, in the reader's time zone."""
        day = self.cleaned_data["since"]
        return timezone.make_aware(datetime.combine(day, time.min)) if day else None

    def clean_until(self) -> datetime | None:
        """The end of the day, which is the start of the next."""
        day = self.cleaned_data["until"]
        if not day:
            return None
        try:
            return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    def clean_subscription(self) -> UUID | None:
        """The id."""
        return self._id("subscription")

    def clean_organization(self) -> UUID | None:
        """The id."""
        return self._id("organization")

    def _id(self, name: str) -> UUID | None:
        text = self.cleaned_data[name]
        id = parse_id(text)
        if text and id is None:
            raise forms.ValidationError(not_an_id(text))
        return id

    def clean(self) -> dict[str, Any]:
        """Checks that the last day is not before the first."""
        cleaned = self.cleaned_data
        if wrong := reversed_range(cleaned.get("since"), cleaned.get("until")):
            self.add_error("until", wrong)
        return cleaned
