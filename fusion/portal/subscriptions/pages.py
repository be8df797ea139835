"""A subscription: what was ordered for it, and what of it is in use."""

import orjson
from django.http import HttpResponse

from fusion.kernel.clock import now
from fusion.ledger.queries import balances_at
from fusion.portal.page import page, show
from fusion.portal.subscriptions.states import states
from fusion.portal.visit import PageRequest
from fusion.tenancy.models import Subscription
from fusion.tenancy.permissions import READ_BALANCES
from fusion.tenancy.queries import find_subscription


@page(READ_BALANCES, subscription_id=find_subscription)
def detail(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>`."""
    balances = balances_at(request.actor, subscription_id=subscription.id, at=now())
    context = {
        **states(request.actor, subscription),
        "subscription": subscription,
        "balances": orjson.loads(balances)["items"],
    }
    return show(request, "portal/subscriptions/detail.html", context)
