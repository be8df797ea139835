"""Consistency checks of people, for `fusion verify`."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "two people with the same e-mail address": """
        SELECT format('person %s: e-mail %s', id, email) FROM tenancy_user WHERE email_twin > 0""",
}
