"""Routes of SKUs, products and revisions."""

from functools import partial
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Header, Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import MANAGE_PRODUCTS, MANAGE_SKUS, READ_CATALOGUE
from fusion.access.shown_actors import pages_with_shown_actors
from fusion.catalogue.change_product import change_product
from fusion.catalogue.change_sku import change_sku
from fusion.catalogue.create_product import create_product
from fusion.catalogue.create_sku import create_sku
from fusion.catalogue.delete_product import delete_product
from fusion.catalogue.etag import etag, none_match
from fusion.catalogue.queries import (
    find_product,
    find_sku,
    list_products,
    list_revisions,
    list_skus,
    read_product,
    sku_document,
)
from fusion.catalogue.rules import Limits
from fusion.catalogue.schemas import (
    ProductBody,
    ProductChangesBody,
    ProductDocument,
    ProductFilter,
    RevisionDocument,
    SkuBody,
    SkuDocument,
    SkuFilter,
    SkuPatch,
)
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Listing, Page
from fusion.kernel.sheets.send import send_list

router = Router(tags=["catalogue"])

SKUS = "/api/v1/skus"
PRODUCTS = "/api/v1/products"

IfMatch = Annotated[
    str | None,
    Header(
        default=None,
        alias="If-Match",
        description="Refuses with 412 unless this is the current ETag.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        default=None,
        alias="If-None-Match",
        description="Responds with 304 if this is the current ETag.",
    ),
]


@router.post("/skus", auth=RequirePermission(MANAGE_SKUS), response={201: SkuDocument, **PROBLEMS})
def add_sku(request: HttpRequest, body: SkuBody) -> HttpResponse:
    """Create an entitlement SKU: one phone-number type of one country."""
    return respond(create_sku(retrying_actor(request), **body.model_dump()), location=SKUS)


@router.get(
    "/skus",
    auth=RequirePermission(READ_CATALOGUE),
    response={200: Page[SkuDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def skus(request: HttpRequest, params: Query[SkuFilter]) -> HttpResponseBase:
    """List the SKUs of your group, by code."""
    columns = tuple(SkuDocument.model_fields)
    pages = partial(list_skus, actor_of(request), **params.filters())
    return send_list(request, params, "skus", columns, pages)


@router.get(
    "/skus/{uuid:sku_id}",
    auth=RequirePermission(READ_CATALOGUE, hot=True, sku_id=find_sku),
    response={200: SkuDocument, **READ_PROBLEMS},
)
def sku(request: HttpRequest, sku_id: UUID) -> HttpResponse:
    """One SKU."""
    return json_response(sku_document(find_sku(actor_of(request), sku_id)))


@router.patch(
    "/skus/{uuid:sku_id}",
    auth=RequirePermission(MANAGE_SKUS, sku_id=find_sku),
    response={200: SkuDocument, **PROBLEMS},
)
def patch_sku(request: HttpRequest, sku_id: UUID, body: SkuPatch) -> HttpResponse:
    """Change the name or the external reference."""
    return respond(change_sku(actor_of(request), sku_id=sku_id, changes=body.changes()))


@router.post(
    "/products",
    auth=RequirePermission(MANAGE_PRODUCTS),
    response={201: ProductDocument, **PROBLEMS},
)
def add_product(request: HttpRequest, body: ProductBody) -> HttpResponse:
    """Create a product of 1 to 100 SKUs, each with a quantity."""
    created = create_product(
        retrying_actor(request),
        code=body.code,
        name=body.name,
        description=body.description or "",
        external_reference=body.external_reference,
        items=[item.item() for item in body.items],
        limits=Limits(body.min_quantity, body.max_quantity, body.step),
        requires=body.requires,
    )
    # A creation returns the first version, also in a later replay.
    return respond(created, location=PRODUCTS, headers={"ETag": etag(1)})


@router.get(
    "/products",
    auth=RequirePermission(READ_CATALOGUE),
    response={200: Page[ProductDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def products(request: HttpRequest, params: Query[ProductFilter]) -> HttpResponseBase:
    """List the products of your group, newest first; below the group, only active products."""
    columns = tuple(ProductDocument.model_fields)
    pages = partial(list_products, actor_of(request), **params.filters())
    return send_list(request, params, "products", columns, pages)


@router.get(
    "/products/{uuid:product_id}",
    auth=RequirePermission(READ_CATALOGUE, hot=True, product_id=find_product),
    response={200: ProductDocument, 304: None, **READ_PROBLEMS},
)
def product(
    request: HttpRequest, product_id: UUID, if_none_match: IfNoneMatch = None
) -> HttpResponse:
    """One product."""
    document, version = read_product(actor_of(request), product_id)
    headers = {"ETag": etag(version)}
    if none_match(if_none_match, version):
        return json_response(document, headers=headers)
    return HttpResponse(status=304, headers=headers)


@router.patch(
    "/products/{uuid:product_id}",
    auth=RequirePermission(MANAGE_PRODUCTS, product_id=find_product),
    response={200: ProductDocument, **PROBLEMS},
)
def edit_product(
    request: HttpRequest, product_id: UUID, body: ProductChangesBody, if_match: IfMatch = None
) -> HttpResponse:
    """Change a product. New items create a new revision; earlier orders keep theirs."""
    changed = change_product(
        actor_of(request), product_id=product_id, changes=body.changes(), if_match=if_match
    )
    return respond(changed, headers={"ETag": etag(changed.version or 1)})


@router.delete(
    "/products/{uuid:product_id}",
    auth=RequirePermission(MANAGE_PRODUCTS, product_id=find_product),
    response={204: None, **PROBLEMS},
)
def remove_product(
    request: HttpRequest, product_id: UUID, if_match: IfMatch = None
) -> HttpResponse:
    """Delete a product that was never ordered, or else retire it."""
    return respond(delete_product(actor_of(request), product_id=product_id, if_match=if_match))


@router.get(
    "/products/{uuid:product_id}/revisions",
    auth=RequirePermission(READ_CATALOGUE, hot=True, product_id=find_product),
    response={200: Page[RevisionDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def revisions(request: HttpRequest, product_id: UUID, params: Query[Listing]) -> HttpResponseBase:
    """List the revisions of a product, newest first."""
    columns = tuple(RevisionDocument.model_fields)
    actor = actor_of(request)
    pages = pages_with_shown_actors(actor, partial(list_revisions, actor, product_id))
    return send_list(request, params, "revisions", columns, pages)
