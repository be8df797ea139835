"""Orders, holdings and order requests.

`place.sql` and the functions beside it write orders and holdings.
"""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from fusion.access.visibility import Scoped, within_tree
from fusion.clients.connector import LONGEST
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.kernel.model_fields import JsonTextField
from fusion.kernel.quantities import MAX_BALANCE
from fusion.tenancy.models import REASONS

STATES = ("scheduled", "completed", "failed", "cancelled")

SUSPENSION, RESUMPTION, TERMINATION = "suspension", "resumption", "termination"
OF_STATE = (SUSPENSION, RESUMPTION, TERMINATION)
"""The kinds of orders that change the state of a subscription."""

CHANGE, REVERSAL, EXPIRY, REPAIR = "change", "reversal", "expiry", "repair"

KINDS = (CHANGE, REVERSAL, EXPIRY, REPAIR, *OF_STATE)

REVERSIBLE = (CHANGE, REPAIR)
"""The kinds of completed orders that can be reversed."""


REACH = timedelta(days=400)
"""How long before or after an order takes effect it may be charged from."""

TAKES_EFFECT = Coalesce(F("effective_at"), F("placed_at"))

IN_REACH = Q(
    GreaterThanOrEqual(F("charge_from") - TAKES_EFFECT, Value(-REACH)),
    LessThanOrEqual(F("charge_from") - TAKES_EFFECT, Value(REACH)),
)
"""NULL passes."""


class Order(models.Model):
    """A billable change of one subscription. Only a group places orders.

    `reason` is the reason for a change of the subscription's state; `warnings` lists problems that
    did not prevent the order; `metadata` maps the caller's own keys to texts. `reverses` is the id
    of the order that a reversal takes back. `charge_from` is from when it is charged, and
    `connector` the name of the connector that placed it. At `ends_at` another order, which names
    this one in `expires`, takes back what is still held of it; `tried_at` is when that was last
    refused because it is in use, and `reminded_at` when the last event about it was written.

    The ids of the organizations above its subscription are copied into the row, so that the list of
    any subtree is one index range, newest first.
    """

    id = models.UUIDField(primary_key=True)
    number = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    group_id = models.UUIDField()
    distributor_id = models.UUIDField(null=True)
    reseller_id = models.UUIDField(null=True)
    tenant_id = models.UUIDField()
    subscription_id = models.UUIDField()
    external_reference = models.CharField(max_length=100, null=True)
    placed_by = models.CharField(max_length=80)
    placed_at = models.DateTimeField()
    effective_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    failure = JsonTextField(null=True)
    changes = JsonTextField(null=True)
    reason = models.CharField(max_length=16, null=True)
    note = models.CharField(max_length=2000, null=True)
    warnings = JsonTextField(null=True)
    metadata = JsonTextField(null=True)
    reverses = models.UUIDField(null=True)
    ends_at = models.DateTimeField(null=True)
    expires = models.UUIDField(null=True)
    tried_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    charge_from = models.DateTimeField(null=True)
    connector = models.CharField(max_length=LONGEST, null=True)

    objects = Scoped["Order"](within_tree)

    class Meta:
        indexes = [
            models.Index("group_id", "placed_at", "id", name="order_of_group"),
            models.Index(
                "distributor_id",
                "placed_at",
                "id",
                name="order_of_distributor",
                condition=Q(distributor_id__isnull=False),
            ),
            models.Index(
                "reseller_id",
                "placed_at",
                "id",
                name="order_of_reseller",
                condition=Q(reseller_id__isnull=False),
            ),
            models.Index("tenant_id", "placed_at", "id", name="order_of_tenant"),
            models.Index("subscription_id", "placed_at", "id", name="order_of_subscription"),
            models.Index(
                "group_id",
                "state",
                "placed_at",
                "id",
                name="order_not_completed",
                condition=~Q(state="completed"),
            ),
            models.Index(
                "group_id",
                "external_reference",
                name="order_of_reference",
                condition=Q(external_reference__isnull=False),
            ),
            models.Index(
                "group_id",
                "kind",
                "placed_at",
                "id",
                name="order_of_kind",
                condition=~Q(kind="change"),
            ),
            models.Index(
                "effective_at",
                "placed_at",
                "id",
                name="order_due",
                condition=Q(state="scheduled"),
            ),
            models.Index(
                "subscription_id",
                "effective_at",
                "placed_at",
                "id",
                name="order_due_of_subscription",
                condition=Q(state="scheduled"),
            ),
            models.Index(
                "group_id",
                "connector",
                "placed_at",
                "id",
                name="order_of_connector",
                condition=Q(connector__isnull=False),
            ),
            models.Index(
                "effective_at",
                name="order_expiring",
                condition=Q(kind=EXPIRY, state="scheduled"),
            ),
        ]
        constraints = [
            models.UniqueConstraint("group_id", "number", name="order_number"),
            models.UniqueConstraint(
                "group_id",
                "external_reference",
                condition=Q(external_reference__isnull=False, state__in=("scheduled", "completed")),
                name="order_external_reference",
            ),
            models.UniqueConstraint(
                "group_id",
                "reverses",
                condition=Q(reverses__isnull=False, state__in=("scheduled", "completed")),
                name="order_reversed_once",
            ),
            models.UniqueConstraint(
                "group_id",
                "expires",
                condition=Q(expires__isnull=False),
                name="order_expires_once",
            ),
            models.CheckConstraint(condition=Q(state__in=STATES), name="order_state"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="order_kind"),
            models.CheckConstraint(condition=IN_REACH, name="order_charge_from"),
            models.CheckConstraint(
                condition=(Q(reason__isnull=True) & ~Q(kind=SUSPENSION))
                | Q(kind__in=OF_STATE, reason__isnull=False, reason__in=REASONS),
                name="order_reason",
            ),
            models.CheckConstraint(
                condition=Q(kind=REVERSAL, reverses__isnull=False)
                | (~Q(kind=REVERSAL) & Q(reverses__isnull=True)),
                name="order_reverses",
            ),
            models.CheckConstraint(
                condition=Q(kind=EXPIRY, expires__isnull=False)
                | (~Q(kind=EXPIRY) & Q(expires__isnull=True)),
                name="order_expires",
            ),
            models.CheckConstraint(
                condition=Q(state="completed", completed_at__isnull=False, changes__isnull=False)
                | (~Q(state="completed") & Q(completed_at__isnull=True, changes__isnull=True)),
                name="order_completed",
            ),
            models.CheckConstraint(
                condition=Q(state="failed", failure__isnull=False)
                | (~Q(state="failed") & Q(failure__isnull=True)),
                name="order_failed",
            ),
        ]


class OrderLine(models.Model):
    """Add or remove a quantity of one product, or set the quantity held.

    `revision` is what an addition grants (an old one in a reversal; null while it is scheduled if
    the product was retired when it was ordered), or what a removal names; `taken` is what was
    taken, by revision. A completed `set` has `quantity_before`; it granted `revision` if that was
    less than `quantity`, and has no revision otherwise.
    """

    pk = models.CompositePrimaryKey("group_id", "order_id", "position")
    group_id = models.UUIDField()
    order_id = models.UUIDField()
    position = models.SmallIntegerField()
    action = models.CharField(max_length=8)
    product_id = models.UUIDField()
    revision = models.IntegerField(null=True)
    quantity = models.BigIntegerField()
    taken = JsonTextField(null=True)
    quantity_before = models.BigIntegerField(null=True)
    expected_quantity = models.BigIntegerField(null=True)
    external_reference = models.CharField(max_length=100, null=True)

    class Meta:
        indexes = [
            models.Index("product_id", name="order_line_of_product"),
            models.Index(
                "group_id",
                "external_reference",
                name="order_line_of_reference",
                condition=Q(external_reference__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=(Q(quantity__gte=1) | Q(action="set", quantity__gte=0))
                & (Q(quantity__lte=MAX_BALANCE) | ~Q(action="add")),
                name="order_line_quantity",
            ),
            models.CheckConstraint(
                condition=Q(
                    action="add",
                    taken__isnull=True,
                    quantity_before__isnull=True,
                )
                | Q(action="remove", quantity_before__isnull=True)
                | Q(action="set"),
                name="order_line_action",
            ),
            models.CheckConstraint(
                condition=Q(expected_quantity__isnull=True) | Q(expected_quantity__gte=0),
                name="order_line_expected",
            ),
        ]


class SeenFailure(models.Model):
    """Who of the group marked a failed order as seen. Append-only; the order has failed."""

    pk = models.CompositePrimaryKey("group_id", "order_id")
    group_id = models.UUIDField()
    order_id = models.UUIDField()
    seen_by = models.CharField(max_length=80)
    seen_at = models.DateTimeField(db_default=KernelNow())


class Holding(models.Model):
    """The quantity of one product revision that a subscription holds now."""

    pk = models.CompositePrimaryKey("group_id", "subscription_id", "product_id", "revision")
    group_id = models.UUIDField()
    subscription_id = models.UUIDField()
    product_id = models.UUIDField()
    revision = models.IntegerField()
    quantity = models.BigIntegerField()

    class Meta:
        indexes = [models.Index("product_id", "subscription_id", name="holding_of_product")]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=0), name="holding_quantity"),
        ]


REQUEST_STATES = ("open", "approved", "rejected", "withdrawn")


class OrderRequest(models.Model):
    """A request for products by an organization that may not order; the group approves or rejects
    it.

    `organization_id` and `path` belong to the requester. The ids of the organizations above its
    subscription are copied into the row, as in orders.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    state = models.CharField(max_length=16, default="open")
    group_id = models.UUIDField()
    distributor_id = models.UUIDField(null=True)
    reseller_id = models.UUIDField(null=True)
    tenant_id = models.UUIDField()
    subscription_id = models.UUIDField()
    organization_id = models.UUIDField()
    path = models.TextField(db_collation="C")
    lines = JsonTextField()
    note = models.CharField(max_length=2000, null=True)
    requested_by = models.CharField(max_length=80)
    requested_at = models.DateTimeField(db_default=KernelNow())
    decided_by = models.CharField(max_length=80, null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=2000, null=True)
    order_id = models.UUIDField(null=True)

    objects = Scoped["OrderRequest"](within_tree)

    class Meta:
        indexes = [
            *(
                models.Index(
                    f"{owner}_id",
                    "id",
                    name=f"request_of_{owner}",
                    condition=Q(**{f"{owner}_id__isnull": False}),
                )
                for owner in ("distributor", "reseller", "tenant", "subscription")
            ),
            models.Index("group_id", "state", "id", name="request_of_state"),
        ]
        constraints = [
            models.UniqueConstraint("group_id", "id", name="request_of_group"),
            models.UniqueConstraint(
                "group_id", "order_id", name="ordering_orderrequest_order_id_key"
            ),
            models.CheckConstraint(condition=Q(state__in=REQUEST_STATES), name="request_state"),
            models.CheckConstraint(
                condition=Q(state="open", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="request_decided",
            ),
            models.CheckConstraint(
                condition=Q(state="approved", order_id__isnull=False)
                | (~Q(state="approved") & Q(order_id__isnull=True)),
                name="request_ordered",
            ),
            models.CheckConstraint(
                condition=Q(state="rejected", reason__isnull=False)
                | (~Q(state="rejected") & Q(reason__isnull=True)),
                name="request_reason",
            ),
        ]
