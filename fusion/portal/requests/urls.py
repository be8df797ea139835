"""URLs of order requests."""

from django.urls import path

from fusion.portal.requests.approve_reject import approve, reject
from fusion.portal.requests.pages import detail, requests
from fusion.portal.requests.request_form import new, withdraw

urlpatterns = [
    path("order-requests", requests, name="requests"),
    path("order-requests/new", new, name="requests-new"),
    path("order-requests/<uuid:order_request_id>", detail, name="requests-detail"),
    path("order-requests/<uuid:order_request_id>/approve", approve, name="requests-approve"),
    path("order-requests/<uuid:order_request_id>/reject", reject, name="requests-reject"),
    path("order-requests/<uuid:order_request_id>/withdraw", withdraw, name="requests-withdraw"),
]
