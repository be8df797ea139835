"""What a subscription's state allows, and how a pattern of emergency numbers is written."""

import re

from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS

from fusion.kernel.errors import Problem

SHORT = re.compile(r"[0-9d?:|()\[\]\-\\{},]+", re.ASCII)
"""What patterns of short numbers are made of: PostgreSQL and Python read it alike."""


COUNTRIES: frozenset[str] = frozenset(SUPPORTED_SHORT_REGIONS)
"""ISO 3166 codes of the countries whose short numbers are known."""


def is_country(code: str) -> bool:
    """Invariant: a trunk's country is one whose short numbers, emergency ones included, are known.

    (Of Guinea no emergency number is; there `urn:service:sos` is the only way to call for help.)
    """
    return code in COUNTRIES


def require_active(status: str) -> None:
    """Invariant: nothing new comes to a subscription that is not active.

    Problems: `subscription-suspended`, `subscription-terminated`.
    """
    if status != "active":
        raise Problem(
            f"subscription-{status}",
            f"The subscription is {status}. You cannot add trunks or route numbers.",
        )


def require_living(status: str) -> None:
    """Invariant: what a terminated subscription left behind is kept as it was.

    Problem: `subscription-terminated`.
    """
    if status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated. This is final, and you can no longer change "
            "its trunks.",
        )


def portable_pattern(pattern: str) -> str:
    """The same regular expression for PostgreSQL; ValueError where the two might not agree."""
    if not SHORT.fullmatch(pattern):
        raise ValueError(f"not a pattern of short numbers: {pattern!r}")
    return pattern.replace(r"\d", "[0-9]")
