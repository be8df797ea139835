"""URLs of port requests. Those of new ones are with the numbers of a subscription."""

from django.urls import path

from fusion.portal.ports.decide import approve, reject, withdraw
from fusion.portal.ports.files import export
from fusion.portal.ports.pages import detail, ports

urlpatterns = [
    path("port-requests", ports, name="ports"),
    path("port-requests.<file_format:format>", export, name="ports-export"),
    path("port-requests/<uuid:port_request_id>", detail, name="ports-detail"),
    path("port-requests/<uuid:port_request_id>/approve", approve, name="ports-approve"),
    path("port-requests/<uuid:port_request_id>/reject", reject, name="ports-reject"),
    path("port-requests/<uuid:port_request_id>/withdraw", withdraw, name="ports-withdraw"),
]
