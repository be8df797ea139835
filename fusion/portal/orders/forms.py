"""The filter of the list of orders."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fusion.ordering.models import STATES
from fusion.portal.date_filters import reversed_range
from fusion.portal.forms import LineField
from fusion.portal.templatetags.kit import BADGES, ORDER_WORDS


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
    since = forms.DateField(
        label=_("Placed from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=_("Placed until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
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

    def clean(self) -> dict[str, Any]:
        """Checks that the last day is not before the first."""
        cleaned = self.cleaned_data
        if wrong := reversed_range(cleaned.get("since"), cleaned.get("until")):
            self.add_error("until", wrong)
        return cleaned
