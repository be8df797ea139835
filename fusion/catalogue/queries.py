"""Read models of SKUs and products."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from pydantic import TypeAdapter, ValidationError

from fusion.access.actor import Actor
from fusion.catalogue.models import Product, ProductRevision, Requirement, RevisionItem, Sku
from fusion.catalogue.rules import by_sku, shown
from fusion.kernel.clock import instant
from fusion.kernel.errors import or_not_found
from fusion.kernel.fields import Code, Reference
from fusion.kernel.pagination import (
    MAX_INT,
    decode_cursor,
    encode_cursor,
    newest,
    page,
    position,
)


def find_sku(actor: Actor, id: UUID) -> Sku:
    """The SKU; Problem `not-found` unless `actor` sees it."""
    return or_not_found(Sku.objects.visible_to(actor).filter(id=id).first(), "SKU")


def find_skus(actor: Actor, codes: Collection[str]) -> dict[str, Sku]:
    """The SKUs of the actor's group with these codes, by code."""
    return {sku.code: sku for sku in Sku.objects.visible_to(actor).filter(code__in=codes)}


def list_skus(
    actor: Actor,
    *,
    limit: int,
    cursor: str | None = None,
    external_reference: str | None = None,
) -> dict[str, Any]:
    """One page of the group's SKUs, by code."""
    skus = Sku.objects.visible_to(actor).order_by("code")
    if external_reference is not None:
        skus = skus.filter(external_reference=external_reference)
    if cursor is not None:
        skus = skus.filter(code__gt=decode_cursor(cursor, str)[0])
    rows, more = page(list(skus[: limit + 1]), limit)
    return {
        "items": [sku_document(sku) for sku in rows],
        "next": encode_cursor(rows[-1].code) if more else None,
    }


def find_product(actor: Actor, id: UUID) -> Product:
    """The product; Problem `not-found` unless `actor` sees it.

    Below the group only active products are visible.
    """
    return or_not_found(Product.objects.visible_to(actor).filter(id=id).first(), "product")


def find_products(actor: Actor, codes: Collection[str]) -> dict[str, Product]:
    """The products of the actor's group with these codes, by code."""
    return {each.code: each for each in Product.objects.visible_to(actor).filter(code__in=codes)}


def find_product_by_code(actor: Actor, text: str) -> Product | None:
    """The product with this code; Problem `not-found` unless `actor` sees it.

    None for a text that is no code.
    """
    return _named_product(actor, Code, "code", text)


def find_product_by_reference(actor: Actor, text: str) -> Product | None:
    """The product with this external reference, likewise."""
    return _named_product(actor, Reference, "external_reference", text)


def _named_product(actor: Actor, kind: Any, field: str, text: str) -> Product | None:
    try:
        name = TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return None
    found = Product.objects.visible_to(actor).filter(**{field: name}).first()
    return or_not_found(found, "product")


def read_product(actor: Actor, id: UUID) -> tuple[dict[str, Any], int]:
    """The product as the API shows it, and the version for its ETag.

    One statement: a concurrent edit is visible completely or not at all.
    """
    rows = _with_requirements(_with_items(Product.objects.visible_to(actor).filter(id=id)))
    product = or_not_found(rows.first(), "product")
    return product_document(product, by_sku(product.items), product.requires), product.version


def list_products(
    actor: Actor,
    *,
    limit: int,
    cursor: str | None = None,
    status: str | None = None,
    q: str | None = None,
    external_reference: str | None = None,
) -> dict[str, Any]:
    """One page of the products that `actor` sees, newest first; one statement.

    `q` is part of a code or name, ignoring case.
    """
    products = Product.objects.visible_to(actor)
    if status is not None:
        products = products.filter(status=status)
    if q:
        products = products.filter(Q(code__icontains=q) | Q(name__icontains=q))
    if external_reference is not None:
        products = products.filter(external_reference=external_reference)
    complete = _with_requirements(_with_items(products))
    rows, following = newest(complete, limit=limit, cursor=cursor)
    items = [product_document(each, by_sku(each.items), each.requires) for each in rows]
    return {"items": items, "next": following}


def list_revisions(
    actor: Actor, id: UUID, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of a product's revisions, newest first."""
    product = find_product(actor, id)
    revisions = ProductRevision.objects.filter(group_id=product.group_id, product=product).order_by(
        "-revision"
    )
    if cursor is not None:
        revisions = revisions.filter(revision__lt=decode_cursor(cursor, position(MAX_INT))[0])
    rows, more = page(list(_with_items(revisions, product="product_id")[: limit + 1]), limit)
    return {
        "items": [
            {
                "revision": row.revision,
                "items": shown(by_sku(row.items)),
                "actor": row.actor,
                "at": instant(row.at),
            }
            for row in rows
        ],
        "next": encode_cursor(rows[-1].revision) if more else None,
    }


def current_items(product: Product) -> dict[str, int]:
    """The items of the product's revision, as SKU code → quantity; revisions never change."""
    items = RevisionItem.objects.filter(
        group_id=product.group_id, product_id=product.id, revision=product.revision
    )
    return dict(items.values_list("sku__code", "quantity"))


def current_requirements(product: Product) -> dict[str, Product]:
    """The products that the product requires, by code."""
    rows = Requirement.objects.filter(group_id=product.group_id, product_id=product.id)
    return {row.required.code: row.required for row in rows.select_related("required")}


def find_dependents(product: Product) -> list[str]:
    """The codes of the products that require the product."""
    rows = Requirement.objects.filter(group_id=product.group_id, required_id=product.id)
    return sorted(rows.values_list("product__code", flat=True))


def sku_document(sku: Sku) -> dict[str, Any]:
    """A SKU as the API shows it."""
    return {
        "id": str(sku.id),
        "code": sku.code,
        "name": sku.name,
        "type": sku.type,
        "metric": sku.metric,
        "country": sku.country,
        "number_type": sku.number_type,
        "external_reference": sku.external_reference,
    }


def product_document(
    product: Product, items: Mapping[str, int], requires: Iterable[str]
) -> dict[str, Any]:
    """A product as the API shows it: `items` of its present revision, `requires` by code."""
    return {
        "id": str(product.id),
        "code": product.code,
        "name": product.name,
        "description": product.description,
        "external_reference": product.external_reference,
        "status": product.status,
        "revision": product.revision,
        "items": shown(items),
        "min_quantity": product.min_quantity,
        "max_quantity": product.max_quantity,
        "step": product.step,
        "requires": sorted(requires),
        "created_at": instant(product.created_at),
    }


def _with_items(rows: "QuerySet[Any]", product: str = "id") -> "QuerySet[Any]":
    """Each row with `items`: those of its `revision`. `product` is the name of its product id."""
    items = RevisionItem.objects.filter(
        group_id=OuterRef("group_id"),
        product_id=OuterRef(product),
        revision=OuterRef("revision"),
    ).values(item=JSONObject(sku="sku__code", quantity="quantity"))
    with_items: QuerySet[Any] = rows.annotate(items=ArraySubquery(items))
    return with_items


def _with_requirements(products: "QuerySet[Any]") -> "QuerySet[Any]":
    """Each product with `requires`: the codes of the products that it requires."""
    required = Requirement.objects.filter(group_id=OuterRef("group_id"), product_id=OuterRef("id"))
    annotated: QuerySet[Any] = products.annotate(
        requires=ArraySubquery(required.values("required__code"))
    )
    return annotated
