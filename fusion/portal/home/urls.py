"""Addresses of the overview."""

from django.urls import path

from fusion.portal.home.pages import overview

urlpatterns = [path("", overview, name="home")]
