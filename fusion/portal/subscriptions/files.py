"""What a subscription holds, its trunks and their calls and numbers as files."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase

from fusion.access.permissions import READ_BALANCES, READ_CALLS, READ_PROVISIONING
from fusion.kernel.sheets.send import paged_table
from fusion.ordering.queries import list_holdings
from fusion.portal.downloads import download
from fusion.portal.page import page
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.trunks.queries import find_trunk, list_numbers, list_trunks
from fusion.trunks.records import WantedRecords, records_table

HOLDINGS = ("product_code", "product_name", "revision", "quantity", "product_id")

TRUNKS = (
    "name",
    "country",
    "channel_cap",
    "calls_per_second",
    "outside_line_prefixes",
    "numbers",
    "created_at",
    "id",
)

NUMBERS = ("e164", "sku", "status", "origin")


@page(READ_BALANCES, subscription_id=find_subscription)
def holdings(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/holdings.csv` and `.xlsx`."""
    del request
    pages = partial(list_holdings, subscription.id)
    return download(paged_table("holdings", HOLDINGS, pages), format)


@page(READ_PROVISIONING, subscription_id=find_subscription)
def trunks(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/trunks.csv` and `.xlsx`."""

    def named(items: list[Any]) -> list[dict[str, Any]]:
        return [
            {**each, "outside_line_prefixes": ", ".join(each["outside_line_prefixes"])}
            for each in items
        ]

    pages = partial(list_trunks, request.actor, subscription_id=subscription.id)
    return download(paged_table("trunks", TRUNKS, pages, named), format)


@page(READ_CALLS, subscription_id=find_subscription)
def calls(
    request: PageRequest, subscription: Subscription, trunk_id: UUID, format: str
) -> HttpResponseBase:
    """`GET /subscriptions/<id>/trunks/<id>/calls.csv` and `.xlsx`: the ended ones, oldest first."""
    trunk = find_trunk(request.actor, trunk_id, subscription.id)
    wanted = WantedRecords(subscription_id=subscription.id, trunk_id=trunk.id)
    return download(records_table(request.actor, wanted), format)


@page(READ_PROVISIONING, subscription_id=find_subscription)
def routed(
    request: PageRequest, subscription: Subscription, trunk_id: UUID, format: str
) -> HttpResponseBase:
    """`GET /subscriptions/<id>/trunks/<id>/numbers.csv` and `.xlsx`."""
    trunk = find_trunk(request.actor, trunk_id, subscription.id)
    return download(paged_table("numbers", NUMBERS, partial(list_numbers, trunk.id)), format)
