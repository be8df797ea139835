"""The filter of the page of events: that of the feed, with names instead of ids."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import Actor
from fusion.events.event_list import WantedEvents
from fusion.events.feed import EventFilter
from fusion.events.types import OBJECTS, TYPES_OF_OBJECT
from fusion.kernel.ids import parse_id
from fusion.numbers.resolve import home_country
from fusion.portal.date_filters import no_day, start_of_day
from fusion.portal.forms import LineField
from fusion.portal.number_fields import read_number
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import find_organization, find_subscription, list_organizations

SEVERAL = 3
"""Names in the message if a text matches more than one organization."""


def _choices() -> list[Any]:
    """All types; and of each object, all of its types and each of them."""
    of_objects = [
        (
            label,
            [
                (f"{noun}.*", gettext("All: %(what)s") % {"what": label}),
                *((type, type) for type in types),
            ],
        )
        for (noun, label), types in zip(OBJECTS.items(), TYPES_OF_OBJECT.values(), strict=True)
    ]
    return [("", _("All")), *of_objects]


class EventForm(forms.Form):
    """The filters of the page of events, from the query string.

    After validation, `chosen` is the organization and `owner` the subscription; None without such a
    filter. Problem `not-found` for an id that the actor does not see.
    """

    type = forms.ChoiceField(label=_("Event"), required=False, choices=_choices)
    organization = LineField(
        label=_("Customer or partner"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    object = LineField(
        label=_("Id or phone number"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    since = LineField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    subscription = LineField(label=_("Subscription"), required=False, widget=forms.HiddenInput)

    chosen: Organization | None = None
    owner: Subscription | None = None

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def clean_organization(self) -> str:
        """Finds the organization by its id, or by name or reference."""
        text: str = self.cleaned_data["organization"]
        id = parse_id(text)
        if id is not None:
            self.chosen = find_organization(self.actor, id)
        elif text:
            self.chosen = self._named(text)
        return text

    def _named(self, text: str) -> Organization:
        found = list_organizations(self.actor, q=text, limit=500)["items"]
        same = [each for each in found if each["name"].casefold() == text.casefold()]
        if not found:
            raise forms.ValidationError(
                gettext("No customer or partner matches “%(text)s”.") % {"text": text}
            )
        (first, *others) = same if len(same) == 1 else found
        if others:
            names = ", ".join(each["name"] for each in found[:SEVERAL])
            raise forms.ValidationError(
                gettext("Several match “%(text)s”: %(names)s … Write the whole name.")
                % {"text": text, "names": names}
            )
        return find_organization(self.actor, first["id"])

    def clean_object(self) -> str:
        """The id of the event's object; of a number, E.164."""
        text: str = self.cleaned_data["object"]
        id = parse_id(text)
        if id is not None or not text:
            return str(id or "")
        return read_number(text, lambda: home_country(self.actor))

    def clean_since(self) -> datetime | None:
        """The start of the day, in the reader's time zone."""
        text = self.cleaned_data["since"]
        day = start_of_day(text)
        if text and day is None:
            raise forms.ValidationError(no_day(text))
        return day

    def clean_subscription(self) -> str:
        """Finds the subscription."""
        text: str = self.cleaned_data["subscription"]
        id = parse_id(text)
        if id is not None:
            self.owner = find_subscription(self.actor, id)
        elif text:
            raise forms.ValidationError(gettext("This is not the id of a subscription."))
        return text

    def wanted(self) -> WantedEvents:
        """The filters of a valid form."""
        cleaned = self.cleaned_data
        return WantedEvents(
            filter=EventFilter(
                types=frozenset({cleaned["type"]} if cleaned["type"] else ()),
                subscription_id=self.owner.id if self.owner else None,
                organization_id=self.chosen.id if self.chosen else None,
            ),
            subject=cleaned["object"] or None,
            since=cleaned["since"],
        )
