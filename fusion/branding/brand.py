"""A group's brand: the name, colours and logo of the portal."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from fusion.access.actor import Actor
from fusion.branding.models import Brand

DEFAULT_NAME, DEFAULT_COLOUR = "Fusion", "#3b5bdb"

MAX_LOGO = 64 * 1024
"""Largest logo, in bytes."""

MAX_NAME = 60

LOGO_TYPES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
}
"""First bytes of a picture → its media type. No SVG: an SVG may contain scripts."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture and its media type."""

    content: bytes
    media_type: str


def find_brand(*, host: str, actor: Actor | None) -> Brand | None:
    """The brand of this host name, else the brand of the actor's group.

    Does not load the logo, which pages do not need.
    """
    wanted = Q(host=host.lower())
    if actor is not None:
        wanted |= Q(group_id=actor.group_id)
    rows = Brand.objects.defer("logo").filter(wanted)
    return min(rows, key=lambda brand: brand.host != host.lower(), default=None)


def read_logo(content: bytes) -> Logo:
    """The picture; ValueError if it is too large or of another type."""
    if len(content) > MAX_LOGO:
        raise ValueError(f"must be at most {MAX_LOGO // 1024} KiB")
    media_type = next((kind for mark, kind in LOGO_TYPES.items() if content.startswith(mark)), "")
    if not media_type or (media_type == "image/webp" and content[8:12] != b"WEBP"):
        raise ValueError("must be a PNG, JPEG or WebP picture")
    return Logo(content, media_type)


def brand_document(brand: Brand) -> dict[str, Any]:
    """A brand's document, for the audit record and the answer."""
    return {
        "id": str(brand.id),
        "group_id": str(brand.group_id),
        "name": brand.name,
        "colour": brand.colour,
        "host": brand.host,
        "has_logo": bool(brand.logo_type),
        "revision": brand.revision,
    }
