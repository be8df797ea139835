"""Requesting products: an organization that may not order raises a request; the group decides."""

from collections.abc import Sequence
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import REQUEST_ORDERS
from fusion.access.use_case import Done, use_case
from fusion.catalogue.models import RETIRED, Product
from fusion.kernel.errors import Problem, not_found
from fusion.ordering.models import OrderRequest
from fusion.ordering.place import Draft, Line
from fusion.ordering.requests import emit_request_event, lines_as_json
from fusion.tenancy.queries import lock_subscription, present_path


@use_case(REQUEST_ORDERS, verb="order-request.create", status=201)
def request_order(
    actor: Actor, *, subscription_id: UUID, lines: Sequence[Line], note: str | None = None
) -> Done:
    """A new request. It promises and reserves nothing; balances are checked when it is approved.

    Problems: `not-found`, `duplicate-line`, `subscription-terminated`, `product-retired`.
    """
    Draft(subscription_id, tuple(lines)).check()
    subscription = lock_subscription(actor, subscription_id)
    if subscription.status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated. You can no longer order for it.",
        )
    _require_orderable(actor, lines)
    order_request = OrderRequest(
        group_id=subscription.group_id,
        distributor_id=subscription.distributor_id,
        reseller_id=subscription.reseller_id,
        tenant_id=subscription.tenant_id,
        subscription_id=subscription.id,
        organization_id=actor.organization_id,
        path=present_path(actor),
        lines=lines_as_json(lines),
        note=note,
        requested_by=actor.label,
    )
    order_request.save(force_insert=True)
    return Done(
        emit_request_event(actor, order_request, subscription.path, "created"),
        subscription.path,
        order_request.id,
        subscription_id=subscription.id,
    )


def _require_orderable(actor: Actor, lines: Sequence[Line]) -> None:
    """Problem `not-found` for an invisible product, `product-retired` for a retired one."""
    ids = [line.product_id for line in lines if line.product_id]
    products: dict[UUID | None, Product] = {
        product.id: product for product in Product.objects.visible_to(actor).filter(id__in=ids)
    }
    for line in lines:
        product = products.get(line.product_id)
        if product is None:
            raise not_found("product")
        if line.action == "add" and product.status == RETIRED:
            raise Problem(
                "product-retired",
                f"Product {product.code} is retired: it can be removed but not ordered.",
            )
