"""Restorations in words: why one is refused, and why a number does not come back."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from fusion.kernel.clock import read_instant

RESTORE_DETAILS = (
    gettext_noop("The subscription is active. Only a terminated one can be restored."),
    gettext_noop("The subscription is suspended. Only a terminated one can be restored."),
    gettext_noop("No order says when the subscription was terminated."),
    gettext_noop(
        "The subscription could be restored until %(until)s, when the quarantine of its numbers "
        "ended. Create a new subscription for this tenant."
    ),
    gettext_noop("The tenant %(name)s was deleted. Its subscriptions can no longer be restored."),
    gettext_noop(
        "Another subscription has the external reference %(reference)s now. Change or clear it "
        "there, then restore this one."
    ),
    gettext_noop("The subscription was just moved. Repeat the request."),
)
"""Details of refusals; see `refusals.py`."""

LOST: Mapping[str, Any] = {
    "free": _("free again"),
    "taken": _("assigned to another subscription"),
    "ported_out": _("ported out to another operator"),
    "removed": _("no longer in the inventory"),
}
"""Reason → why a number does not come back."""


def until_in_words(until: str) -> str:
    """An instant of the API in the reader's zone, with the zone; another text as it is."""
    try:
        at = timezone.localtime(read_instant(until))
    except ValueError:
        return until
    return f"{date_format(at, 'DATETIME_FORMAT')} {at:%Z}"
