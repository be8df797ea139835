"""A brand in the pages: its template context, stylesheet and logo."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from fusion.branding.brand import DEFAULT_NAME
from fusion.branding.colours import palette
from fusion.branding.models import Brand
from fusion.kernel.errors import not_found

FOR_GOOD = "public, max-age=31536000, immutable"
"""URLs contain the brand's revision, so the content of a URL never changes."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A brand as the templates see it; URLs are empty if there is nothing to load."""

    name: str = DEFAULT_NAME
    stylesheet: str = ""
    logo: str = ""


def theme_of(brand: Brand | None) -> Theme:
    """The look of a brand; Fusion's own without one."""
    if brand is None:
        return Theme()
    named = [brand.id, brand.revision]
    return Theme(
        name=brand.name,
        stylesheet=reverse("brand-style", args=named),
        logo=reverse("brand-logo", args=named) if brand.logo_type else "",
    )


def style(request: HttpRequest, brand_id: UUID, revision: int) -> HttpResponse:
    """`GET /brand/<id>-<revision>.css`: the colours, adjusted for readable contrast."""
    colours = palette(_find(brand_id, revision).colour)
    css = (
        "@layer tokens{:root{"
        f"--brand:light-dark({colours.fill[0]},{colours.fill[1]});"
        f"--brand-ink:light-dark({colours.ink[0]},{colours.ink[1]});"
        f"--brand-light:{colours.text[0]};--brand-dark:{colours.text[1]}"
        "}}"
    )
    return HttpResponse(css, "text/css; charset=utf-8", headers={"Cache-Control": FOR_GOOD})


def logo(request: HttpRequest, brand_id: UUID, revision: int) -> HttpResponse:
    """`GET /brand/<id>-<revision>/logo`."""
    brand = _find(brand_id, revision)
    if brand.logo is None:
        raise not_found("logo")
    return HttpResponse(bytes(brand.logo), brand.logo_type, headers={"Cache-Control": FOR_GOOD})


def _find(brand_id: UUID, revision: int) -> Brand:
    brand = Brand.objects.filter(id=brand_id, revision=revision).first()
    if brand is None:
        raise not_found("brand")
    return brand
