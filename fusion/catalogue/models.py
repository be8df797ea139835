"""SKUs, products and revisions."""

from typing import Literal, get_args

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual

from fusion.access.visibility import Scoped, within_group
from fusion.catalogue.rules import Limits
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.kernel.model_fields import NumberingCountryField
from fusion.kernel.quantities import MAX_QUANTITY
from fusion.tenancy.models import Organization

LICENSE, ENTITLEMENT = "license", "entitlement"
NUMBER = "number"
"""The metric of entitlements."""
ACTIVE, RETIRED = "active", "retired"
NumberType = Literal[
    "geographic",
    "national",
    "mobile",
    "toll_free",
    "shared_cost",
    "premium_rate",
    "voip",
]
NUMBER_TYPES: tuple[str, ...] = get_args(NumberType)


class MetricRow(models.Model):
    """An entry of `catalogue.metrics`, for SQL. Only `fusion migrate` writes it."""

    code = models.CharField(max_length=16, primary_key=True)
    live = models.BooleanField()

    class Meta:
        db_table = "catalogue_metric"


class Sku(models.Model):
    """One countable thing of a group: a licence, or an entitlement to one phone-number type.

    Only the database has a foreign key from `metric` to `MetricRow`.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=16)
    metric = models.CharField(max_length=16)
    country = NumberingCountryField(max_length=2, null=True)
    number_type = models.CharField(max_length=16, null=True)
    external_reference = models.CharField(max_length=100, null=True)
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["Sku"](within_group)

    class Meta:
        constraints = [
            models.UniqueConstraint("group", "id", name="sku_of_group"),
            models.UniqueConstraint("group", "code", name="sku_code"),
            models.UniqueConstraint(
                "group",
                "external_reference",
                condition=Q(external_reference__isnull=False),
                name="sku_external_reference",
            ),
            models.UniqueConstraint(
                "group", "metric", condition=Q(type=LICENSE), name="sku_one_per_license"
            ),
            models.CheckConstraint(
                condition=(
                    Q(type=LICENSE, country__isnull=True, number_type__isnull=True)
                    & ~Q(metric=NUMBER)
                )
                | Q(
                    type=ENTITLEMENT,
                    metric=NUMBER,
                    country__isnull=False,
                    number_type__in=NUMBER_TYPES,
                ),
                name="sku_type",
            ),
        ]


class Product(models.Model):
    """What is sold: a set of SKUs, each with a quantity, held by its current revision.

    `version` changes with every edit and is the product's ETag; `revision` with its items.
    A subscription may hold 0, or a multiple of `step` from `min_quantity` to `max_quantity`; NULL
    is no limit. `has_requirements`: it requires a product or is required by one. A trigger keeps
    it, so that orders of other products need not look.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=2000, default="")
    external_reference = models.CharField(max_length=100, null=True)
    status = models.CharField(max_length=16, default=ACTIVE)
    revision = models.IntegerField(default=1)
    version = models.IntegerField(default=1)
    min_quantity = models.IntegerField(null=True)
    max_quantity = models.IntegerField(null=True)
    step = models.IntegerField(null=True)
    has_requirements = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=KernelNow())

    # A group sees all its products, the organizations below it those that they can request.
    objects = Scoped["Product"](within_group, below_group=Q(status=ACTIVE))

    class Meta:
        constraints = [
            models.UniqueConstraint("group", "id", name="product_of_group"),
            models.UniqueConstraint("group", "code", name="product_code"),
            models.UniqueConstraint(
                "group",
                "external_reference",
                condition=Q(external_reference__isnull=False),
                name="product_external_reference",
            ),
            models.CheckConstraint(
                condition=Q(status__in=(ACTIVE, RETIRED)), name="product_status"
            ),
            models.CheckConstraint(  # NULL passes
                condition=Q(
                    min_quantity__range=(1, MAX_QUANTITY),
                    max_quantity__range=(1, MAX_QUANTITY),
                    step__range=(1, MAX_QUANTITY),
                ),
                name="product_limits",
            ),
            models.CheckConstraint(  # some quantity is allowed: the last multiple of the step
                condition=GreaterThanOrEqual(
                    F("max_quantity") - F("max_quantity") % Coalesce(F("step"), 1),
                    Coalesce(F("min_quantity"), 1),
                ),
                name="product_allows_some",
            ),
        ]

    @property
    def limits(self) -> Limits:
        """The quantities of the product that a subscription may hold."""
        return Limits(self.min_quantity, self.max_quantity, self.step)


class Requirement(models.Model):
    """A subscription with `product` must also hold `required`. Nothing requires itself in the end.

    Only the database has foreign keys, and triggers that refuse a cycle and keep
    `Product.has_requirements`.
    """

    pk = models.CompositePrimaryKey("group_id", "product_id", "required_id")
    group_id = models.UUIDField()
    product = models.ForeignKey(
        Product, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    required = models.ForeignKey(
        Product, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(product=F("required")), name="requirement_of_another"
            ),
        ]
        indexes = [models.Index(fields=("group_id", "required"), name="requirement_by_required")]


class ProductRevision(models.Model):
    """The items of a product from one edit to the next. Immutable."""

    pk = models.CompositePrimaryKey("group_id", "product_id", "revision")
    group_id = models.UUIDField()
    product = models.ForeignKey(
        Product, models.CASCADE, related_name="revisions", db_constraint=False
    )
    revision = models.IntegerField()
    actor = models.CharField(max_length=80)
    at = models.DateTimeField(db_default=KernelNow())


class RevisionItem(models.Model):
    """One SKU of a revision and its quantity in one product. Immutable."""

    pk = models.CompositePrimaryKey("group_id", "product_id", "revision", "sku_id")
    group_id = models.UUIDField()
    product = models.ForeignKey(Product, models.CASCADE, related_name="+", db_constraint=False)
    revision = models.IntegerField()
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+", db_constraint=False)
    quantity = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MAX_QUANTITY), name="item_quantity"
            ),
        ]
