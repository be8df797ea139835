"""URLs of API clients."""

from django.urls import path

from fusion.portal.clients.pages import clients, new, revoke, rotate

OF = "customers/<uuid:organization_id>/api-clients"
ONE = f"{OF}/<uuid:client_id>"

urlpatterns = [
    path(OF, clients, name="organizations-clients"),
    path(f"{OF}/new", new, name="organizations-new-client"),
    path(f"{ONE}/rotate", rotate, name="organizations-rotate-client"),
    path(f"{ONE}/revoke", revoke, name="organizations-revoke-client"),
]
