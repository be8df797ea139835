"""The filters of a list: what is not understood is refused beside its field, never ignored.

Parameters that are no filter of the page stay ignored: links in e-mails, htmx and the browser's
back button add some.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from fusion.kernel.ids import parse_id
from fusion.numbers.parse import depends_on_country, parse_prefix, parse_suffix
from fusion.numbers.written import NotANumber
from fusion.portal.date_filters import end_of_day, no_day, reversed_range, start_of_day
from fusion.portal.errors import explain_field
from fusion.portal.number_fields import Country
from fusion.portal.query_params import query_params

LONGEST_SHOWN = 100
"""Most characters of a value that a refusal repeats."""


def not_a_choice(text: str) -> str:
    """Why this value of a filter is refused: it never was a choice, or it is gone."""
    return gettext("“%(text)s” is not a choice, or no longer exists. Choose another.") % {
        "text": text[:LONGEST_SHOWN]
    }


def not_an_id(text: str) -> str:
    """Why this value of a filter by id is refused."""
    return gettext("“%(text)s” is not an id.") % {"text": text[:LONGEST_SHOWN]}


class ListFilters:
    """The values of a page's filters; `labels` are their names and labels.

    `absent` has the values of parameters that the URL lacks. Each method reads one filter: None
    for an empty or wrong value. `wrong` then says of each wrong one why, and `found` finds nothing.
    """

    def __init__(self, request: HttpRequest, labels: Mapping[str, Any], **absent: str) -> None:
        self.labels = labels
        self.params = query_params(request, *labels)
        missing = {name: value for name, value in absent.items() if name not in request.GET}
        self.params.update(missing)
        self.wrong: dict[str, str] = {}

    def choice(self, name: str, known: Collection[str]) -> str | None:
        """One of `known`."""
        text = self.params[name]
        if text and text not in known:
            self.refuse(name, not_a_choice(text))
            return None
        return text or None

    def id(self, name: str) -> UUID | None:
        """An id, of whatever it is."""
        text = self.params[name]
        id = parse_id(text)
        if text and id is None:
            self.refuse(name, not_an_id(text))
        return id

    def days(self) -> tuple[datetime | None, datetime | None]:
        """The days `from` and `to`, both inclusive, as an instant and an exclusive end."""
        for name in ("from", "to"):
            if self.params[name] and start_of_day(self.params[name]) is None:
                self.refuse(name, no_day(self.params[name]))
        since, until = start_of_day(self.params["from"]), end_of_day(self.params["to"])
        if wrong := reversed_range(since, until):
            self.refuse("to", wrong)
        return since, until

    def digits(self, country: Country) -> tuple[str | None, str | None]:
        """The digits at the beginning (`starts`) and at the end (`ends`) of numbers."""
        return (
            self._digits("starts", parse_prefix, country),
            self._digits("ends", parse_suffix, country),
        )

    def _digits(self, name: str, parse: Callable[..., str], country: Country) -> str | None:
        text = self.params[name]
        if not text.strip(" +"):
            return None
        try:
            return parse(text, country=country() if depends_on_country(text) else None)
        except NotANumber as error:
            self.refuse(name, explain_field(str(error)))
            return None

    def refuse(self, name: str, text: str) -> None:
        """Note why the value of this filter is wrong."""
        self.wrong[name] = f"{self.labels[name]}: {text}"

    def page(self, find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """One page of the list; without rows if a filter is wrong."""
        return {"items": [], "next": None} if self.wrong else find()

    @property
    def status(self) -> int:
        """The HTTP status of the list with these filters."""
        return 422 if self.wrong else 200

    @property
    def context(self) -> dict[str, Any]:
        """For the template: it includes `portal/kit/wrong.html` in place of the rows."""
        return {
            "params": self.params,
            "wrong": self.wrong,
            "filtered": any(self.params.values()),
        }

    def refusal(self) -> HttpResponse:
        """The answer instead of a file: what is wrong, line by line."""
        text = "\n".join(self.wrong.values())
        return HttpResponse(text, content_type="text/plain; charset=utf-8", status=422)
