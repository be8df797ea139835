"""Addresses of a group's brand."""

from django.urls import path

from fusion.portal.brand.look import logo, style
from fusion.portal.brand.pages import edit

urlpatterns = [
    path("brand", edit, name="brand"),
    path("brand/<uuid:brand_id>-<int:revision>.css", style, name="brand-style"),
    path("brand/<uuid:brand_id>-<int:revision>/logo", logo, name="brand-logo"),
]
