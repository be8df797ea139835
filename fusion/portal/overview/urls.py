"""URLs of the overview."""

from django.urls import path

from fusion.portal.overview.pages import below, overview

urlpatterns = [
    path("", overview, name="home"),
    path("overview/<uuid:organization_id>", below, name="home-below"),
]
