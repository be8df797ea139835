"""URLs of the inventory."""

from django.urls import path

from fusion.portal.inventory import ranges
from fusion.portal.inventory.pages import inventory

urlpatterns = [
    path("inventory", inventory, name="inventory"),
    path("inventory/ranges", ranges.ranges, name="inventory-ranges"),
    path("inventory/ranges/new", ranges.new_range, name="inventory-new-range"),
    path("inventory/ranges/<uuid:number_range_id>", ranges.edit_range, name="inventory-range"),
    path(
        "inventory/ranges/<uuid:number_range_id>/delete",
        ranges.delete,
        name="inventory-range-delete",
    ),
]
