"""Pages of products: the list, a single product, its revisions, its holders."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import MANAGE_PRODUCTS, MANAGE_SKUS, READ_CATALOGUE
from fusion.catalogue.models import Product
from fusion.catalogue.queries import (
    find_product,
    find_products,
    list_products,
    list_revisions,
    read_product,
)
from fusion.catalogue.rules import Item, by_sku
from fusion.kernel.clock import read_instant
from fusion.kernel.pagination import encode_cursor
from fusion.ordering.holders import list_holders
from fusion.portal.actor_names import display_names
from fusion.portal.forms import Confirmation
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import ROWS, page
from fusion.portal.product_rules import limits_in_words
from fusion.portal.products.forms import LIMITS
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import sku_names

REVISIONS = 20

FILTERS = {"q": _("Code or name"), "status": _("Status")}


@page(READ_CATALOGUE)
def products(request: PageRequest) -> HttpResponse:
    """`GET /products`."""
    filters = ListFilters(request, FILTERS)
    pages = listed_products(request, filters)
    listed = filters.page(lambda: pages(limit=ROWS, cursor=request.GET.get("cursor")))
    context = {
        "rows": listed["items"],
        "next": listed["next"],
        **filters.context,
        "names": sku_names(request.actor),
        "may_manage": MANAGE_PRODUCTS.allows(request.actor),
        "may_add_skus": MANAGE_SKUS.allows(request.actor),
    }
    return show(
        request,
        "portal/products/list.html",
        context,
        parts=("list", "more"),
        status=filters.status,
    )


def listed_products(request: PageRequest, filters: ListFilters) -> partial[dict[str, Any]]:
    """The products that match the list's filters."""
    status = filters.choice("status", ("active", "retired"))
    return partial(list_products, request.actor, status=status, q=filters.params["q"] or None)


@page(READ_CATALOGUE, product_id=find_product)
def detail(request: PageRequest, product: Product) -> HttpResponse:
    """`GET /products/<id>`."""
    document, _ = read_product(request.actor, product.id)
    revisions = revisions_of(request, product, request.GET.get("before"))
    holders = list_holders(request.actor, product.id, limit=ROWS, cursor=request.GET.get("cursor"))
    others = find_products(request.actor, document["requires"])
    context = {
        "product": document,
        "limits": limits_in_words(*(document[name] for name in LIMITS)),
        "required": {code: others.get(code) for code in document["requires"]},
        "names": sku_names(request.actor),
        "revisions": revisions["items"],
        "older": revisions["next"],
        "holders": holders["items"],
        "next": holders["next"],
        "confirmation": Confirmation(),
        "may_manage": MANAGE_PRODUCTS.allows(request.actor),
    }
    return show(request, "portal/products/detail.html", context, parts=("more", "older"))


def revisions_of(request: PageRequest, product: Product, cursor: str | None) -> dict[str, Any]:
    """One page of a product's revisions, newest first, each with its changes."""
    listed = list_revisions(request.actor, product.id, limit=REVISIONS + 1, cursor=cursor)
    shown = listed["items"][:REVISIONS]
    before = [*listed["items"][1:], None]
    people = display_names(request.actor, [each["actor"] for each in shown])
    items = [
        {
            **each,
            "at": read_instant(each["at"]),
            "actor": people.get(each["actor"], ""),
            "changes": differences(former["items"] if former else [], each["items"]),
            "first": each["revision"] == 1,
        }
        for each, former in zip(shown, before, strict=False)
    ]
    more = len(listed["items"]) > REVISIONS
    return {"items": items, "next": encode_cursor(shown[-1]["revision"]) if more else None}


def differences(before: Sequence[Item], after: Sequence[Item]) -> list[Mapping[str, Any]]:
    """The changes of a revision: {sku, before, after} of each SKU with another quantity."""
    was, now = by_sku(before), by_sku(after)
    return [
        {"sku": sku, "before": was.get(sku, 0), "after": now.get(sku, 0)}
        for sku in sorted(was | now)
        if was.get(sku, 0) != now.get(sku, 0)
    ]
