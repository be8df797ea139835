"""URLs of the inventory."""

from django.urls import path

from fusion.portal.inventory.pages import inventory, new_range, ranges

urlpatterns = [
    path("inventory", inventory, name="inventory"),
    path("inventory/ranges", ranges, name="inventory-ranges"),
    path("inventory/ranges/new", new_range, name="inventory-new-range"),
]
