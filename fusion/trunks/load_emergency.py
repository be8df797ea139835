"""Loading the emergency numbers of all countries from the short-number data of `phonenumbers`."""

from django.db import connection, transaction
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS

from fusion.trunks.rules import portable_pattern

REPLACE = """
INSERT INTO trunks_emergencynumber AS e (country, pattern)
SELECT * FROM unnest(%s::text[], %s::text[])
ON CONFLICT (country) DO UPDATE SET pattern = excluded.pattern
WHERE e.pattern <> excluded.pattern
"""

REMOVE = "DELETE FROM trunks_emergencynumber WHERE country <> ALL (%s::text[])"


def emergency_patterns() -> dict[str, str]:
    """Country → regular expression of its emergency numbers, for PostgreSQL."""
    patterns = {}
    for country in SUPPORTED_SHORT_REGIONS:
        metadata = PhoneMetadata.short_metadata_for_region(country)
        emergency = metadata.emergency if metadata else None
        if emergency is not None and emergency.national_number_pattern:
            patterns[country] = portable_pattern(emergency.national_number_pattern)
    return patterns


def load_emergency_numbers() -> int:
    """Update the table from the installed release of `phonenumbers`; returns how many countries."""
    patterns = emergency_patterns()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(REMOVE, [list(patterns)])
        cursor.execute(REPLACE, [list(patterns), list(patterns.values())])
    return len(patterns)
