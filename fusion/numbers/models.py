"""Ranges and numbers. The functions of `numbers` and `users` write the rows of numbers."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Reverse

from fusion.access.visibility import Scoped, within_group, within_tree
from fusion.catalogue.models import Sku
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization

STATUSES = ("free", "reserved", "assigned", "quarantined")
ORIGINS = ("inventory", "ported")


class Range(models.Model):
    """Consecutive numbers of one SKU, both ends included, as digits without the plus sign.

    With `accepted_reason` the provider accepted numbers that the library may not know.

    A number belongs to at most one range in the whole installation: the database refuses overlaps
    (migrations/0002_range_overlap.py).
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+", db_constraint=False)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    accepted_reason = models.CharField(max_length=2000, null=True)
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["Range"](within_group)

    class Meta:
        constraints = [
            models.UniqueConstraint("group", "id", name="range_of_group"),
            models.CheckConstraint(
                condition=Q(first__gt=0, last__gte=F("first")), name="range_ends"
            ),
        ]


class Number(models.Model):
    """One E.164 number of the inventory, with its plus sign.

    `subscription_id` is the subscription that has it (reserved, assigned) or had it (quarantined);
    the ids of the organizations above that subscription are copied into the row, so that the list
    of any subtree is one index range. `user_id` or `trunk_id` is the user or trunk it is linked to;
    `until` is when a reservation expires or a quarantine ends; `accepted`: the provider accepted it
    as a number that the library may not know. A ported number belongs to no range
    and is never free.
    """

    e164 = models.CharField(max_length=16, primary_key=True, db_collation="C")
    group_id = models.UUIDField()
    sku_id = models.UUIDField()
    range_id = models.UUIDField(null=True)
    origin = models.CharField(max_length=16, default="inventory")
    status = models.CharField(max_length=16, default="free")
    subscription_id = models.UUIDField(null=True)
    distributor_id = models.UUIDField(null=True)
    reseller_id = models.UUIDField(null=True)
    tenant_id = models.UUIDField(null=True)
    user_id = models.UUIDField(null=True)
    trunk_id = models.UUIDField(null=True)
    accepted = models.BooleanField(default=False, db_default=False)
    until = models.DateTimeField(null=True)

    objects = Scoped["Number"](within_tree)

    class Meta:
        # Lists are ordered by number. A list of one SKU is read status by status, because the
        # wanted rows may be rare: one quarantined number among ten million free ones.
        indexes = [
            models.Index("sku_id", "e164", name="number_free", condition=Q(status="free")),
            models.Index(
                "sku_id", "status", "e164", name="number_of_status", condition=~Q(status="free")
            ),
            *(
                models.Index(
                    f"{owner}_id",
                    "e164",
                    name=f"number_of_{owner}",
                    condition=Q(**{f"{owner}_id__isnull": False}),
                )
                for owner in ("subscription", "distributor", "reseller", "tenant", "trunk")
            ),
            models.Index("until", name="number_until", condition=Q(until__isnull=False)),
            models.Index("group_id", Reverse("e164"), name="number_ends_with"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=STATUSES), name="number_status"),
            models.CheckConstraint(condition=Q(origin__in=ORIGINS), name="number_origin"),
            models.CheckConstraint(
                condition=Q(e164__regex=r"^\+[1-9][0-9]{6,14}$"), name="number_e164"
            ),
            models.CheckConstraint(
                condition=Q(
                    status="free",
                    subscription_id__isnull=True,
                    distributor_id__isnull=True,
                    reseller_id__isnull=True,
                    tenant_id__isnull=True,
                )
                | (~Q(status="free") & Q(subscription_id__isnull=False, tenant_id__isnull=False)),
                name="number_belongs",
            ),
            models.CheckConstraint(
                condition=Q(origin="inventory", range_id__isnull=False)
                | Q(
                    origin="ported",
                    range_id__isnull=True,
                    status__in=("assigned", "quarantined"),
                ),
                name="number_comes_from",
            ),
            models.CheckConstraint(
                condition=Q(user_id__isnull=True, trunk_id__isnull=True)
                | Q(status="assigned", user_id__isnull=True)
                | Q(status="assigned", trunk_id__isnull=True),
                name="number_linked_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("reserved", "quarantined"), until__isnull=False)
                | Q(status__in=("free", "assigned"), until__isnull=True),
                name="number_lapses",
            ),
            models.UniqueConstraint("group_id", "e164", name="number_of_group"),
            models.UniqueConstraint(
                "user_id", "group_id", condition=Q(user_id__isnull=False), name="number_of_user"
            ),
        ]
