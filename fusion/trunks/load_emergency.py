"""Loading the emergency numbers of all countries from the short-number data of `phonenumbers`."""

import re
from functools import cache

from django.db import connection, transaction
from phonenumbers import country_code_for_region
from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

from fusion.trunks.rules import COUNTRIES, portable_pattern

REPLACE = """
INSERT INTO trunks_emergencynumber AS e (country, pattern, calling_code)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])
ON CONFLICT (country) DO UPDATE
SET pattern = excluded.pattern, calling_code = excluded.calling_code
WHERE (e.pattern, e.calling_code) IS DISTINCT FROM (excluded.pattern, excluded.calling_code)
"""

REMOVE = "DELETE FROM trunks_emergencynumber WHERE country <> ALL (%s::text[])"


def _emergency(country: str) -> PhoneNumberDesc | None:
    metadata = PhoneMetadata.short_metadata_for_region(country)
    found = metadata.emergency if metadata else None
    return found if found is not None and found.national_number_pattern else None


def emergency_patterns() -> dict[str, str]:
    """Country → regular expression of its emergency numbers, for PostgreSQL."""
    found = {country: _emergency(country) for country in COUNTRIES}
    return {
        country: portable_pattern(str(each.national_number_pattern))
        for country, each in found.items()
        if each is not None
    }


@cache
def emergency_pattern(country: str) -> re.Pattern[str]:
    """Matches the whole of an emergency number of that country."""
    found = _emergency(country)
    return re.compile(str(found.national_number_pattern) if found else "(?!)", re.ASCII)


def emergency_sizes(country: str) -> tuple[int, ...]:
    """How many digits emergency numbers of that country have."""
    found = _emergency(country)
    return tuple(sorted(found.possible_length)) if found else ()


def load_emergency_numbers() -> int:
    """Update the table from the installed release of `phonenumbers`; returns how many countries."""
    patterns = emergency_patterns()
    countries = sorted(COUNTRIES)
    codes = [str(country_code_for_region(country)) for country in countries]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(REMOVE, [countries])
        cursor.execute(REPLACE, [countries, [patterns.get(each, "") for each in countries], codes])
    return len(patterns)
