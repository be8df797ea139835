"""The root URL configuration."""

from django.urls import path

from fusion.api import api
from fusion.clients.oauth import revoke, token
from fusion.edge.description import openapi_view
from fusion.edge.health import healthz, prometheus, readyz
from fusion.portal.urls import urlpatterns as pages

urlpatterns = [
    path("api/v1/openapi.json", openapi_view(api)),
    path("api/v1/", api.urls),
    path("oauth/token", token),
    path("oauth/revoke", revoke),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", prometheus),
    *pages,
]

handler400 = "fusion.edge.problems.handler400"
handler403 = "fusion.edge.problems.handler403"
handler404 = "fusion.edge.problems.handler404"
handler500 = "fusion.edge.problems.handler500"
handler429 = "fusion.portal.error_pages.too_often"
