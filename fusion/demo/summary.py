"""The size of the demo, in three lines."""

from django.db.models import Count, QuerySet

from fusion.access.actor import KINDS
from fusion.catalogue.models import Product
from fusion.demo.installation import REASON, Installation
from fusion.numbers.models import Number
from fusion.ordering.models import STATES, Order
from fusion.tenancy.models import Organization, Subscription
from fusion.users.models import User


def summary(installation: Installation) -> list[str]:
    """Its name and organizations; its products and orders; its numbers."""
    group = installation.group
    organizations = Organization.objects.unscoped(REASON).filter(group_id=group, status="active")
    subscriptions = Subscription.objects.unscoped(REASON).filter(group_id=group)
    products = Product.objects.unscoped(REASON).filter(group_id=group)
    users = User.objects.unscoped(REASON).filter(subscription__group_id=group)
    numbers = Number.objects.unscoped(REASON).filter(group_id=group)
    taken = numbers.exclude(status="free")
    kinds = _counts(organizations, "kind")
    states = _counts(Order.objects.unscoped(REASON).filter(group_id=group), "state")
    tree = ", ".join(f"{kinds[kind]} {kind}s" for kind in KINDS[1:] if kind in kinds)
    orders = ", ".join(f"{states[state]:,} {state}" for state in STATES if state in states)
    return [
        f"{organizations.get(id=group).name}: {tree}, {subscriptions.count()} subscriptions",
        f"{products.count()} products; orders: {orders}",
        f"{users.count():,} users, {taken.count():,} of {numbers.count():,} numbers taken",
    ]


def _counts[Row: (Organization, Order)](rows: QuerySet[Row], name: str) -> dict[str, int]:
    return dict(rows.order_by(name).values_list(name).annotate(Count("pk")))
