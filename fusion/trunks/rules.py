"""What a subscription's state allows, and how a pattern of emergency numbers is written."""

import re

from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS

from fusion.kernel.errors import Problem

SHORT = re.compile(r"[0-9d?:|()\[\]\-\\{},]+", re.ASCII)
"""The characters of a pattern that PostgreSQL and Python read in the same way."""

COUNTRIES: frozenset[str] = frozenset(SUPPORTED_SHORT_REGIONS)
"""ISO 3166 codes of the countries whose short numbers are known."""


def is_country(code: str) -> bool:
    """Invariant: a trunk's country has known short numbers, which include its emergency numbers.

    Guinea is an exception: no emergency number is known, only `urn:service:sos` is recognised.
    """
    return code in COUNTRIES


def require_active(status: str) -> None:
    """Invariant: only an active subscription gets new trunks and routed numbers.

    Problems: `subscription-suspended`, `subscription-terminated`.
    """
    if status != "active":
        raise Problem(
            f"subscription-{status}",
            f"The subscription is {status}. You cannot add trunks or route numbers.",
        )


def require_living(status: str) -> None:
    """Invariant: the trunks of a terminated subscription do not change.

    Problem: `subscription-terminated`.
    """
    if status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated. You can no longer change its trunks.",
        )


def portable_pattern(pattern: str) -> str:
    """The pattern as PostgreSQL reads it; ValueError if it has characters other than `SHORT`."""
    if not SHORT.fullmatch(pattern):
        raise ValueError(f"not a pattern of short numbers: {pattern!r}")
    return pattern.replace(r"\d", "[0-9]")
