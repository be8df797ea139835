"""Ranges and numbers. The functions of `numbers` and `users` write the rows of numbers."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Reverse

from fusion.access.visibility import Scoped, within_group, within_tree
from fusion.catalogue.models import Sku
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.kernel.model_fields import JsonTextField
from fusion.tenancy.models import Organization

STATUSES = ("free", "reserved", "assigned", "quarantined")
"""The statuses of numbers that the provider has."""
PORTED_OUT = "ported_out"
"""The status of a range's number that another operator has, and that may return."""
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
    as a number that the library may not know. A ported number belongs to no range and is never
    free. `port_id` is the approved port request that will change it on its date: until then a
    number that is to be ported in is reserved, and the quarantine of one that is to be ported out
    does not end.
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
    port_id = models.UUIDField(null=True)

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
            models.CheckConstraint(
                condition=Q(status__in=(*STATUSES, PORTED_OUT)), name="number_status"
            ),
            models.CheckConstraint(condition=Q(origin__in=ORIGINS), name="number_origin"),
            models.CheckConstraint(
                condition=Q(e164__regex=r"^\+[1-9][0-9]{6,14}$"), name="number_e164"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=("free", PORTED_OUT),
                    subscription_id__isnull=True,
                    distributor_id__isnull=True,
                    reseller_id__isnull=True,
                    tenant_id__isnull=True,
                )
                | Q(
                    ~Q(status__in=("free", PORTED_OUT)),
                    subscription_id__isnull=False,
                    tenant_id__isnull=False,
                ),
                name="number_belongs",
            ),
            models.CheckConstraint(
                condition=Q(origin="inventory", range_id__isnull=False)
                | Q(
                    Q(status__in=("assigned", "quarantined"))
                    | Q(status="reserved", port_id__isnull=False),
                    origin="ported",
                    range_id__isnull=True,
                ),
                name="number_comes_from",
            ),
            models.CheckConstraint(
                condition=Q(port_id__isnull=True)
                | Q(status__in=("reserved", "assigned", "quarantined")),
                name="number_with_port",
            ),
            models.CheckConstraint(
                condition=Q(user_id__isnull=True, trunk_id__isnull=True)
                | Q(status="assigned", user_id__isnull=True)
                | Q(status="assigned", trunk_id__isnull=True),
                name="number_linked_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("reserved", "quarantined"), until__isnull=False)
                | Q(status__in=("free", "assigned", PORTED_OUT), until__isnull=True),
                name="number_lapses",
            ),
            models.UniqueConstraint("group_id", "e164", name="number_of_group"),
            models.UniqueConstraint(
                "user_id", "group_id", condition=Q(user_id__isnull=False), name="number_of_user"
            ),
        ]


PORT_STATES = ("open", "approved", "completed", "rejected", "withdrawn", "failed")
IN, OUT = "in", "out"


class PortRequest(models.Model):
    """A request to port numbers of one subscription in or out; the group decides.

    `organization_id` and `path` belong to the requester. The ids of the organizations above its
    subscription are copied into the row, as in order requests. An approved one is carried out at
    `port_date`. `history` lists its states, oldest first: {state, at, by} and what was said.
    `accept_reason`: why numbers that the library does not know are to be accepted, as the requester
    says, and after approval the group.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    direction = models.CharField(max_length=8)
    state = models.CharField(max_length=16, default="open")
    group_id = models.UUIDField()
    distributor_id = models.UUIDField(null=True)
    reseller_id = models.UUIDField(null=True)
    tenant_id = models.UUIDField()
    subscription_id = models.UUIDField()
    organization_id = models.UUIDField()
    path = models.TextField(db_collation="C")
    numbers = JsonTextField()
    sku = models.CharField(max_length=64, null=True)
    accept_reason = models.CharField(max_length=2000, null=True)
    port_date = models.DateTimeField(null=True)
    carrier = models.CharField(max_length=200, null=True)
    note = models.CharField(max_length=2000, null=True)
    attachments = JsonTextField()
    requested_by = models.CharField(max_length=80)
    requested_at = models.DateTimeField(db_default=KernelNow())
    decided_by = models.CharField(max_length=80, null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=2000, null=True)
    completed_at = models.DateTimeField(null=True)
    failure = JsonTextField(null=True)
    history = JsonTextField()

    objects = Scoped["PortRequest"](within_tree)

    class Meta:
        indexes = [
            *(
                models.Index(
                    f"{owner}_id",
                    "id",
                    name=f"port_of_{owner}",
                    condition=Q(**{f"{owner}_id__isnull": False}),
                )
                for owner in ("distributor", "reseller", "tenant", "subscription")
            ),
            models.Index("group_id", "state", "id", name="port_of_state"),
            models.Index("port_date", "id", name="port_due", condition=Q(state="approved")),
        ]
        constraints = [
            models.UniqueConstraint("group_id", "id", name="port_of_group"),
            models.CheckConstraint(condition=Q(direction__in=(IN, OUT)), name="port_direction"),
            models.CheckConstraint(condition=Q(state__in=PORT_STATES), name="port_state"),
            models.CheckConstraint(
                condition=Q(state="open", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="port_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(port_date__isnull=False), name="port_dated"
            ),
            models.CheckConstraint(
                condition=Q(state="rejected", reason__isnull=False)
                | (~Q(state="rejected") & Q(reason__isnull=True)),
                name="port_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="completed", completed_at__isnull=False)
                | (~Q(state="completed") & Q(completed_at__isnull=True)),
                name="port_completed",
            ),
            models.CheckConstraint(
                condition=Q(state="failed", failure__isnull=False)
                | (~Q(state="failed") & Q(failure__isnull=True)),
                name="port_failed",
            ),
        ]
