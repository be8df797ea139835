"""Addresses of the overview."""

from django.urls import path

from fusion.portal.overview.pages import overview

urlpatterns = [path("", overview, name="home")]
