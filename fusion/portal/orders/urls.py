"""URLs of orders."""

from django.urls import path

from fusion.portal import downloads as _formats  # noqa: F401 - knows the formats in paths
from fusion.portal.orders.new import new
from fusion.portal.orders.pages import cancel, detail, export, orders

urlpatterns = [
    path("orders", orders, name="orders"),
    path("orders.<file_format:format>", export, name="orders-export"),
    path("orders/new", new, name="orders-new"),
    path("orders/<uuid:order_id>", detail, name="orders-detail"),
    path("orders/<uuid:order_id>/cancel", cancel, name="orders-cancel"),
]
