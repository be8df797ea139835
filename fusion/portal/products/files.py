"""Products, their SKUs, revisions and holders as files."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.http.response import HttpResponseBase

from fusion.access.permissions import READ_CATALOGUE
from fusion.catalogue.models import Product
from fusion.catalogue.queries import find_product, list_revisions, list_skus
from fusion.kernel.sheets.send import paged_table
from fusion.ordering.holders import list_holders
from fusion.portal.actor_names import display_names
from fusion.portal.downloads import download
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import page
from fusion.portal.products.pages import FILTERS, listed_products
from fusion.portal.session_actor import PageRequest

PRODUCTS = (
    "code",
    "name",
    "description",
    "external_reference",
    "status",
    "revision",
    "items",
    "min_quantity",
    "max_quantity",
    "step",
    "requires",
    "created_at",
    "id",
)

SKUS = ("code", "name", "type", "metric", "country", "number_type", "external_reference", "id")

HOLDERS = ("customer", "subscription", "quantity", "revisions", "subscription_id")

REVISIONS = ("revision", "at", "by", "items")


@page(READ_CATALOGUE)
def products(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /products.csv` and `.xlsx`: all products that match the list's filters."""
    filters = ListFilters(request, FILTERS)
    pages = listed_products(request, filters)
    if filters.wrong:
        return filters.refusal()
    return download(paged_table("products", PRODUCTS, pages, _with_rules), format)


def _with_rules(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "requires": "; ".join(each["requires"])} for each in _with_contents(items)]


def _with_contents(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "items": in_words(each["items"])} for each in items]


def in_words(items: Sequence[Mapping[str, Any]]) -> str:
    """The contents of a product in one cell: `1 user; 2 be-geographic`."""
    return "; ".join(f"{item['quantity']} {item['sku']}" for item in items)


@page(READ_CATALOGUE)
def skus(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /products/skus.csv` and `.xlsx`."""
    return download(paged_table("skus", SKUS, partial(list_skus, request.actor)), format)


@page(READ_CATALOGUE, product_id=find_product)
def holders(request: PageRequest, product: Product, format: str) -> HttpResponseBase:
    """`GET /products/<id>/holders.csv` and `.xlsx`: the subscriptions that hold it."""

    def named(items: list[Any]) -> list[dict[str, Any]]:
        return [
            {
                **each,
                "customer": each["tenant_name"],
                "subscription": each["name"],
                "revisions": "; ".join(
                    f"{part['quantity']} of revision {part['revision']}"
                    for part in each["revisions"]
                ),
            }
            for each in items
        ]

    pages = partial(list_holders, request.actor, product.id)
    return download(paged_table("holders", HOLDERS, pages, named), format)


@page(READ_CATALOGUE, product_id=find_product)
def revisions(request: PageRequest, product: Product, format: str) -> HttpResponseBase:
    """`GET /products/<id>/revisions.csv` and `.xlsx`."""
    actor = request.actor

    def named(items: list[Any]) -> list[dict[str, Any]]:
        people = display_names(actor, [each["actor"] for each in items])
        return [{**each, "by": people.get(each["actor"])} for each in _with_contents(items)]

    pages = partial(list_revisions, actor, product.id)
    return download(paged_table("revisions", REVISIONS, pages, named), format)
