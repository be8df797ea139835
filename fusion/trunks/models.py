"""Trunks, live calls, call records, and usage peaks. Only `calls.sql` writes calls."""

from django.db import models
from django.db.models import Q

from fusion.access.actor import Actor
from fusion.access.visibility import Scoped, within_tree
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Subscription


def _within_subscription(actor: Actor) -> Q:
    return Q(**{f"subscription__{actor.kind}_id": actor.organization_id})


def _of_visible_subscriptions(actor: Actor) -> Q:
    """Calls carry their group; below the group, the subscription determines who sees them."""
    seen = Subscription.objects.visible_to(actor).values("id")
    in_group = Q(group_id=actor.group_id)
    return (
        in_group
        if actor.organization_id == actor.group_id
        else in_group & Q(subscription_id__in=seen)
    )


class Trunk(models.Model):
    """A SIP trunk; its calls use the channels of its subscription, up to its own cap.

    `outside_line_prefixes` are the digits that its users dial for an outside line, with commas in
    between.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    group_id = models.UUIDField()
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="+", db_constraint=False
    )
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)
    channel_cap = models.IntegerField(null=True)
    outside_line_prefixes = models.CharField(max_length=24, default="", db_default="")
    calls_per_second = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=KernelNow())

    objects = Scoped["Trunk"](_within_subscription)

    class Meta:
        constraints = [
            models.UniqueConstraint("subscription", "id", "group_id", name="trunk_of_subscription"),
            models.CheckConstraint(
                condition=Q(channel_cap__isnull=True) | Q(channel_cap__gte=0),
                name="trunk_channel_cap",
            ),
            models.CheckConstraint(
                condition=Q(outside_line_prefixes__regex="^([0-9*#]{1,4}(,[0-9*#]{1,4}){0,4})?$"),
                name="trunk_prefixes",
            ),
            models.CheckConstraint(
                condition=Q(calls_per_second__isnull=True) | Q(calls_per_second__range=(1, 1000)),
                name="trunk_calls_per_second",
            ),
        ]


DIRECTIONS = ("inbound", "outbound")


class Call(models.Model):
    """A live call's lease, or the tombstone of a call that ended recently.

    A call is live until it ends or its lease expires; nothing has to detect the expiry. A tombstone
    without `admitted_at` is an end that overtook its admission. A call that
    replaces another one shares its channel until `shares_until`: when that one ends, or its lease
    expires.
    """

    pk = models.CompositePrimaryKey("group_id", "trunk_id", "direction", "call_id")
    trunk_id = models.UUIDField()
    direction = models.CharField(max_length=8)
    call_id = models.CharField(max_length=255, db_collation="C")
    subscription_id = models.UUIDField()
    group_id = models.UUIDField()
    caller = models.CharField(max_length=255)
    callee = models.CharField(max_length=255)
    emergency = models.BooleanField()
    emergency_callback = models.BooleanField(default=False, db_default=False)
    replaces_trunk_id = models.UUIDField(null=True)
    replaces_direction = models.CharField(max_length=8, null=True)
    replaces_call_id = models.CharField(max_length=255, null=True)
    shares_until = models.DateTimeField(null=True)
    replaced = models.BooleanField(default=False, db_default=False)
    admitted_at = models.DateTimeField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = Scoped["Call"](_of_visible_subscriptions)

    class Meta:
        indexes = [
            models.Index(
                "subscription_id",
                "lease_expires_at",
                "trunk_id",
                name="call_live",
                condition=Q(ended_at__isnull=True),
            ),
            models.Index(
                "group_id",
                "trunk_id",
                "direction",
                "call_id",
                name="call_of_group",
                condition=Q(ended_at__isnull=True),
            ),
            models.Index(
                "lease_expires_at", name="call_lapsing", condition=Q(ended_at__isnull=True)
            ),
            models.Index("ended_at", name="call_tombstone", condition=Q(ended_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(direction__in=DIRECTIONS), name="call_direction"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False)
                | Q(admitted_at__isnull=False, lease_expires_at__isnull=False),
                name="call_leased",
            ),
        ]


class OpenCalls(models.Model):
    """How many calls of a trunk have not ended: the live ones, unless leases have expired or calls
    share channels.

    Triggers of the calls keep it, so that an admission need not count them. Until `exact_until`,
    all these calls count.
    """

    pk = models.CompositePrimaryKey("group_id", "subscription_id", "trunk_id")
    group_id = models.UUIDField()
    subscription_id = models.UUIDField()
    trunk_id = models.UUIDField()
    calls = models.IntegerField()
    exact_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(calls__gte=0), name="open_calls_not_negative"),
        ]


class CallRecord(models.Model):
    """A finished call; `reason` is `ended`, or `lapsed` if its lease expired.

    The table is partitioned by the month of `ended_at` (migrations/0002_call_records.py). The ids
    of the organizations above its subscription are copied into the row, as in orders. A call that
    replaced another one counted from `shared_until` on.
    """

    pk = models.CompositePrimaryKey("group_id", "ended_at", "id")
    ended_at = models.DateTimeField()
    id = models.BigIntegerField()
    group_id = models.UUIDField()
    distributor_id = models.UUIDField(null=True)
    reseller_id = models.UUIDField(null=True)
    tenant_id = models.UUIDField()
    subscription_id = models.UUIDField()
    trunk_id = models.UUIDField()
    direction = models.CharField(max_length=8)
    call_id = models.CharField(max_length=255)
    caller = models.CharField(max_length=255)
    callee = models.CharField(max_length=255)
    admitted_at = models.DateTimeField()
    emergency = models.BooleanField()
    reason = models.CharField(max_length=8)
    emergency_callback = models.BooleanField()
    shared_until = models.DateTimeField(null=True)

    objects = Scoped["CallRecord"](within_tree)

    class Meta:
        managed = False
        db_table = "trunks_callrecord"


class RecordRetention(models.Model):
    """The minimum retention of call records, in months: one row, which only the owner changes.

    `fusion migrate` writes it; `trunks_drop_partitions` enforces it.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    months = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="record_retention_once")]


class ChannelPeak(models.Model):
    """The most concurrent calls in a minute: of a trunk, or of the subscription (trunk null).

    Exact for minutes with any activity; minutes without have no row. For old minutes, only the
    highest minute of each hour is kept.
    """

    pk = models.CompositePrimaryKey("group_id", "id")
    group_id = models.UUIDField()
    id = models.BigIntegerField()
    subscription_id = models.UUIDField()
    trunk_id = models.UUIDField(null=True)
    minute = models.DateTimeField()
    peak = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "subscription_id",
                "trunk_id",
                "minute",
                "group_id",
                nulls_distinct=False,
                name="channel_peak",
            ),
        ]


class RatedCall(models.Model):
    """A call that began within the last second on a trunk with `calls_per_second`."""

    pk = models.CompositePrimaryKey("group_id", "trunk_id", "at", "direction", "call_id")
    group_id = models.UUIDField()
    trunk_id = models.UUIDField()
    at = models.DateTimeField()
    direction = models.CharField(max_length=8)
    call_id = models.CharField(max_length=255, db_collation="C")


class ChannelThreshold(models.Model):
    """When live calls last reached a share of the channels of a subscription or the cap of a trunk.

    `subject_id` is the subscription or the trunk, `most` the channels or the cap at that time.
    """

    pk = models.CompositePrimaryKey("group_id", "subject_id", "percent")
    group_id = models.UUIDField()
    subject_id = models.UUIDField()
    percent = models.SmallIntegerField()
    subscription_id = models.UUIDField()
    live = models.IntegerField()
    most = models.BigIntegerField()
    at = models.DateTimeField()


class EmergencyNumber(models.Model):
    """The emergency numbers of a country, as one regular expression over digits (empty: none is
    known), and the country's calling code."""

    country = models.CharField(max_length=2, primary_key=True)
    pattern = models.TextField()
    calling_code = models.CharField(max_length=3, null=True)


class GroupEmergencyNumber(models.Model):
    """An emergency number that a group added to those of a country."""

    pk = models.CompositePrimaryKey("group_id", "country", "number")
    group_id = models.UUIDField()
    country = models.CharField(max_length=2)
    number = models.CharField(max_length=6)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(number__regex="^[0-9]{2,6}$"), name="emergency_number_digits"
            ),
        ]


class EmergencyCaller(models.Model):
    """A number that made an emergency call on a trunk, and until when calls back to it pass.

    Its last eight digits; empty if it is unknown.
    """

    pk = models.CompositePrimaryKey("group_id", "trunk_id", "last_digits")
    group_id = models.UUIDField()
    trunk_id = models.UUIDField()
    last_digits = models.CharField(max_length=8)
    callable_until = models.DateTimeField()
