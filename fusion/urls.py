"""Where requests go."""

from django.urls import path

from fusion.api import api
from fusion.edge.health import healthz, readyz
from fusion.tenancy.oauth import token

urlpatterns = [
    path("api/v1/", api.urls),
    path("oauth/token", token),
    path("healthz", healthz),
    path("readyz", readyz),
]
