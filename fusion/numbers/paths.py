"""Numbers in URL paths.

`{e164:number}` matches +3225551234 and nothing else: the portal writes such URLs itself.
`{written:number}` matches what people write, which `resolve.number_in_path` reads; every part of a
path with a digit, so that no other route of the same place may have one.
"""

from typing import Annotated

from django.urls import register_converter
from django.urls.converters import StringConverter
from ninja import Path


class NumberConverter(StringConverter):
    """An E.164 number with its plus sign, as in the inventory."""

    regex = r"\+[1-9][0-9]{6,14}"


class WrittenConverter(StringConverter):
    """A number in any form."""

    regex = r"[^/]*\d[^/]*"


register_converter(NumberConverter, "e164")
register_converter(WrittenConverter, "written")

A_DIGIT = r"\d"
"""What the OpenAPI document can say of a phone number in any form."""

NumberPath = Annotated[
    str,
    Path(
        pattern=A_DIGIT,
        examples=["+3225551234"],
        description="A phone number in any usual form, E.164 for example.",
    ),
]
"""The path parameter of a route `/{written:e164}`."""
