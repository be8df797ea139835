"""Differences from Django's formats."""

MONTH_DAY_FORMAT = "j M"
