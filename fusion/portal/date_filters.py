"""Days in filters, as instants: a day begins at midnight in the reader's time zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

FIRST, LAST = 1970, 9998
"""Years outside this range are refused: nothing happened then."""

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DateRange:
    """From the start of one day to the end of another; `wrong` says why this is not a valid period.

    An invalid period contains nothing: a search in it finds nothing.
    """

    since: datetime | None
    until: datetime | None
    error: str = ""

    @property
    def status(self) -> int:
        """The HTTP status of a list with this filter."""
        return 422 if self.error else 200


def date_range(params: Mapping[str, str]) -> DateRange:
    """The days `from` and `to` of a filter, both inclusive; either may be empty."""
    for text in (params["from"], params["to"]):
        if text and start_of_day(text) is None:
            return DateRange(NEVER, NEVER, _no_day(text))
    since, until = start_of_day(params["from"]), end_of_day(params["to"])
    return DateRange(since, until, reversed_range(since, until))


def reversed_range(since: datetime | None, until: datetime | None) -> str:
    """Why these days are not a valid period; empty if they are."""
    if since is None or until is None or since < until:
        return ""
    last = until - timedelta(microseconds=1)
    return gettext(
        "The end date, %(last)s, is before the start date, %(first)s. Change one of them."
    ) % {
        "first": date_format(timezone.localtime(since), "DATE_FORMAT"),
        "last": date_format(timezone.localtime(last), "DATE_FORMAT"),
    }


def _no_day(text: str) -> str:
    return gettext("%(text)s is not a date. Write it as year-month-day, such as 2026-03-05.") % {
        "text": text[:100]
    }


def start_of_day(text: str | None) -> datetime | None:
    """The start of the day `2026-03-03`; None if it is not a day."""
    try:
        parsed = date.fromisoformat(text or "")
    except ValueError:
        return None
    if not FIRST <= parsed.year <= LAST:
        return None
    return timezone.make_aware(datetime.combine(parsed, datetime.min.time()))


def end_of_day(text: str | None) -> datetime | None:
    """The start of the next day: the exclusive end of a period that includes `text`."""
    begun = start_of_day(text)
    return start_of_day((begun.date() + timedelta(days=1)).isoformat()) if begun else None


def wrong_dates(days: DateRange) -> HttpResponse:
    """The answer instead of a file whose filter has an invalid period."""
    return HttpResponse(days.error, content_type="text/plain; charset=utf-8", status=days.status)
