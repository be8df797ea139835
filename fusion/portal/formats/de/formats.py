"""What differs from Django's own."""

MONTH_DAY_FORMAT = "j. M"
