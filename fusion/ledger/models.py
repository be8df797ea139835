"""Balances, entries and holders. Only the functions of this room and of `ordering` write them.

Two tables guarantee "never oversold": their CHECKs refuse what the functions should already have
refused.
"""

from django.db import models
from django.db.models import F, Q

from fusion.kernel.quantities import MAX_BALANCE

KINDS = ("grant", "revoke", "consume", "release")


class Balance(models.Model):
    """Per subscription and SKU: the granted and the used quantity.

    `sequence` is the number of the balance's newest entry. The SKU's code, type and metric never
    change and are copied into the row, so that reading balances needs this table alone.
    """

    pk = models.CompositePrimaryKey("group_id", "subscription_id", "sku_id")
    subscription_id = models.UUIDField()
    sku_id = models.UUIDField()
    group_id = models.UUIDField()
    sku = models.CharField(max_length=64)
    type = models.CharField(max_length=16)
    metric = models.CharField(max_length=16)
    granted = models.BigIntegerField()
    used = models.BigIntegerField(default=0)
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(granted__gte=0, granted__lte=MAX_BALANCE), name="balance_granted"
            ),
            models.CheckConstraint(
                condition=Q(used__gte=0, used__lte=F("granted")), name="balance_never_oversold"
            ),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="balance_explained"),
        ]


class Entry(models.Model):
    """One immutable line of the ledger. `at` and `sequence` are set under the balance's lock.

    A grant or revoke references its order line, a consume or release its holder.
    """

    pk = models.CompositePrimaryKey("group_id", "subscription_id", "sku_id", "sequence")
    group_id = models.UUIDField()
    subscription_id = models.UUIDField()
    sku_id = models.UUIDField()
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=8)
    quantity = models.BigIntegerField()
    granted_after = models.BigIntegerField()
    used_after = models.BigIntegerField()
    order_id = models.UUIDField(null=True)
    order_number = models.BigIntegerField(null=True)
    order_position = models.SmallIntegerField(null=True)
    holder_type = models.CharField(max_length=16, null=True)
    holder_id = models.CharField(max_length=80, null=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index("subscription_id", "at", "sku_id", "sequence", name="entry_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="entry_kind"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="entry_quantity"),
            models.CheckConstraint(
                condition=Q(used_after__gte=0, used_after__lte=F("granted_after")),
                name="entry_never_oversold",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("grant", "revoke"), order_id__isnull=False)
                | Q(kind__in=("consume", "release"), holder_id__isnull=False),
                name="entry_explained",
            ),
        ]
