"""The roll-up of the overview: sums of large subtrees, kept by the worker, at most a minute old.

No decision depends on it: it can be emptied at any time. See `rollup.sql`.
"""

from django.db import models

from fusion.kernel.model_fields import Xid8Field


class Rollup(models.Model):
    """The oldest of the groups' times: one row, which only servers of the previous release read."""

    id = models.SmallIntegerField(primary_key=True)
    as_of = models.DateTimeField(null=True)
    day = models.DateField(null=True)


class GroupState(models.Model):
    """A group's sums: their time, and the day (UTC) up to which the history is written.

    Events from (`epoch`, `xid`) on may have changed balances since. `live`: calls were counted.
    """

    group_id = models.UUIDField(primary_key=True)
    as_of = models.DateTimeField()
    day = models.DateField()
    epoch = models.IntegerField()
    xid = Xid8Field()
    live = models.BooleanField()


class Counted(models.Model):
    """What the totals contain of a balance."""

    pk = models.CompositePrimaryKey("group_id", "subscription_id", "sku_id")
    group_id = models.UUIDField()
    subscription_id = models.UUIDField()
    sku_id = models.UUIDField()
    granted = models.BigIntegerField()
    used = models.BigIntegerField()


class Total(models.Model):
    """Totals per SKU of all subscriptions under a group, distributor or reseller.

    A customer's few subscriptions are summed on demand. `balances`: how many there are.
    """

    pk = models.CompositePrimaryKey("group_id", "organization_id", "sku_id")
    group_id = models.UUIDField()
    organization_id = models.UUIDField()
    sku_id = models.UUIDField()
    granted = models.BigIntegerField()
    used = models.BigIntegerField()
    balances = models.IntegerField()


class Day(models.Model):
    """Totals at the end of a day (UTC), on days with changes. `used` null: unknown.

    For SIP channels `used` is the observed peak of concurrent calls.
    """

    pk = models.CompositePrimaryKey("group_id", "organization_id", "sku_id", "day")
    group_id = models.UUIDField()
    organization_id = models.UUIDField()
    sku_id = models.UUIDField()
    day = models.DateField()
    granted = models.BigIntegerField()
    used = models.BigIntegerField(null=True)


class NearlyFull(models.Model):
    """Balances with usage of 80 % or more. `percent` is rounded down; 100 and more means full."""

    pk = models.CompositePrimaryKey("group_id", "subscription_id", "sku_id")
    subscription_id = models.UUIDField()
    sku_id = models.UUIDField()
    group_id = models.UUIDField()
    path = models.CharField(max_length=160, db_collation="C")
    granted = models.BigIntegerField()
    used = models.BigIntegerField()
    percent = models.IntegerField()

    class Meta:
        indexes = [
            models.Index(
                "group_id", "percent", "subscription_id", "sku_id", name="nearly_full_of_group"
            ),
            models.Index("path", name="nearly_full_path"),
        ]
