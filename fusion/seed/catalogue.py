"""The rows of SKUs and products, with the revisions that they have had."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from fusion.catalogue.metrics import licenses
from fusion.catalogue.models import (
    ENTITLEMENT,
    LICENSE,
    Product,
    ProductRevision,
    RevisionItem,
    Sku,
)
from fusion.catalogue.queries import product_document
from fusion.catalogue.rules import Item, by_sku, shown
from fusion.seed.load import Load, json_of
from fusion.seed.past import SECOND, id_at, instant_of
from fusion.seed.provider import Offer, Provider


def write_skus(
    load: Load, provider: Provider, entitlements: Sequence[tuple[str, str, str, str]], *, at: int
) -> None:
    """The licences, and entitlements as (code, name, country, number type)."""
    licences = [(code, name, LICENSE, metric, None, None) for code, name, metric in licenses()]
    numbers = [
        (code, name, ENTITLEMENT, "number", country, number_type)
        for code, name, country, number_type in entitlements
    ]
    for position, row in enumerate([*licences, *numbers]):
        code, name, type_, metric, country, number_type = row
        sku = Sku(
            id=id_at(at + position * SECOND),
            group_id=provider.group,
            code=code,
            name=name,
            type=type_,
            metric=metric,
            country=country,
            number_type=number_type,
            created_at=instant_of(at),
        )
        load.save(sku)
        provider.skus.append(sku)


def write_product(
    load: Load,
    provider: Provider,
    *,
    code: str,
    name: str,
    description: str,
    revisions: Sequence[tuple[int, Sequence[Item]]],
    actor: str,
    reference: str | None = None,
) -> None:
    """A product; `revisions` are (since when, items), oldest first."""
    since = revisions[0][0]
    product = Product(
        id=id_at(since),
        group_id=provider.group,
        code=code,
        name=name,
        description=description,
        external_reference=reference,
        created_at=instant_of(since),
    )
    known = {sku.code: sku.id for sku in provider.skus}
    for number, (at, items) in enumerate(revisions, 1):
        product.revision = product.version = number
        _write_revision(load, product, [(known[i["sku"]], i["quantity"]) for i in items], actor, at)
        _record(load, product, items, actor, at)
    load.save(product)
    provider.offers.append(Offer(str(product.id), code, tuple(at for at, _ in revisions)))


def _write_revision(
    load: Load, product: Product, items: Sequence[tuple[UUID, int]], actor: str, at: int
) -> None:
    load.save(
        ProductRevision(
            group_id=product.group_id,
            product_id=product.id,
            revision=product.revision,
            actor=actor,
            at=instant_of(at),
        )
    )
    for sku, quantity in items:
        load.save(
            RevisionItem(
                group_id=product.group_id,
                product_id=product.id,
                revision=product.revision,
                sku_id=sku,
                quantity=quantity,
            )
        )


def _record(load: Load, product: Product, items: Sequence[Item], actor: str, at: int) -> None:
    document = product_document(product, by_sku(items), ())
    actions = ("created", "create") if product.revision == 1 else ("changed", "change")
    where = (str(product.group_id), f"{product.group_id.hex}/", r"\N")
    load.event(f"product.{actions[0]}", where, product.id, actor, data=json_of(document), at=at)
    detail = json_of({"code": product.code, "items": shown(by_sku(items))})
    load.audit(f"product.{actions[1]}", where, product.id, actor, data=detail, at=at)


def sell_revision(group_id: UUID, product_id: str, revision: int) -> None:
    """Let new orders of a product get this revision, of those that `write_product` wrote."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalogue_product SET revision = %s WHERE group_id = %s AND id = %s",
            [revision, group_id, product_id],
        )
