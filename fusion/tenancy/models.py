"""Organizations, subscriptions, and the holds that suspend these."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from fusion.access.actor import KINDS
from fusion.access.visibility import Scoped, within_group, within_path, within_tree
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id


class Organization(models.Model):
    """A node of the tree group › distributor › reseller › tenant.

    Only a move changes the parent (`move.sql`). `path` is the ids from the group down to this node,
    each followed by `/`: a subtree is one range of its index. `reference_owner` is the organization
    that set the external reference. Phone numbers that are written without a country code are of
    `country`; null: of the country of the nearest organization above that has one.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=16)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    group = models.ForeignKey("self", models.PROTECT, related_name="+", db_index=False)
    path = models.CharField(max_length=160, unique=True, db_collation="C")
    name = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=100, null=True)
    reference_owner = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    country = models.CharField(max_length=2, null=True)
    status = models.CharField(max_length=16, default="active")
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["Organization"](within_path())

    class Meta:
        indexes = [
            models.Index("parent", "path", name="organization_children"),
            models.Index(F("parent"), Lower("name"), F("id"), name="organization_by_name"),
            models.Index("group", "kind", "path", name="organization_of_kind"),
        ]
        constraints = [
            models.UniqueConstraint("group", "id", name="organization_of_group"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="organization_kind"),
            models.CheckConstraint(
                condition=Q(status__in=("active", "deleted")), name="organization_status"
            ),
            models.CheckConstraint(
                condition=Q(kind="group", parent__isnull=True, group=models.F("id"))
                | (~Q(kind="group") & Q(parent__isnull=False)),
                name="organization_root_is_group",
            ),
            models.CheckConstraint(
                condition=Q(country__regex=r"^[A-Z]{2}$"), name="organization_country"
            ),
            models.UniqueConstraint(
                "group",
                "external_reference",
                "reference_owner",
                condition=Q(external_reference__isnull=False, status="active"),
                name="organization_external_reference",
            ),
            models.CheckConstraint(
                condition=Q(external_reference__isnull=True, reference_owner__isnull=True)
                | Q(external_reference__isnull=False, reference_owner__isnull=False),
                name="organization_reference_owner",
            ),
        ]


class Subscription(models.Model):
    """Consumes the service; belongs to a tenant.

    The ids of the organizations above are copied into the row, because every list of a subtree
    needs them: each such list is one index range, newest first. A move writes them again, and
    keeps the former ones as a `SubscriptionOwner`. `reference_owner` is the organization that set
    the external reference.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group = models.ForeignKey(Organization, models.PROTECT, related_name="+", db_index=False)
    distributor = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    reseller = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    tenant = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    path = models.CharField(max_length=160, db_collation="C")
    name = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=100, null=True)
    reference_owner = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    status = models.CharField(max_length=16, default="active")
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["Subscription"](within_tree)

    class Meta:
        indexes = [
            models.Index("distributor", "id", name="subscription_of_distributor"),
            models.Index("reseller", "id", name="subscription_of_reseller"),
            models.Index("tenant", "id", name="subscription_of_tenant"),
            models.Index("path", "id", name="subscription_path"),
            # Includes terminated ones; the unique constraint below leaves them out.
            models.Index(
                "group",
                "external_reference",
                name="subscription_of_reference",
                condition=Q(external_reference__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint("group", "id", name="subscription_of_group"),
            models.CheckConstraint(
                condition=Q(status__in=("active", "suspended", "terminated")),
                name="subscription_status",
            ),
            models.UniqueConstraint(
                "group",
                "external_reference",
                "reference_owner",
                condition=Q(external_reference__isnull=False) & ~Q(status="terminated"),
                name="subscription_external_reference",
            ),
            models.CheckConstraint(
                condition=Q(external_reference__isnull=True, reference_owner__isnull=True)
                | Q(external_reference__isnull=False, reference_owner__isnull=False),
                name="subscription_reference_owner",
            ),
        ]


class SubscriptionOwner(models.Model):
    """Who owned a subscription until a move: the organizations above it from `since` to `until`.

    `names` has the names and external references of the subscription, its tenant and its reseller
    at the move, as `tenant_name`: former owners do not learn later ones. `since` of the first owner
    is before all time. The present owners stand in the subscription itself; the view
    `tenancy_ownership` has both.
    """

    pk = models.CompositePrimaryKey("group_id", "subscription_id", "until")
    group_id = models.UUIDField()
    subscription_id = models.UUIDField()
    distributor_id = models.UUIDField(null=True)
    reseller_id = models.UUIDField(null=True)
    tenant_id = models.UUIDField()
    path = models.CharField(max_length=160, db_collation="C")
    since = models.DateTimeField()
    until = models.DateTimeField()
    names = models.JSONField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="owner_until"),
        ]


PORTING = ("group", "request", "anyone")
"""Who may port numbers: only the group; others by request; or everyone who may provision."""


MOST_ORDER_GRACE = 744
"""Hours: how long the date of an order may be past at most."""


class GroupSettings(models.Model):
    """The settings of a group; without a row, all are at their defaults."""

    group = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )
    porting = models.CharField(max_length=16, db_default="request")
    order_grace_hours = models.SmallIntegerField(db_default=24)

    objects = Scoped["GroupSettings"](within_group)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(porting__in=PORTING), name="settings_porting"),
            models.CheckConstraint(
                condition=Q(order_grace_hours__range=(0, MOST_ORDER_GRACE)),
                name="settings_order_grace",
            ),
        ]


REASONS = ("non_payment", "customer", "fraud", "migration", "other")
"""Why a subscription may be suspended, resumed or terminated."""


class Hold(models.Model):
    """A reason why a subscription is suspended, from `since` until it is lifted.

    A subscription is suspended while it has an open hold; triggers keep the two consistent.
    `order_id` is the order of kind suspension that placed it, null if the hold is older than such
    orders.
    """

    pk = models.CompositePrimaryKey("group_id", "id")
    id = models.UUIDField(default=new_id)
    group = models.ForeignKey(Organization, models.PROTECT, related_name="+", db_index=False)
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    reason = models.CharField(max_length=16)
    order_id = models.UUIDField(null=True)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    objects = Scoped["Hold"](within_group)

    class Meta:
        indexes = [models.Index("subscription", "since", name="hold_of_subscription")]
        constraints = [
            models.UniqueConstraint(
                "group",
                "subscription",
                "reason",
                condition=Q(lifted_at__isnull=True),
                name="hold_once_per_reason",
            ),
            models.CheckConstraint(condition=Q(reason__in=REASONS), name="hold_reason"),
        ]
