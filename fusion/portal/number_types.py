"""The types of phone numbers in words."""

from django.utils.translation import gettext_lazy as _

TYPE_WORDS = {
    "geographic": _("Geographic"),
    "national": _("National"),
    "mobile": _("Mobile"),
    "toll_free": _("Toll-free"),
    "shared_cost": _("Shared cost"),
    "premium_rate": _("Premium rate"),
    "voip": _("VoIP"),
}
"""Number type → label."""


def types_in_words(types: str) -> str:
    """Types as a refusal names them (`geographic or mobile`), in the reader's language."""
    return " / ".join(str(TYPE_WORDS.get(each, each)) for each in types.split(" or "))
