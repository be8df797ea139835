"""Days that filters ask for, as instants: a day begins when it does for the reader."""

from datetime import date, datetime, timedelta

from django.utils import timezone

FIRST, LAST = 1970, 9998
"""Years beyond these are no time that anything happened at."""


def day(text: str | None) -> datetime | None:
    """When the day `2026-03-03` begins; None for what is no day."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    if not FIRST <= found.year <= LAST:
        return None
    return timezone.make_aware(datetime.combine(found, datetime.min.time()))


def after(text: str | None) -> datetime | None:
    """When the day after begins: what a period that includes `text` ends before."""
    begun = day(text)
    return day((begun.date() + timedelta(days=1)).isoformat()) if begun else None
