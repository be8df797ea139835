"""URLs of products and SKUs."""

from django.urls import path

from fusion.portal.products.changes import delete, edit, new, reactivate, retire
from fusion.portal.products.pages import detail, products
from fusion.portal.products.skus import new_sku, skus

urlpatterns = [
    path("products", products, name="products"),
    path("products/new", new, name="products-new"),
    path("products/skus", skus, name="products-skus"),
    path("products/skus/new", new_sku, name="products-new-sku"),
    path("products/<uuid:product_id>", detail, name="products-detail"),
    path("products/<uuid:product_id>/edit", edit, name="products-edit"),
    path("products/<uuid:product_id>/retire", retire, name="products-retire"),
    path("products/<uuid:product_id>/reactivate", reactivate, name="products-reactivate"),
    path("products/<uuid:product_id>/delete", delete, name="products-delete"),
]
