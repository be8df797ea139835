"""URLs of a group's brand."""

from django.urls import path

from fusion.portal.brand.pages import edit, show_brand
from fusion.portal.brand.theme import logo, style

urlpatterns = [
    path("brand", show_brand, name="brand"),
    path("brand/edit", edit, name="brand-edit"),
    path("brand/<uuid:brand_id>-<int:revision>.css", style, name="brand-style"),
    path("brand/<uuid:brand_id>-<int:revision>/logo", logo, name="brand-logo"),
]
