"""Countries, as ISO 3166-1 alpha-2 codes: those that have telephone numbers."""

from typing import Annotated

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, Field

from fusion.kernel.fields import Spelled

NO_COUNTRY = "001"
"""The code of numbers of no country, such as +800: UN M.49 for the world."""

STORED_NO_COUNTRY = "ZZ"
"""How the database stores `NO_COUNTRY`: ISO 3166 leaves this code to its users."""

UNKNOWN = "must be an ISO 3166 country with telephone numbers, such as BE"


def is_country(code: str) -> bool:
    """Whether it is the code of a country with telephone numbers, in capitals."""
    return code in SUPPORTED_REGIONS


def _known(country: str) -> str:
    if not is_country(country):
        raise ValueError(UNKNOWN)
    return country


def _known_or_none(country: str) -> str:
    return country if country == NO_COUNTRY else _known(country)


NumberingCountry = Annotated[
    str,
    Spelled(f"([A-Z]{{2}}|{NO_COUNTRY})", UNKNOWN),
    Field(
        examples=["BE"],
        json_schema_extra={"enum": [NO_COUNTRY, *sorted(SUPPORTED_REGIONS)]},
        description="001: numbers of no country, such as +800 and +883.",
    ),
    AfterValidator(_known_or_none),
]
"""A country, or 001 for numbers of no country."""

Country = Annotated[
    str,
    Spelled("[A-Z]{2}", UNKNOWN),
    Field(examples=["BE"], json_schema_extra={"enum": sorted(SUPPORTED_REGIONS)}),
    AfterValidator(_known),
]
"""Includes Kosovo (XK), and islands with numbers whose codes are not in ISO 3166."""
