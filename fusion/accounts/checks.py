"""Consistency checks of people, for `fusion verify`."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "e-mail that is the same as another person's": """
        SELECT format('person %s: e-mail %s', id, email) FROM tenancy_user WHERE email_twin > 0""",
}
