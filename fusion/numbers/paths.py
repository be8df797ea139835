"""Numbers in URL paths: `{e164:number}` matches +3225551234 and nothing else, so anything else is
404.
"""

from typing import Annotated

from django.urls import register_converter
from ninja import Path


class NumberConverter:
    """An E.164 number with its plus sign, as in the inventory."""

    regex = r"\+[1-9][0-9]{6,14}"

    def to_python(self, value: str) -> str:
        """Unchanged."""
        return value

    def to_url(self, value: str) -> str:
        """Unchanged."""
        return value


register_converter(NumberConverter, "e164")

E164Path = Annotated[
    str,
    Path(pattern=r"^\+[1-9][0-9]{6,14}$", examples=["+3225551234"], description="E.164"),
]
"""The path parameter of a route `/{e164:e164}`."""
