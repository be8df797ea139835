"""Instants: always UTC, written as RFC 3339 with microseconds and `Z`, as the database does."""

import re
from datetime import UTC, datetime, timedelta

from django.db.models import DateTimeField, Func

RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


_behind = timedelta(0)


def now() -> datetime:
    """The present instant, in UTC. Rows written by the hot path use the database's clock."""
    return datetime.now(UTC) - _behind


def set_back(behind: timedelta) -> None:
    """Set `now()` back by this much in this process: see `fusion/kernel/past.py`."""
    global _behind  # noqa: PLW0603
    _behind = behind


class KernelNow(Func):
    """The database's `kernel_now()`: as a column's default, or as a value to write."""

    function = "kernel_now"
    output_field = DateTimeField()


class KernelNowOnce(KernelNow):
    """The same for conditions: evaluated once, so that an index can serve the comparison."""

    template = "(SELECT %(function)s())"


def instant(at: datetime | None) -> str | None:
    """`2026-03-03T10:15:00.000000Z`: the one spelling of an instant in answers and events."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_instant(text: object) -> datetime:
    """The instant written in `text` (RFC 3339, with an offset), in UTC; ValueError if it is not
    one.

    Converted to UTC at once: PostgreSQL does not accept offsets of 16 hours and more.
    """
    try:
        if not isinstance(text, str) or not RFC3339.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        wrong = "must be an RFC 3339 instant with an offset, such as 2026-03-03T10:15:00Z"
        raise ValueError(wrong) from None
