"""Where requests go."""

from django.urls import path

from fusion.api import api
from fusion.edge.health import healthz, readyz

urlpatterns = [
    path("api/v1/", api.urls),
    path("healthz", healthz),
    path("readyz", readyz),
]
