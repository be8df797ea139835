"""Where requests go."""

from django.urls import path

from fusion.api import api

urlpatterns = [
    path("api/v1/", api.urls),
]
