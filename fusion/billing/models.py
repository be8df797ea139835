"""The roll-up of the overview: sums of large subtrees, kept by the worker, at most a minute old.

Nothing is decided by it and nothing depends on it: it can be emptied at any time. See `rollup.sql`.
"""

from django.db import models


class Rollup(models.Model):
    """One row: when the sums were true, and up to which day (UTC) the past is written."""

    id = models.SmallIntegerField(primary_key=True)
    as_of = models.DateTimeField(null=True)
    day = models.DateField(null=True)


class Total(models.Model):
    """Per SKU what all subscriptions under a group, distributor or reseller have together.

    A customer's few subscriptions are summed when they are asked for. `balances`: how many.
    """

    pk = models.CompositePrimaryKey("organization_id", "sku_id")
    organization_id = models.UUIDField()
    sku_id = models.UUIDField()
    granted = models.BigIntegerField()
    used = models.BigIntegerField()
    balances = models.IntegerField()


class Day(models.Model):
    """The same at the end of a day (UTC), on days that it changed. `used` null: not known.

    Of SIP channels `used` is the most calls that were seen at one time.
    """

    pk = models.CompositePrimaryKey("organization_id", "sku_id", "day")
    organization_id = models.UUIDField()
    sku_id = models.UUIDField()
    day = models.DateField()
    granted = models.BigIntegerField()
    used = models.BigIntegerField(null=True)


class NearlyFull(models.Model):
    """Balances of which 80 % or more are in use. `percent` is rounded down; from 100 on full."""

    pk = models.CompositePrimaryKey("subscription_id", "sku_id")
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
