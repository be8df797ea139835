"""The audit trail, and the stored answers of retried requests."""

from uuid import UUID

from django.db import models
from django.db.models import Q

from fusion.kernel.clock import KernelNow
from fusion.kernel.model_fields import JsonTextField


class AuditRecord(models.Model):
    """Who did what to which object, in which request. Append-only.

    `subscription_id` is the subscription that owns or owned the object, if any: a user, a trunk, an
    order, the subscription itself. `address` is the client's network address; records of hot
    database functions have none, but the access log has it under the same request id.
    """

    pk = models.CompositePrimaryKey("group_id", "id")
    group_id = models.UUIDField()
    id = models.BigIntegerField()
    at = models.DateTimeField()
    path = models.CharField(max_length=160, db_collation="C")
    subscription_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=80)
    request_id = models.CharField(max_length=64)
    address = models.CharField(max_length=45, null=True)
    verb = models.CharField(max_length=64)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=80)
    detail = JsonTextField()

    class Meta:
        app_label = "tenancy"
        indexes = [
            models.Index("group_id", "at", "id", name="audit_of_group"),
            models.Index(
                "subscription_id",
                "at",
                "id",
                name="audit_of_subscription",
                condition=Q(subscription_id__isnull=False),
            ),
            models.Index("object_id", "id", name="audit_of_object"),
        ]


NOBODY = UUID(int=0)
"""The nil UUID: an unknown organization."""


class Idempotency(models.Model):
    """The stored answer of a successful request, by its caller's key. Kept for 30 days.

    `organization_id` is the caller's; `NOBODY` in rows of releases that did not store it.
    """

    pk = models.CompositePrimaryKey("group_id", "key", "organization_id")
    group_id = models.UUIDField()
    organization_id = models.UUIDField(db_default=NOBODY)
    key = models.CharField(max_length=255, db_collation="C")
    fingerprint = models.BinaryField()
    status = models.SmallIntegerField()
    answer = models.TextField()
    at = models.DateTimeField(db_default=KernelNow())

    class Meta:
        app_label = "tenancy"
        indexes = [models.Index("at", name="idempotency_age")]
