"""URLs of order requests."""

from django.urls import path

from fusion.portal.requests.ask import new, withdraw
from fusion.portal.requests.decide import approve, reject
from fusion.portal.requests.pages import detail, requests

urlpatterns = [
    path("order-requests", requests, name="requests"),
    path("order-requests/new", new, name="requests-new"),
    path("order-requests/<uuid:asked_id>", detail, name="requests-detail"),
    path("order-requests/<uuid:asked_id>/approve", approve, name="requests-approve"),
    path("order-requests/<uuid:asked_id>/reject", reject, name="requests-reject"),
    path("order-requests/<uuid:asked_id>/withdraw", withdraw, name="requests-withdraw"),
]
