"""Ranges and numbers. A number's row is written by the functions of `numbers` and `users`."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Reverse

from fusion.catalogue.models import Sku
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization
from fusion.tenancy.scope import Scoped, within_group

STATUSES = ("free", "reserved", "assigned", "quarantined")
ORIGINS = ("inventory", "ported")


class Range(models.Model):
    """Consecutive numbers of one SKU, both ends included, as digits without the plus sign.

    A number belongs to one range in the whole installation: the database refuses overlaps
    (migrations/0002_range_overlap.py).
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="+")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    objects = Scoped["Range"](within_group)

    class Meta:
        indexes = [models.Index("group", "id", name="range_of_group")]
        constraints = [
            models.CheckConstraint(
                condition=Q(first__gt=0, last__gte=F("first")), name="range_ends"
            ),
        ]


class Number(models.Model):
    """One E.164 number of the inventory, with its plus sign.

    `subscription_id` is whose it is (reserved, assigned), or was (quarantined); `user_id` or
    `trunk_id` what it is linked to; `until` when a reservation lapses or a quarantine ends.
    """

    e164 = models.CharField(max_length=16, primary_key=True, db_collation="C")
    group_id = models.UUIDField()
    sku_id = models.UUIDField()
    range_id = models.UUIDField(null=True)
    origin = models.CharField(max_length=16, default="inventory")
    status = models.CharField(max_length=16, default="free")
    subscription_id = models.UUIDField(null=True)
    user_id = models.UUIDField(null=True)
    trunk_id = models.UUIDField(null=True)
    until = models.DateTimeField(null=True)

    objects = Scoped["Number"](within_group)

    class Meta:
        indexes = [
            models.Index("sku_id", "e164", name="number_free", condition=Q(status="free")),
            models.Index("group_id", "e164", name="number_of_group"),
            models.Index(
                "group_id",
                "sku_id",
                "status",
                "e164",
                name="number_of_status",
                condition=~Q(status="free"),
            ),
            models.Index(
                "subscription_id",
                "e164",
                name="number_of_subscription",
                condition=Q(subscription_id__isnull=False),
            ),
            models.Index(
                "trunk_id", "e164", name="number_of_trunk", condition=Q(trunk_id__isnull=False)
            ),
            models.Index("until", name="number_until", condition=Q(until__isnull=False)),
            models.Index(Reverse("e164"), name="number_ends_with"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=STATUSES), name="number_status"),
            models.CheckConstraint(condition=Q(origin__in=ORIGINS), name="number_origin"),
            models.CheckConstraint(
                condition=Q(e164__regex=r"^\+[1-9][0-9]{6,14}$"), name="number_e164"
            ),
            models.CheckConstraint(
                condition=Q(status="free", subscription_id__isnull=True)
                | (~Q(status="free") & Q(subscription_id__isnull=False)),
                name="number_belongs",
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
            models.UniqueConstraint(
                "user_id", condition=Q(user_id__isnull=False), name="number_of_user"
            ),
        ]
