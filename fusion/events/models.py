"""The event table, its epochs, and what they guarantee.

An event is visible to readers in commit order by (epoch, xid, id): see `feed.sql`.
"""

from django.db import models
from django.db.models.functions import Now

from fusion.kernel.model_fields import JsonTextField, Xid8Field


class FeedEpoch(models.Model):
    """One life of the cluster: transaction numbers are comparable within an epoch only.

    A restore into another cluster, or a fail-over to another time line, starts a new one.
    """

    epoch = models.IntegerField(primary_key=True)
    system_identifier = models.BigIntegerField()
    timeline = models.IntegerField()
    postmaster_started = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())


class FeedMark(models.Model):
    """An instant, and a position in the feed before all events after it: see `marks.sql`."""

    at = models.DateTimeField(primary_key=True)
    epoch = models.IntegerField()
    xid = Xid8Field()


class Event(models.Model):
    """One fact, append-only. `data` is the object as the API shows it."""

    pk = models.CompositePrimaryKey("group_id", "epoch", "xid", "id")
    group_id = models.UUIDField()
    epoch = models.IntegerField()
    xid = Xid8Field()
    id = models.BigIntegerField()
    path = models.CharField(max_length=160, db_collation="C")
    subscription_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=80)
    type = models.CharField(max_length=64)
    actor = models.CharField(max_length=80)
    data = JsonTextField()
    at = models.DateTimeField()
