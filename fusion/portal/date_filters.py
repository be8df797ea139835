"""Days in filters, as instants: a day begins at midnight in the reader's time zone."""

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

FIRST, LAST = 1970, 9998
"""Years outside this range are refused: nothing happened then."""


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


def no_day(text: str) -> str:
    """Why this text is refused as a day."""
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
