"""Where an order comes from: the portal, the API, a connector, or Fusion itself."""

import re
from typing import Annotated

from django.db.models import Q
from pydantic import AfterValidator, WithJsonSchema

from fusion.clients.connector import NAME, NAME_IN_WORDS

ORIGINS = {"portal": "member:", "api": "client:", "schedule": "system:"}
"""Origin of an order → the beginning of the label of the actor who placed it."""

CONNECTOR = "connector:"
"""The beginning of the origin of orders that a connector placed; its name follows."""


def check_origin(text: str) -> str:
    """The origin itself; ValueError if there is no such."""
    if text in ORIGINS:
        return text
    if not text.startswith(CONNECTOR):
        raise ValueError(f"must be one of {', '.join(ORIGINS)}, or {CONNECTOR}<name>")
    if not re.fullmatch(NAME, text.removeprefix(CONNECTOR)):
        raise ValueError(f"the name after {CONNECTOR} {NAME_IN_WORDS}")
    return text


Origin = Annotated[
    str,
    AfterValidator(check_origin),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^({'|'.join(ORIGINS)}|{CONNECTOR}{NAME})$",
            "examples": ["api", "connector:acme-billing"],
        }
    ),
]


def has_origin(origin: str) -> Q:
    """The orders with this origin."""
    if origin.startswith(CONNECTOR):
        return Q(connector=origin.removeprefix(CONNECTOR))
    return Q(placed_by__startswith=ORIGINS[origin], connector__isnull=True)
