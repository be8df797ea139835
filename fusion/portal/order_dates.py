"""The refusals of orders' dates: see `refusals.py`."""

from django.utils.translation import gettext_noop

DATE_MESSAGES = (
    gettext_noop("must be at most five years ahead"),
    gettext_noop(
        "must be at most %(hours)s hours in the past (it is now %(now)s); omit it for "
        "immediate effect"
    ),
    gettext_noop(
        "must be at most 1 hour in the past (it is now %(now)s); omit it for immediate effect"
    ),
    gettext_noop("must be in the future (it is now %(now)s); omit it for immediate effect"),
    gettext_noop("must be later than the order takes effect, and in the future"),
    gettext_noop("is only for orders whose lines all add"),
    gettext_noop(
        "must be before the order ends: order %(number)s is due at %(until)s; move that order first"
    ),
    gettext_noop(
        "must be after order %(number)s takes effect: that is due at %(until)s; move that order "
        "first"
    ),
    gettext_noop(
        "must be at most %(days)s days before or after %(until)s, from when the order is charged"
    ),
)
"""An instant named `until` is shown in the reader's zone."""
