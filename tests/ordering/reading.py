"""What the database says of a provider's balances, holdings, orders and states, for the model."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from django.db import connection


class Books(NamedTuple):
    """(subscription, SKU) → (granted, used); (subscription, product, revision) → held; order →
    (state, code of its failure); subscription → (status, reasons of its open holds).
    """

    balances: dict[tuple[str, str], tuple[int, int]]
    holdings: dict[tuple[str, str, int], int]
    orders: dict[str, tuple[str, str | None]]
    statuses: dict[str, tuple[str, set[str]]]


def read_books(group_id: UUID, names: Mapping[UUID, str]) -> Books:
    """The books of a group; `names` maps its subscriptions to the model's names.

    Of the orders that change a state, only the scheduled ones are known to the model.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subscription_id, sku, granted, used FROM ledger_balance WHERE group_id = %s",
            [group_id],
        )
        balances = {(names[id], sku): (granted, used) for id, sku, granted, used in cursor}
        cursor.execute(
            "SELECT h.subscription_id, p.code, h.revision, h.quantity FROM ordering_holding h"
            " JOIN catalogue_product p ON p.id = h.product_id"
            " WHERE p.group_id = %s AND h.quantity > 0",
            [group_id],
        )
        held = {(names[id], code, revision): many for id, code, revision, many in cursor}
        cursor.execute(
            "SELECT id::text, state, failure ->> 'code' FROM ordering_order WHERE group_id = %s"
            " AND (kind NOT IN ('suspension', 'resumption', 'termination')"
            " OR effective_at IS NOT NULL)",
            [group_id],
        )
        orders = {id: (state, failure) for id, state, failure in cursor}
        cursor.execute(
            "SELECT s.id, s.status, coalesce(array_agg(h.reason) FILTER"
            " (WHERE h.lifted_at IS NULL AND h.reason IS NOT NULL), '{}')"
            " FROM tenancy_subscription s LEFT JOIN tenancy_hold h ON h.subscription_id = s.id"
            " WHERE s.id = ANY (%s) GROUP BY s.id",
            [list(names)],
        )
        statuses = {names[id]: (status, set(holds)) for id, status, holds in cursor}
    return Books(balances, held, orders, statuses)
