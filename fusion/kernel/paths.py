"""Ids in URLs: a UUID in capital letters is the same id, in the API and in the portal."""

from django.urls.converters import UUIDConverter
from ninja.signature.utils import UUIDStrConverter

HEX = "[0-9A-Fa-f]"
ANY_CASE = f"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}"


def take_ids_in_any_case() -> None:
    """Let `<uuid:…>` match capital letters too; call it before the first route is created.

    Django and Ninja match small letters only, and Django does not allow registering the name again.
    """
    UUIDConverter.regex = ANY_CASE
    UUIDStrConverter.regex = ANY_CASE
